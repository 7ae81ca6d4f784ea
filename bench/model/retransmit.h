/* A segment of an established connection, data or FIN, that nobody acknowledges: when the kernel
 * retransmits it, and when it gives up the connection (tcp_retransmit_timer(), tcp_write_timeout(),
 * retransmits_timed_out(); net/ipv4/tcp_timer.c). No other segment is in flight. Times are in
 * seconds since it was first sent.
 *
 * The tail loss probe comes first; then the RTO timer fires again and again, each time after twice
 * the time. The kernel gives up when the timer fires and the time since its *first* firing has
 * reached a limit. The kernel computes this limit from the number of retries as if the RTO were 200
 * ms, so the number of retransmissions depends on the RTO. If the limit is so close to a firing
 * that either can come first, the results here cover both cases. */
#pragma once

#include "bench/model/conditions.h"
#include "bench/model/span.h"

#include <stdbool.h>

struct retransmit {
    const struct conditions *conditions;
    struct span rtt; /* the bounds of the one round trip that the connection has measured */
    /* the socket has no descriptor: tcp_orphan_retries counts instead of tcp_retries2 */
    bool orphan;
    double user_timeout; /* TCP_USER_TIMEOUT, in seconds; 0: none */
};

/* Returns the RTO that follows from the first round trip, in whole ticks. */
struct span retransmit_rto(const struct conditions *c, struct span rtt);

/* Whether the kernel sends a tail loss probe, and when. */
bool retransmit_has_tail_probe(const struct conditions *c);
struct span retransmit_tail_probe(const struct retransmit *r);

/* Returns when the RTO timer fires for the n-th time (from 1). */
struct span retransmit_firing(const struct retransmit *r, int n);

/* Return how many firings retransmit the segment, at least and at most; the next one gives up. */
int retransmit_least(const struct retransmit *r);
int retransmit_most(const struct retransmit *r);
struct span retransmit_gives_up(const struct retransmit *r);
