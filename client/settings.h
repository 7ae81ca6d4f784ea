/* What the user asked of tcplab-client: the option table and the checks across options. */
#pragma once

#include "client/arrivals.h"
#include "common/options/options.h"
#include "common/text/parse.h"

#include <stdbool.h>
#include <stdint.h>

enum workload { WORKLOAD_HOLD, WORKLOAD_ECHO, WORKLOAD_CRR, WORKLOAD_CC };
enum close_how { CLOSE_FIN, CLOSE_RST, CLOSE_HALF, CLOSE_NONE, CLOSE_EARLY };

#define SETTINGS_UNLIMITED UINT64_MAX

/* Times in ns, OPTION_NEVER where there is none. */
struct settings {
    const char *target; /* as it was written */
    char host[PARSE_HOST_MAX];
    uint16_t port;
    uint64_t connections;
    uint64_t total; /* SETTINGS_UNLIMITED */
    /* open loop: --rate or --ramp is given, and `arrivals` says when the starts are due */
    bool scheduled;
    struct arrivals_shape arrivals;
    int64_t warm_up_ns; /* its end is when the figures begin; duration_ns has it, too */
    int64_t duration_ns, hold_ns, connect_timeout_ns, interval_ns;
    /* of an echo: the period of a connection's requests; 0: the next follows the reply */
    int64_t every_ns;
    bool reuse;          /* the same socket for the next connection */
    bool duration_given; /* -d stood on the command line */
    int workload, close_how;
    struct keepalive keepalive; /* idle_s 0: off */
    int64_t user_timeout_ns;    /* OPTION_NEVER: off */
    uint64_t size, threads;
    struct option_texts source_texts;
    int64_t poll_ns; /* OPTION_NEVER: by the cost of a wake-up */
    size_t n_sources;
    struct network sources[OPTION_TEXTS_MAX];
    uint32_t source_interfaces[OPTION_TEXTS_MAX]; /* of their zones; 0: none */
    int64_t start_at_ns;                          /* since 1970; 0: at once */
    struct percentiles percentiles;
    int64_t ready_fd; /* -1: none */
    bool log_connections, print_settings;
    struct option_texts fail_if;
    const char *json, *jsonl, *metrics;
    int color;
};

/* Reads the command line. 0: *ret is complete and *ret_json the effective settings; 1: help or
 * version was printed; or -errno and a sentence in *ret_message (caller frees). */
int settings_read(int argc, char **argv, struct settings *ret, json_t **ret_json,
                  char **ret_message);
