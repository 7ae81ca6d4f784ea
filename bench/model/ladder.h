/* When the kernel retransmits SYNs and SYN-ACKs, and when it gives up. Times are in seconds since
 * the first one was sent. A retransmission that does not happen (n is not from 1 to
 * ..._retransmits()) is at [INFINITY, INFINITY]. */
#pragma once

#include "bench/model/conditions.h"
#include "bench/model/span.h"

/* SYNs (tcp_retransmit_timer(), tcp_write_timeout(); net/ipv4/tcp_timer.c): the first
 * tcp_syn_linear_timeouts + 1 gaps are 1 s, then each gap is twice the one before, up to
 * tcp_rto_max_ms. The kernel gives up when the timer fires after tcp_syn_retries +
 * tcp_syn_linear_timeouts retransmissions; or when it fires after at least one, and
 * ladder_syn_patience() is over. The model assumes that timers fire on time: only with 15 or more
 * linear timeouts they may together be so late that the kernel gives up one firing earlier. */
int ladder_syn_retransmits(const struct conditions *c);             /* how many in all */
struct span ladder_syn(const struct conditions *c, int retransmit); /* the n-th, from 1 */
/* when connect() fails with ETIMEDOUT */
struct span ladder_syn_gives_up(const struct conditions *c);

/* Returns how long the kernel tries because of tcp_syn_retries, in seconds: 2^(tcp_syn_retries + 1)
 * - 1, and with more than 6 retries tcp_rto_max_ms for each further one (tcp_model_timeout()). */
double ladder_syn_patience(const struct conditions *c);

/* Returns when the SYN's timer fires for the n-th time (from 1), whether it then sends a SYN or
 * gives up. */
struct span ladder_syn_firing(const struct conditions *c, int firing);

/* SYN-ACKs (reqsk_timer_handler(), net/ipv4/inet_connection_sock.c): retransmitted after 1, 3, 7,
 * 15, 31 s; no gap is longer than 120 s (TCP_RTO_MAX), and there are no linear timeouts. The kernel
 * silently drops the request at 2^(tcp_synack_retries + 1) - 1 s, or earlier if it prunes the queue
 * (queue_survivors()). */
int ladder_syn_ack_retransmits(const struct conditions *c);
struct span ladder_syn_ack(const struct conditions *c, int retransmit);
struct span ladder_syn_ack_gone(const struct conditions *c);
