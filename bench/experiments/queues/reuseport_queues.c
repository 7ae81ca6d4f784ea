/* Several listeners on one port (SO_REUSEPORT), and one of them closes.
 *
 * Textbooks say:  the listeners share the load, and a restart loses nobody: start the new server,
 *                 then end the old one.
 * The kernel:     by default addresses and ports choose a listener (reuseport_select_sock()), each
 *                 has queues of its own, and a SYN whose listener is full is dropped though its
 *                 neighbour has room. A listener that closes resets those in its accept queue and
 *                 forgets its half-open ones (inet_csk_listen_stop(), reqsk_timer_handler()),
 *                 unless tcp_migrate_req moves them to another.
 * Falsified by:   a queue with another length than the limit + 1; a full listener none of whose
 *                 SYNs is dropped; another number of resets than the first listener's queue was
 *                 long. */
#include "bench/model/ladder.h"
#include "bench/model/queue.h"
#include "bench/trial/sockets.h"
#include "bench/trial/steps.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define LISTENERS_MOST 8
#define HALF_OPEN_MOST 4   /* so few that the kernel prunes none (queue_survivors()) */
#define CLIENTS_MOST   350 /* of the trial's sockets, of which there are TRIAL_SOCKETS */
#define EACH_S         0.2 /* for one client, on a slow machine */
#define PATIENCE_S     30

static const struct knob knobs[] = {
    KNOB_COUNT("listeners", "4", 2, LISTENERS_MOST, "sockets that listen on the one port"),
    KNOB_BACKLOG("2"),
    KNOB_COUNT("half_open", "1", 0, HALF_OPEN_MOST,
               "connections in the SYN queue of the first listener"),
    KNOB_SYSCTL("migrate_req", NULL, 0, 1, "net.ipv4.tcp_migrate_req",
                "1: who waits moves when a listener closes"),
    KNOB_DELAY("1ms"),
    KNOB_IPV6,
};

static int64_t limit(const struct knobs *k, const struct conditions *c)
{
    return queue_limit(knob(k, "backlog"), c->somaxconn);
}

static int64_t clients(const struct knobs *k, const struct conditions *c)
{
    return queue_clients_that_fill(knob(k, "listeners"), limit(k, c));
}

/* Those that come when one listener has room and the others have not. */
static int64_t newcomers(const struct knobs *k)
{
    return queue_clients_that_part(knob(k, "listeners"));
}

static int refuse_backlog(const struct knobs *k, const struct conditions *c, char **ret_message)
{
    if (asprintf(ret_message,
                 "backlog=%lld: which listener a client meets is as good as chance, and to fill "
                 "%lld queues of limit %lld for sure takes more than %d clients; write a smaller "
                 "backlog or fewer listeners",
                 (long long)knob(k, "backlog"), (long long)knob(k, "listeners"),
                 (long long)limit(k, c), CLIENTS_MOST) < 0)
        *ret_message = NULL;
    return -EINVAL;
}

/* The half-open requests must last until all the others have come. */
static int check_time(const struct knobs *k, const struct conditions *c, int64_t others,
                      char **ret_message)
{
    double needed = (double)others * (2 * (double)knob(k, "delay") / 1e9 + EACH_S),
           last = ladder_syn_ack_gone(c).lo;
    if (!knob(k, "half_open") || needed <= last)
        return 0;
    if (asprintf(ret_message,
                 "half_open=%lld: with tcp_synack_retries=%lld such a request lasts %.0f s, and "
                 "%lld clients come one after the other meanwhile, which may take %.0f s; write "
                 "half_open=0, a shorter delay, or fewer listeners",
                 (long long)knob(k, "half_open"), (long long)c->synack_retries, last,
                 (long long)others, needed) < 0)
        *ret_message = NULL;
    return -EINVAL;
}

static int check(const struct knobs *k, const struct conditions *c, char **ret_message)
{
    int64_t all = limit(k, c) < CLIENTS_MOST ? clients(k, c) : INT64_MAX;
    /* Without cookies one more must fit in, or the others would not reach the accept queue. */
    int64_t requests = queue_requests(c, limit(k, c)),
            most = requests - (!c->syncookies && requests);
    if (all > CLIENTS_MOST)
        return refuse_backlog(k, c, ret_message);
    if (knob(k, "half_open") <= most)
        return check_time(k, c, all + newcomers(k), ret_message);
    if (asprintf(ret_message,
                 "half_open=%lld: the SYN queue of a listener with limit %lld and "
                 "tcp_syncookies=%lld has room for %lld%s; write at most that",
                 (long long)knob(k, "half_open"), (long long)limit(k, c), (long long)c->syncookies,
                 (long long)most,
                 c->syncookies ? "" : ", for one place stays free for the other clients") < 0)
        *ret_message = NULL;
    return -EINVAL;
}

