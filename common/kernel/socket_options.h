/* Sets the socket options that a user asked for, and reads back what the kernel made of them. */
#pragma once

#include "common/text/parse.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct socket_option {
    const char *name; /* as the kernel's headers have it */
    int level, option, value;
    bool wanted;
};

/* Fills the rows for --keepalive (SO_KEEPALIVE and its three parameters; idle_s 0: off) and for
 * --user-timeout (TCP_USER_TIMEOUT in whole milliseconds; OPTION_NEVER: off). */
#define SOCKET_OPTIONS_ALIVE 5
void socket_options_alive(const struct keepalive *keepalive, int64_t user_timeout_ns,
                          struct socket_option rows[static SOCKET_OPTIONS_ALIVE]);

/* Sets the wanted options. Returns 0, or -errno and in *ret_name the option that the kernel
 * refused. */
int socket_options_set(int fd, const struct socket_option *rows, size_t n, const char **ret_name);

/* For each wanted option, the value that was asked for and the value that the kernel uses:
 * [{"option", "asked", "effective"}]. Returns a new reference. */
json_t *socket_options_json(int fd, const struct socket_option *rows, size_t n);

/* Prints a notice on stderr for each option of that list whose two values differ. */
void socket_options_notice_clamps(const json_t *list);
