/* Both ends connect() at once, and their SYNs cross: a connection without a listener.
 *
 * Textbooks say:  SYN_SENT, on the other's SYN SYN_RCVD, on its SYN-ACK ESTABLISHED, at both ends;
 *                 four segments.
 * The kernel:     does it, in six. A SYN that meets SYN_SENT makes the socket itself SYN_RECV
 *                 (tcp_rcv_synsent_state_process()): not a small request beside a listener, but the
 *                 full socket with its descriptor. Both are active opens. Only that they cross
 *                 makes it: where one SYN arrives before the other end calls connect(), nobody is
 *                 there for it, and it is refused.
 * Falsified by:   an end that is not SYN_RECV after the SYNs, or not ESTABLISHED after the
 *                 SYN-ACKs; a passive open. */
#include "bench/trial/segments.h"
#include "bench/trial/sockets.h"
#include "bench/trial/steps.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>

#define CLIENT_PORT 9999

static const struct knob knobs[] = {
    KNOB_YES_NO("crossed", "yes",
                "no: the client's SYN arrives before the server's end calls connect()"),
    KNOB_DELAY("1ms"),
    KNOB_IPV6,
};

static void predict_crossed(struct prediction *p)
{
    expect_exactly(p, "sockets", 1, &rule_crossed_syn_sent, "client.SYN_SENT_after_connect");
    expect_exactly(p, "sockets", 1, &rule_crossed_syn_sent, "server.SYN_SENT_after_connect");
    expect_exactly(p, "sockets", 1, &rule_crossed_syns, "client.SYN_RECV_after_SYN");
    expect_exactly(p, "sockets", 1, &rule_crossed_syns, "server.SYN_RECV_after_SYN");
    expect_exactly(p, "sockets", 1, &rule_crossed_syns, "client.SYN_RECV_with_descriptor");
    expect_exactly(p, "sockets", 1, &rule_crossed_syns, "server.SYN_RECV_with_descriptor");
    expect_exactly(p, "segments", 1, &rule_crossed_syns, "client.SYN_ACK");
    expect_exactly(p, "segments", 1, &rule_crossed_syns, "server.SYN_ACK");
    expect_exactly(p, "segments", 1, &rule_crossed_acks, "client.ACK");
    expect_exactly(p, "segments", 1, &rule_crossed_acks, "server.ACK");
    expect_exactly(p, "sockets", 1, &rule_crossed_syn_acks, "client.ESTABLISHED");
    expect_exactly(p, "sockets", 1, &rule_crossed_syn_acks, "server.ESTABLISHED");
    expect_exactly(p, "connections", 1, &rule_crossed_syn_acks, "ledger.accepted");
}

static void predict_refused(struct prediction *p)
{
    expect_exactly(p, "errno", ECONNREFUSED, &rule_refused, "client.connect_error");
    expect_exactly(p, "errno", ECONNREFUSED, &rule_refused, "server.connect_error");
    expect_exactly(p, "segments", 1, &rule_no_socket_reset, "server.RST_ACK");
    expect_exactly(p, "segments", 1, &rule_no_socket_reset, "client.RST_ACK");
    expect_exactly(p, "connections", 1, &rule_refused, "ledger.refused");
}

static void predict(const struct knobs *k, const struct conditions *c, struct prediction *p)
{
    if (knob(k, "crossed"))
        predict_crossed(p);
    else
        predict_refused(p);
    expect_exactly(p, "connections", 1, &rule_active_opens, "client.Tcp.ActiveOpens");
    expect_exactly(p, "connections", 1, &rule_active_opens, "server.Tcp.ActiveOpens");
    expect_exactly(p, "connections", 0, &rule_active_opens, "client.Tcp.PassiveOpens");
    expect_exactly(p, "connections", 0, &rule_active_opens, "server.Tcp.PassiveOpens");
}

static int64_t sent_once(const struct trial *t, enum direction direction, unsigned flags)
{
    return segments_once(t, direction, SEGMENT_SYN | SEGMENT_ACK | SEGMENT_RST, flags,
                         FAULT_ANY_PAYLOAD);
}

static void see_states(struct trial *t, enum sockdiag_state state, const char *after)
{
    const char *name = sockdiag_state_name(state);
    step_see_state(t, SIDE_CLIENT, state, "client.%s_after_%s", name, after);
    step_see_state(t, SIDE_SERVER, state, "server.%s_after_%s", name, after);
}

/* A request beside a listener would have none. */
static void see_descriptors(struct trial *t)
{
    static const char *const sides[] = {"server", "client"};
    for (int side = 0; side < 2 && !t->failure; side++) {
        const struct look_side *s = &watch_latest(t->watch)->side[side];
        int with = 0;
        for (size_t i = 0; i < s->n; i++)
            with += s->sockets[i].state == SOCKDIAG_SYN_RECV && s->sockets[i].inode != 0;
        step_see(t, with, "%s.SYN_RECV_with_descriptor", sides[side]);
    }
}

