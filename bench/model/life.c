#include "bench/model/life.h"

#include "bench/model/lateness.h"
#include "bench/model/rto.h"

#include <math.h>

#define TIMEWAIT_LEN 60 /* TCP_TIMEWAIT_LEN */
#define TWKILLED_MAX 4  /* __inet_twsk_schedule() */

/* Neither tcp_fin_time() nor tcp_time_wait() goes below 3.5 RTO. */
static double least(const struct conditions *c, double rtt)
{
    return 3.5 * rto_first(c, rtt);
}

static struct span minisocket(const struct conditions *c, struct span since, double seconds,
                              struct span rtt)
{
    return (struct span){lateness_then(since, c->hz, fmax(seconds, least(c, rtt.lo))).lo,
                         lateness_then(since, c->hz, fmax(seconds, least(c, rtt.hi))).hi};
}

/* What is left to the minisocket when the full socket has waited what is above 60 s. */
static double minisocket_timeout(const struct conditions *c)
{
    return (double)(c->fin_timeout > TIMEWAIT_LEN ? c->fin_timeout - TIMEWAIT_LEN : c->fin_timeout);
}

struct span life_fin_wait_2(const struct conditions *c, struct span rtt)
{
    double timeout = minisocket_timeout(c);
    struct span since = {0, LATENESS_SCHEDULING};
    /* tcp_keepalive_timer() waits first, for as long */
    if (c->fin_timeout > TIMEWAIT_LEN)
        since = lateness_then(since, c->hz, timeout);
    return minisocket(c, since, timeout, rtt);
}

struct span life_time_wait(const struct conditions *c)
{
    return lateness_span(c->hz, TIMEWAIT_LEN);
}

const char *life_fin_wait_2_counter(const struct conditions *c, struct span rtt)
{
    return fmax(minisocket_timeout(c), least(c, rtt.lo)) > TWKILLED_MAX ? "TcpExt.TW"
                                                                        : "TcpExt.TWKilled";
}
