#include "bench/trial/experiment.h"
#include "bench/lab/twin.h"

#include <errno.h>
#include <stdlib.h>

/* about SOCK_MIN_RCVBUF: with less not even one segment fits in, with all that the kernel adds to
 * it */
#define RECEIVE_BUFFER_LEAST 2304
#define SEND_BUFFER_LEAST    4608 /* SOCK_MIN_SNDBUF: what setsockopt() never goes below */
/* an answer may be delayed by 40 ms, TCP_ATO_MIN, and a little later on a busy machine */
#define RTO_MIN_LEAST_US 50000

/* Sysctls with values so odd that what many experiments take for granted is not so. */
static int check_premises(const struct experiment *e, const struct conditions *c,
                          char **ret_message)
{
    int r;
    if (e->premises & PREMISE_DATA && c->rmem < RECEIVE_BUFFER_LEAST)
        r = asprintf(ret_message,
                     "net.ipv4.tcp_rmem: a receive buffer that begins with %lld byte%s has no room "
                     "for a segment, and data and FINs would wait for ever; write %d or more as "
                     "the second of its three numbers",
                     (long long)c->rmem, c->rmem == 1 ? "" : "s", RECEIVE_BUFFER_LEAST);
    else if (e->premises & PREMISE_SEND && c->wmem < SEND_BUFFER_LEAST)
        r = asprintf(ret_message,
                     "net.ipv4.tcp_wmem: a send buffer that begins with %lld byte%s has room for "
                     "one segment only; write %d or more as the second of its three numbers",
                     (long long)c->wmem, c->wmem == 1 ? "" : "s", SEND_BUFFER_LEAST);
    else if (e->premises & PREMISE_ON_TIME && c->rto_min_us < RTO_MIN_LEAST_US)
        r = asprintf(
            ret_message,
            "net.ipv4.tcp_rto_min_us=%lld: a segment would be sent again before a delayed ACK, or "
            "a busy machine, has answered it, and how often is chance; write at least %d",
            (long long)c->rto_min_us, RTO_MIN_LEAST_US);
    else if (e->premises & PREMISE_WRITABLE && !c->notsent_lowat)
        r = asprintf(ret_message,
                     "net.ipv4.tcp_notsent_lowat=0: poll() would never say that a connection is "
                     "established, for it can never be written to; write at least 1");
    else
        return 0;
    if (r < 0)
        *ret_message = NULL;
    return -EINVAL;
}

int experiment_check(const struct experiment *e, const struct knobs *k, const struct conditions *c,
                     char **ret_message)
{
    int r = check_premises(e, c, ret_message);
    return !r && e->check ? e->check(k, c, ret_message) : r;
}

static void set_condition(struct conditions *c, const char *text)
{
    char key[SYSCTL_KEY_MAX], value[SYSCTL_VALUE_MAX];
    const char *why;
    if (!sysctl_parse(text, key, value, &why))
        conditions_set(c, key, conditions_number(value));
}

struct conditions experiment_conditions(const struct experiment *e, const struct knobs *k)
{
    struct conditions c = conditions_fresh();
    for (size_t i = 0; k->twin && i < k->twin->n_sysctls; i++)
        conditions_set(&c, k->twin->sysctls[i].key, conditions_number(k->twin->sysctls[i].value));
    for (size_t i = 0; e->sysctls && e->sysctls[i]; i++)
        set_condition(&c, e->sysctls[i]);
    for (size_t i = 0; i < k->n; i++)
        if (k->knobs[i].sysctl && k->set[i])
            conditions_set(&c, k->knobs[i].sysctl, k->value[i]);
    for (size_t i = 0; i < k->n_sysctls; i++)
        set_condition(&c, k->sysctl[i]);
    return c;
}

void experiment_settle(const struct experiment *e, struct knobs *k)
{
    const struct conditions c = experiment_conditions(e, k);
    if (e->settle)
        e->settle(k, &c);
}
