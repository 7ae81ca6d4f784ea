#include "bench/model/afterlife.h"
#include "bench/model/life.h"

#include <math.h>

int64_t afterlife_room(const struct conditions *c)
{
    return (uint32_t)c->max_tw_buckets;
}

int64_t afterlife_kept(const struct conditions *c, int64_t closing)
{
    int64_t room = afterlife_room(c);
    return closing < room ? closing : room;
}

struct span afterlife_reuse(const struct conditions *c, bool bound, bool loopback)
{
    const double tick = 0.001; /* tcp_twsk_unique() compares milliseconds */
    const double late = 0.02;  /* ktime_get_seconds() moves on with the timer's tick */
    bool allowed = c->tw_reuse == 1 || (c->tw_reuse == 2 && loopback);
    if (!c->timestamps || (!bound && !allowed))
        return (struct span){INFINITY, INFINITY};
    if (bound)
        return (struct span){0, 0};
    if (!c->tw_reuse_delay || c->rules.time_wait_reuse_clock == TIME_WAIT_REUSE_SECONDS)
        return (struct span){0, 1 + late};
    double delay = (double)c->tw_reuse_delay / 1000;
    return (struct span){delay, delay + 2 * tick};
}

bool afterlife_survives_reset(const struct conditions *c)
{
    return c->rfc1337 != 0;
}

bool afterlife_makes_room(int timestamp, bool higher)
{
    return timestamp >= 0 && (timestamp > 0 || higher);
}

double afterlife_after_fin(void)
{
    return 60; /* TCP_TIMEWAIT_LEN */
}
