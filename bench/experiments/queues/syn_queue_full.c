/* The SYN queue is full: more half-open connections than it takes.
 *
 * Textbooks say:  half-open connections wait in the SYN queue, which tcp_max_syn_backlog sizes;
 *                 what comes beyond is dropped, and SYN cookies are for attacks.
 * The kernel:     the SYN queue has the accept queue's limit for its own
 *                 (inet_csk_reqsk_queue_is_full()). Beyond it tcp_conn_request() answers by a
 *                 cookie, and by silence only with tcp_syncookies = 0. Only then does
 *                 tcp_max_syn_backlog count, and not for a peer that the kernel has metrics of
 *                 (tcp_peer_is_proven()).
 * Falsified by:   another number of half-open requests, of cookies, or of dropped SYNs;
 *                 tcp_max_syn_backlog changing anything with cookies.
 */
#include "bench/experiments/queues/burst.h"
#include "bench/model/ladder.h"
#include "bench/trial/segments.h"
#include "bench/trial/sockets.h"
#include "bench/trial/steps.h"
#include "common/process/clock.h"
#include "common/process/exit_code.h"

#include <stdio.h>

static const struct knob knobs[] = {
    KNOB_BACKLOG("3"),
    KNOB_SOMAXCONN,
    KNOB_CLIENTS("10"),
    KNOB_SYNCOOKIES("1"),
    KNOB_MAX_SYN_BACKLOG,
    KNOB_YES_NO("returning", "no", "the kernel knows the client: an earlier connection is over"),
    KNOB_DELAY("1ms"),
    KNOB_IPV6,
};

#define PRUNING  3 /* the firing of the SYN-ACK timer that drops, queue_survivors() */
#define PRUNED_S 7 /* and when that is */

static bool is_proven(const struct knobs *k, const struct conditions *c)
{
    return knob(k, "returning") && !c->no_metrics_save;
}

static struct queue_burst outcome(const struct knobs *k, const struct conditions *c)
{
    const struct conditions proven = queue_of_proven_peer(c);
    return burst_outcome(k, is_proven(k, c) ? &proven : c);
}

/* Clients whose SYN got a request: nothing else was before them, so each of these has a place in
 * the accept queue later. */
static int64_t requests(const struct queue_burst *b, const struct knobs *k)
{
    return knob(k, "clients") - b->cookies - b->syn_sent;
}

static const struct rule *request_rule(const struct knobs *k, const struct conditions *c,
                                       const struct queue_burst *b)
{
    if (c->syncookies == 2)
        return &rule_cookies_always;
    if (b->syn_sent && !b->request_full)
        return &rule_max_syn_backlog;
    return is_proven(k, c) && !c->syncookies ? &rule_proven_peer : &rule_syn_queue_capacity;
}

static const struct rule *cookie_rule(const struct conditions *c, int64_t cookies)
{
    if (!cookies)
        return &rule_cookies_sent;
    return c->syncookies == 2 ? &rule_cookies_always : &rule_syn_queue_full_cookie;
}

static void expect_while_held(const struct knobs *k, const struct conditions *c,
                              const struct queue_burst *b, struct prediction *p)
{
    expect_exactly(p, "requests", requests(b, k), request_rule(k, c, b),
                   "server.SYN_RECV_while_held");
    expect_exactly(p, "sockets", requests(b, k) + b->cookies, &rule_handshake_client_first,
                   "client.ESTABLISHED_while_held");
    expect_exactly(p, "sockets", b->syn_sent,
                   b->syn_sent ? burst_syn_rule(k, c, b) : &rule_row_empty,
                   "client.SYN_SENT_while_held");
    expect_exactly(p, "segments", 0, &rule_handshakes_overlap, "server.ListenOverflows_while_held");
}

static void predict(const struct knobs *k, const struct conditions *c, struct prediction *p)
{
    struct queue_burst b = outcome(k, c);
    /* that connection was by cookie, too */
    int64_t earlier = knob(k, "returning") && c->syncookies == 2;
    expect_while_held(k, c, &b, p);
    expect_exactly(p, "segments", earlier + b.cookies, cookie_rule(c, b.cookies),
                   "server.TcpExt.SyncookiesSent");
    expect_exactly(p, "segments", earlier + b.cookies, &rule_cookie_counter,
                   "server.TcpExt.TCPReqQFullDoCookies");
    expect_exactly(p, "segments", b.request_full, &rule_request_full_counter,
                   "server.TcpExt.TCPReqQFullDrop");
    expect_exactly(p, "connections", b.queued, &rule_accept_queue_capacity, "ledger.queued");
    expect_exactly(p, "connections", b.half_open + b.reset, &rule_row_empty, "ledger.half_open");
    expect_exactly(p, "connections", b.ghost, b.ghost ? &rule_cookie_ack_dropped : &rule_row_empty,
                   "ledger.ghost");
    expect_exactly(p, "connections", b.syn_sent,
                   b.syn_sent ? burst_syn_rule(k, c, &b) : &rule_row_empty, "ledger.syn_sent");
    expect_exactly(p, "segments", b.queue_overflows, &rule_listen_overflows,
                   "server.TcpExt.ListenOverflows");
    expect_exactly(p, "segments", b.listen_drops, &rule_listen_drops, "server.TcpExt.ListenDrops");
}

