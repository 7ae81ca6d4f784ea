/* How often a sampler looks: at the usual interval if there are few sockets, and less often if a
 * look takes long. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Looks may take 1/N of one CPU's time. With few sockets exact times matter more than the
 * throughput of other programs. */
#define LOOK_INTERVAL_PARTS_FEW  5
#define LOOK_INTERVAL_PARTS_MANY 100

/* N for the next look. sockets: of the last look. flooded: many connections are opened and closed,
 * even if few are open at a time. */
int64_t look_interval_parts(uint64_t sockets, bool flooded);

/* The time from the beginning of a look that took took_ns of CPU time to the beginning of the next:
 * usual_ns, or took_ns * parts if that is longer. */
int64_t look_interval_ns(int64_t usual_ns, int64_t took_ns, int64_t parts);
