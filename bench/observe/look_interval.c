#include "bench/observe/look_interval.h"

/* LOOK_INTERVAL_PARTS_FEW up to 5,000 sockets, LOOK_INTERVAL_PARTS_MANY from 100,000 on, in
 * proportion between */
#define PACE_SOCKETS_A_PART 1000

int64_t look_interval_parts(uint64_t sockets, bool flooded)
{
    uint64_t parts = sockets / PACE_SOCKETS_A_PART;
    if (flooded || parts > LOOK_INTERVAL_PARTS_MANY)
        return LOOK_INTERVAL_PARTS_MANY;
    return parts < LOOK_INTERVAL_PARTS_FEW ? LOOK_INTERVAL_PARTS_FEW : (int64_t)parts;
}

int64_t look_interval_ns(int64_t usual_ns, int64_t took_ns, int64_t parts)
{
    return took_ns > usual_ns / parts ? took_ns * parts : usual_ns;
}
