/* A segment that nobody acknowledges, data or FIN, of a connection that is established: when it is
 * sent again, and when the connection is given up (tcp_retransmit_timer(), tcp_write_timeout(),
 * retransmits_timed_out(); net/ipv4/tcp_timer.c). Times in seconds since it was first sent, the
 * only one under way.
 *
 * The tail loss probe comes first, then the RTO fires, again and again, each time after twice as
 * long. A firing gives the connection up when the time since the *first* firing has reached a
 * limit, which is made of the number of retries as if the RTO were 200 ms. So the number of
 * retransmissions depends on the RTO: where the limit is so near a firing that both can be, the
 * answers here cover both. */
#pragma once

#include "bench/model/conditions.h"
#include "bench/model/span.h"

#include <stdbool.h>

struct retransmit {
    const struct conditions *conditions;
    struct span rtt; /* the one round trip that the connection has measured: between these */
    /* nobody has a descriptor: tcp_orphan_retries counts, and not tcp_retries2 */
    bool orphan;
    double user_timeout; /* TCP_USER_TIMEOUT, in seconds; 0: none */
};

/* The timeout that the first round trip gives: in whole ticks. */
struct span retransmit_rto(const struct conditions *c, struct span rtt);

/* Whether there is a tail loss probe, and when. */
bool retransmit_has_tail_probe(const struct conditions *c);
struct span retransmit_tail_probe(const struct retransmit *r);

/* The n-th firing of the RTO, from 1. */
struct span retransmit_firing(const struct retransmit *r, int n);

/* How many of them send the segment again, at least and at most; the next one gives up. */
int retransmit_least(const struct retransmit *r);
int retransmit_most(const struct retransmit *r);
struct span retransmit_gives_up(const struct retransmit *r);
