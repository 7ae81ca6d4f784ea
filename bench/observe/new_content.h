/* How many segments a conversation takes, whatever had to be said twice: read off the wire. */
#pragma once

#include "bench/lab/segment.h"

#include <stddef.h>

/* Of the segments that entered at from_ns or later, those of the connection with that client port
 * that say something that no segment of their direction has said before: a SYN, a byte or a FIN, an
 * acknowledgement of something new, the first RST. What is sent again, and what answers it, says
 * nothing new; so a slow machine does not change the number. */
size_t new_content_count(const struct segment *segments, size_t n, uint16_t client_port,
                         int64_t from_ns);