static void run_crossed(struct trial *t, struct trial_socket *client, struct trial_socket *server)
{
    step_hold(t, TO_SERVER, true);
    step_hold(t, TO_CLIENT, true);
    sock_connect(client);
    sock_connect_to(server, CLIENT_PORT);
    step_need_held(t, TO_SERVER, 1);
    step_need_held(t, TO_CLIENT, 1);
    see_states(t, SOCKDIAG_SYN_SENT, "connect");
    step_let(t, TO_SERVER, 1);
    step_let(t, TO_CLIENT, 1);
    step_need(t, step_client_is, SOCKDIAG_SYN_RECV, "the client to get the server's SYN");
    step_need(t, step_server_is, SOCKDIAG_SYN_RECV, "the server to get the client's SYN");
    see_states(t, SOCKDIAG_SYN_RECV, "SYN");
    see_descriptors(t);
    step_need_held(t, TO_SERVER, 1);
    step_need_held(t, TO_CLIENT, 1);
    step_hold(t, TO_SERVER, false);
    step_hold(t, TO_CLIENT, false);
    sock_need(client, POLLOUT, "the client's connect() to succeed");
    sock_need(server, POLLOUT, "the server's connect() to succeed");
    step_settle(t);
    step_take_stock(t);
    step_see(t, (double)sent_once(t, TO_SERVER, SEGMENT_SYN | SEGMENT_ACK), "client.SYN_ACK");
    step_see(t, (double)sent_once(t, TO_CLIENT, SEGMENT_SYN | SEGMENT_ACK), "server.SYN_ACK");
    step_see(t, (double)sent_once(t, TO_SERVER, SEGMENT_ACK), "client.ACK");
    step_see(t, (double)sent_once(t, TO_CLIENT, SEGMENT_ACK), "server.ACK");
    step_show(t, LEDGER_accepted, "two SYNs, two SYN-ACKs, two ACKs");
}

static void run_refused(struct trial *t, struct trial_socket *client, struct trial_socket *server)
{
    sock_connect(client);
    sock_need(client, POLLOUT, "the client's connect() to fail");
    step_see(t, sock_error(client), "client.connect_error");
    sock_connect_to(server, CLIENT_PORT);
    sock_need(server, POLLOUT, "the server's connect() to fail");
    step_see(t, sock_error(server), "server.connect_error");
    step_settle(t);
    step_take_stock(t);
    step_see(t, (double)sent_once(t, TO_SERVER, SEGMENT_RST | SEGMENT_ACK), "client.RST_ACK");
    step_see(t, (double)sent_once(t, TO_CLIENT, SEGMENT_RST | SEGMENT_ACK), "server.RST_ACK");
    step_show(t, LEDGER_refused, "one SYN after the other");
}

static void run(struct trial *t, const struct knobs *k)
{
    sock_begin(t);
    struct trial_socket *server = sock_new(t, SIDE_SERVER), *client = sock_new(t, SIDE_CLIENT);
    sock_bind(server, LAB_PORT);
    sock_bind(client, CLIENT_PORT);
    if (knob(k, "crossed"))
        run_crossed(t, client, server);
    else
        run_refused(t, client, server);
}

static void tell(FILE *out, const struct trial *t, const struct knobs *k)
{
    fprintf(out, "Nobody called listen() or accept(): both programs bound a port and called "
                 "connect() to the other's. ");
    if (knob(k, "crossed"))
        fprintf(out, "The two SYNs crossed, and each met a socket in SYN_SENT: both ends changed "
                     "to SYN_RECV, with the same sockets. Each answered with a SYN-ACK, the "
                     "SYN-ACKs crossed, too, and both ends were ESTABLISHED: one connection, which "
                     "both have opened (ActiveOpens 1 and 1, PassiveOpens 0).");
    else
        fprintf(out, "But the client's SYN arrived before the server's end had sent its own, and a "
                     "socket that is only bound does not answer a SYN: ECONNREFUSED. Then the "
                     "server's connect() failed in the same way. Two connect() calls make a "
                     "connection only where their SYNs are on their way at the same time.");
}

static const struct by_hand by_hand[] = {
    {"client", "ss -tanp", "SYN-SENT, SYN-RECV with its process, ESTAB; the same on the server"},
    {"server", "nstat -az TcpActiveOpens TcpPassiveOpens", "1 and 0, on either host"},
    {"client", "tcpdump -ni eth0 tcp port 8888",
     "Flags [S] in both directions before the first [S.]"},
    {0},
};

const struct experiment experiment_simultaneous_open = {
    .name = "simultaneous-open",
    .question = "What if both ends call connect() at the same time, and nobody listens?",
    .claim =
        "Both go from SYN_SENT over SYN_RCVD to ESTABLISHED: four segments and one connection.",
    .kernel =
        "True: a SYN that meets a socket in SYN_SENT makes that socket SYN_RECV and is answered by "
        "a SYN-ACK (tcp_rcv_synsent_state_process), and that makes the other end ESTABLISHED "
        "(tcp_rcv_state_process). It is a full socket with a descriptor all the time, no request "
        "beside a listener, and both ends count an active open. The SYN-ACK's SYN is an old one by "
        "then, so each end sends a bare ACK as well: six segments.",
    .falsified = "An end that is not in SYN_RECV after the SYNs, or not ESTABLISHED after the "
                 "SYN-ACKs; a passive open.",
    .why_link = "The SYNs must cross: the wire holds both until both ends have sent theirs.",
    .time = "It takes no time: the kernel waits for nothing here.",
    .drawing = (const char *const[]){"c connect()", "s connect()", "> SYN", "< SYN", "c: SYN_RECV",
                                     "s: SYN_RECV", "> SYN-ACK", "< SYN-ACK", "> ACK", "< ACK",
                                     "c: ESTABLISHED", "s: ESTABLISHED", NULL},
    .knobs = knobs,
    .n_knobs = sizeof(knobs) / sizeof(*knobs),
    .premises = PREMISE_WRITABLE,
    .predict = predict,
    .run = run,
    .tell = tell,
    .by_hand = by_hand,
    .see_also = (const char *const[]){"handshake", "simultaneous-close", "closed-port", NULL},
    .try_next = (const char *const[]){"tcplab-bench run simultaneous-open --set crossed=no",
                                      "tcplab-bench run simultaneous-open --set delay=50ms",
                                      "tcplab-bench run simultaneous-close", NULL},
};
