/* Socket options that a user may ask for: set on a socket, and read back. */
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

/* SO_KEEPALIVE with its three times, and TCP_USER_TIMEOUT, as --keepalive (idle_s 0: off) and
 * --user-timeout (OPTION_NEVER: off; whole milliseconds) ask for them. Fills SOCKET_OPTIONS_ALIVE
 * rows. */
#define SOCKET_OPTIONS_ALIVE 5
void socket_options_alive(const struct keepalive *keepalive, int64_t user_timeout_ns,
                          struct socket_option rows[static SOCKET_OPTIONS_ALIVE]);

/* Sets those that are wanted. 0, or -errno and in *ret_name the option that the kernel refused. */
int socket_options_set(int fd, const struct socket_option *rows, size_t n, const char **ret_name);

/* Of those that are wanted, what was asked for and what the kernel made of it: [{"option", "asked",
 * "effective"}]. New reference. */
json_t *socket_options_json(int fd, const struct socket_option *rows, size_t n);

/* A notice for each of that list that the kernel did not take as asked. */
void socket_options_notice_clamps(const json_t *list);
