/* The third ACK never comes: the wire drops it.
 *
 * Textbooks say:  the server stays in SYN_RCVD and sends its SYN-ACK again, tcp_synack_retries
 *                 times, and then it drops the connection; the client learns that sooner or later.
 * The kernel:     the SYN-ACK is sent again after 1, 3, 7, 15, 31 s (reqsk_timer_handler()), and
 *                 each time the client, which is ESTABLISHED, answers with a challenge ACK. At the
 *                 timeout after the last one the request is deleted, and nothing is sent: the
 *                 client stays ESTABLISHED towards nobody, until it sends something and gets a RST.
 *                 Data that it sends in time is as good as the ACK and completes the handshake
 *                 (tcp_check_req()).
 * Falsified by:   a SYN-ACK off its ladder; a segment that tells the client of the end; a request
 *                 that outlives its time. */
#include "bench/model/ladder.h"
#include "bench/trial/half_open.h"
#include "bench/trial/segments.h"
#include "bench/trial/sockets.h"
#include "bench/trial/steps.h"

#include <errno.h>
#include <math.h>
#include <netinet/tcp.h>
#include <stdio.h>

enum { DATA_AFTER, DATA_AT_ONCE, DATA_NEVER };
static const char *const data[] = {"after", "at_once", "never", NULL};

static const struct knob knobs[] = {
    KNOB_SYSCTL("synack_retries", "2", 0, 255, "net.ipv4.tcp_synack_retries",
                "how often the SYN-ACK is sent again"),
    KNOB_COUNT("syncnt", "0", 0, 127,
               "TCP_SYNCNT of the listener, instead of synack_retries; 0: not set"),
    {"data", "after", &option_choice,
     "when the client sends a byte: after the request is gone, at once, never", .choices = data},
    KNOB_DELAY("1ms"),
    KNOB_IPV6,
};

/* As this listener has them. */
static struct conditions conditions_of_listener(const struct knobs *k, const struct conditions *c)
{
    struct conditions of_listener = *c;
    if (knob(k, "syncnt"))
        of_listener.synack_retries = knob(k, "syncnt");
    return of_listener;
}

static int check(const struct knobs *k, const struct conditions *c, char **ret_message)
{
    struct conditions of_listener = conditions_of_listener(k, c);
    bool ladder = knob(k, "data") != DATA_AT_ONCE;
    double lasts_s = ladder_syn_ack_gone(&of_listener).lo;
    if (!ladder || lasts_s <= EXPERIMENT_LONGEST_S) {
        int r = half_open_check(c, ret_message);
        return r || !ladder ? r
                            : half_open_check_answers(
                                  c, 1, ladder_syn_ack_retransmits(&of_listener), ret_message);
    }
    if (asprintf(ret_message,
                 "with %lld repetitions the request lasts %.0f s, and a run lasts %d s at most; "
                 "write at most 12",
                 (long long)of_listener.synack_retries, lasts_s, EXPERIMENT_LONGEST_S) < 0)
        *ret_message = NULL;
    return -EINVAL;
}

static void predict_ladder(const struct knobs *k, const struct conditions *c, struct prediction *p)
{
    int again = ladder_syn_ack_retransmits(c);
    const struct rule *number = knob(k, "syncnt") ? &rule_syn_count_option : &rule_syn_ack_ladder;
    for (int i = 1; i <= again; i++)
        expect_span(p, ladder_syn_ack(c, i), &rule_syn_ack_ladder, "server.syn_ack_again_%d", i);
    expect_exactly(p, "segments", again, number, "server.TcpExt.TCPSynRetrans");
    expect_exactly(p, "segments", again, &rule_challenge_ack, "client.TcpExt.TCPChallengeACK");
    expect_end(p, ladder_syn_ack_gone(c), &rule_syn_ack_gives_up, "server.request_gone");
    expect_exactly(p, "timeouts", again + 1, &rule_timeouts_counter, "server.TcpExt.TCPTimeouts");
    expect_exactly(p, "segments", 0, &rule_syn_ack_gives_up, "server.RST_before_data");
    expect_exactly(p, "sockets", 0, &rule_syn_ack_gives_up, "server.SYN_RECV");
    expect_exactly(p, "sockets", 1, &rule_syn_ack_gives_up, "client.ESTABLISHED");
    if (knob(k, "data") == DATA_NEVER) {
        expect_exactly(p, "connections", 1, &rule_syn_ack_gives_up, "ledger.ghost");
    } else {
        expect_exactly(p, "connections", 1, &rule_request_gone_reset, "ledger.reset");
        expect_exactly(p, "segments", 1, &rule_request_gone_reset, "server.RST_after_data");
        expect_exactly(p, "errno", ECONNRESET, &rule_request_gone_reset, "client.read_error");
    }
}

