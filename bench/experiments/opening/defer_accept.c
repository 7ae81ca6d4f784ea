/* TCP_DEFER_ACCEPT: accept() shall return only when there is something to read.
 *
 * Textbooks say:  the listener is woken when data comes; a client that sends nothing within the
 *                 time is dropped.
 * The kernel:     a third ACK without data is ignored (tcp_check_req()), and the half-open request
 *                 stays in the SYN queue, while the client is ESTABLISHED. Data completes it at
 *                 once. Without data the SYN-ACK is sent again once, at the end of the time, which
 *                 is rounded up to 1, 3, 7, 15 ... s (secs_to_retrans()); and the ACK that answers
 *                 it does complete the connection (syn_ack_recalc()): accept() returns, with
 *                 nothing to read.
 * Falsified by:   accept() before data and before the end of the time; a SYN-ACK in between; a
 *                 connection that is dropped. */
#include "bench/model/opening.h"
#include "bench/trial/half_open.h"
#include "bench/trial/segments.h"
#include "bench/trial/sockets.h"
#include "bench/trial/steps.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>

#define BYTES 5

static const struct knob knobs[] = {
    KNOB_COUNT("seconds", "2", 1, 247, "handed to TCP_DEFER_ACCEPT"),
    KNOB_YES_NO("data", "no", "whether the client sends something"),
    KNOB_DELAY("1ms"),
    KNOB_IPV6,
};

static int check(const struct knobs *k, const struct conditions *c, char **ret_message)
{
    int r = half_open_check(c, ret_message);
    return r || knob(k, "data") ? r : half_open_check_answers(c, 1, 1, ret_message);
}

static void predict_silent(const struct knobs *k, const struct conditions *c, struct prediction *p)
{
    int64_t seconds = knob(k, "seconds");
    expect_span(p, opening_defer_ends(c, seconds), &rule_defer_ends, "server.syn_ack_again_1");
    expect_exactly(p, "segments", 1, &rule_defer_ends, "server.TcpExt.TCPSynRetrans");
    expect_exactly(p, "timeouts", opening_defer_timeouts(seconds), &rule_timeouts_counter,
                   "server.TcpExt.TCPTimeouts");
    expect_exactly(p, "segments", 1, &rule_challenge_ack, "client.TcpExt.TCPChallengeACK");
    expect_exactly(p, "errno", EAGAIN, &rule_defer_ends, "server.read_error");
    expect_exactly(p, "connections", 1, &rule_defer_ends, "ledger.accepted");
}

static void predict_data(struct prediction *p)
{
    expect_exactly(p, "segments", 0, &rule_defer_data, "server.TcpExt.TCPSynRetrans");
    expect_exactly(p, "bytes", BYTES, &rule_defer_data, "server.bytes_read");
    expect_exactly(p, "connections", 1, &rule_defer_data, "ledger.accepted");
}

static void predict(const struct knobs *k, const struct conditions *c, struct prediction *p)
{
    expect_exactly(p, "s", opening_defer_seconds(knob(k, "seconds")), &rule_defer_rounds_up,
                   "server.defer_accept");
    expect_exactly(p, "sockets", 1, &rule_handshake_client_first,
                   "client.ESTABLISHED_while_deferred");
    expect_exactly(p, "sockets", 1, &rule_defer_drops_ack, "server.SYN_RECV_while_deferred");
    expect_exactly(p, "connections", 0, &rule_defer_drops_ack, "server.queued_while_deferred");
    expect_exactly(p, "segments", 1, &rule_defer_drops_ack, "server.TcpExt.TCPDeferAcceptDrop");
    if (knob(k, "data"))
        predict_data(p);
    else
        predict_silent(k, c, p);
}

static bool ack_was_dropped(struct trial *t, int64_t number)
{
    return step_counter(t, SIDE_SERVER, "TcpExt.TCPDeferAcceptDrop") >= number;
}

static void run_data(struct trial *t, struct trial_socket *listener, struct trial_socket *client)
{
    sock_send(client, BYTES);
    step_see(t, (double)sock_receive(sock_accept(listener), BYTES), "server.bytes_read");
}

static void run_silent(struct trial *t, struct trial_socket *listener, double patience_s)
{
    const unsigned both = SEGMENT_SYN | SEGMENT_ACK;
    sock_wait(listener, POLLIN, patience_s,
              "the end of the time, when accept() returns all the same");
    struct trial_socket *server = sock_try_accept(listener);
    step_see(t, (double)-sock_receive(server, BYTES), "server.read_error");
    int64_t first_ns = segments_sent_ns(t, TO_CLIENT, both, both, FAULT_ANY_PAYLOAD, 1);
    int64_t again_ns = segments_sent_ns(t, TO_CLIENT, both, both, FAULT_ANY_PAYLOAD, 2);
    if (again_ns)
        step_see(t, (double)(again_ns - first_ns) / 1e9, "server.syn_ack_again_1");
}

