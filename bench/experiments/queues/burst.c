#include "bench/experiments/queues/burst.h"
#include "bench/trial/segments.h"
#include "bench/trial/steps.h"
#include "common/process/exit_code.h"

#include <errno.h>
#include <stdio.h>

static bool overlaps(const struct knobs *k)
{
    return !knobs_have(k, "link") || knob(k, "link") == KNOB_WIRE;
}

int64_t burst_limit(const struct knobs *k, const struct conditions *c)
{
    return queue_limit(knob(k, "backlog"), c->somaxconn);
}

int64_t burst_prefill(const struct knobs *k, const struct conditions *c)
{
    int64_t prefill = knobs_have(k, "prefill") ? knob(k, "prefill") : 0;
    return prefill == OPTION_NEVER ? burst_limit(k, c) : prefill;
}

static int refuse_prefill(const struct conditions *c, int64_t prefill, int64_t requests,
                          char **ret_message)
{
    if (asprintf(ret_message,
                 "prefill=%lld: with tcp_syncookies=0 and tcp_max_syn_backlog=%lld the SYN queue "
                 "takes %lld at once; write at most that",
                 (long long)prefill, (long long)c->max_syn_backlog, (long long)requests) < 0)
        *ret_message = NULL;
    return -EINVAL;
}

int burst_check(const struct knobs *k, const struct conditions *c, char **ret_message)
{
    int64_t prefill = burst_prefill(k, c), capacity = queue_capacity(burst_limit(k, c));
    bool requests_only = overlaps(k) && c->syncookies == 0;
    if (prefill <= capacity && requests_only && prefill > queue_requests(c, burst_limit(k, c)))
        return refuse_prefill(c, prefill, queue_requests(c, burst_limit(k, c)), ret_message);
    if (prefill <= capacity)
        return 0;
    if (asprintf(ret_message,
                 "prefill=%lld: the queue holds min(backlog, somaxconn) + 1 = min(%lld, %lld) + 1 "
                 "= %lld connections; write at most that, or a larger backlog",
                 (long long)prefill, (long long)knob(k, "backlog"), (long long)c->somaxconn,
                 (long long)capacity) < 0)
        *ret_message = NULL;
    return -EINVAL;
}

struct queue_burst burst_outcome(const struct knobs *k, const struct conditions *c)
{
    return queue_burst(c, burst_limit(k, c), burst_prefill(k, c), knob(k, "clients"), overlaps(k));
}

const struct rule *burst_syn_rule(const struct knobs *k, const struct conditions *c,
                                  const struct queue_burst *b)
{
    if (!overlaps(k) || burst_prefill(k, c) > burst_limit(k, c))
        return &rule_syn_dropped;
    return b->request_full ? &rule_syn_queue_full_drop : &rule_max_syn_backlog;
}

void burst_expect_row(struct prediction *p, const char *row, int64_t n, const struct rule *rule,
                      const struct rule *rule_of_none)
{
    expect_exactly(p, "connections", n, n ? rule : rule_of_none, "ledger.%s", row);
}

static void expect_ledger(const struct knobs *k, const struct conditions *c,
                          const struct queue_burst *b, struct prediction *p)
{
    const struct rule *none = overlaps(k) ? &rule_row_empty : &rule_loopback_handshake;
    burst_expect_row(p, "queued", burst_prefill(k, c) + b->queued, &rule_accept_queue_capacity,
                     none);
    burst_expect_row(p, "syn_sent", b->syn_sent, burst_syn_rule(k, c, b), &rule_row_empty);
    burst_expect_row(p, "reset", b->reset, &rule_third_ack_reset,
                     overlaps(k) ? &rule_never_reset_by_syn : &rule_loopback_handshake);
    burst_expect_row(p, "ghost", b->ghost, &rule_ghost, none);
    burst_expect_row(p, "half_open", b->half_open, &rule_third_ack_dropped, none);
    burst_expect_row(p, "refused", 0, NULL, &rule_never_refused);
}

/* The prefill's own: with tcp_syncookies = 2, or where the SYN queue does not take as many as the
 * accept queue. */
static int64_t prefill_cookies(const struct knobs *k, const struct conditions *c)
{
    return queue_burst(c, burst_limit(k, c), 0, burst_prefill(k, c), overlaps(k)).cookies;
}

static void expect_counters(const struct knobs *k, const struct conditions *c,
                            const struct queue_burst *b, int again, struct prediction *p)
{
    int64_t before = prefill_cookies(k, c);
    int64_t repeated = b->syn_sent * again; /* each of them meets a full accept queue */
    expect_exactly(p, "segments", b->queue_overflows + repeated, &rule_listen_overflows,
                   "server.TcpExt.ListenOverflows");
    expect_exactly(p, "segments", b->listen_drops + repeated, &rule_listen_drops,
                   "server.TcpExt.ListenDrops");
    if (!overlaps(k) && !b->cookies && !before)
        return; /* the SYN queue has no part in it */
    expect_exactly(p, "segments", b->request_full, &rule_request_full_counter,
                   "server.TcpExt.TCPReqQFullDrop");
    expect_exactly(p, "segments", before + b->cookies, &rule_cookies_sent,
                   "server.TcpExt.SyncookiesSent");
    expect_exactly(p, "segments", before + b->cookies_back, &rule_cookies_received,
                   "server.TcpExt.SyncookiesRecv");
}

void burst_expect(const struct knobs *k, const struct conditions *c, int again,
                  struct prediction *p)
{
    struct queue_burst b = burst_outcome(k, c);
    int64_t queued = burst_prefill(k, c) + b.queued;
    expect_exactly(p, "connections", burst_limit(k, c), &rule_accept_queue_limit,
                   "server.queue_limit");
    expect_exactly(p, "connections", queued, &rule_accept_queue_capacity, "server.queue");
    expect_exactly(p, "connections", queued, &rule_passive_opens, "server.Tcp.PassiveOpens");
    expect_ledger(k, c, &b, p);
    expect_counters(k, c, &b, again, p);
}

void burst_run(struct trial *t, const struct knobs *k)
{
    int64_t prefill = burst_prefill(k, &t->conditions);
    step_serve(t, "--accept-delay", "never", NULL);
    if (prefill) {
        step_connect_together(t, prefill);
        step_settle(t);
    }
    step_mark(t, "%lld wait in the accept queue, limit %lld. %lld clients come now. Who gets in?",
              (long long)prefill, (long long)burst_limit(k, &t->conditions),
              (long long)knob(k, "clients"));
    step_connect_together(t, knob(k, "clients"));
    step_settle(t);
}

void burst_need_once(struct trial *t, enum direction direction, unsigned flags)
{
    double first, last;
    if (segments_retries(t, direction, flags, 1, &first, &last))
        step_fail(
            t, EXIT_CODE_FAILED,
            "it took more than 1 s until all clients had come, so some segments had been sent "
            "again by then, and nothing can be said; use fewer clients, or a quieter machine");
}

void burst_need_in_time(struct trial *t)
{
    if (segments_again_in_vain(t, TO_SERVER, SEGMENT_SYN) ||
        segments_again_in_vain(t, TO_CLIENT, SEGMENT_SYN | SEGMENT_ACK))
        step_fail(t, EXIT_CODE_FAILED,
                  "some answers took more than 1 s, so that what they answer had been sent again "
                  "by then, and the counts say nothing; use fewer clients, or a quieter machine");
}
