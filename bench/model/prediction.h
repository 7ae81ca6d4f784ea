/* What the model says will be observed: intervals, each with the rule that gives it. Made before
 * the run, and never changed by it. */
#pragma once

#include "bench/model/rule.h"
#include "bench/model/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EXPECTATION_NAME_MAX 64

/* The units there are: of counts, of times in seconds ("s"), of errno ("errno", 0 none), of what
 * has none ("number"). expect_...() with another one ends the process. A report leaves out the s of
 * one. */
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

/* Append one. The name is a printf format; it must fit. Without memory the process ends (a bench
 * run has nothing to go on with). */
void expect_between(struct prediction *p, const char *unit, double lo, double hi,
                    const struct rule *rule, const char *name, ...)
    __attribute__((format(printf, 6, 7)));
void expect_exactly(struct prediction *p, const char *unit, int64_t value, const struct rule *rule,
                    const char *name, ...) __attribute__((format(printf, 5, 6)));
void expect_span(struct prediction *p, struct span span, const struct rule *rule, const char *name,
                 ...) __attribute__((format(printf, 4, 5))); /* unit "s" */

/* Whether they say the same, also by which rules. */
bool prediction_same(const struct prediction *a, const struct prediction *b);

/* Leaves it as {0}. */
void prediction_release(struct prediction *p);
