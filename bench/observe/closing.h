/* When closing states began, read off the wire: an end is in FIN_WAIT_2 from the moment that the ACK of its FIN reaches it, and in
 * TIME_WAIT from the moment that the peer's FIN reaches it after that. */
#pragma once

#include "bench/lab/segment.h"
#include "bench/observe/history.h"

#include <stddef.h>

/* Of one state on one host, over all connections whose last state there it was and whose beginning the wire saw: how long it lasted, in seconds, from its
 * beginning until the first look that did not see the socket any more. */
struct closing_lives {
    size_t ended, still;    /* connections that have left it; that have not */
    double first_s, last_s; /* the shortest and the longest life; untouched without any that ended */
};

/* state: SOCKDIAG_FIN_WAIT_2 or SOCKDIAG_TIME_WAIT. 0 or -ENOMEM. */
int closing_lives(const struct segment *segments, size_t n, const struct history *h, enum side side,
                  enum sockdiag_state state, struct closing_lives *ret);

/* How many connections were ever seen in that state on that host. */
size_t closing_ever(const struct history *h, enum side side, enum sockdiag_state state);
