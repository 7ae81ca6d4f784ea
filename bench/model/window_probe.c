#include "bench/model/window_probe.h"

#include "bench/model/lateness.h"
#include "bench/model/rto.h"

#include <math.h>

/* Of the segment that closes the window: TCP_DELACK_MIN, and the timer's lateness. */
#define DELAYED_ACK 0.043

#define BASE_MIN    0.2 /* TCP_RTO_MIN in tcp_probe0_base(), whatever tcp_rto_min_us says */
#define DOUBLINGS   10  /* at most: ilog2(TCP_RTO_MAX / TCP_RTO_MIN) + 1 */
#define TIMEOUT_MIN 2   /* TCP_TIMEOUT_MIN, in ticks: of a timer that the user timeout cuts */

/* tcp_orphan_retries(): what 0 means while the wait is below its largest value. */
#define ORPHAN_RETRIES 8

/* What may come between the firing and the probe's arrival beside the wire: a firing that is later
 * still proves nothing, but such a machine is too busy to time this. */
#define ARRIVAL_LATE 0.02

/* How late an answer may be beside the wire's round trip: it sets the timer again. */
#define ANSWER_LATE 0.1

/* tcp_rtt_estimator(), tcp_set_rto(): a new sample counts an eighth in the mean, and what it
 * differs by whole in the variation, of which three quarters are kept; of the first round trip that
 * is twice as much. */
struct span window_probe_rto(const struct window_probe *w)
{
    double least = (double)w->conditions->rto_min_us / 1e6, slow = w->rtt.hi + DELAYED_ACK;
    double varies = fmax(2 * w->rtt.hi, 0.75 * 2 * w->rtt.hi + slow - w->rtt.lo);
    return (struct span){
        rto_in_ticks(w->conditions, w->rtt.lo + least),
        rto_in_ticks(w->conditions, w->rtt.hi + DELAYED_ACK / 8 + fmax(varies, least))};
}

/* tcp_probe0_when(), after so many doublings. */
static double wait(const struct conditions *c, double rto, int doublings)
{
    return fmin(ldexp(fmax(rto, BASE_MIN), doublings < DOUBLINGS ? doublings : DOUBLINGS),
                rto_max(c));
}

static bool is_alive(const struct window_probe *w, double rto, int doublings)
{
    return wait(w->conditions, rto, doublings) < rto_max(w->conditions);
}

/* How many probes may be unanswered. */
static int64_t retries(const struct window_probe *w, double rto, int doublings)
{
    const struct conditions *c = w->conditions;
    if (!w->orphan)
        return c->retries2;
    return c->orphan_retries || !is_alive(w, rto, doublings) ? c->orphan_retries : ORPHAN_RETRIES;
}

/* tcp_probe_timer(): whether this firing, which finds so many unanswered, is the end. */
static bool is_too_many(const struct window_probe *w, double rto, int doublings, int unanswered)
{
    int64_t most = retries(w, rto, doublings);
    return unanswered >= most || (w->orphan && !is_alive(w, rto, doublings) && doublings >= most);
}

/* tcp_oow_rate_limited(): 1: the peer answers; 0: it does not; -1: it may do either. since: its
 * last answer. */
static int is_answered(const struct conditions *c, struct span since)
{
    double tick = 1.0 / c->hz, limit = ceil((double)c->invalid_ratelimit * c->hz / 1000) / c->hz;
    return since.lo - tick >= limit ? 1 : since.hi + tick < limit ? 0 : -1;
}

/* A timer that is set at `since`, and fires then. */
static struct span then(struct span since, int hz, struct span timer)
{
    return (struct span){lateness_then(since, hz, timer.lo).lo,
                         lateness_then(since, hz, timer.hi).hi};
}

static struct span plus(struct span a, struct span b)
{
    return (struct span){a.lo + b.lo, a.hi + b.hi};
}

/* tcp_clamp_probe0_to_user_timeout(): the timer is cut to what is left, which shrinks by as much as
 * the firings before were late. */
static struct span user_timeout_over(const struct window_probe *w, struct span first, double left)
{
    int hz = w->conditions->hz;
    return (struct span){first.lo + w->user_timeout - 1.0 / hz, first.hi + w->user_timeout +
                                                                    lateness(hz, left) +
                                                                    (TIMEOUT_MIN + 1.0) / hz};
}

struct window_probing window_probe_follow(const struct window_probe *w, int until)
{
    const struct conditions *c = w->conditions;
    const struct span rto = window_probe_rto(w);
    struct window_probing p = {0};
    struct span now = {0, LATENESS_SCHEDULING}; /* since the beginning */
    struct span answer = {0};                   /* since the last answer */
    int unanswered = 0;
    for (int doublings = 0; p.sent < until && p.sent < WINDOW_PROBES_MAX; p.sent++) {
        struct span timer = {wait(c, rto.lo, doublings), wait(c, rto.hi, doublings)}, before = now;
        now = then(now, c->hz, timer);
        answer = then(answer, c->hz, timer);
        if (w->user_timeout > 0 && p.sent && now.hi - p.at[1].hi + 1.0 / c->hz >= w->user_timeout) {
            if (now.lo - p.at[1].lo - 1.0 / c->hz < w->user_timeout && !p.unsure)
                p.unsure = p.sent + 1;
            p.end = user_timeout_over(w, p.at[1], w->user_timeout - (before.lo - p.at[1].lo));
            p.gives_up = true;
            return p;
        }
        p.gives_up = is_too_many(w, rto.lo, doublings, unanswered);
        p.end = now;
        if (p.gives_up)
            return p;
        p.at[p.sent + 1] = now;
        int answered = w->cut ? 0 : p.answers ? is_answered(c, answer) : 1;
        if (answered < 0 && !p.unsure)
            p.unsure = p.sent + 1;
        p.answered[p.sent + 1] = answered;
        p.answers += answered > 0;
        p.skipped += !w->cut && !answered;
        unanswered = answered ? 0 : unanswered + 1;
        if (answered) {
            now = plus(now, (struct span){w->rtt.lo, w->rtt.hi + ANSWER_LATE});
            answer = (struct span){w->rtt.lo, w->rtt.hi + ARRIVAL_LATE};
        }
        doublings += doublings < c->retries2;
    }
    return p;
}
