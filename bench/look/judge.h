/* Finds what is wrong in what was gathered. Each finding has its figures, the rule behind it, what
 * helps, and a command that shows the same case in a lab. Pure. */
#pragma once

#include "bench/look/gather.h"

#include <jansson.h>

/* X(code), the most harmful first. */
#define JUDGE_CODES(X)        \
    X(stopped_accepting)      \
    X(out_of_descriptors)     \
    X(accepts_too_slowly)     \
    X(bursts)                 \
    X(reuseport_skew)         \
    X(somaxconn_caps)         \
    X(own_backlog)            \
    X(drops_without_overflow) \
    X(syn_cookies)            \
    X(ports_run_out)          \
    X(time_wait_limit)        \
    X(close_wait_leak)        \
    X(fin_wait_2)             \
    X(syn_retransmissions)

/* [{"code", "listener" (address and port, or null), "sentence", "figures": {NAME: number}, "rule",
 * "source", "mend", "reproduce"}]. Returns a new reference. */
json_t *judge_findings(const struct gather *g);

/* Sorts findings: the most harmful first, equally harmful ones in the order that they have. Returns
 * a new reference. */
json_t *judge_by_hurt(const json_t *findings);

/* Returns how many seconds this listener may stop accepting before a client is dropped, and in
 * *ret_rate the arrivals per second that this is computed from. NAN: nothing arrived. The kernel
 * does not count arrivals per listener: the connections that looks saw in the queue are a lower
 * bound. If no look saw one, the host's PassiveOpens are an upper bound, and *ret_bound is true. */
double judge_stall_budget_s(const struct gather *g, const struct gather_listener *l,
                            double *ret_rate, bool *ret_bound);

/* Writes the source, or the destination, of a socket into text and returns it: "0.0.0.0:80",
 * "[::]:80". */
#define JUDGE_ADDRESS_MAX 80
const char *judge_address(const struct sockdiag_socket *s, bool destination,
                          char text[static JUDGE_ADDRESS_MAX]);
