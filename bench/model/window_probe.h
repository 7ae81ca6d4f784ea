/* Data that waits before a closed window, none of it under way: when the window is probed, which
 * probes are answered, and when the connection is given up (tcp_probe_timer(),
 * net/ipv4/tcp_timer.c; tcp_send_probe0(), net/ipv4/tcp_output.c). Times in seconds since the timer
 * was set: when the data was written, or the window closed before it.
 *
 * The first wait is the RTO, 200 ms at least (tcp_probe0_base()); each probe doubles it, up to
 * tcp_rto_max_ms and tcp_retries2 times at most (tcp_probe0_when()). An answer sets the timer
 * again, and unanswered probes count from 0; the doubling goes on. A firing that finds tcp_retries2
 * probes unanswered gives up: here it is a count, and not a time as for data
 * (bench/model/retransmit.h).
 *
 * A probe is an ACK with an old number, and a kernel answers such ones only tcp_invalid_ratelimit
 * after it answered the last (tcp_oow_rate_limited(), net/ipv4/tcp_input.c): so a healthy peer may
 * leave one or more of the first probes unanswered. */
#pragma once

#include "bench/model/conditions.h"
#include "bench/model/span.h"

#include <stdbool.h>

struct window_probe {
    const struct conditions *conditions;
    struct span rtt;     /* of the wire: each sample of the sender, and each answer */
    bool cut;            /* the probes are lost on their way */
    bool orphan;         /* nobody has a descriptor: tcp_orphan_retries counts */
    double user_timeout; /* TCP_USER_TIMEOUT, in seconds, from the first probe on; 0: none */
};

/* The RTO after some segments, each acknowledged at once but the last, that closes the window,
 * whose ACK is delayed. In whole ticks. */
struct span window_probe_rto(const struct window_probe *w);

#define WINDOW_PROBES_MAX 20
struct window_probing {
    int sent; /* probes, from 1 to `until` */
    struct span at[WINDOW_PROBES_MAX + 1];
    bool answered[WINDOW_PROBES_MAX + 1];
    int answers, skipped; /* skipped: they came, and the limit on answers left them without one */
    bool gives_up;        /* instead of probe number sent + 1 */
    struct span end;      /* then when */

    /* The first probe that comes so near tcp_invalid_ratelimit that it may be answered or not, or
     * so near the user timeout that it may be sent or not; 0: none. What is said of what follows
     * then means nothing. */
    int unsure;
};

/* Up to that many probes, WINDOW_PROBES_MAX at most. */
struct window_probing window_probe_follow(const struct window_probe *w, int until);
