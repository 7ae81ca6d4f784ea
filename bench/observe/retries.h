/* When segments of one kind were sent and sent again on each connection, as the wire has seen
 * them. */
#pragma once

#include "bench/lab/segment.h"

#include <stddef.h>

/* Of the connections that have a segment of that direction and exactly these SYN, ACK, FIN and RST
 * flags for the (n + 1)-th time (n 0: at all): the least and the largest time since their first
 * one, in seconds. Duplicates made by the wire do not count. How many connections; 0: then the
 * times are untouched. SIZE_MAX without memory. */
size_t retries_find(const struct segment *segments, size_t n_segments, enum direction direction,
                    unsigned flags, int n, double *ret_first_s, double *ret_last_s);

/* How many connections have sent such a segment. */
size_t retries_connections(const struct segment *segments, size_t n_segments,
                           enum direction direction, unsigned flags);
