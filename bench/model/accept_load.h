/* The accept queue under a load that lasts: which share of the SYNs meets a full queue, and how
 * long the queue is. Pure functions.
 *
 * One accept loop takes a connection out of the queue and then works for `pace_s` on it before it
 * takes the next one (tcplab-server --accept-delay; any single-threaded server). The one that it
 * works on is no longer in the queue: so the limit L gives L + 1 places in the queue
 * (sk_acceptq_is_full(), include/net/sock.h) and one more at the loop. As a queueing system that is
 * M/D/1/K, D/D/1/K or M/M/1/K with K = L + 2, of which the queue sees K - 1. While the loop stands
 * still (a stall) nobody takes the one, and there are the L + 1 places.
 *
 * SYNs that were dropped come back 1 s later, when the queue has changed: they are second arrivals
 * that are not counted in the rate here. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum accept_arrivals { ACCEPT_ARRIVALS_EVEN, ACCEPT_ARRIVALS_POISSON, ACCEPT_ARRIVALS_BURST };
enum accept_work { ACCEPT_WORK_FIXED, ACCEPT_WORK_EXPONENTIAL };

struct accept_load {
    double rate; /* SYNs a second, above 0 */
    enum accept_arrivals arrivals;
    double burst;  /* SYNs at once, of ACCEPT_ARRIVALS_BURST; the bursts are even */
    double pace_s; /* one accept each, above 0 */
    enum accept_work work;
    double stall_s;       /* how long the loop stands still; 0: never */
    double stall_every_s; /* from the begin of one stall to that of the next */
};

/* Returns the share of new SYNs that are dropped, 0 to 1, in the long run. With stalls, or in
 * bursts, the work counts as fixed. */
double accept_load_loss(const struct accept_load *l, int64_t limit);

/* Sets ret[i], i from 0 to limit + 1, to the probability that a new SYN finds i connections in the
 * accept queue. Only without stalls and bursts. */
void accept_load_queue(const struct accept_load *l, int64_t limit, double *ret);

/* Returns the smallest backlog with a loss of at most `loss`; -1: no backlog up to `most` has it,
 * because the loop is too slow for the rate. */
int64_t accept_load_backlog(const struct accept_load *l, double loss, int64_t most);

/* Returns the highest rate, up to `most` and within 0.1 %, with a loss of at most `loss` at that
 * limit; 0 if there is none above 0.01 a second. */
double accept_load_rate(const struct accept_load *l, int64_t limit, double loss, double most);
