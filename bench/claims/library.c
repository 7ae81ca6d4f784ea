#include "bench/claims/claim.h"
#include "bench/experiments/table.h"
#include "common/text/suggest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLAIMS_MAX 256 /* for suggestions */

static const struct claim *const topics[] = {
    claims_of_opening,   claims_of_queues, claims_of_sending, claims_of_closing,
    claims_of_time_wait, claims_of_death,  claims_of_tools,
};

const struct claim *claim_at(size_t i)
{
    for (size_t topic = 0; topic < sizeof(topics) / sizeof(*topics); topic++)
        for (const struct claim *c = topics[topic]; c->name; c++)
            if (i-- == 0)
                return c;
    return NULL;
}

static const char *claim_near(const char *name)
{
    const char *names[CLAIMS_MAX];
    size_t n = 0;
    for (const struct claim *c; n < CLAIMS_MAX && (c = claim_at(n)); n++)
        names[n] = c->name;
    const char *near = suggest_nearest(name, names, n);
    for (size_t i = 0; !near && *name && i < n; i++)
        near = strstr(names[i], name) ? names[i] : NULL;
    return near;
}

int claim_named(const char *name, const struct claim **ret, char **ret_message)
{
    for (size_t i = 0; (*ret = claim_at(i)); i++)
        if (!strcmp((*ret)->name, name))
            return 0;
    const char *near = claim_near(name);
    if (asprintf(ret_message, "there is no claim %s%s%s%s; tcplab-bench claims list shows them",
                 name, near ? " (did you mean " : "", near ? near : "", near ? "?)" : "") < 0)
        *ret_message = NULL;
    return -ENOENT;
}

int claim_knobs(const struct claim *c, const struct experiment **ret, struct knobs *k,
                char **ret_message)
{
    *ret = NULL;
    if (!c->experiment)
        return 0;
    int r = experiment_named(c->experiment, ret, ret_message);
    if (r)
        return -EINVAL;
    knobs_init(k, (*ret)->knobs, (*ret)->n_knobs);
    for (const char *const *set = c->sets; set && *set; set++)
        if (knobs_set(k, *set, ret_message))
            return -EINVAL;
    experiment_settle(*ret, k);
    const struct conditions conditions = experiment_conditions(*ret, k);
    return (*ret)->check ? (*ret)->check(k, &conditions, ret_message) : 0;
}
