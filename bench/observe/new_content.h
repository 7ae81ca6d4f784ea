/* How many segments of a connection have new content, without retransmissions and answers to
 * them. */
#pragma once

#include "bench/lab/segment.h"

#include <stddef.h>

/* Counts the segments that entered the wire at from_ns or later, belong to the connection with that
 * client port, and have something that no earlier segment of their direction has: a SYN, a byte, a
 * FIN, a higher acknowledgement, or the first RST. A retransmission and the answer to it have
 * nothing new, so a slow machine does not change the number. */
size_t new_content_count(const struct segment *segments, size_t n, uint16_t client_port,
                         int64_t from_ns);
