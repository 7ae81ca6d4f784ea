/* What the options of a socket make of its opening: TCP_USER_TIMEOUT, TCP_DEFER_ACCEPT,
 * TCP_FASTOPEN. */
#pragma once

#include "bench/model/conditions.h"
#include "bench/model/span.h"

#include <stdbool.h>
#include <stdint.h>

/* SYNs that nobody answers. user_timeout_ms: TCP_USER_TIMEOUT, 0: none, and then it is the ladder's
 * (model/ladder.h). With one, the time that tcp_syn_retries stands for no longer counts, only the
 * number: it is given up at the first firing, but the very first one, that finds tcp_syn_retries +
 * tcp_syn_linear_timeouts repetitions sent or the user timeout over, and the timer is never set
 * beyond that (tcp_write_timeout(), tcp_clamp_rto_to_user_timeout(); net/ipv4/tcp_timer.c). */
int opening_syn_retransmits(const struct conditions *c, int64_t user_timeout_ms);
struct span opening_syn_gives_up(const struct conditions *c, int64_t user_timeout_ms);

/* Whether the time (the user timeout, or what tcp_syn_retries stands for) is over so soon after a
 * firing that it is chance which of them comes first; *ret_firing_s: that firing. */
bool opening_syn_is_chance(const struct conditions *c, int64_t user_timeout_ms,
                           double *ret_firing_s);

/* How many SYN-ACKs that come again a host answers in any one second for sure, each by a challenge
 * ACK: the kernel draws the number for each second, from half of tcp_challenge_ack_limit on
 * (tcp_challenge_ack_allowed(), net/ipv4/tcp_input.c). INT64_MAX: all. */
int64_t opening_challenge_acks(const struct conditions *c);

/* Whether one connection answers each SYN-ACK of the ladder, however often it comes again: the
 * second comes 2 s after the first, and within tcp_invalid_ratelimit it would not be answered
 * (__tcp_oow_rate_limited()). */
bool opening_answers_each_syn_ack(const struct conditions *c);

/* TCP_DEFER_ACCEPT of so many seconds becomes a number of SYN-ACK timeouts, the least whose time
 * covers it: 1, 3, 7, 15 ... s, and no gap is longer than 120 s (secs_to_retrans(),
 * net/ipv4/tcp.c). A connection without data is completed at the last of them. */
int opening_defer_timeouts(int64_t seconds);
int64_t opening_defer_seconds(int64_t seconds); /* their time: what getsockopt() gives */
/* When that last SYN-ACK is sent, after the first; tcp_synack_retries has no part in it
 * (syn_ack_recalc()). */
struct span opening_defer_ends(const struct conditions *c, int64_t seconds);

/* TCP_FASTOPEN: how many connections may wait for the ACK of their SYN-ACK (fastopen_queue_tune(),
 * include/linux/tcp.h). */
int64_t opening_fastopen_limit(const struct conditions *c, int64_t option);
/* Of `clients` whose SYNs bring data while `pending` wait for theirs: how many are accepted with
 * it. The others get an ordinary handshake. */
int64_t opening_fastopen_admits(int64_t limit, int64_t pending, int64_t clients);

/* The segment size that a SYN cookie keeps of the one that the client announced: the largest of
 * four that is not above it, or the least of them (__cookie_v4_init_sequence(),
 * __cookie_v6_init_sequence(); net/ipv4/syncookies.c, net/ipv6/syncookies.c). */
int opening_cookie_mss(int announced, bool ipv6);