static bool server_has_none(struct trial *t, int64_t number)
{
    return watch_latest(t->watch)->side[SIDE_SERVER].n == 0;
}

/* The client closes first, so that it is the client's host that has TIME_WAIT, and the server's
 * that keeps metrics of it. */
static void make_known(struct trial *t, struct trial_socket *listener)
{
    struct trial_socket *server, *client = sock_connection(listener, &server);
    sock_close(client);
    sock_need(server, POLLIN, "the client's FIN");
    sock_close(server);
    step_need(t, server_has_none, 0, "the earlier connection to be over");
}

/* The third ACKs stay at the wire's entrance, so that nobody leaves the SYN queue. */
static void hold_third_acks(struct trial *t, int64_t clients)
{
    step_no_second_syn(t);
    step_hold(t, TO_CLIENT, true);
    step_connect_together(t, clients);
    step_settle(t);
    step_hold(t, TO_SERVER, true);
    step_hold(t, TO_CLIENT, false);
    step_settle(t);
}

/* The kernel does not wait for a slow observer: from a queue that is more than half full, and
 * half of that old, it drops the old requests at their third timeout. */
static void check_in_time(struct trial *t, const struct knobs *k)
{
    const struct conditions *c = &t->conditions;
    struct queue_burst b = outcome(k, c);
    int64_t first_ns =
        segments_sent_ns(t, TO_CLIENT, SEGMENT_SYN | SEGMENT_ACK, SEGMENT_SYN | SEGMENT_ACK,
                         FAULT_ANY_PAYLOAD, knob(k, "returning") + 1);
    double took = first_ns ? (double)(clock_now_ns() - first_ns) / 1e9 : 0,
           least = ladder_syn_ack_gone(c).lo;
    if (queue_survivors(c, burst_limit(k, c), requests(&b, k), PRUNING) < requests(&b, k) &&
        least > PRUNED_S)
        least = PRUNED_S;
    if (took > least)
        step_fail(t, EXIT_CODE_FAILED,
                  "this machine took %.1f s for what should take less than %.0f s, after which the "
                  "kernel drops half-open requests; use fewer clients, the default "
                  "tcp_synack_retries, or a quieter machine",
                  took, least);
}

static void run(struct trial *t, const struct knobs *k)
{
    struct trial_socket *listener = sock_serve(t, knob(k, "backlog"));
    if (knob(k, "returning"))
        make_known(t, listener);
    hold_third_acks(t, knob(k, "clients"));
    step_see_state(t, SIDE_SERVER, SOCKDIAG_SYN_RECV, "server.SYN_RECV_while_held");
    step_see_state(t, SIDE_CLIENT, SOCKDIAG_ESTABLISHED, "client.ESTABLISHED_while_held");
    step_see_state(t, SIDE_CLIENT, SOCKDIAG_SYN_SENT, "client.SYN_SENT_while_held");
    step_see_counter(t, SIDE_SERVER, "TcpExt.ListenOverflows", "server.ListenOverflows_while_held");
    step_hold(t, TO_SERVER, false);
    step_settle(t);
    check_in_time(t, k);
    step_take_stock(t);
    bool cookies = step_counter(t, SIDE_SERVER, "TcpExt.TCPReqQFullDoCookies") > 0;
    step_show(t, cookies ? LEDGER_ghost : LEDGER_syn_sent, "one whose SYN met a full SYN queue");
}

static void tell_beyond(FILE *out, const struct trial *t, const struct queue_burst *b)
{
    long long cookies = trial_counter(t, SIDE_SERVER, "TcpExt.SyncookiesSent"),
              dropped = trial_row(t, LEDGER_syn_sent);
    if (cookies)
        fprintf(out,
                "%lld SYN%s answered by a cookie, of which the server keeps nothing, and their "
                "clients were ESTABLISHED like the others. ",
                cookies, cookies == 1 ? " was" : "s were");
    if (dropped)
        fprintf(out, "%lld SYN%s dropped without an answer, %s. ", dropped,
                dropped == 1 ? " was" : "s were",
                b->request_full ? "because the SYN queue was full and tcp_syncookies is 0"
                                : "because tcp_syncookies is 0 and tcp_max_syn_backlog limits "
                                  "requests from unknown addresses");
    if (!cookies && !dropped)
        fprintf(out, "The SYN queue had room for all. ");
}