static void predict(const struct knobs *k, const struct conditions *c, struct prediction *p)
{
    struct conditions of_listener = conditions_of_listener(k, c);
    expect_exactly(p, "sockets", 1, &rule_handshake_client_first,
                   "client.ESTABLISHED_after_SYN_ACK");
    expect_exactly(p, "sockets", 1, &rule_request_waits_for_ack, "server.SYN_RECV_after_SYN_ACK");
    if (knob(k, "data") != DATA_AT_ONCE) {
        predict_ladder(k, &of_listener, p);
        return;
    }
    expect_exactly(p, "sockets", 1, &rule_data_is_third_ack, "server.ESTABLISHED");
    expect_exactly(p, "connections", 1, &rule_data_is_third_ack, "ledger.queued");
    expect_exactly(p, "connections", 1, &rule_passive_opens, "server.Tcp.PassiveOpens");
}

static int64_t syn_ack_ns(const struct trial *t, int64_t n)
{
    return segments_sent_ns(t, TO_CLIENT, SEGMENT_SYN | SEGMENT_ACK, SEGMENT_SYN | SEGMENT_ACK,
                            FAULT_ANY_PAYLOAD, n);
}

static int64_t resets(const struct trial *t)
{
    return segments_count(t, TO_CLIENT, SEGMENT_RST, SEGMENT_RST, FAULT_ANY_PAYLOAD);
}

/* Never early is reckoned from the SYN's arrival, when its timer cannot have been set; never late
 * from the SYN-ACK, when it has. */
static void see_end(struct trial *t)
{
    size_t n = 0;
    const struct history_entry *e =
        t->failure ? NULL : history_entries(watch_history(t->watch), &n);
    const struct history_side *server = n ? &e->side[SIDE_SERVER] : NULL;
    if (!server || !server->missing_ns)
        return;
    int64_t syn_ns =
        segments_arrived_ns(t, TO_SERVER, SEGMENT_SYN, SEGMENT_SYN, FAULT_ANY_PAYLOAD, 1);
    step_see(t, (double)(server->missing_ns - syn_ns) / 1e9, "server.request_gone_first");
    step_see(t, fmax(0, (double)(server->last_ns[SOCKDIAG_SYN_RECV] - syn_ack_ns(t, 1)) / 1e9),
             "server.request_gone_last");
}

static void wait_for_end(struct trial *t, const struct knobs *k, const struct conditions *c)
{
    step_wait(t, step_server_is, 0, 1.2 * ladder_syn_ack_gone(c).hi + 10,
              "the half-open request to be dropped");
    for (int64_t i = 1; syn_ack_ns(t, i + 1); i++)
        step_see(t, (double)(syn_ack_ns(t, i + 1) - syn_ack_ns(t, 1)) / 1e9,
                 "server.syn_ack_again_%d", (int)i);
    see_end(t);
    step_settle(t);
    step_take_stock(t);
    step_see(t, (double)resets(t), "server.RST_before_data");
    step_show(t, knob(k, "data") == DATA_NEVER ? LEDGER_ghost : LEDGER_reset,
              "a handshake whose third ACK never comes");
}

static void send_late(struct trial *t, struct trial_socket *client)
{
    step_clear_faults(t);
    sock_send(client, 1);
    sock_need(client, POLLIN, "the RST for the client's data");
    step_see(t, (double)-sock_receive(client, 1), "client.read_error");
    step_settle(t);
    step_see(t, (double)resets(t), "server.RST_after_data");
}

static void run(struct trial *t, const struct knobs *k)
{
    const struct fault third_acks = {
        .direction = TO_SERVER, .handshake_ack = true, .action = FAULT_DROP};
    struct conditions of_listener = conditions_of_listener(k, &t->conditions);
    struct trial_socket *listener = sock_serve(t, 4), *client = sock_new(t, SIDE_CLIENT);
    if (knob(k, "syncnt"))
        sock_set(listener, IPPROTO_TCP, TCP_SYNCNT, (int)knob(k, "syncnt"), "TCP_SYNCNT");
    step_fault(t, &third_acks);
    sock_connect(client);
    sock_need(client, POLLOUT, "connect() to succeed");
    step_look(t);
    step_see_state(t, SIDE_CLIENT, SOCKDIAG_ESTABLISHED, "client.ESTABLISHED_after_SYN_ACK");
    step_see_state(t, SIDE_SERVER, SOCKDIAG_SYN_RECV, "server.SYN_RECV_after_SYN_ACK");
    if (knob(k, "data") == DATA_AT_ONCE) {
        sock_send(client, 1);
        step_need(t, step_server_is, SOCKDIAG_ESTABLISHED, "the data to complete the handshake");
        step_settle(t);
        step_take_stock(t);
        step_show(t, LEDGER_queued, "data instead of the third ACK");
        return;
    }
    wait_for_end(t, k, &of_listener);
    if (knob(k, "data") == DATA_AFTER)
        send_late(t, client);
}

