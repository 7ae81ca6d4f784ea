/* When SYNs and SYN-ACKs are sent again, and when they are given up. Times since the first one. No
 * gap is longer than 120 s (TCP_RTO_MAX). A retransmission that does not happen (not from 1 to
 * ..._retransmits()) is at [INFINITY, INFINITY]. */
#pragma once

#include "bench/model/conditions.h"
#include "bench/model/span.h"

/* SYN (tcp_retransmit_timer(), tcp_write_timeout(); net/ipv4/tcp_timer.c): the first
 * tcp_syn_linear_timeouts + 1 gaps are 1 s, then they double. It is given up at the first firing
 * that finds tcp_syn_retries + tcp_syn_linear_timeouts retransmissions made, or, after one at
 * least, 2^(tcp_syn_retries + 1) - 1 s gone (above 6 retries 120 s more for each;
 * tcp_model_timeout()). Firings are taken to be on time: only with 15 linear timeouts and more they
 * may all together be so late that the time is over one firing sooner. */
int ladder_syn_retransmits(const struct conditions *c);             /* how many in all */
struct span ladder_syn(const struct conditions *c, int retransmit); /* the n-th, from 1 */
/* connect() fails with ETIMEDOUT */
struct span ladder_syn_gives_up(const struct conditions *c);

/* The time that tcp_syn_retries stands for, in seconds: 2^(tcp_syn_retries + 1) - 1 and so on. */
double ladder_syn_patience(const struct conditions *c);

/* When the timer of the SYN fires for the n-th time, from 1, whatever it then does. */
struct span ladder_syn_firing(const struct conditions *c, int firing);

/* SYN-ACK (reqsk_timer_handler(), net/ipv4/inet_connection_sock.c): 1, 3, 7, 15, 31 s; the request
 * is silently dropped at 2^(tcp_synack_retries + 1) - 1 s, or sooner when the queue is pruned
 * (queue_survivors()). No linear timeouts here. */
int ladder_syn_ack_retransmits(const struct conditions *c);
struct span ladder_syn_ack(const struct conditions *c, int retransmit);
struct span ladder_syn_ack_gone(const struct conditions *c);
