/* Keepalive, and a peer that has forgotten the connection: it was rebooted, and nobody told this
 * end.
 *
 * Textbooks say:  keepalive finds such a half-open connection: the rebooted host answers the probe
 *                 with RST.
 * The kernel:     so it does: a segment of an unknown connection is answered by RST, whether or not
 *                 a listener is there (tcp_v4_rcv(), tcp_rcv_state_process()), and the RST ends the
 *                 connection with ECONNRESET (tcp_reset()), not ETIMEDOUT. Probes that were lost
 *                 while the host was down do no harm as long as one of tcp_keepalive_probes is
 *                 left.
 * Falsified by:   an answer other than RST; another error; a connection that lives on, or ends
 *                 before a probe was answered. */
#include "bench/trial/keepalive_client.h"
#include "bench/trial/segments.h"
#include "common/process/exit_code.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static const struct knob knobs[] = {
    KNOB_IDLE,
    KNOB_INTERVAL,
    KNOB_PROBES,
    KNOB_COUNT("missed", "1", 0, 126, "probes that are lost while the server is down"),
    KNOB_YES_NO("listening", "yes", "whether the server listens again when it is back"),
    KNOB_DELAY("1ms"),
    KNOB_IPV6,
};

static int check(const struct knobs *k, const struct conditions *c, char **ret_message)
{
    if (knob(k, "missed") < knob(k, "probes"))
        return 0;
    if (asprintf(ret_message,
                 "missed=%lld with probes=%lld: the client would give up before the server is "
                 "back, which is keepalive-dead-peer; write missed=%lld at most, or more probes",
                 (long long)knob(k, "missed"), (long long)knob(k, "probes"),
                 (long long)knob(k, "probes") - 1) < 0)
        *ret_message = NULL;
    return -EINVAL;
}

#define ANSWER_S 0.5 /* that it may take on a busy machine, for the wire is a program */

/* The answered probe, and there and back. */
static struct span learned(const struct knobs *k, const struct conditions *c)
{
    struct keepalive_timing m = keepalive_client_model(k, c);
    struct span span = keepalive_firing(&m, (int)knob(k, "missed") + 1);
    double wire_s = 2 * (double)knob(k, "delay") / 1e9;
    return keepalive_client_span((struct span){span.lo + wire_s, span.hi + wire_s + ANSWER_S});
}

static void predict(const struct knobs *k, const struct conditions *c, struct prediction *p)
{
    struct keepalive_timing m = keepalive_client_model(k, c);
    int64_t sent = knob(k, "missed") + 1;
    expect_exactly(p, "sockets", 1, &rule_silent_peer, "client.ESTABLISHED_at_first");
    expect_exactly(p, "sockets", 0, &rule_close_with_linger_0, "server.ESTABLISHED_at_first");
    keepalive_client_expect(p, &m, (int)sent);
    expect_exactly(p, "segments", sent, &rule_probe_reset, "client.probes");
    expect_exactly(p, "segments", 1, &rule_no_such_connection, "server.resets");
    expect_exactly(p, "errno", ECONNRESET, &rule_probe_reset, "client.error");
    expect_end(p, learned(k, c), &rule_probe_reset, "client.ended");
    expect_exactly(p, "segments", sent, &rule_keepalive_counter, "client.TcpExt.TCPKeepAlive");
    expect_exactly(p, "connections", 0, &rule_abort_on_timeout_counter,
                   "client.TcpExt.TCPAbortOnTimeout");
    expect_exactly(p, "connections", 1, &rule_probe_reset, "ledger.reset");
}

static bool server_has_forgotten(struct trial *t, int64_t number)
{
    return segments_count(t, TO_CLIENT, SEGMENT_RST, SEGMENT_RST, FAULT_ANY_PAYLOAD) == number &&
           step_state(t, SIDE_SERVER, SOCKDIAG_ESTABLISHED) == 0;
}

/* close() with SO_LINGER 0 deletes the connection and sends a RST. That one is lost: a host whose
 * power fails sends none. */
static void crash(struct trial *t, const struct knobs *k, struct trial_socket *listener,
                  struct trial_socket *server)
{
    sock_linger(server, 0);
    sock_close(server);
    if (!knob(k, "listening"))
        sock_close(listener);
    step_need(t, server_has_forgotten, 1, "the server to lose its connection");
    if (segments_count(t, TO_CLIENT, SEGMENT_SYN | SEGMENT_RST | SEGMENT_ACK, SEGMENT_ACK,
                       FAULT_ANY_PAYLOAD))
        step_fail(t, EXIT_CODE_CANNOT,
                  "the client's first probe came before the server had lost the connection: this "
                  "machine is too slow or too busy for idle=%lld; write more",
                  (long long)knob(k, "idle"));
}

