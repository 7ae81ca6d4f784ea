/* What is wrong, out of what was gathered: each finding with its figures, the rule behind it, the
 * mend, and a command that shows the same case in a lab. Pure. */
#pragma once

#include "bench/look/gather.h"

#include <jansson.h>

/* X(code): in the order of how much they hurt. */
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
 * "source", "mend", "reproduce"}]. New reference. */
json_t *judge_findings(const struct gather *g);

/* Those that hurt most first, the others in the order they have. New reference. */
json_t *judge_by_hurt(const json_t *findings);

/* How long this listener may stop accepting before a client is dropped, in s, and in *ret_rate the
 * arrivals a second that this rests on. NAN: nothing arrived. The kernel counts no arrivals by
 * listener: the connections that a look saw in the queue are a lower bound. Where no look saw one,
 * the host's PassiveOpens are an upper bound (*ret_bound). */
double judge_stall_budget_s(const struct gather *g, const struct gather_listener *l,
                            double *ret_rate, bool *ret_bound);

/* "0.0.0.0:80", "[::]:80" */
#define JUDGE_ADDRESS_MAX 80
const char *judge_address(const struct sockdiag_socket *s, bool destination,
                          char text[static JUDGE_ADDRESS_MAX]);
