/* When closing states began, read off the wire: an end is in FIN_WAIT_2 from the moment that the
 * ACK of its FIN reaches it, and in TIME_WAIT from the moment that the peer's FIN reaches it after
 * that. */
#pragma once

#include "bench/lab/segment.h"
#include "bench/observe/history.h"

#include <stddef.h>

/* One state on one host, over all connections for which it was the last state there and whose
 * beginning the wire has seen. A socket ended between the last look that saw it and the first that
 * did not. "Never early" is judged by the second and "never late" by the first, so that a slow
 * observer causes no difference. Seconds since the state began. */
struct state_lifetime {
    size_t ended, still; /* connections that have left it; that have not */
    double gone_first_s; /* of those that ended: the first time that one was not seen any more */
    double there_last_s; /* the last time that one was still seen */
};

/* state: SOCKDIAG_FIN_WAIT_2 or SOCKDIAG_TIME_WAIT. 0 or -ENOMEM. */
int state_lifetime_measure(const struct segment *segments, size_t n, const struct history *h,
                           enum side side, enum sockdiag_state state, struct state_lifetime *ret);

/* How many connections were ever seen in that state on that host. */
size_t state_lifetime_ever(const struct history *h, enum side side, enum sockdiag_state state);
