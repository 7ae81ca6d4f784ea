/* An experiment: one phenomenon, one file. It reads as a lab note: the claim, the kernel's rule,
 * the prediction, the steps. bench/experiments/README.md says how to add one. */
#pragma once

#include "bench/model/conditions.h"
#include "bench/model/prediction.h"
#include "bench/trial/knobs.h"

#include <stdio.h>

struct trial;

#define EXPERIMENT_LONGEST_S 1000 /* how long a run may take: for check() */

/* A command that shows the same without tcplab, on which host to run it, and what to look at. */
struct by_hand {
    const char *where, *command, *shows; /* where: "server", "client" */
};

/* What an experiment's prediction assumes about sysctls. Unusual values of these would not change a
 * number of the prediction, but make the experiment fail or depend on chance; trial/experiment.c
 * refuses them. */
enum premise {
    PREMISE_DATA = 1,     /* its connections carry data or FINs, which the receiver has room for */
    PREMISE_ON_TIME = 2,  /* only what is lost is sent again */
    PREMISE_WRITABLE = 4, /* poll() reports an established connection as writable */
    PREMISE_SEND = 8,     /* the send buffer has room for more than one segment */
};

struct experiment {
    const char *name;
    const char *question;  /* one line */
    const char *claim;     /* what is often said */
    const char *kernel;    /* what the kernel does, and which function decides */
    const char *falsified; /* what would prove that wrong */
    const char *why_link;  /* why this needs the wire, or loopback */
    /* how long it takes, what the kernel's defaults would take, or why it cannot be shorter */
    const char *time;
    /* Printed on a terminal during a long wait, one every 10 s; NULL-terminated, or NULL. */
    const char *const *meanwhile;

    /* The segments as they are expected, for `explain`; NULL-terminated, a line each: "> SYN" and
     * "< SYN-ACK" (the client is on the left), "> ACK x dropped: the queue is full" (a segment that
     * does not arrive, and why), "c connect()" and "s accept()" (what a program does), "c:
     * ESTABLISHED" and "s: SYN_RECV" (the state that an end is in now), ". 1 s" (time passes). */
    const char *const *drawing;

    const struct knob *knobs;
    size_t n_knobs;
    /* set on both hosts before the knobs' own; NULL-terminated, or NULL */
    const char *const *sysctls;

    unsigned premises; /* enum premise */

    /* Sets knobs that the user has not given and that depend on others (knob_settle()). May be
     * NULL. */
    void (*settle)(struct knobs *k, const struct conditions *c);

    /* Whether these values make sense together: Returns 0, or -EINVAL and a sentence (caller
     * frees). May be NULL. */
    int (*check)(const struct knobs *k, const struct conditions *c, char **ret_message);

    /* Adds what will be observed to p. Pure: uses no measurement of the run. */
    void (*predict)(const struct knobs *k, const struct conditions *c, struct prediction *p);

    /* The steps (trial/steps.h); each waits for a state of the kernel, none for a time. */
    void (*run)(struct trial *t, const struct knobs *k);

    /* Prints one paragraph about what was just seen, with this run's numbers. */
    void (*tell)(FILE *out, const struct trial *t, const struct knobs *k);

    const struct by_hand *by_hand; /* ends with a NULL command */
    const char *const *see_also;   /* other experiments' names, NULL-terminated */
    const char *const *try_next;   /* commands, NULL-terminated */
};

/* Sets the knobs that depend on others. Call it after the last --set. */
void experiment_settle(const struct experiment *e, struct knobs *k);

/* Whether a run with these knobs can be predicted and made: Returns 0, or -EINVAL and a sentence
 * (caller frees). */
int experiment_check(const struct experiment *e, const struct knobs *k, const struct conditions *c,
                     char **ret_message);

/* The sysctls of a fresh namespace as that experiment and these knobs set them: the base of a
 * prediction without a lab. */
struct conditions experiment_conditions(const struct experiment *e, const struct knobs *k);
