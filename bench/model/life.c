#include "bench/model/life.h"

#include "bench/model/lateness.h"

#include <math.h>

#define TIMEWAIT_LEN 60 /* TCP_TIMEWAIT_LEN */
#define TWKILLED_MAX 4  /* __inet_twsk_schedule() */

/* 3.5 RTO, which neither tcp_fin_time() nor tcp_time_wait() goes below: RTO 200 ms (no RTT), and 300 ms. */
#define LEAST_LO 0.7
#define LEAST_HI 1.05

static struct span minisocket(struct span since, int hz, double seconds)
{
    return (struct span){lateness_then(since, hz, fmax(seconds, LEAST_LO)).lo,
                         lateness_then(since, hz, fmax(seconds, LEAST_HI)).hi};
}

/* What is left to the minisocket when the full socket has waited what is above 60 s. */
static int64_t minisocket_timeout(const struct conditions *c)
{
    return c->fin_timeout > TIMEWAIT_LEN ? c->fin_timeout - TIMEWAIT_LEN : c->fin_timeout;
}

struct span life_fin_wait_2(const struct conditions *c)
{
    double timeout = (double)minisocket_timeout(c);
    struct span since = {0, LATENESS_SCHEDULING};
    if (c->fin_timeout > TIMEWAIT_LEN)
        since = lateness_then(since, c->hz, timeout); /* tcp_keepalive_timer() waits first, for as long */
    return minisocket(since, c->hz, timeout);
}

struct span life_time_wait(const struct conditions *c)
{
    return lateness_span(c->hz, TIMEWAIT_LEN);
}

const char *life_fin_wait_2_counter(const struct conditions *c)
{
    return minisocket_timeout(c) > TWKILLED_MAX ? "TcpExt.TW" : "TcpExt.TWKilled";
}
