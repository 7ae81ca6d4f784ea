/* Finds when segments of one kind were sent and retransmitted on each connection, from the wire's
 * record. */
#pragma once

#include "bench/lab/segment.h"

#include <stddef.h>

/* Takes the connections that have at least n + 1 segments of that direction with exactly these SYN,
 * ACK, FIN and RST flags. Sets *ret_first_s and *ret_last_s to the shortest and the longest time
 * from a connection's first such segment to its (n + 1)-th, in seconds. Copies that the wire made
 * do not count. Returns how many connections there are; 0: the times are unchanged; SIZE_MAX: no
 * memory. */
size_t retries_find(const struct segment *segments, size_t n_segments, enum direction direction,
                    unsigned flags, int n, double *ret_first_s, double *ret_last_s);

/* Returns how many connections have sent a segment with exactly these flags, a SYN or a SYN-ACK,
 * again before the answer (the other end's first ACK) had arrived, and the second one arrived, too:
 * the wire or the machine was slower than the sender's timer. SIZE_MAX without memory. */
size_t retries_in_vain(const struct segment *segments, size_t n_segments, enum direction direction,
                       unsigned flags);

/* Returns how many connections have such a segment. */
size_t retries_connections(const struct segment *segments, size_t n_segments,
                           enum direction direction, unsigned flags);