/* The wire counts what is to be lost, so that no slow observer mends it too late. */
static void lose(struct trial *t, int64_t missed)
{
    const struct fault reset = {.direction = TO_CLIENT,
                                .flags_mask = SEGMENT_RST,
                                .flags = SEGMENT_RST,
                                .count = 1,
                                .action = FAULT_DROP};
    const struct fault probes = {.direction = TO_SERVER,
                                 .flags_mask = SEGMENT_ACK,
                                 .flags = SEGMENT_ACK,
                                 .first = 2, /* after the handshake */
                                 .count = (uint32_t)missed,
                                 .action = FAULT_DROP};
    step_fault(t, &reset);
    if (missed)
        step_fault(t, &probes);
}

static void run(struct trial *t, const struct knobs *k)
{
    struct trial_socket *listener = sock_serve(t, 4), *client = sock_new(t, SIDE_CLIENT);
    keepalive_client_set(client, k, true);
    lose(t, knob(k, "missed"));
    struct trial_socket *server = keepalive_client_connect(client, listener);
    crash(t, k, listener, server);
    step_mark(t, "The server knows nothing of the connection. When does the client notice?");
    step_see_state(t, SIDE_CLIENT, SOCKDIAG_ESTABLISHED, "client.ESTABLISHED_at_first");
    step_see_state(t, SIDE_SERVER, SOCKDIAG_ESTABLISHED, "server.ESTABLISHED_at_first");
    sock_wait(client, 0, 1.5 * learned(k, &t->conditions).hi + 30, "a probe to be answered");
    step_see(t, sock_error(client), "client.error");
    sock_see_end(client, keepalive_client_zero_ns(t, client), "client.ended");
    keepalive_client_see(t, client);
    step_see(t,
             (double)segments_count(t, TO_CLIENT, SEGMENT_RST, SEGMENT_RST, FAULT_ANY_PAYLOAD) - 1,
             "server.resets");
    step_take_stock(t);
    step_show(t, LEDGER_reset, "the probe that tells the truth");
}

static void tell(FILE *out, const struct trial *t, const struct knobs *k)
{
    long long missed = knob(k, "missed");
    fprintf(out, "The server lost its connection, and its RST was lost on the wire, as if its "
                 "power had failed: the client was ESTABLISHED with nobody at the other end. ");
    if (missed)
        fprintf(out, "%lld keepalive probe%s got no answer, because the server was still down. ",
                missed, missed == 1 ? "" : "s");
    fprintf(out,
            "The probe that reached it, %.2f s after the last segment had come, was answered by "
            "RST, %s. The program got ECONNRESET, and not ETIMEDOUT: somebody is there, but does "
            "not know of this connection.",
            trial_observed(t, "client.ended_first"),
            knob(k, "listening") ? "although the server listened again on that port"
                                 : "and nobody listened on that port");
}

static const struct by_hand by_hand[] = {
    {"client", "ss -tano 'dport = :8888'",
     "timer:(keepalive,TIME,N): when the next probe is due, and how many have had no answer"},
    {"server", "ss -tan 'sport = :8888'", "no connection: at most LISTEN"},
    {"client", "tcpdump -ni eth0 tcp port 8888",
     "[.] with an old sequence number, the probe; [R], the answer"},
    {"client", "nstat -az TcpExtTCPKeepAlive TcpEstabResets",
     "probes; connections that were reset"},
    {0},
};

const struct experiment experiment_keepalive_reboot = {
    .name = "keepalive-reboot",
    .question = "How does an idle client learn that its server was rebooted?",
    .claim =
        "Keepalive finds the half-open connection: the rebooted host answers the probe with RST.",
    .kernel =
        "True, whether or not a server listens there again (tcp_v4_rcv, tcp_rcv_state_process). "
        "The program gets ECONNRESET from the first probe that reaches the host (tcp_reset), "
        "unless tcp_keepalive_probes were lost before, which usually is ETIMEDOUT. Without "
        "SO_KEEPALIVE, and with nothing to send, it never learns that.",
    .falsified = "An answer other than RST, another error than ECONNRESET, or a connection that "
                 "ends before a probe was answered.",
    .why_link = "The wire loses the RST that the server's kernel sends when the connection is "
                "deleted: a host that fails sends no RST.",
    .time = "About 3 s. With the kernel's defaults the first probe is sent after 2 h, and then one "
            "every 75 s.",
    .drawing =
        (const char *const[]){"c setsockopt(SO_KEEPALIVE)", "c: ESTABLISHED", "s: ESTABLISHED",
                              "s the connection is lost",
                              "< RST-ACK x lost: a host without power sends none", "s: CLOSE",
                              ". idle", "> ACK x a probe, lost: the host is down", ". interval",
                              "> ACK", "< RST", "c ECONNRESET", NULL},
    .knobs = knobs,
    .n_knobs = sizeof(knobs) / sizeof(*knobs),
    .premises = PREMISE_WRITABLE,
    .check = check,
    .predict = predict,
    .run = run,
    .tell = tell,
    .by_hand = by_hand,
    .see_also = (const char *const[]){"keepalive-dead-peer", "syn-cookie-ghosts", NULL},
    .try_next = (const char *const[]){"tcplab-bench run keepalive-reboot --set missed=2",
                                      "tcplab-bench run keepalive-reboot --set listening=no",
                                      "tcplab-bench run keepalive-dead-peer", NULL},
};
