#include "bench/model/rto.h"

#include <math.h>

double rto_max(const struct conditions *c)
{
    return (double)c->rto_max_ms / 1000;
}

double rto_in_ticks(const struct conditions *c, double seconds)
{
    double ticks = c->hz > 0 ? ceil(seconds * c->hz - 1e-6) / c->hz : INFINITY;
    return fmin(ticks, rto_max(c));
}

double rto_first(const struct conditions *c, double rtt)
{
    return rto_in_ticks(c, rtt + fmax(2 * rtt, (double)c->rto_min_us / 1e6));
}
