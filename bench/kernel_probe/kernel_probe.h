/* Which rules this kernel has: micro-experiments, each with parameters of its own, that yield a
 * rule and never a number that is then predicted. Nothing here asks for the kernel's version. */
#pragma once

#include "bench/lab/lab.h"
#include "bench/model/kernel_rules.h"

#include <jansson.h>
#include <stdbool.h>

#define KERNEL_PROBE_VALUE_MAX 24
#define KERNEL_PROBE_SEEN_MAX  240

struct finding {
    char value[KERNEL_PROBE_VALUE_MAX]; /* "dropped", "true", "250"; "": not known */
    char seen[KERNEL_PROBE_SEEN_MAX];   /* what was seen, or why it is not known: a clause */
};

struct kernel_probe_meaning {
    const char *value; /* NULL: any */
    const char *means;
};

struct kernel_probe {
    const char *name; /* of a kernel rule (bench/model/kernel_rules.h), or a fact of its own */
    const char *done; /* what is done to find out */

    /* Fills the finding; in a cell, where the lab has nothing but this to do. NULL: the question is
     * whether `sysctl` exists in a private network, and the answer is there[0] or, if not,
     * there[1]. */
    void (*run)(const struct lab *lab, struct finding *f);
    const char *sysctl, *there[2];

    /* for seconds, in a lab of its own: not before each run */
    bool waits;
    struct kernel_probe_meaning means[4]; /* of a fact; a kernel rule has its own */
    const char *history;                  /* which kernels, where that is known; or NULL */
};

#define KERNEL_PROBES_MAX 24
/* ends without a name; one that waits overrules one of the same name that does not */
extern const struct kernel_probe kernel_probes[];

struct findings {
    const struct kernel_probe *alone; /* the one that waits, or NULL: all that do not */
    struct finding of[KERNEL_PROBES_MAX];
};

/* Those that do not wait, all in one cell, in some tens of ms; what is known of the kernel's rules
 * then. NULL; or the sentence that says why there can be no lab. */
const char *kernel_probe_quickly(struct kernel_rules *ret);

/* All of them, those that wait side by side. */
const char *kernel_probe_all(struct findings *ret);

/* The one that counts among those of that name: the index into kernel_probes[]. */
size_t kernel_probe_that_counts(const struct findings *f, const char *name);

/* a sentence, or NULL */
const char *kernel_probe_means(const struct kernel_probe *p, const char *value);
/* true, 250, "dropped", "unknown" */
json_t *kernel_probe_json(const struct finding *f);

/* For those who fill a finding. */
void finding_is(struct finding *f, const char *value, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* bench/kernel_probe/quick.c */
void kernel_probe_syn_queue_full(const struct lab *lab, struct finding *f);
void kernel_probe_syn_at_full_queue(const struct lab *lab, struct finding *f);
void kernel_probe_cookie_ack_at_full_queue(const struct lab *lab, struct finding *f);
void kernel_probe_hz(const struct lab *lab, struct finding *f);
void kernel_probe_curr_estab(const struct lab *lab, struct finding *f);
void kernel_probe_fast_open(const struct lab *lab, struct finding *f);
void kernel_probe_user_namespace(const struct lab *lab, struct finding *f);

/* bench/kernel_probe/waiting.c */
void kernel_probe_syn_timeouts(const struct lab *lab, struct finding *f);
void kernel_probe_timer_wheel(const struct lab *lab, struct finding *f);
void kernel_probe_time_wait_reuse(const struct lab *lab, struct finding *f);
