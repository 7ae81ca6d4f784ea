/* The third ACK is dropped: it meets a full accept queue, and tcp_abort_on_overflow is 0.
 *
 * Textbooks say:  the server ignores the ACK; the client thinks it got lost and sends it again; if
 *                 there is room by then the connection is established.
 * The kernel:     tcp_check_req() keeps the request and drops the ACK. The client is ESTABLISHED
 *                 and sends nothing by itself. It is the server's SYN-ACK timer that fires
 *                 (reqsk_timer_handler(): 1, 3, 7, 15, 31 s), and the client answers each SYN-ACK
 *                 with a challenge ACK, which is as good as the first: when there is room, the
 *                 connection completes.
 * Falsified by:   an ACK from the client without a SYN-ACK before it; a SYN-ACK off its ladder; a
 *                 connection that does not complete although there is room. */
#include "bench/experiments/queues/burst.h"
#include "bench/model/ladder.h"
#include "bench/trial/half_open.h"
#include "bench/trial/segments.h"
#include "bench/trial/steps.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const struct knob knobs[] = {
    KNOB_BACKLOG("7"),
    KNOB_SOMAXCONN,
    KNOB_PREFILL("limit"),
    KNOB_CLIENTS("4"),
    KNOB_SYNCOOKIES(NULL),
    KNOB_MAX_SYN_BACKLOG,
    KNOB_COUNT("again", "2", 0, 5,
               "how often the SYN-ACKs are sent again before the server accepts"),
    KNOB_DELAY("50ms"),
    KNOB_IPV6,
};

static int check(const struct knobs *k, const struct conditions *c, char **ret_message)
{
    int most = ladder_syn_ack_retransmits(c), r;
    if (knob(k, "again") < most) {
        r = burst_check(k, c, ret_message);
        return r ? r
                 : half_open_check_answers(c, burst_outcome(k, c).half_open, knob(k, "again") + 1,
                                           ret_message);
    }
    if (most)
        r = asprintf(ret_message,
                     "again=%lld: with these sysctls a SYN-ACK is sent again %d time%s, and the "
                     "last of them shall complete the connection; write at most %d",
                     (long long)knob(k, "again"), most, most == 1 ? "" : "s", most - 1);
    else
        r = asprintf(ret_message, "net.ipv4.tcp_synack_retries=0: then no SYN-ACK is sent again, "
                                  "and it takes one to complete the connection; write at least 1");
    if (r < 0)
        *ret_message = NULL;
    return -EINVAL;
}

/* The half-open ones that are still there when the SYN-ACK of that number is due. */
static int64_t alive(const struct knobs *k, const struct conditions *c, int firing)
{
    return queue_survivors(c, burst_limit(k, c), burst_outcome(k, c).half_open, firing);
}

/* SYN-ACKs sent again before the server accepts, of all half-open ones together. */
static int64_t repeated(const struct knobs *k, const struct conditions *c)
{
    int64_t sum = 0;
    for (int i = 1; i <= (int)knob(k, "again"); i++)
        sum += alive(k, c, i);
    return sum;
}

static void expect_ladder(const struct knobs *k, const struct conditions *c, struct prediction *p)
{
    double there_and_back = 2 * (double)knob(k, "delay") / 1e9;
    int again = (int)knob(k, "again");
    for (int i = 1; i <= again && alive(k, c, i); i++) {
        expect_span(p, ladder_syn_ack(c, i), &rule_syn_ack_ladder, "server.syn_ack_again_%d_first",
                    i);
        expect_span(p, ladder_syn_ack(c, i), &rule_syn_ack_ladder, "server.syn_ack_again_%d_last",
                    i);
    }
    if (alive(k, c, again + 1)) {
        struct span done = ladder_syn_ack(c, again + 1);
        done.lo += there_and_back;
        done.hi += there_and_back;
        expect_span(p, done, &rule_third_ack_late, "server.completed_first");
        expect_span(p, done, &rule_third_ack_late, "server.completed_last");
    }
}

