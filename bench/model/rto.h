/* The retransmission timeout (RTO) of an established connection, in seconds. */
#pragma once

#include "bench/model/conditions.h"

/* Returns the longest timeout: tcp_rto_max_ms. */
double rto_max(const struct conditions *c);

/* Returns a timeout as the kernel sets it: rounded up to whole ticks (usecs_to_jiffies()), and not
 * longer than rto_max(). */
double rto_in_ticks(const struct conditions *c, double seconds);

/* Returns the RTO of a connection that has measured one round trip (tcp_rtt_estimator(),
 * tcp_set_rto()): the round trip plus four times its variation, which is half of the round trip;
 * this second part is at least tcp_rto_min_us. */
double rto_first(const struct conditions *c, double rtt);