static void expect_the_close(const struct knobs *k, const struct conditions *c,
                             struct prediction *p)
{
    int64_t each = queue_capacity(limit(k, c)), half_open = knob(k, "half_open");
    int64_t others = (knob(k, "listeners") - 2) * each; /* one closes, and one has taken out all */
    bool moves = c->migrate_req;
    const struct rule *queued = moves ? &rule_listener_close_migrates : &rule_listener_close_resets;
    const struct rule *requests =
        moves ? &rule_listener_close_migrates : &rule_listener_close_requests;
    expect_exactly(p, "connections", others + (moves ? each : 0), queued,
                   "server.queues_after_the_close");
    expect_exactly(p, "segments", moves ? 0 : each, queued, "server.resets_of_the_close");
    expect_exactly(p, "connections", moves ? each + half_open : 0, &rule_migrate_counter,
                   "server.TcpExt.TCPMigrateReqSuccess");
    expect_exactly(p, "connections", others + (moves ? each + half_open : 0), requests,
                   "server.accepted_after_the_close");
    expect_exactly(p, "requests", 0, requests, "server.SYN_RECV");
    expect_exactly(p, "connections", moves ? 0 : each, queued, "ledger.reset");
    expect_exactly(p, "connections", moves ? 0 : half_open, requests, "ledger.ghost");
}

static void predict(const struct knobs *k, const struct conditions *c, struct prediction *p)
{
    int64_t listeners = knob(k, "listeners"), each = queue_capacity(limit(k, c));
    expect_exactly(p, "connections", listeners * each, &rule_reuseport_hash,
                   "server.queues_together");
    expect_exactly(p, "connections", each, &rule_accept_queue_capacity, "server.queue_shortest");
    expect_exactly(p, "connections", each, &rule_accept_queue_capacity, "server.queue_longest");
    expect_exactly(p, "requests", knob(k, "half_open"), &rule_handshake_request,
                   "server.SYN_RECV_then");
    expect_exactly(p, "sockets", clients(k, c) - listeners * each, &rule_syn_dropped,
                   "client.SYN_SENT_then");
    expect_between(p, "segments", 1, (double)newcomers(k), &rule_reuseport_no_spill,
                   "server.SYNs_dropped_beside_room");
    expect_the_close(k, c, p);
}

/* --- the steps --- */

struct listeners {
    struct trial_socket *all[LISTENERS_MOST];
    int n;
    struct trial_socket *half_open[HALF_OPEN_MOST]; /* clients of the first */
    int64_t n_half_open, n_newcomers;
};

static bool has_requests(struct trial *t, int64_t number)
{
    return step_state(t, SIDE_SERVER, SOCKDIAG_SYN_RECV) >= number;
}

static bool has_no_request(struct trial *t, int64_t number)
{
    return !has_requests(t, 1);
}

/* The wire keeps their ACKs away, unless they carry data. While there is one listener only, it is
 * that one that they meet. */
static void connect_half_open(struct trial *t, struct listeners *l)
{
    struct connection_id id;
    for (int64_t i = 0; i < l->n_half_open; i++) {
        struct trial_socket *s = l->half_open[i] = sock_new(t, SIDE_CLIENT);
        sock_bind(s, 0);
        sock_connection_id(s, &id);
        const struct fault acks = {.direction = TO_SERVER,
                                   .flags_mask = SEGMENT_ACK,
                                   .flags = SEGMENT_ACK,
                                   .payload = FAULT_NO_PAYLOAD,
                                   .only = &id};
        step_fault(t, &acks);
        sock_connect(s);
    }
    step_need(t, has_requests, l->n_half_open, "the half-open requests");
}

static bool both_ends_agree(struct trial *t, int64_t client_only)
{
    return step_state(t, SIDE_CLIENT, SOCKDIAG_ESTABLISHED) ==
           step_state(t, SIDE_SERVER, SOCKDIAG_ESTABLISHED) + client_only;
}