static void run(struct trial *t, const struct knobs *k)
{
    int64_t seconds = knob(k, "seconds");
    struct trial_socket *listener = sock_serve(t, 4), *client = sock_new(t, SIDE_CLIENT);
    sock_set(listener, IPPROTO_TCP, TCP_DEFER_ACCEPT, (int)seconds, "TCP_DEFER_ACCEPT");
    step_see(t, sock_get(listener, IPPROTO_TCP, TCP_DEFER_ACCEPT), "server.defer_accept");
    sock_connect(client);
    sock_need(client, POLLOUT, "connect() to succeed");
    step_need(t, ack_was_dropped, 1, "the third ACK to be ignored");
    step_see_state(t, SIDE_CLIENT, SOCKDIAG_ESTABLISHED, "client.ESTABLISHED_while_deferred");
    step_see_state(t, SIDE_SERVER, SOCKDIAG_SYN_RECV, "server.SYN_RECV_while_deferred");
    step_see(t, t->failure ? 0 : watch_latest(t->watch)->queue, "server.queued_while_deferred");
    if (knob(k, "data"))
        run_data(t, listener, client);
    else
        run_silent(t, listener, 1.2 * opening_defer_ends(&t->conditions, seconds).hi + 10);
    step_settle(t);
    step_take_stock(t);
    step_show(t, LEDGER_accepted,
              knob(k, "data") ? "data completes it" : "nothing is sent, and it completes late");
}

static void tell(FILE *out, const struct trial *t, const struct knobs *k)
{
    long long seconds = knob(k, "seconds"),
              rounded = (long long)trial_observed(t, "server.defer_accept");
    fprintf(out, "The listener asked for TCP_DEFER_ACCEPT = %lld s, and the kernel made it %lld. ",
            seconds, rounded);
    fprintf(out,
            "The client's third ACK carried no data and was ignored: the client was ESTABLISHED, "
            "the server had a half-open request, and accept() had no connection to return. ");
    if (knob(k, "data"))
        fprintf(out,
                "Then the client sent %d bytes, and accept() and the read after it both succeeded "
                "at once. That is the purpose of the option.",
                BYTES);
    else
        fprintf(out,
                "It sent nothing. After %.2f s the server sent its SYN-ACK again, the client "
                "answered with an ACK, and this ACK completed the handshake: accept() returned a "
                "connection with nothing to read. A server must be ready for that.",
                trial_observed(t, "server.syn_ack_again_1"));
}

static const struct by_hand by_hand[] = {
    {"server", "ss -tan state syn-recv",
     "the deferred connection: it takes a place in the SYN queue, not in the accept queue"},
    {"client", "ss -tan state established", "the same connection"},
    {"server", "nstat -az TcpExtTCPDeferAcceptDrop TcpExtTCPSynRetrans",
     "third ACKs that were ignored; the SYN-ACK at the end"},
    {0},
};

const struct experiment experiment_defer_accept = {
    .name = "defer-accept",
    .question = "With TCP_DEFER_ACCEPT, what happens to a client that sends nothing?",
    .claim = "accept() returns only when data has come, and a client that sends nothing within the "
             "time is dropped.",
    .kernel = "The first half is true while the time lasts: a third ACK without data is ignored "
              "(tcp_check_req). At its end, which is rounded up to 1, 3, 7, 15 s and so on, the "
              "SYN-ACK is sent again (syn_ack_recalc), and the client's answer completes the "
              "connection: accept() returns it without data, and the kernel does not drop it.",
    .falsified = "An accept() before data and before the end of the time, a SYN-ACK in between, or "
                 "a connection that is dropped.",
    .why_link = "The wire shows that the server sends nothing while it waits, and what it sends at "
                "the end.",
    .time = "About 3 s: the kernel counts this time in SYN-ACK timeouts, and the shortest is 1 s "
            "(seconds=1).",
    .drawing = (const char *const[]){"s listen(), TCP_DEFER_ACCEPT 2 s", "c connect()", "> SYN",
                                     "s: SYN_RECV", "< SYN-ACK", "c: ESTABLISHED",
                                     "> ACK x ignored: no data", ". 3 s", "< SYN-ACK", "> ACK",
                                     "s: ESTABLISHED", "s accept()", NULL},
    .knobs = knobs,
    .n_knobs = sizeof(knobs) / sizeof(*knobs),
    .premises = PREMISE_WRITABLE,
    .check = check,
    .predict = predict,
    .run = run,
    .tell = tell,
    .by_hand = by_hand,
    .see_also = (const char *const[]){"synack-retries", "handshake", "third-ack-dropped", NULL},
    .try_next = (const char *const[]){"tcplab-bench run defer-accept --set data=yes",
                                      "tcplab-bench run defer-accept --set seconds=4",
                                      "tcplab-bench run defer-accept --set seconds=1", NULL},
};
