#include "bench/model/ladder.h"

#include "bench/model/lateness.h"
#include "bench/model/rto.h"

#include <math.h>

#define TIMEOUT_INIT 1   /* TCP_TIMEOUT_INIT, in seconds as all here */
#define RTO_MAX      120 /* TCP_RTO_MAX */

typedef double gap_function(const struct conditions *c, int firing);

static double doubled(int64_t times, double most)
{
    return fmin(ldexp(TIMEOUT_INIT, (int)fmax(0, (double)times)), most);
}

static int64_t linear_timeouts(const struct conditions *c)
{
    return c->rules.syn_timeouts == SYN_TIMEOUTS_DOUBLING ? 0 : c->syn_linear_timeouts;
}

/* Before firing number `firing`, from 1. tcp_retransmit_timer() doubles when more than
 * tcp_syn_linear_timeouts have been. */
static double syn_gap(const struct conditions *c, int firing)
{
    return doubled(firing - 1 - linear_timeouts(c), rto_max(c));
}

/* tcp_reqsk_timeout(): 1 s shifted by the timeouts that have been. It does not ask for
 * tcp_rto_max_ms. */
static double syn_ack_gap(const struct conditions *c, int firing)
{
    return doubled(firing - 1, RTO_MAX);
}

static struct span firing_span(const struct conditions *c, gap_function *gap, int firing)
{
    struct span span = {0, LATENESS_SCHEDULING};
    for (int i = 1; i <= firing; i++)
        span = lateness_then(span, c->hz, gap(c, i));
    return span;
}

static struct span retransmission(const struct conditions *c, gap_function *gap, int retransmit,
                                  int retransmits)
{
    if (retransmit < 1 || retransmit > retransmits)
        return (struct span){INFINITY, INFINITY};
    return firing_span(c, gap, retransmit);
}

/* tcp_model_timeout(): how long a SYN is tried. */
double ladder_syn_patience(const struct conditions *c)
{
    double most = rto_max(c);
    int64_t reach = (int64_t)log2(most / TIMEOUT_INIT); /* doublings that keep below it */
    int64_t doublings = c->syn_retries < reach ? c->syn_retries : reach;
    return ldexp(2, (int)doublings) - 1 + (double)(c->syn_retries - doublings) * most;
}

int ladder_syn_retransmits(const struct conditions *c)
{
    int sent = 0;
    for (double elapsed = syn_gap(c, 1); sent < c->syn_retries + linear_timeouts(c); sent++) {
        if (sent > 0 && elapsed >= ladder_syn_patience(c)) /* retransmits_timed_out() */
            break;
        elapsed += syn_gap(c, sent + 2);
    }
    return sent;
}

struct span ladder_syn(const struct conditions *c, int retransmit)
{
    return retransmission(c, syn_gap, retransmit, ladder_syn_retransmits(c));
}

struct span ladder_syn_gives_up(const struct conditions *c)
{
    return firing_span(c, syn_gap, ladder_syn_retransmits(c) + 1);
}

struct span ladder_syn_firing(const struct conditions *c, int firing)
{
    return firing_span(c, syn_gap, firing);
}

int ladder_syn_ack_retransmits(const struct conditions *c)
{
    return (int)c->synack_retries;
}

struct span ladder_syn_ack(const struct conditions *c, int retransmit)
{
    return retransmission(c, syn_ack_gap, retransmit, ladder_syn_ack_retransmits(c));
}

struct span ladder_syn_ack_gone(const struct conditions *c)
{
    return firing_span(c, syn_ack_gap, ladder_syn_ack_retransmits(c) + 1);
}