/* Not step_settle(): the clients outside send their SYNs again and again, each at its own time. */
static void arrive(struct trial *t, int64_t client_only)
{
    step_wait(t, both_ends_agree, client_only, PATIENCE_S, "the last segments to arrive");
}

static void see_queues(struct trial *t, const struct listeners *l)
{
    int64_t shortest = INT64_MAX, longest = 0;
    for (int i = 0; i < l->n; i++) {
        int64_t length = sock_queue(l->all[i]);
        shortest = length < shortest ? length : shortest;
        longest = length > longest ? length : longest;
    }
    step_see(t, (double)shortest, "server.queue_shortest");
    step_see(t, (double)longest, "server.queue_longest");
    step_see(t, t->failure ? 0 : watch_latest(t->watch)->queue, "server.queues_together");
    step_see_state(t, SIDE_SERVER, SOCKDIAG_SYN_RECV, "server.SYN_RECV_then");
    step_see_state(t, SIDE_CLIENT, SOCKDIAG_SYN_SENT, "client.SYN_SENT_then");
}

/* How many it was. */
static int64_t accept_all(struct trial_socket *listener)
{
    int64_t n = 0;
    while (sock_try_accept(listener))
        n++;
    return n;
}

/* The last listener takes out all that it has, and whoever comes; the others stay full. */
static void see_newcomers(struct trial *t, const struct listeners *l)
{
    struct trial_socket *last = l->all[l->n - 1];
    int64_t before = step_counter(t, SIDE_SERVER, "TcpExt.ListenOverflows");
    for (int64_t i = 0; i < l->n_newcomers; i++) {
        accept_all(last);
        sock_try_connection(t);
        arrive(t, l->n_half_open);
    }
    accept_all(last);
    step_see(t, (double)(step_counter(t, SIDE_SERVER, "TcpExt.ListenOverflows") - before),
             "server.SYNs_dropped_beside_room");
}

static void close_first(struct trial *t, const struct listeners *l)
{
    int64_t resets = step_counter(t, SIDE_SERVER, "Tcp.OutRsts");
    sock_close(l->all[0]);
    arrive(t, l->n_half_open);
    step_see(t, t->failure ? 0 : watch_latest(t->watch)->queue, "server.queues_after_the_close");
    step_see(t, (double)(step_counter(t, SIDE_SERVER, "Tcp.OutRsts") - resets),
             "server.resets_of_the_close");
}

static int64_t accept_from_others(const struct listeners *l)
{
    int64_t n = 0;
    for (int i = 1; i < l->n; i++)
        n += accept_all(l->all[i]);
    return n;
}

/* Where requests can move, a byte of data is as good as the ACK that was kept away, and it finds
 * room. */
static void see_the_end(struct trial *t, const struct listeners *l)
{
    int64_t accepted = accept_from_others(l);
    for (int64_t i = 0; i < l->n_half_open && t->conditions.migrate_req; i++)
        sock_send(l->half_open[i], 1);
    step_wait(t, has_no_request, 0, ladder_syn_ack_gone(&t->conditions).hi + 30,
              "the next timeout of the half-open requests");
    arrive(t, t->conditions.migrate_req ? 0 : l->n_half_open);
    step_see(t, (double)(accepted + accept_from_others(l)), "server.accepted_after_the_close");
}

static void run(struct trial *t, const struct knobs *k)
{
    struct listeners l = {.n = (int)knob(k, "listeners"),
                          .n_half_open = knob(k, "half_open"),
                          .n_newcomers = newcomers(k)};
    int64_t n = clients(k, &t->conditions);
    step_no_second_syn(t);
    l.all[0] = sock_serve_sharing(t, knob(k, "backlog"), true, true);
    connect_half_open(t, &l);
    for (int i = 1; i < l.n; i++)
        l.all[i] = sock_serve_sharing(t, knob(k, "backlog"), true, true);
    for (int64_t i = 0; i < n; i++)
        sock_try_connection(t);
    arrive(t, l.n_half_open);
    see_queues(t, &l);
    see_newcomers(t, &l);
    close_first(t, &l);
    see_the_end(t, &l);
    step_take_stock(t);
    step_show(t, t->conditions.migrate_req ? LEDGER_accepted : LEDGER_reset,
              "one that waited in a queue");
}

static int seen(const struct trial *t, const char *name)
{
    return (int)trial_observed(t, name);
}

