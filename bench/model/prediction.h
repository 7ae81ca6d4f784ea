/* What the model says will be observed: intervals, each with the rule behind it. A prediction is
 * made before the run, and the run does not change it. */
#pragma once

#include "bench/model/rule.h"
#include "bench/model/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EXPECTATION_NAME_MAX 64

/* All units: of counts, of times in seconds ("s"), of errno values ("errno"; 0: none), and of
 * numbers without a unit ("number"). expect_...() with another unit ends the process. A report
 * prints "1 connection" without the s. */
#define UNITS(X)     \
    X("bits")        \
    X("bytes")       \
    X("calls")       \
    X("connections") \
    X("errno")       \
    X("events")      \
    X("number")      \
    X("numbers")     \
    X("ports")       \
    X("requests")    \
    X("s")           \
    X("segments")    \
    X("sizes")       \
    X("sockets")     \
    X("threads")     \
    X("timeouts")

struct expectation {
    /* "ledger.reset", "server.TcpExt.ListenOverflows", "client.syn_retry_1_first" */
    char name[EXPECTATION_NAME_MAX];
    const char *unit; /* one of UNITS: a literal, not copied */
    double lo, hi;
    const struct rule *rule;
};

/* Starts as {0}. */
struct prediction {
    size_t n, size;
    struct expectation *expectations;
};

/* Each appends one expectation. The name is a printf format; the result must be shorter than
 * EXPECTATION_NAME_MAX. Without memory the process ends, because the run cannot go on. */
void expect_between(struct prediction *p, const char *unit, double lo, double hi,
                    const struct rule *rule, const char *name, ...)
    __attribute__((format(printf, 6, 7)));
void expect_exactly(struct prediction *p, const char *unit, int64_t value, const struct rule *rule,
                    const char *name, ...) __attribute__((format(printf, 5, 6)));
void expect_span(struct prediction *p, struct span span, const struct rule *rule, const char *name,
                 ...) __attribute__((format(printf, 4, 5))); /* unit "s" */

/* Whether two predictions are equal, also in their rules. */
bool prediction_same(const struct prediction *a, const struct prediction *b);

/* Frees the expectations and sets *p to {0}. */
void prediction_release(struct prediction *p);