static void predict(const struct knobs *k, const struct conditions *c, struct prediction *p)
{
    struct queue_burst b = burst_outcome(k, c);
    int again = (int)knob(k, "again");
    int64_t prefill = burst_prefill(k, c), half_open = alive(k, c, again),
            pruned = b.half_open - half_open;
    int64_t completed = alive(k, c, again + 1);
    expect_exactly(p, "connections", prefill + b.queued, &rule_accept_queue_capacity,
                   "ledger.queued");
    expect_exactly(p, "connections", half_open, &rule_third_ack_dropped, "ledger.half_open");
    burst_expect_row(p, "ghost", b.ghost + pruned, pruned ? &rule_request_pruning : &rule_ghost,
                     &rule_row_empty);
    burst_expect_row(p, "syn_sent", b.syn_sent, burst_syn_rule(k, c, &b), &rule_row_empty);
    burst_expect_row(p, "reset", b.reset, &rule_third_ack_reset, &rule_never_reset_by_syn);
    expect_exactly(p, "connections", half_open, &rule_third_ack_dropped, "server.SYN_RECV");
    expect_exactly(p, "connections", prefill + b.queued + b.half_open + b.ghost,
                   &rule_queued_is_established, "client.ESTABLISHED");
    expect_ladder(k, c, p);
    expect_exactly(p, "segments", b.queue_overflows + repeated(k, c), &rule_listen_overflows,
                   "server.TcpExt.ListenOverflows");
    expect_exactly(p, "segments", repeated(k, c), &rule_syn_retrans_counter,
                   "server.TcpExt.TCPSynRetrans");
    expect_exactly(p, "segments", repeated(k, c), &rule_challenge_ack,
                   "client.TcpExt.TCPChallengeACK");
    expect_exactly(p, "connections", prefill + b.queued + completed, &rule_third_ack_late,
                   "server.accepted_in_the_end");
}

/* Nothing half-open, nothing queued. */
static bool all_are_in(struct trial *t, int64_t number)
{
    return step_accepted(t) == (int64_t)watch_latest(t->watch)->side[SIDE_SERVER].n;
}

struct completion {
    int64_t syn_ack_ns; /* the first SYN-ACK is sent */
    int64_t late_ns;    /* of the last SYN-ACK on the wire */
    int64_t done_ns;    /* the last ACK so far arrives: nothing has been sent after it */
};

/* How much longer than its delay the wire took. On a busy machine that was up to 0.2 s, more than
 * the kernel's timers may be late; it is no part of what is asked. */
static int64_t wire_late_ns(const struct trial *t, const struct segment *s)
{
    int64_t late_ns = s->out_ns - s->at_ns - knob(t->knobs, "delay");
    return s->fate == SEGMENT_DELIVERED && late_ns > 0 ? late_ns : 0;
}

/* One for each entry of the history; NULL without memory. The caller frees it. */
static struct completion *completions(const struct trial *t)
{
    size_t n_entries;
    const struct history *h = watch_history(t->watch);
    const struct history_entry *entries = history_entries(h, &n_entries);
    struct completion *all = calloc(n_entries + 1, sizeof(*all));
    SEGMENTS_EACH(s, t) {
        const struct history_entry *e = all ? history_find(h, &s->id) : NULL;
        struct completion *c = e ? &all[e - entries] : NULL;
        if (c && s->direction == TO_CLIENT && (s->flags & SEGMENT_SYN)) {
            c->syn_ack_ns = c->syn_ack_ns ? c->syn_ack_ns : s->at_ns;
            c->late_ns = wire_late_ns(t, s);
        }
        if (c && s->direction == TO_SERVER && (s->flags & SEGMENT_ACK) &&
            s->fate == SEGMENT_DELIVERED)
            c->done_ns = s->out_ns - wire_late_ns(t, s) - c->late_ns;
    }
    return all;
}

/* From a connection's first SYN-ACK until its handshake is over: of those that the stock shows
 * half-open. */
