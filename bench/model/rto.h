/* The retransmission timeout (RTO) of an established connection, in seconds. */
#pragma once

#include "bench/model/conditions.h"

/* tcp_rto_max_ms: no timeout is longer. */
double rto_max(const struct conditions *c);

/* A timeout as the kernel sets it: in whole ticks (usecs_to_jiffies()), and no longer than
 * rto_max(). */
double rto_in_ticks(const struct conditions *c, double seconds);

/* Of a connection that has measured one round trip (tcp_rtt_estimator(), tcp_set_rto()): that, and
 * four times its variation, which is half of it, and no less than tcp_rto_min_us. */
double rto_first(const struct conditions *c, double rtt);