static void tell(FILE *out, const struct trial *t, const struct knobs *k)
{
    struct queue_burst b = outcome(k, &t->conditions);
    long long held = (long long)trial_observed(t, "server.SYN_RECV_while_held"),
              ghosts = trial_row(t, LEDGER_ghost);
    fprintf(out,
            "The wire held back every third ACK, and %lld half-open request%s in the SYN queue of "
            "a listener whose limit is min(backlog, somaxconn) = %lld. ",
            held, held == 1 ? " was" : "s were", (long long)burst_limit(k, &t->conditions));
    if (knob(k, "returning"))
        fprintf(out,
                is_proven(k, &t->conditions)
                    ? "From an earlier connection the kernel knew the client's address and its "
                      "round trip, so the limit of tcp_max_syn_backlog did not apply to it. "
                    : "There had been an earlier connection, but tcp_no_metrics_save kept the "
                      "kernel from remembering it. ");
    tell_beyond(out, t, &b);
    fprintf(out, "Then the ACKs came: %lld connection%s in the accept queue",
            (long long)trial_row(t, LEDGER_queued),
            trial_row(t, LEDGER_queued) == 1 ? " is" : "s are");
    if (ghosts)
        fprintf(out,
                ", and %lld client%s that their connections exist: the ACKs of their cookies met a "
                "full queue",
                ghosts, ghosts == 1 ? " believes" : "s believe");
    fprintf(out, ".");
}

static const struct by_hand by_hand[] = {
    {"server", "ss -tan state syn-recv | wc -l", "the half-open requests (and a line of heading)"},
    {"server", "netstat -nat | grep -c SYN_RECV", "the same"},
    {"server",
     "nstat -az TcpExtTCPReqQFullDoCookies TcpExtTCPReqQFullDrop TcpExtSyncookiesSent "
     "TcpExtListenDrops",
     "what became of SYNs that met a full SYN queue"},
    {"server", "ip tcp_metrics", "the peers that the kernel knows, each with its round trip (rtt)"},
    {0},
};

const struct experiment experiment_syn_queue_full = {
    .name = "syn-queue-full",
    .question =
        "How many half-open connections does a listener take, and what happens to further SYNs?",
    .claim = "Half-open connections wait in a SYN queue of tcp_max_syn_backlog entries, and when "
             "it is full SYNs are dropped.",
    .kernel = "The SYN queue's limit is the accept queue's, min(backlog, somaxconn), and a SYN "
              "beyond it is answered by a cookie (tcp_conn_request) unless the accept queue is "
              "full, too. Only with tcp_syncookies = 0 does a full SYN queue drop SYNs, and only "
              "then does tcp_max_syn_backlog count: three quarters of it are for anybody, the rest "
              "is for peers that the kernel has TCP metrics of (tcp_peer_is_proven).",
    .falsified = "Another number of half-open requests, of cookies or of dropped SYNs, or a "
                 "tcp_max_syn_backlog that matters while cookies are on.",
    .why_link = "Requests pile up only while their third ACKs are kept away: the wire holds all of "
                "them at its entrance until the SYN queue has been looked at. It lets each SYN "
                "pass once, so that the counters hold the first ones only.",
    .time = "About 1 s: nothing here waits for a timer. By itself a request would wait for its ACK "
            "for 63 s with the default tcp_synack_retries = 5, or for as little as 7 s while the "
            "queue is more than half full and half of it is old.",
    .drawing =
        (const char *const[]){"s listen(3)", "> SYN", "s: SYN_RECV", "< SYN-ACK", "c: ESTABLISHED",
                              "> SYN of the 5th client", "< SYN-ACK, a cookie", "c: ESTABLISHED",
                              "> ACK x dropped: the accept queue is full", NULL},
    .knobs = knobs,
    .n_knobs = sizeof(knobs) / sizeof(*knobs),
    .predict = predict,
    .run = run,
    .tell = tell,
    .by_hand = by_hand,
    .see_also =
        (const char *const[]){"syn-cookie-ghosts", "synack-retries", "accept-queue-full", NULL},
    .try_next =
        (const char *const[]){
            "tcplab-bench run syn-queue-full --set syncookies=0",
            "tcplab-bench run syn-queue-full --set syncookies=2",
            "tcplab-bench run syn-queue-full --set syncookies=0 --set backlog=100 --set clients=40 "
            "--set max_syn_backlog=16",
            "tcplab-bench run syn-queue-full --set syncookies=0 --set backlog=100 --set clients=40 "
            "--set max_syn_backlog=16 --set returning=yes",
            NULL},
};