static void see_completion(struct trial *t)
{
    size_t n, found = 0;
    double first = 0, last = 0;
    const struct history_entry *e = history_entries(watch_history(t->watch), &n);
    struct completion *all = completions(t);
    for (size_t i = 0; all && i < n; i++) {
        const struct history_side *server = &e[i].side[SIDE_SERVER];
        if (server->first_ns[SOCKDIAG_ESTABLISHED] < t->stock.at_ns ||
            !server->first_ns[SOCKDIAG_SYN_RECV])
            continue;
        double took = (double)(all[i].done_ns - all[i].syn_ack_ns) / 1e9;
        first = !found || took < first ? took : first;
        last = !found || took > last ? took : last;
        found++;
    }
    free(all);
    if (found) {
        step_see(t, first, "server.completed_first");
        step_see(t, last, "server.completed_last");
    }
}

static void run(struct trial *t, const struct knobs *k)
{
    int again = (int)knob(k, "again");
    step_no_second_syn(t);
    burst_run(t, k);
    step_wait(t, step_syn_acks_sent_again, again, ladder_syn_ack(&t->conditions, again).hi + 30,
              "the SYN-ACKs to be sent again");
    step_settle(t);
    if (!again)
        burst_need_once(t, TO_CLIENT, SEGMENT_SYN | SEGMENT_ACK);
    burst_need_in_time(t);
    step_take_stock(t);
    segments_see_retries(t, TO_CLIENT, SEGMENT_SYN | SEGMENT_ACK, again, "server.syn_ack_again");
    step_mark(t, "The server begins to accept now. Who gets in, and when?");
    step_accept(t);
    step_wait(t, all_are_in, 0, ladder_syn_ack(&t->conditions, again + 1).hi + 30,
              "the next SYN-ACK, now that the server accepts");
    step_see(t, (double)step_accepted(t), "server.accepted_in_the_end");
    if (!t->failure)
        see_completion(t);
    step_show(t, LEDGER_half_open, "one whose third ACK was dropped, until it completes");
}

static void tell_none(FILE *out, const struct trial *t, const struct knobs *k)
{
    struct queue_burst b = burst_outcome(k, &t->conditions);
    if (burst_prefill(k, &t->conditions) > burst_limit(k, &t->conditions))
        fprintf(out, "No third ACK was dropped: the accept queue was full before the clients came, "
                     "so their SYNs were dropped instead. ");
    else if (trial_row(t, LEDGER_reset))
        fprintf(out,
                "No third ACK was dropped silently: tcp_abort_on_overflow is 1, and the %lld that "
                "met a full accept queue were answered by RST (see rst-on-overflow). ",
                (long long)trial_row(t, LEDGER_reset));
    else if (t->conditions.syncookies == 2)
        fprintf(out, "No request is half-open: every SYN was answered by a cookie, and the SYN "
                     "queue took none. ");
    else if (b.cookies || b.syn_sent)
        fprintf(
            out,
            "No request is half-open: the accept queue had room for all that the SYN queue took. ");
    else
        fprintf(out, "No third ACK was dropped: there was room for all. ");
}

static void tell_others(FILE *out, const struct trial *t, const struct knobs *k)
{
    long long cookies = burst_outcome(k, &t->conditions).ghost,
              dropped = trial_row(t, LEDGER_syn_sent);
    if (cookies)
        fprintf(out,
                "%lld clients had been answered by SYN cookies, of which the server keeps nothing, "
                "and their ACKs met the full queue: they are ghosts (see syn-cookie-ghosts). ",
                cookies);
    if (dropped)
        fprintf(out, "%lld clients got no answer to their SYNs. ", dropped);
}

static void tell_sent_again(FILE *out, const struct knobs *k, bool some_pruned)
{
    long long again = knob(k, "again");
    if (again)
        fprintf(out,
                "The server sent its SYN-ACK again, %s%lld time%s, and each time the client "
                "answered with an ACK, which was dropped, for the queue was full. ",
                some_pruned ? "up to " : "", again, again == 1 ? "" : "s");
    fprintf(
        out,
        "The client sent nothing by itself, because for the client the handshake was complete. ");
}

