/* Measures how long closing states last. The wire shows when they begin: FIN_WAIT_2 when the ACK of
 * an end's FIN arrives there, and TIME_WAIT when the peer's FIN arrives after that. */
#pragma once

#include "bench/lab/segment.h"
#include "bench/observe/history.h"

#include <stddef.h>

/* One state on one host, for all connections that had it as their last state there and of which the
 * wire shows its beginning. A socket vanishes between the last look that saw it and the first that
 * did not. "Never early" is checked with the second look and "never late" with the first, so that a
 * slow observer causes no difference. Times are in seconds since the state began. */
struct state_lifetime {
    size_t ended, still; /* connections whose socket has vanished; whose socket is still there */
    double gone_first_s; /* the earliest time at which a socket was missing */
    double there_last_s; /* the latest time at which one was still seen */
};

/* Measures a state: SOCKDIAG_FIN_WAIT_2 or SOCKDIAG_TIME_WAIT. Returns 0 or -ENOMEM. */
int state_lifetime_measure(const struct segment *segments, size_t n, const struct history *h,
                           enum side side, enum sockdiag_state state, struct state_lifetime *ret);

/* Returns how many connections a look has seen in that state on that host. */
size_t state_lifetime_ever(const struct history *h, enum side side, enum sockdiag_state state);
