/* The settings of tcplab-server: the option table, and the checks that need several options. */
#pragma once

#include "common/options/options.h"

#include <stdbool.h>
#include <stdint.h>

enum on_data { ON_DATA_ECHO, ON_DATA_DISCARD, ON_DATA_IGNORE };
enum on_eof { ON_EOF_CLOSE, ON_EOF_HOLD };
enum close_how { CLOSE_HOW_FIN, CLOSE_HOW_RST, CLOSE_HOW_HALF };

struct stall {
    int64_t stall_ns, every_ns;
};

/* Times are in ns; OPTION_NEVER: there is none. A socket option that is OPTION_NEVER is not set. */
struct settings {
    const char *listen;
    char host[PARSE_HOST_MAX]; /* from listen, without a port */
    uint16_t port;
    int64_t backlog;
    struct stall stall; /* stall_ns 0: none */
    int64_t accept_delay_ns;
    struct option_texts sysctls;
    bool restore_sysctls, print_settings;
    struct option_texts fail_if;
    uint64_t threads;
    uint64_t max_descriptors; /* 0: no limit, in several file tables */
    int on_data, on_eof, close_how;
    int64_t close_after_ns;
    struct keepalive keepalive; /* idle_s 0: off */
    int64_t user_timeout_ns;
    int64_t defer_accept_s, linger2_s;
    int64_t fastopen;
    int64_t duration_ns, interval_ns;
    int64_t poll_ns;  /* OPTION_NEVER: auto */
    int64_t ready_fd; /* -1: none */
    const char *json, *jsonl, *metrics;
    int color;
};

/* Reads the command line. Returns 0, and *ret_json has the effective settings (a new reference); 1:
 * --help or --version was printed; or -errno and a sentence for the user in *ret_message (caller
 * frees). */
int settings_read(int argc, char **argv, struct settings *ret, json_t **ret_json,
                  char **ret_message);
