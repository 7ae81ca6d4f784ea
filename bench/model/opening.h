/* Opening a connection with the socket options TCP_USER_TIMEOUT, TCP_DEFER_ACCEPT and TCP_FASTOPEN;
 * answers to repeated SYN-ACKs; SYN cookies. */
#pragma once

#include "bench/model/conditions.h"
#include "bench/model/span.h"

#include <stdbool.h>
#include <stdint.h>

/* SYNs that nobody answers: how many retransmissions, and when the kernel gives up.
 * user_timeout_ms: TCP_USER_TIMEOUT; 0: none, and the functions return what model/ladder.h says.
 * With a user timeout, tcp_syn_retries counts only as a number and no longer as a time: the kernel
 * gives up when the timer fires for the second time or later, and tcp_syn_retries +
 * tcp_syn_linear_timeouts SYNs were retransmitted or the user timeout is over. It never sets the
 * timer beyond the user timeout (tcp_write_timeout(), tcp_clamp_rto_to_user_timeout();
 * net/ipv4/tcp_timer.c). */
int opening_syn_retransmits(const struct conditions *c, int64_t user_timeout_ms);
struct span opening_syn_gives_up(const struct conditions *c, int64_t user_timeout_ms);

/* Whether the time limit (the user timeout, or ladder_syn_patience()) is over so soon after a
 * firing that chance decides which of the two comes first. *ret_firing_s: when that timer fires. */
bool opening_syn_is_chance(const struct conditions *c, int64_t user_timeout_ms,
                           double *ret_firing_s);

/* Returns how many repeated SYN-ACKs a host certainly answers in one second, each by a challenge
 * ACK. The kernel chooses a random limit for each second, at least half of tcp_challenge_ack_limit
 * (tcp_challenge_ack_allowed(), net/ipv4/tcp_input.c). INT64_MAX: all. */
int64_t opening_challenge_acks(const struct conditions *c);

/* Whether a connection answers each retransmitted SYN-ACK: they come at least 2 s apart, and the
 * kernel leaves one unanswered if it comes within tcp_invalid_ratelimit after the last answer
 * (__tcp_oow_rate_limited()). */
bool opening_answers_each_syn_ack(const struct conditions *c);

/* The kernel converts the seconds of TCP_DEFER_ACCEPT to a number of SYN-ACK timeouts: the smallest
 * number that takes at least as long, where 1, 2, 3, 4 timeouts take 1, 3, 7, 15 s, and no gap is
 * longer than 120 s (secs_to_retrans(), net/ipv4/tcp.c). A connection without data is completed
 * after the last of them. */
int opening_defer_timeouts(int64_t seconds);
int64_t opening_defer_seconds(
    int64_t seconds); /* how long these take, which getsockopt() returns */
/* Returns when the kernel sends the last of these SYN-ACKs, in seconds after the first;
 * tcp_synack_retries is ignored (syn_ack_recalc()). */
struct span opening_defer_ends(const struct conditions *c, int64_t seconds);

/* Returns how many connections with TCP Fast Open may wait for the ACK of their SYN-ACK. option:
 * the value of TCP_FASTOPEN (fastopen_queue_tune(), include/linux/tcp.h). */
int64_t opening_fastopen_limit(const struct conditions *c, int64_t option);
/* Returns how many of `clients` whose SYNs carry data are accepted with this data while `pending`
 * connections wait for that ACK. The others get an ordinary handshake. */
int64_t opening_fastopen_admits(int64_t limit, int64_t pending, int64_t clients);

/* Returns the segment size that a SYN cookie encodes for the size that the client announced: the
 * largest of four sizes that is not above it, or the smallest of the four
 * (__cookie_v4_init_sequence(), __cookie_v6_init_sequence(); net/ipv4/syncookies.c,
 * net/ipv6/syncookies.c). */
int opening_cookie_mss(int announced, bool ipv6);
