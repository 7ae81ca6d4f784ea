/* Metrics: numbers of the report documents by their path, "client.connect_latency_us.p99",
 * "server.counters.TcpExt.ListenOverflows"; and the thresholds of --fail-if over them. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum metric_better { METRIC_NEITHER, METRIC_LOWER, METRIC_HIGHER };
enum metric_unit { METRIC_COUNT, METRIC_US, METRIC_S, METRIC_BYTES };

extern const char *const metric_unit_names[]; /* "count", "us", "s", "bytes" */

struct metric {
    enum metric_better better;
    enum metric_unit unit;
};

#define METRIC_MAX 128 /* bytes of a path */

/* Whether a report of "client" or "server" has that path; `programs`: those that there are, such as
 * {"client", NULL}. 0 and *ret (may be NULL); or -ENOENT and a sentence that names the nearest
 * (caller frees). This kernel knows the names of the counters. */
int metric_find(const char *path, const char *const *programs, struct metric *ret,
                char **ret_message);

/* Returns -ENOENT and the sentence of metric_find() for a path that is unknown (caller frees). It
 * suggests the nearest name, also of n more, and names an example of a metric. */
int metric_unknown(const char *path, const char *const *programs, const char *const *more, size_t n,
                   const char *example, char **ret_message);

/* Its value in the document {"client": report, "server": report}. What a report leaves out because
 * it is 0 is 0: counters that did not move, states, errors, peers. false: these reports do not have
 * it, as a latency of which there is no value. */
bool metric_value(const void *reports, const char *path, double *ret);

/* As people read it, by its unit: "1.02 ms", "8,548", "0.35". */
#define METRIC_TEXT_MAX 40
const char *metric_text(const struct metric *m, double value, char text[static METRIC_TEXT_MAX]);

/* --fail-if 'METRIC OP VALUE', OP one of > >= < <= == !=; the VALUE of a metric in _us or _s may be
 * a duration ("5ms"; a bare number is in the metric's unit), of _bytes a size, of others a number
 * or a count ("10k"). */
struct threshold {
    char metric[METRIC_MAX];
    char sign[3];
    double value; /* in the metric's unit */
    struct metric of;
};

/* Which metrics a threshold may name. find: as metric_find(); example: a threshold of them. */
struct metric_kind {
    int (*find)(const char *path, const void *context, struct metric *ret, char **ret_message);
    const void *context;
    const char *example;
};

/* The metrics of these programs' reports: see metric_find(). */
struct metric_kind metric_kind_of(const char *const *programs);

/* 0; or -EINVAL, -ENOENT (no such metric) and a sentence without the option's name (caller
 * frees). */
int threshold_read(const char *text, struct metric_kind kind, struct threshold *ret,
                   char **ret_message);

bool threshold_holds(const struct threshold *t, double value);

/* A metric's value; false: there is none. metric_value() with reports as the context is one. */
typedef bool threshold_value(const void *context, const char *metric, double *ret);

/* Judges --fail-if of these texts, which have been read before: [{"fail_if": text, "metric",
 * "unit", "value": number or null, "failed": bool}]; a value that is not there fails nothing. Adds
 * to *failed how many hold. New reference. */
json_t *threshold_judge(const char *const *texts, size_t n, struct metric_kind kind,
                        threshold_value *value, const void *context, size_t *failed);
