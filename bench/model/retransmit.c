#include "bench/model/retransmit.h"

#include "bench/model/lateness.h"
#include "bench/model/rto.h"

#include <math.h>

#define RTO_BASE 0.2 /* TCP_RTO_MIN: what tcp_model_timeout() reckons with, whatever the RTO is */

/* The kernel asks in whole milliseconds how much time is gone. */
#define MILLISECOND 0.001

/* tcp_orphan_retries(): what 0 means while the RTO is below its largest value. */
#define ORPHAN_RETRIES 8

struct span retransmit_rto(const struct conditions *c, struct span rtt)
{
    return (struct span){rto_first(c, rtt.lo), rto_first(c, rtt.hi)};
}

bool retransmit_has_tail_probe(const struct conditions *c)
{
    return (c->early_retrans == 3 || c->early_retrans == 4) && c->sack;
}

/* tcp_schedule_loss_probe(), of a segment that is alone. */
static double probe_timeout(const struct conditions *c, double rtt)
{
    return fmin(rto_in_ticks(c, 2 * rtt + (double)c->rto_min_us / 1e6), rto_first(c, rtt));
}

static struct span then(struct span since, int hz, double lo, double hi)
{
    return (struct span){lateness_then(since, hz, lo).lo, lateness_then(since, hz, hi).hi};
}

struct span retransmit_tail_probe(const struct retransmit *r)
{
    const struct conditions *c = r->conditions;
    if (!retransmit_has_tail_probe(c))
        return (struct span){INFINITY, INFINITY};
    return then((struct span){0, LATENESS_SCHEDULING}, c->hz, probe_timeout(c, r->rtt.lo),
                probe_timeout(c, r->rtt.hi));
}

/* The timeout that ends with the n-th firing, from 1. */
static double timeout(const struct conditions *c, double rtt, int n)
{
    return fmin(ldexp(rto_first(c, rtt), n - 1), rto_max(c));
}

static struct span firing_after(const struct retransmit *r, struct span since, int from, int n)
{
    for (int i = from; i <= n; i++)
        since = then(since, r->conditions->hz, timeout(r->conditions, r->rtt.lo, i),
                     timeout(r->conditions, r->rtt.hi, i));
    return since;
}

struct span retransmit_firing(const struct retransmit *r, int n)
{
    struct span since = {0, LATENESS_SCHEDULING};
    return firing_after(
        r, retransmit_has_tail_probe(r->conditions) ? retransmit_tail_probe(r) : since, 1, n);
}

/* tcp_model_timeout() */
static double model_timeout(const struct conditions *c, int64_t retries)
{
    int doublings = (int)fmax(0, floor(log2(rto_max(c) / RTO_BASE)));
    if (retries <= doublings)
        return (ldexp(2, (int)retries) - 1) * RTO_BASE;
    return (ldexp(2, doublings) - 1) * RTO_BASE + (double)(retries - doublings) * rto_max(c);
}

/* The limit that the n-th firing asks for. */
static double limit(const struct retransmit *r, double rtt, int n)
{
    const struct conditions *c = r->conditions;
    int64_t retries = c->retries2;
    if (r->user_timeout > 0)
        return r->user_timeout;
    if (r->orphan)
        retries = c->orphan_retries || timeout(c, rtt, n) >= rto_max(c) ? c->orphan_retries
                                                                        : ORPHAN_RETRIES;
    return model_timeout(c, retries);
}

/* The last firing that may come before the limit (most), or cannot but do so. The first one never
 * gives up: something must have been sent again. *ret_elapsed: the time from the first to it. */
static int last_before_limit(const struct retransmit *r, bool most, struct span *ret_elapsed)
{
    struct span elapsed = {0, LATENESS_SCHEDULING};
    for (int n = 1;; n++) {
        *ret_elapsed = elapsed;
        elapsed = firing_after(r, elapsed, n + 1, n + 1);
        double fast = limit(r, r->rtt.lo, n + 1), slow = limit(r, r->rtt.hi, n + 1);
        if (most ? elapsed.lo - MILLISECOND >= fmax(fast, slow)
                 : elapsed.hi + MILLISECOND >= fmin(fast, slow))
            return n;
    }
}

int retransmit_least(const struct retransmit *r)
{
    struct span elapsed;
    return last_before_limit(r, false, &elapsed);
}

int retransmit_most(const struct retransmit *r)
{
    struct span elapsed;
    return last_before_limit(r, true, &elapsed);
}

/* tcp_clamp_rto_to_user_timeout(): each firing sets the next timer to what is left, if that is
 * less. What is left shrinks by as much as the firings before were late, so only the last one's
 * lateness remains. */
static struct span user_timeout_over(const struct retransmit *r)
{
    int hz = r->conditions->hz;
    struct span first = retransmit_firing(r, 1), elapsed;
    last_before_limit(r, false, &elapsed);
    double left = r->user_timeout - elapsed.lo;
    return (struct span){first.lo + r->user_timeout - MILLISECOND,
                         first.hi + r->user_timeout + lateness(hz, left) + 1.0 / hz};
}

struct span retransmit_gives_up(const struct retransmit *r)
{
    if (r->user_timeout > 0)
        return user_timeout_over(r);
    return (struct span){retransmit_firing(r, retransmit_least(r) + 1).lo,
                         retransmit_firing(r, retransmit_most(r) + 1).hi};
}
