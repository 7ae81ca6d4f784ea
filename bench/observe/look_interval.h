/* How often a sampler looks: as often as is usual where there is little to see, and never so that
 * it eats the machine. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* A look may take one part in this many of one CPU's time. Among few sockets the moments matter,
 * and nobody measures a throughput beside. */
#define LOOK_INTERVAL_PARTS_FEW  5
#define LOOK_INTERVAL_PARTS_MANY 100

/* sockets: of the last look. flooded: so many connections have come and gone that it is a load,
 * however few are there at a time. */
int64_t look_interval_parts(uint64_t sockets, bool flooded);

/* From the beginning of a look that took took_ns of CPU time to that of the next: the usual
 * interval, or as long as that share asks for. */
int64_t look_interval_ns(int64_t usual_ns, int64_t took_ns, int64_t parts);
