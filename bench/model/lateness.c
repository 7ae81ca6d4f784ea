#include "bench/model/lateness.h"

#include <math.h>

/* LVL_DEPTH of a kernel with more than 100 ticks a second; the last one reaches for weeks */
#define LEVELS 9
/* the first level takes what is less than this many ticks ahead, the next 8 times as many */
#define LEVEL_START 63

double lateness(int hz, double seconds)
{
    if (hz <= 0)
        return INFINITY;
    /* calc_wheel_index(). The kernel's times are whole ticks: 0.504 s * 250 is 126, whatever a
     * double says. */
    double ticks = ceil(seconds * hz - 1e-6), granule = 1;
    for (int level = 1; level < LEVELS && ticks >= LEVEL_START * granule; level++)
        granule *= 8;
    return granule / hz;
}

struct span lateness_span(int hz, double seconds)
{
    return lateness_then((struct span){0, LATENESS_SCHEDULING}, hz, seconds);
}

struct span lateness_then(struct span first, int hz, double seconds)
{
    return (struct span){first.lo + seconds, first.hi + seconds + lateness(hz, seconds)};
}
