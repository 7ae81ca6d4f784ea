#include "bench/model/opening.h"

#include "bench/model/ladder.h"
#include "bench/model/lateness.h"

#include <math.h>

#define STAMP_S           0.001 /* tcp_time_stamp_ts() counts whole milliseconds */
#define CHANCE_S          0.2   /* what a busy machine may add to a timer's lateness */
#define SYN_ACK_SECOND_MS 2000  /* TCP_TIMEOUT_INIT, doubled once */
#define DEFER_TIMEOUTS    255   /* rskq_defer_accept has 8 bits */
#define DEFER_FIRST_S     1     /* TCP_TIMEOUT_INIT */
#define DEFER_LONGEST_S   120   /* TCP_RTO_MAX */

/* --- SYNs --- */

static int syn_most(const struct conditions *c)
{
    return (int)(c->syn_retries + c->syn_linear_timeouts);
}

/* The first firing that comes too late for another SYN. The first of all always sends one:
 * retransmits_timed_out(). */
static int last_firing(const struct conditions *c, double user_timeout_s)
{
    int firing = 2;
    while (firing <= syn_most(c) && ladder_syn_firing(c, firing).lo < user_timeout_s)
        firing++;
    return firing;
}

int opening_syn_retransmits(const struct conditions *c, int64_t user_timeout_ms)
{
    if (!user_timeout_ms)
        return ladder_syn_retransmits(c);
    return last_firing(c, (double)user_timeout_ms / 1e3) - 1;
}

struct span opening_syn_gives_up(const struct conditions *c, int64_t user_timeout_ms)
{
    if (!user_timeout_ms)
        return ladder_syn_gives_up(c);
    double user_s = (double)user_timeout_ms / 1e3, tick_s = 1.0 / c->hz;
    int firing = last_firing(c, user_s);
    struct span before = ladder_syn_firing(c, firing - 1), at = ladder_syn_firing(c, firing);
    if (at.lo < user_s)
        return at;
    double rest_s = fmax(user_s - before.lo, tick_s); /* over already: at the next tick */
    return (struct span){fmax(user_s - STAMP_S, before.lo),
                         fmax(user_s + LATENESS_SCHEDULING, before.hi + tick_s) +
                             lateness(c->hz, rest_s)};
}

bool opening_syn_is_chance(const struct conditions *c, int64_t user_timeout_ms,
                           double *ret_firing_s)
{
    double patience_s = user_timeout_ms ? (double)user_timeout_ms / 1e3 : ladder_syn_patience(c);
    for (int firing = 2; firing <= syn_most(c) + 1; firing++) {
        struct span at = ladder_syn_firing(c, firing);
        *ret_firing_s = at.lo;
        if (at.lo < patience_s && patience_s < at.hi + CHANCE_S)
            return true;
    }
    return false;
}

/* --- SYN-ACKs that come again --- */

int64_t opening_challenge_acks(const struct conditions *c)
{
    return c->challenge_ack_limit == INT32_MAX ? INT64_MAX
                                               : (uint32_t)(c->challenge_ack_limit + 1) >> 1;
}

bool opening_answers_each_syn_ack(const struct conditions *c)
{
    return c->invalid_ratelimit <= SYN_ACK_SECOND_MS;
}

/* --- TCP_DEFER_ACCEPT --- */

static int64_t defer_time(int timeouts)
{
    int64_t sum = 0, gap = DEFER_FIRST_S;
    for (int i = 0; i < timeouts; i++) {
        sum += gap;
        gap = 2 * gap < DEFER_LONGEST_S ? 2 * gap : DEFER_LONGEST_S;
    }
    return sum;
}

int opening_defer_timeouts(int64_t seconds)
{
    int timeouts = seconds > 0;
    while (timeouts < DEFER_TIMEOUTS && defer_time(timeouts) < seconds)
        timeouts++;
    return timeouts;
}

int64_t opening_defer_seconds(int64_t seconds)
{
    return defer_time(opening_defer_timeouts(seconds));
}

struct span opening_defer_ends(const struct conditions *c, int64_t seconds)
{
    struct conditions deferred = *c;
    deferred.synack_retries = opening_defer_timeouts(seconds);
    return ladder_syn_ack(&deferred, (int)deferred.synack_retries);
}

/* --- TCP_FASTOPEN --- */

int64_t opening_fastopen_limit(const struct conditions *c, int64_t option)
{
    return option < c->somaxconn ? option : c->somaxconn;
}

int64_t opening_fastopen_admits(int64_t limit, int64_t pending, int64_t clients)
{
    int64_t room = limit > pending ? limit - pending : 0;
    return clients < room ? clients : room;
}

int opening_cookie_mss(int announced, bool ipv6)
{
    static const int v4[] = {536, 1300, 1440, 1460}, v6[] = {1220, 1420, 1440, 8940};
    const int *table = ipv6 ? v6 : v4;
    int i = 3;
    while (i > 0 && announced < table[i])
        i--;
    return table[i];
}
