/* A claim: a sentence of an article or a book about TCP on Linux, and what a run of an experiment
 * observes if the sentence is true. The run decides (judge.h), so the same claim may hold on one
 * kernel and not on another. */
#pragma once

#include "bench/trial/experiment.h"

/* What the claim says of one observation of the run: the name of a check ("client.gone_first"), a
 * row of the ledger ("ledger.queued"), or a sysctl as the lab had it ("net.core.somaxconn"). An end
 * that is left open is -INFINITY or INFINITY. */
struct claim_value {
    const char *name;
    double lo, hi;
};

struct claim {
    const char *name;
    const char *says;   /* the claim: a whole sentence */
    const char *source; /* who says so, in a few words */

    const char *experiment; /* decides the claim; NULL: none can */
    /* the run's knobs and sysctls: "backlog=4"; NULL-terminated, or NULL */
    const char *const *sets;
    const struct claim_value *values; /* ends with a NULL name */

    const char *truth; /* what is true instead, if the claim does not hold */
    const char *since; /* from when on it is false: "Linux 6.5"; NULL: it never was true on Linux */
    const char *nuance; /* what the sentence leaves out; may be NULL */

    /* If no experiment decides it: whether it holds, and why there is no run. */
    bool holds;
    const char *not_run;
};

#define CLAIM_SETS(...)           \
    .sets = (const char *const[]) \
    {                             \
        __VA_ARGS__, NULL         \
    }
#define CLAIM_VALUES(...)                  \
    .values = (const struct claim_value[]) \
    {                                      \
        __VA_ARGS__,                       \
        {                                  \
            NULL, 0, 0                     \
        }                                  \
    }

/* The claims by topic; each array ends with a NULL name. */
extern const struct claim claims_of_opening[], claims_of_queues[], claims_of_closing[],
    claims_of_time_wait[], claims_of_death[], claims_of_sending[], claims_of_tools[];

/* The i-th of all; NULL: there are no more. */
const struct claim *claim_at(size_t i);

/* By the name that a user typed: Returns 0; or -ENOENT and a sentence with the nearest known name
 * (caller frees). */
int claim_named(const char *name, const struct claim **ret, char **ret_message);

/* The knobs of the run that decides it; NULL: none does. Returns 0; else the library is wrong:
 * -EINVAL and a sentence (caller frees). */
int claim_knobs(const struct claim *c, const struct experiment **ret, struct knobs *k,
                char **ret_message);
