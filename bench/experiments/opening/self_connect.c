/* Connected to itself: connect() to a port of this host where nobody listens, and the port that it
 * comes from is that one.
 *
 * Textbooks say:  nobody can connect to a port without a listener: connection refused.
 * The kernel:     if connect() (or bind()) chooses for the client's own port the one that it calls,
 *                 the SYN comes to the socket that sent it. That is a simultaneous open with
 *                 itself: SYN_SENT, SYN_RECV, ESTABLISHED (tcp_rcv_synsent_state_process()), and
 *                 all that is written comes back. A program that calls a local port in the
 *                 ephemeral range again and again, until its server is up, gets there some day.
 * Falsified by:   a connect() that fails; a passive open; bytes that do not come back. */
#include "bench/trial/sockets.h"
#include "bench/trial/steps.h"

#include <errno.h>
#include <stdio.h>

#define BYTES 100

static const struct knob knobs[] = {
    KNOB_YES_NO("bind", "no",
                "yes: bind() chooses the port; no: connect() does, whose range has this port only"),
    KNOB_IPV6,
};

static void predict(const struct knobs *k, const struct conditions *c, struct prediction *p)
{
    expect_exactly(p, "errno", 0, &rule_self_connect, "client.connect_error");
    expect_exactly(p, "sockets", 1, &rule_self_connect, "client.ESTABLISHED");
    expect_exactly(p, "ports", 0, &rule_self_connect, "client.ports_differ_by");
    expect_exactly(p, "bytes", BYTES, &rule_self_connect, "client.bytes_back");
    expect_exactly(p, "connections", 1, &rule_active_opens, "client.Tcp.ActiveOpens");
    expect_exactly(p, "connections", 0, &rule_active_opens, "client.Tcp.PassiveOpens");
}

static void run(struct trial *t, const struct knobs *k)
{
    char text[STEP_ADDRESS_MAX], range[32];
    int error;
    sock_begin(t);
    snprintf(range, sizeof(range), "%d %d", LAB_PORT, LAB_PORT);
    if (!knob(k, "bind"))
        step_set(t, SIDE_CLIENT, "net.ipv4.ip_local_port_range", range);
    struct trial_socket *s = sock_new(t, SIDE_CLIENT);
    if (knob(k, "bind"))
        sock_bind(s, LAB_PORT);
    int r = sock_connect_at(s, step_address(t, SIDE_CLIENT, 1, text), LAB_PORT);
    if (!r)
        sock_need(s, POLLOUT, "connect() to end");
    step_see(t, r ? r : sock_error(s), "client.connect_error");
    if (s)
        step_see(t, endpoint_port(&s->local) - LAB_PORT, "client.ports_differ_by");
    sock_send(s, BYTES);
    step_see(t, (double)sock_receive_all(s, BYTES, &error), "client.bytes_back");
    step_settle(t);
    step_see_state(t, SIDE_CLIENT, SOCKDIAG_ESTABLISHED, "client.ESTABLISHED");
    step_take_stock(t);
}

static void tell(FILE *out, const struct trial *t, const struct knobs *k)
{
    fprintf(out,
            "Nobody listened on port %d of the client's host, and connect() to it succeeded: the "
            "socket came from port %d itself, and so its SYN, its SYN-ACK and its ACK came back to "
            "it. It read back all %.0f bytes that it sent. With the default range of 28232 ports "
            "one attempt in some 14000 to a local port of the right parity connects to itself, and "
            "when the server starts later, its port is taken (EADDRINUSE). Keep such ports out of "
            "the range (ip_local_reserved_ports), or compare getsockname() with getpeername().",
            LAB_PORT, LAB_PORT, trial_observed(t, "client.bytes_back"));
}

static const struct by_hand by_hand[] = {
    {"client", "ss -tan 'sport = :8888'", "ESTAB, with the same address and port twice"},
    {"client", "while ! nc -z 127.0.0.1 50000; do :; done", "ends some day, though nobody listens"},
    {0},
};

const struct experiment experiment_self_connect = {
    .name = "self-connect",
    .question = "Can connect() succeed at a port where nobody listens?",
    .claim = "No: without a listener the kernel answers the SYN with a RST.",
    .kernel = "It can, within one host: if the socket's own port is the port it connects to, its "
              "SYN comes back to it and makes a simultaneous open with itself "
              "(tcp_rcv_synsent_state_process).",
    .falsified = "A connect() that fails, a passive open, or bytes that do not come back.",
    .why_link = "The client's host connects to its own address: no segment goes over the wire.",
    .time = "It takes no time: the kernel waits for nothing here.",
    .drawing = (const char *const[]){"c connect() to its own port", "c: SYN_SENT", "c: SYN_RECV",
                                     "c: ESTABLISHED", "c send(100)", "c recv() gives 100", NULL},
    .knobs = knobs,
    .n_knobs = sizeof(knobs) / sizeof(*knobs),
    .premises = PREMISE_DATA | PREMISE_WRITABLE,
    .predict = predict,
    .run = run,
    .tell = tell,
    .by_hand = by_hand,
    .see_also =
        (const char *const[]){"simultaneous-open", "closed-port", "ephemeral-port-choice", NULL},
    .try_next = (const char *const[]){"tcplab-bench run self-connect --set bind=yes",
                                      "tcplab-bench run simultaneous-open",
                                      "tcplab-bench run closed-port", NULL},
};
