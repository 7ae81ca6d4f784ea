/* What articles and books say about TCP on Linux: a sentence, and what a run of an experiment would
 * observe if it were so. A run decides, not an opinion (judge.h): the same claim may hold on one
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
    const char *says;   /* as they have it; a whole sentence */
    const char *source; /* who says so, in a few words */

    const char *experiment; /* that decides it; NULL: none can */
    /* its knobs and sysctls: "backlog=4"; NULL-terminated, or NULL */
    const char *const *sets;
    const struct claim_value *values; /* ends with a NULL name */

    const char *truth;  /* what is so instead, where the claim does not hold */
    const char *since;  /* what made it untrue: "Linux 6.5"; NULL: it never was true on Linux */
    const char *nuance; /* what it leaves out, wherever it is read; may be NULL */

    /* No experiment decides it: whether it holds, and why nothing was run. */
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

/* By the name that a user typed: 0; or -ENOENT and a sentence with the nearest known name (caller
 * frees). */
int claim_named(const char *name, const struct claim **ret, char **ret_message);

/* The knobs of the run that decides it; NULL: none does. 0; else the library is wrong: -EINVAL and
 * a sentence (caller frees). */
int claim_knobs(const struct claim *c, const struct experiment **ret, struct knobs *k,
                char **ret_message);