static void tell_the_close(FILE *out, const struct trial *t, const struct knobs *k)
{
    int half_open = (int)knob(k, "half_open");
    if (t->conditions.migrate_req) {
        fprintf(
            out,
            "Its %lld queued connections moved to the others, full or not, and none was reset. ",
            (long long)queue_capacity(limit(k, &t->conditions)));
        if (half_open)
            fprintf(out,
                    "The %d half-open ones moved as well, and were completed by the next data of "
                    "their clients.",
                    half_open);
        return;
    }
    fprintf(out, "The %d connection%s in its queue %s reset, although another listener had room. ",
            seen(t, "server.resets_of_the_close"),
            seen(t, "server.resets_of_the_close") == 1 ? "" : "s",
            seen(t, "server.resets_of_the_close") == 1 ? "was" : "were");
    if (half_open)
        fprintf(out,
                half_open == 1
                    ? "Its %d half-open request was dropped at the next timeout, and the client "
                      "still believes that it is connected. "
                    : "Its %d half-open requests were dropped at their next timeout, and their "
                      "clients still believe that they are connected. ",
                (int)trial_row(t, LEDGER_ghost));
    fprintf(out, "tcp_migrate_req = 1 would have moved them all.");
}

static void tell(FILE *out, const struct trial *t, const struct knobs *k)
{
    fprintf(out,
            "%d listeners on one port have a queue each, and each held %d connections, %d in all. ",
            (int)knob(k, "listeners"), seen(t, "server.queue_longest"),
            seen(t, "server.queues_together"));
    fprintf(out,
            "Then the last one accepted all its connections, and continued to accept. It always "
            "had room, and yet the SYNs of %d of %d newcomers were dropped: their addresses and "
            "ports had chosen a full one. ",
            seen(t, "server.SYNs_dropped_beside_room"), (int)newcomers(k));
    fprintf(out, "Then the first was closed. ");
    tell_the_close(out, t, k);
}

static const struct by_hand by_hand[] = {
    {"server", "ss -ltn 'sport = :8888'",
     "a line for each listener: Recv-Q is its queue, Send-Q its limit"},
    {"server", "ss -ltnm 'sport = :8888'", "d in skmem: what each has dropped"},
    {"server", "nstat -az TcpExtTCPMigrateReqSuccess TcpOutRsts", "what moved, and what was reset"},
    {0},
};

const struct experiment experiment_reuseport_queues = {
    .name = "reuseport-queues",
    .question =
        "Do several listeners on one port share their room, and what if one of them closes?",
    .claim = "With SO_REUSEPORT several processes share the load of one port, and one can be "
             "replaced without losing a connection.",
    .kernel = "By default addresses and ports choose one listener (reuseport_select_sock), and if "
              "it is full the SYN is dropped, even if the others have room. Closing a listener "
              "resets those in its accept queue and drops its half-open requests "
              "(inet_csk_listen_stop, reqsk_timer_handler), unless tcp_migrate_req = 1 moves them.",
    .falsified = "A queue that holds another number than its limit + 1, newcomers that all find "
                 "the one listener with room, or another number of resets than waited in the queue "
                 "of the closed one.",
    .why_link =
        "The wire keeps away the ACKs of some clients, so that they stay half-open, and lets each "
        "SYN pass once, so that the kernel gets no second chance to accept a dropped one.",
    .time = "About 4 s: many clients come one after the other, because only with many of them is "
            "each queue filled for sure, and a half-open request is forgotten at its next timeout, "
            "1, 3 or 7 s after its SYN.",
    .drawing =
        (const char *const[]){"s listen(2)", "s listen(2)", "> SYN", "< SYN-ACK", "> ACK",
                              "s: ESTABLISHED", "> SYN x dropped: the first one is full", "> SYN",
                              "< SYN-ACK", "> ACK", "s close() of the first", "< RST", NULL},
    .knobs = knobs,
    .n_knobs = sizeof(knobs) / sizeof(*knobs),
    .premises = PREMISE_WRITABLE,
    /* else a slow machine would be too slow */
    .sysctls = (const char *const[]){"net.ipv4.tcp_synack_retries=8", NULL},
    .check = check,
    .predict = predict,
    .run = run,
    .tell = tell,
    .by_hand = by_hand,
    .see_also =
        (const char *const[]){"accept-queue-full", "server-restart", "syn-queue-full", NULL},
    .try_next = (const char *const[]){"tcplab-bench run reuseport-queues --set migrate_req=1",
                                      "tcplab-bench run reuseport-queues --set listeners=2",
                                      "tcplab-bench run accept-queue-full", NULL},
};
