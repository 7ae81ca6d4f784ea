/* Shared by the experiments on queues: a listener that does not accept, some connections that
 * already wait, and a burst of clients whose SYNs arrive together (over the wire) or one handshake
 * after the other (over loopback). */
#pragma once

#include "bench/lab/segment.h"
#include "bench/model/queue.h"
#include "bench/trial/experiment.h"

int64_t burst_limit(const struct knobs *k, const struct conditions *c);

/* Returns the knob prefill, or 0 if the experiment has none. Its word "limit" means the queue's
 * limit, which leaves room for one connection. */
int64_t burst_prefill(const struct knobs *k, const struct conditions *c);

/* For experiment.check: the prefill fits into the queue. */
int burst_check(const struct knobs *k, const struct conditions *c, char **ret_message);

/* Computes what becomes of the clients of the burst. */
struct queue_burst burst_outcome(const struct knobs *k, const struct conditions *c);

/* Expects the ledger, the queue and the listener's counters at the moment when no segment is in
 * flight any more. again: how many times each unanswered SYN was retransmitted by then. */
void burst_expect(const struct knobs *k, const struct conditions *c, int again,
                  struct prediction *p);

/* Returns the rule by which a SYN of the burst is dropped: the accept queue, the SYN queue, or
 * tcp_max_syn_backlog. */
const struct rule *burst_syn_rule(const struct knobs *k, const struct conditions *c,
                                  const struct queue_burst *b);

/* Expects a row of the ledger: by `rule`, or if n is 0 by `rule_of_none`. */
void burst_expect_row(struct prediction *p, const char *row, int64_t n, const struct rule *rule,
                      const struct rule *rule_of_none);

/* Runs the steps: serve, prefill, all clients together, settle. */
void burst_run(struct trial *t, const struct knobs *k);

/* Fails the trial if a segment of that kind, SYN or SYN-ACK, was sent twice on a connection. For an
 * experiment whose prediction assumes no retransmission; call it before step_take_stock(). */
void burst_need_once(struct trial *t, enum direction direction, unsigned flags);

/* Before the stock of an experiment in which SYNs or SYN-ACKs without an answer are sent again and
 * counted: a failure where one was sent again because its answer came late. */
void burst_need_in_time(struct trial *t);
