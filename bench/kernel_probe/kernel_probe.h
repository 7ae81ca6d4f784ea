/* Finds out by small experiments which rules this kernel has. Each has its own parameters and
 * yields a rule, never a number that a run predicts later. Nothing here reads the kernel's
 * version. */
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
    const char *name; /* of a kernel rule (bench/model/kernel_rules.h), or of another fact */
    const char *done; /* what the probe does */

    /* Fills the finding; called in a cell whose lab is used for nothing else. NULL: the value is
     * there[0] if `sysctl` exists in a private network, and there[1] if not. */
    void (*run)(const struct lab *lab, struct finding *f);
    const char *sysctl, *there[2];

    /* takes seconds and a lab of its own, so it is not done before each run */
    bool waits;
    struct kernel_probe_meaning means[4]; /* of a fact; a kernel rule has its own */
    const char *history;                  /* which kernels, where that is known; or NULL */
};

#define KERNEL_PROBES_MAX 24
/* Ends with a NULL name. A probe that waits overrules one of the same name that does not. */
extern const struct kernel_probe kernel_probes[];

struct findings {
    const struct kernel_probe *alone; /* the only probe to do; NULL: all that do not wait */
    struct finding of[KERNEL_PROBES_MAX];
};

/* Does the probes that do not wait, all in one cell, in some tens of ms. *ret: the rules that they
 * have found. Returns NULL, or a sentence that says why there can be no lab. */
const char *kernel_probe_quickly(struct kernel_rules *ret);

/* Does all probes; those that wait run side by side. Returns as above. */
const char *kernel_probe_all(struct findings *ret);

/* Of the probes of that name the one whose finding is used: its index in kernel_probes[]. */
size_t kernel_probe_that_counts(const struct findings *f, const char *name);

/* What that value means: a sentence, or NULL. */
const char *kernel_probe_means(const struct kernel_probe *p, const char *value);
/* The value: true, 250, "dropped", or "unknown". Returns a new reference. */
json_t *kernel_probe_json(const struct finding *f);

/* Sets the value of a finding, and what was seen (printf format). For run(). */
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
