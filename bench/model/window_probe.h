/* Data that waits because the peer's window is closed, with no segment in flight: when the kernel
 * probes the window, which probes are answered, and when it gives up the connection
 * (tcp_probe_timer(), net/ipv4/tcp_timer.c; tcp_send_probe0(), net/ipv4/tcp_output.c). Times are in
 * seconds since the timer was set: when the data was written, or when the window closed, whichever
 * came later.
 *
 * The first wait is the RTO, at least 200 ms (tcp_probe0_base()). Each probe doubles the wait, at
 * most tcp_retries2 times and up to tcp_rto_max_ms (tcp_probe0_when()). An answer sets the timer
 * again and resets the count of unanswered probes, but not the wait. The kernel gives up when the
 * timer fires and tcp_retries2 probes are unanswered: this limit is a count, while the limit for
 * data is a time (bench/model/retransmit.h).
 *
 * A probe is an ACK with an old sequence number. A kernel answers such a segment only if its last
 * answer is tcp_invalid_ratelimit old (tcp_oow_rate_limited(), net/ipv4/tcp_input.c). So a healthy
 * peer may leave one or more of the first probes unanswered. */
#pragma once

#include "bench/model/conditions.h"
#include "bench/model/span.h"

#include <stdbool.h>

struct window_probe {
    const struct conditions *conditions;
    struct span rtt;     /* of the wire; the sender measures it, and each answer takes it */
    bool cut;            /* the wire drops the probes */
    bool orphan;         /* the socket has no descriptor: tcp_orphan_retries counts */
    double user_timeout; /* TCP_USER_TIMEOUT, in seconds, from the first probe on; 0: none */
};

/* Returns the RTO after some segments, in whole ticks. The last segment closes the window, and its
 * ACK is delayed; the others are acknowledged at once. */
struct span window_probe_rto(const struct window_probe *w);

#define WINDOW_PROBES_MAX 20
struct window_probing {
    int sent; /* probes, from 1 to `until` */
    struct span at[WINDOW_PROBES_MAX + 1];
    bool answered[WINDOW_PROBES_MAX + 1];
    int answers, skipped; /* skipped: arrived, but not answered because of tcp_invalid_ratelimit */
    bool gives_up;        /* the kernel gives up instead of sending probe number sent + 1 */
    struct span end;      /* when it gives up */

    /* The first probe that comes so close to tcp_invalid_ratelimit that it may be answered or not,
     * or so close to the user timeout that it may be sent or not; 0: none. What follows that probe
     * is then not known. */
    int unsure;
};

/* Computes up to `until` probes, at most WINDOW_PROBES_MAX. */
struct window_probing window_probe_follow(const struct window_probe *w, int until);