static void tell(FILE *out, const struct trial *t, const struct knobs *k)
{
    int64_t again = trial_counter(t, SIDE_SERVER, "TcpExt.TCPSynRetrans");
    fprintf(out, "The client's ACK was lost, and the client does not know that: it is ESTABLISHED, "
                 "and the server's request is in SYN_RECV. ");
    if (knob(k, "data") == DATA_AT_ONCE) {
        fprintf(
            out,
            "Then the client sent a byte. Every segment after the handshake carries an ACK, so the "
            "lost ACK made no difference: the connection entered the accept queue at once.");
        return;
    }
    if (again)
        fprintf(out,
                "The server sent its SYN-ACK %lld time%s more, and each was answered by an ACK "
                "that was lost as well. ",
                (long long)again, again == 1 ? "" : "s");
    fprintf(out,
            "Between %.2f and %.2f s after the handshake began the server dropped its request, and "
            "sent nothing: the client was still ESTABLISHED, connected to nobody. ",
            trial_observed(t, "server.request_gone_last"),
            trial_observed(t, "server.request_gone_first"));
    if (knob(k, "data") == DATA_AFTER)
        fprintf(out, "It learned that only from a RST, after it had sent a byte: send() had "
                     "succeeded, and the read after it failed with ECONNRESET.");
    else
        fprintf(out, "It sends nothing, so it does not learn that; with SO_KEEPALIVE it would, "
                     "after two hours by default.");
}

static const struct by_hand by_hand[] = {
    {"server", "ss -tano state syn-recv",
     "timer:(on,...,N): the SYN-ACK was sent N times more; then it is gone"},
    {"client", "ss -tan state established",
     "the same connection, also when the server has nothing any more"},
    {"server", "nstat -az TcpExtTCPSynRetrans TcpExtTCPTimeouts",
     "SYN-ACKs sent again; timeouts, one more than that"},
    {"client", "nstat -az TcpExtTCPChallengeACK", "how often the client has answered"},
    {0},
};

const struct experiment experiment_synack_retries = {
    .name = "synack-retries",
    .question = "What if the third ACK of a handshake never reaches the server?",
    .claim = "The server stays in SYN_RCVD, sends its SYN-ACK again a few times and then gives the "
             "connection up.",
    .kernel =
        "True: it sends it after 1, 3, 7, 15, 31 s (reqsk_timer_handler), tcp_synack_retries "
        "times; the client answers each with a challenge ACK. Then the server drops the request "
        "silently: the client stays ESTABLISHED, and the server sends a RST only when the client "
        "sends something. Data that arrives in time replaces the lost ACK (tcp_check_req).",
    .falsified = "A SYN-ACK off its ladder, a segment that tells the client of the end, or a "
                 "request that outlives its time.",
    .why_link = "The wire drops the third ACK, and the ACKs that the client sends in its place, "
                "and nothing else.",
    .time = "About 7 s. With the default, tcp_synack_retries = 5, it takes 63 to 66 s.",
    .drawing = (const char *const[]){"c connect()", "> SYN", "s: SYN_RECV", "< SYN-ACK",
                                     "c: ESTABLISHED", "> ACK x dropped by the wire", ". 1 s",
                                     "< SYN-ACK", "> ACK x dropped by the wire", ". 2 s",
                                     "< SYN-ACK", "> ACK x dropped by the wire",
                                     ". 4 s, and the server drops its request", "c send()",
                                     "> DATA", "< RST", "c ECONNRESET", NULL},
    .knobs = knobs,
    .n_knobs = sizeof(knobs) / sizeof(*knobs),
    .premises = PREMISE_WRITABLE,
    .check = check,
    .predict = predict,
    .run = run,
    .tell = tell,
    .by_hand = by_hand,
    .see_also = (const char *const[]){"third-ack-dropped", "syn-retries", "defer-accept", NULL},
    .try_next = (const char *const[]){"tcplab-bench run synack-retries --set data=at_once",
                                      "tcplab-bench run synack-retries --set synack_retries=0",
                                      "tcplab-bench run synack-retries --set syncnt=1",
                                      "tcplab-bench run third-ack-dropped", NULL},
};
