/* Nobody listens: connect() to a port without a listener.
 *
 * Textbooks say:  the server's kernel answers with a RST, and connect() fails with "connection
 *                 refused".
 * The kernel:     so it does, at once (tcp_v4_rcv(), tcp_v4_send_reset()): no timer, no second SYN.
 *                 It is the same whether a program has the port by bind() alone, or had listened
 *                 there until a moment ago: what counts is a socket in LISTEN.
 * Falsified by:   an attempt that hangs, a second SYN, another error than ECONNREFUSED, a RST that
 *                 does not acknowledge the SYN. */
#include "bench/trial/segments.h"
#include "bench/trial/sockets.h"
#include "bench/trial/steps.h"

#include <errno.h>
#include <stdio.h>

enum { PORT_NOBODY, PORT_BOUND, PORT_CLOSED };
static const char *const ports[] = {"nobody", "bound", "closed", NULL};

static const struct knob knobs[] = {
    {"port", "nobody", &option_choice,
     "bound: bind() without listen(); closed: a listener was there before", .choices = ports},
    KNOB_DELAY("1ms"),
    KNOB_IPV6,
};

#define SYN_AGAIN_S 1 /* TCP_TIMEOUT_INIT: what waits for nothing waits for less */

static void predict(const struct knobs *k, const struct conditions *c, struct prediction *p)
{
    double there_and_back = 2 * (double)knob(k, "delay") / 1e9;
    expect_exactly(p, "errno", ECONNREFUSED, &rule_refused, "client.connect_error");
    expect_exactly(p, "connections", 1, &rule_refused, "ledger.refused");
    expect_exactly(p, "segments", 0, &rule_refused, "client.SYN_after_RST");
    expect_exactly(p, "segments", 1, &rule_no_socket_reset, "server.RST_ACK");
    expect_exactly(p, "number", 1, &rule_no_socket_reset, "server.acknowledges_first_plus");
    expect_between(p, "s", there_and_back, there_and_back + SYN_AGAIN_S, &rule_no_socket_reset,
                   "client.refused_after");
    expect_exactly(p, "sockets", 0, &rule_no_socket_reset, "server.SYN_RECV");
    expect_exactly(p, "segments", 1, &rule_resets_sent_counter, "server.Tcp.OutRsts");
    expect_exactly(p, "connections", 1, &rule_attempt_fails, "client.Tcp.AttemptFails");
}

/* What may be on the server's side of the port, and is no listener. */
static void prepare_port(struct trial *t, int64_t port)
{
    if (port == PORT_CLOSED) {
        sock_close(sock_serve(t, 4));
        return;
    }
    sock_begin(t);
    if (port == PORT_BOUND)
        sock_bind(sock_new(t, SIDE_SERVER), LAB_PORT);
}

static void see_answer(struct trial *t)
{
    uint32_t first = 0;
    int64_t sent_ns = 0, refused_ns = 0, later = 0;
    SEGMENTS_EACH(s, t) {
        bool syn = s->direction == TO_SERVER && s->flags & SEGMENT_SYN;
        later += syn && refused_ns && s->at_ns > refused_ns;
        if (syn && !sent_ns) {
            first = s->sequence;
            sent_ns = s->at_ns;
        }
        if (s->direction == TO_SERVER || s->flags != (SEGMENT_RST | SEGMENT_ACK))
            continue;
        refused_ns = s->out_ns;
        step_see(t, (double)(s->acknowledged - first), "server.acknowledges_first_plus");
    }
    if (!refused_ns)
        return;
    step_see(t, (double)(refused_ns - sent_ns) / 1e9, "client.refused_after");
    step_see(t, (double)later, "client.SYN_after_RST");
}

static void run(struct trial *t, const struct knobs *k)
{
    prepare_port(t, knob(k, "port"));
    struct trial_socket *client = sock_new(t, SIDE_CLIENT);
    sock_connect(client);
    sock_need(client, POLLOUT, "connect() to fail");
    step_see(t, sock_error(client), "client.connect_error");
    step_settle(t);
    step_take_stock(t);
    step_see(t, (double)segments_count(t, TO_CLIENT, SEGMENT_RST, SEGMENT_RST, FAULT_ANY_PAYLOAD),
             "server.RST_ACK");
    see_answer(t);
    step_show(t, LEDGER_refused, "the SYN and its answer");
}

static void tell(FILE *out, const struct trial *t, const struct knobs *k)
{
    static const char *const why[] = {
        [PORT_NOBODY] = "no socket has the port",
        [PORT_BOUND] =
            "a program has bound the port and never called listen(): its socket is in CLOSE",
        [PORT_CLOSED] = "the listener was closed before, and no trace of it is left",
    };
    fprintf(out,
            "At the server %s, so its kernel answered the SYN with a RST that acknowledges it, and "
            "connect() failed with ECONNREFUSED after %.1f ms: one round trip. The client did not "
            "wait for any timer. This is the difference between a refusal and silence: with a full "
            "accept queue, a firewall that drops, or a host that is gone would have let the client "
            "send its SYN again and again (see syn-retries).",
            why[knob(k, "port")], 1e3 * trial_observed(t, "client.refused_after"));
}

static const struct by_hand by_hand[] = {
    {"server", "ss -tln 'sport = :8888'",
     "nobody listens: sockets that are only bound are not listed"},
    {"client", "nc -zv 192.0.2.1 8888", "Connection refused, at once"},
    {"client", "tcpdump -ni eth0 tcp port 8888",
     "Flags [S], then Flags [R.], seq 0, ack the first number + 1"},
    {"server", "nstat -az TcpOutRsts", "the RST"},
    {"client", "nstat -az TcpAttemptFails", "the attempt"},
    {0},
};

const struct experiment experiment_closed_port = {
    .name = "closed-port",
    .question = "What does a client get from a port where nobody listens?",
    .claim =
        "The server answers the SYN with a RST, and connect() fails with \"connection refused\".",
    .kernel =
        "True, and at once: no socket in LISTEN has the port, so tcp_v4_rcv() sends a RST that "
        "acknowledges the SYN (tcp_v4_send_reset), and the client's socket fails with ECONNREFUSED "
        "(tcp_reset). A port that is only bound, or whose listener was closed, is no different.",
    .falsified = "An attempt that hangs, a second SYN, an error other than ECONNREFUSED, or a RST "
                 "that does not acknowledge the SYN.",
    .why_link = "Over the wire the RST can be seen, and the time of its arrival.",
    .time = "It takes one round trip: the kernel waits for nothing here.",
    .drawing = (const char *const[]){"c connect()", "> SYN", "c: SYN_SENT", "< RST-ACK",
                                     "c ECONNREFUSED", NULL},
    .knobs = knobs,
    .n_knobs = sizeof(knobs) / sizeof(*knobs),
    .predict = predict,
    .run = run,
    .tell = tell,
    .by_hand = by_hand,
    .see_also = (const char *const[]){"syn-retries", "accept-queue-full", "handshake", NULL},
    .try_next = (const char *const[]){"tcplab-bench run closed-port --set port=bound",
                                      "tcplab-bench run closed-port --set port=closed",
                                      "tcplab-bench run syn-retries", NULL},
};
