/* One round of a load: a fresh lab, the server, the client, and both of their reports. */
#pragma once

#include "bench/load/load_arm.h"

#include <jansson.h>

/* For the line of progress: which round of how many, and the time left, from what the rounds before
 * it took. */
struct load_progress {
    size_t done, total;
    int64_t began_ns, expected_ns; /* expected: of one round, before there is a first */
    const char *what;              /* "round" */
};

/* Runs it and waits for its end. 0 and a new reference:
 *   {"keys", "elapsed_s", "client": report, "server": report (not with --target),
 *    "surroundings" (of the server host, and "others_cpu_percent"),
 *    "marks": [{"who": "client"|"machine", "what", "sentence"}]}
 * marks: what was the limit, where it was not the server; empty in a clean round. metric_value()
 * finds numbers in it. -EINTR: a signal came (common/process/stop.h), and nothing is left of the
 * lab; or another -errno, an exit code and a sentence (caller frees). progress may be NULL. */
int load_round(const struct load_arm *arm, const struct load_progress *progress, json_t **ret,
               int *ret_code, char **ret_message);

/* Whether nothing but the server limited it. */
bool load_round_is_clean(const json_t *round);

/* The rounds that count: the clean ones, where they are at least STATISTICS_LEAST and half of all;
 * else all. *ret_left_out: how many do not count. New reference to an array. */
json_t *load_rounds_counted(const json_t *rounds, size_t *ret_left_out);

/* A metric of these rounds, in their order; rounds that do not have it are left out. The caller
 * frees *ret. Returns how many. */
size_t load_values(const json_t *rounds, const char *metric, double **ret);

/* How long so many more rounds take: "3 min 40 s" in human_ns(). */
int64_t load_time_left_ns(const struct load_progress *progress);