static void tell(FILE *out, const struct trial *t, const struct knobs *k)
{
    struct queue_burst b = burst_outcome(k, &t->conditions);
    int64_t half_open = trial_row(t, LEDGER_half_open),
            pruned = trial_row(t, LEDGER_ghost) - b.ghost;
    double accepted = trial_observed(t, "server.accepted_in_the_end");
    int64_t completed =
        isnan(accepted) ? half_open : (int64_t)accepted - trial_row(t, LEDGER_queued);
    if (!half_open) {
        tell_none(out, t, k);
        tell_others(out, t, k);
        return;
    }
    fprintf(out,
            "%lld clients were ESTABLISHED while the server had them in SYN_RECV: their third ACKs "
            "met a full accept queue and were dropped. ",
            (long long)(half_open + pruned));
    tell_sent_again(out, k, pruned > 0);
    fprintf(
        out,
        "Then the server began to accept, and with the next SYN-ACK %lld connection%s completed",
        (long long)completed, completed == 1 ? "" : "s");
    if (completed && !isnan(trial_observed(t, "server.completed_last")))
        fprintf(out, ", %.1f s after the first SYN-ACK, and the client's program noticed nothing",
                trial_observed(t, "server.completed_last"));
    fprintf(out, ". ");
    pruned += half_open - completed;
    if (pruned)
        fprintf(out,
                "The kernel had pruned %lld request%s at the third timeout, after 7 s, because "
                "more than half of the SYN queue was taken, most of it by old requests: their "
                "clients are ghosts now, ESTABLISHED with nothing at the server. ",
                (long long)pruned, pruned == 1 ? "" : "s");
    tell_others(out, t, k);
}

static const struct by_hand by_hand[] = {
    {"server", "ss -tano state syn-recv", "timer:(on,...,N): the SYN-ACK was sent N times more"},
    {"client", "ss -tan state established 'dport = :8888'",
     "the same connections, seen from the other end"},
    {"server", "nstat -az TcpExtListenOverflows TcpExtTCPSynRetrans",
     "dropped ACKs; repeated SYN-ACKs"},
    {"client", "nstat -az TcpExtTCPChallengeACK", "how often the client has answered them"},
    {0},
};

const struct experiment experiment_third_ack_dropped = {
    .name = "third-ack-dropped",
    .question = "What if the last ACK of the handshake meets a full accept queue?",
    .claim = "The server ignores the ACK; the client thinks that it got lost and sends it again; "
             "if there is room by then, the connection is established.",
    .kernel = "True so far: the kernel drops the ACK and keeps the request (tcp_check_req). But "
              "the client sends nothing again, because it is ESTABLISHED. The server sends its "
              "SYN-ACK again after 1, 3, 7 ... s (reqsk_timer_handler), and the client's answer, a "
              "challenge ACK, completes the connection when there is room.",
    .falsified = "An ACK that the client sends again by itself; a SYN-ACK off its ladder; a "
                 "connection that does not complete although there is room.",
    .why_link =
        "Third ACKs must meet a queue that filled after their SYNs: handshakes must overlap, "
        "which takes a wire with a delay. Over loopback a third ACK comes before the next SYN.",
    .time = "About 8 s: the SYN-ACKs after 1, 3 and 7 s have to be waited for. With the default "
            "tcp_synack_retries the server gives up after 63 to 66 s.",
    .drawing = (const char *const[]){"s: accept queue full", "> SYN", "s: SYN_RECV", "< SYN-ACK",
                                     "c: ESTABLISHED", "> ACK x no room", ". 1 s",
                                     "< SYN-ACK, again", "> ACK x no room", ". 2 s",
                                     "< SYN-ACK, again", "> ACK x no room", "s accept()", ". 4 s",
                                     "< SYN-ACK, again", "> ACK", "s: ESTABLISHED", NULL},
    .knobs = knobs,
    .n_knobs = sizeof(knobs) / sizeof(*knobs),
    .sysctls = (const char *const[]){"net.ipv4.tcp_abort_on_overflow=0", NULL},
    .check = check,
    .predict = predict,
    .run = run,
    .tell = tell,
    .by_hand = by_hand,
    .see_also =
        (const char *const[]){"rst-on-overflow", "syn-cookie-ghosts", "accept-queue-full", NULL},
    .try_next =
        (const char *const[]){
            "tcplab-bench run third-ack-dropped --set again=0",
            "tcplab-bench run third-ack-dropped --set backlog=10 --set clients=11",
            "tcplab-bench run rst-on-overflow", NULL},
};
