/* What the experiments on queues share: a listener that does not accept, some connections that wait
 * already, and a burst of clients whose SYNs arrive together (over the wire) or one handshake after
 * the other (over loopback). */
#pragma once

#include "bench/lab/segment.h"
#include "bench/model/queue.h"
#include "bench/trial/experiment.h"

int64_t burst_limit(const struct knobs *k, const struct conditions *c);

/* The knob prefill, where there is one; its word means the queue's limit, which leaves room for
 * one. */
int64_t burst_prefill(const struct knobs *k, const struct conditions *c);

/* For experiment.check: the prefill fits into the queue. */
int burst_check(const struct knobs *k, const struct conditions *c, char **ret_message);

/* What becomes of the clients of the burst. */
struct queue_burst burst_outcome(const struct knobs *k, const struct conditions *c);

/* The ledger, the queue and the listener's counters, when all has come to rest. again: how many
 * times each unanswered SYN was sent again by then. */
void burst_expect(const struct knobs *k, const struct conditions *c, int again,
                  struct prediction *p);

/* Why a SYN of the burst is dropped: the accept queue, the SYN queue, or tcp_max_syn_backlog. */
const struct rule *burst_syn_rule(const struct knobs *k, const struct conditions *c,
                                  const struct queue_burst *b);

/* A row of the ledger; one that stays empty has another reason than one that does not. */
void burst_expect_row(struct prediction *p, const char *row, int64_t n, const struct rule *rule,
                      const struct rule *rule_of_none);

/* The steps up to there: serve, prefill, all clients together, settle. */
void burst_run(struct trial *t, const struct knobs *k);

/* Before the stock of an experiment that reckons with no repetition: a failure where a segment of
 * that kind, SYN or SYN-ACK, has been sent twice on a connection. */
void burst_need_once(struct trial *t, enum direction direction, unsigned flags);
