/* The handshake, one segment at a time: the wire holds each of the three back until both ends have
 * been looked at.
 *
 * Textbooks say:  SYN, SYN-ACK, ACK; the client is SYN_SENT, then ESTABLISHED; the server LISTEN,
 *                 SYN_RCVD, ESTABLISHED.
 * The kernel:     so it is, and the picture hides two things. The client is ESTABLISHED half a
 *                 round trip before the server is (tcp_rcv_synsent_state_process()), and the
 *                 server's program has no part in it: its kernel answers (tcp_conn_request()), and
 *                 accept() takes what is finished.
 * Falsified by:   another number of segments, another state at one of the ends, an acknowledgement
 *                 that is not the other's first number + 1. */
#include "bench/trial/segments.h"
#include "bench/trial/sockets.h"
#include "bench/trial/steps.h"

#include <stdio.h>

static const struct knob knobs[] = {
    KNOB_YES_NO("accept", "no", "whether the server's program calls accept() at the end"),
    KNOB_DELAY("1ms"),
    KNOB_IPV6,
};

static void predict(const struct knobs *k, const struct conditions *c, struct prediction *p)
{
    bool cookie = c->syncookies == 2; /* then no request is kept, and all the rest is the same */
    const struct rule *request = cookie ? &rule_cookies_always : &rule_handshake_request;
    expect_exactly(p, "sockets", 1, &rule_handshake_syn_sent, "client.SYN_SENT_after_SYN");
    expect_exactly(p, "sockets", !cookie, request, "server.SYN_RECV_after_SYN_ACK");
    expect_exactly(p, "sockets", 1, &rule_handshake_syn_sent, "client.SYN_SENT_after_SYN_ACK");
    expect_exactly(p, "sockets", 1, &rule_handshake_client_first, "client.ESTABLISHED_after_ACK");
    expect_exactly(p, "sockets", !cookie, request, "server.SYN_RECV_after_ACK");
    expect_exactly(p, "sockets", 1, &rule_handshake_client_first, "server.ESTABLISHED");
    expect_exactly(p, "sockets", 1, &rule_handshake_client_first, "client.ESTABLISHED");
    expect_exactly(p, "segments", 2, &rule_handshake_segments, "client.segments");
    expect_exactly(p, "segments", 1, &rule_handshake_segments, "server.segments");
    expect_exactly(p, "number", 1, &rule_syn_takes_a_number, "server.acknowledges_first_plus");
    expect_exactly(p, "number", 1, &rule_syn_takes_a_number, "client.acknowledges_first_plus");
    expect_exactly(p, "connections", 1, &rule_passive_opens, "server.Tcp.PassiveOpens");
    bool accepted = knob(k, "accept");
    expect_exactly(p, "connections", !accepted, &rule_queued_is_established, "ledger.queued");
    expect_exactly(p, "connections", accepted, &rule_queued_is_established, "ledger.accepted");
}

/* What one end acknowledges, less the first number of the other. */
static void see_numbers(struct trial *t)
{
    uint32_t first[2] = {0};
    SEGMENTS_EACH(s, t) {
        if (s->flags & SEGMENT_SYN)
            first[s->direction] = s->sequence;
        if (s->flags & SEGMENT_ACK)
            step_see(t, (double)(s->acknowledged - first[!s->direction]),
                     "%s.acknowledges_first_plus", s->direction == TO_SERVER ? "client" : "server");
    }
}

static void run(struct trial *t, const struct knobs *k)
{
    struct trial_socket *listener = sock_serve(t, 4), *client = sock_new(t, SIDE_CLIENT);
    step_hold(t, TO_SERVER, true);
    step_hold(t, TO_CLIENT, true);
    sock_connect(client);
    step_need_held(t, TO_SERVER, 1);
    step_look(t);
    step_see_state(t, SIDE_CLIENT, SOCKDIAG_SYN_SENT, "client.SYN_SENT_after_SYN");
    step_hold(t, TO_SERVER, false);
    step_need_held(t, TO_CLIENT, 1);
    step_hold(t, TO_SERVER, true);
    step_look(t);
    step_see_state(t, SIDE_SERVER, SOCKDIAG_SYN_RECV, "server.SYN_RECV_after_SYN_ACK");
    step_see_state(t, SIDE_CLIENT, SOCKDIAG_SYN_SENT, "client.SYN_SENT_after_SYN_ACK");
    step_hold(t, TO_CLIENT, false);
    step_need_held(t, TO_SERVER, 1);
    step_look(t);
    step_see_state(t, SIDE_CLIENT, SOCKDIAG_ESTABLISHED, "client.ESTABLISHED_after_ACK");
    step_see_state(t, SIDE_SERVER, SOCKDIAG_SYN_RECV, "server.SYN_RECV_after_ACK");
    step_hold(t, TO_SERVER, false);
    step_settle(t);
    if (knob(k, "accept"))
        sock_accept(listener);
    step_take_stock(t);
    step_see(t, (double)segments_once(t, TO_SERVER, 0, 0, FAULT_ANY_PAYLOAD), "client.segments");
    step_see(t, (double)segments_once(t, TO_CLIENT, 0, 0, FAULT_ANY_PAYLOAD), "server.segments");
    see_numbers(t);
    step_show(t, knob(k, "accept") ? LEDGER_accepted : LEDGER_queued, "the three segments");
}

static void tell(FILE *out, const struct trial *t, const struct knobs *k)
{
    fprintf(out,
            "The wire held each of the %d segments until the experiment had read the state of both "
            "ends. ",
            (int)(trial_observed(t, "client.segments") + trial_observed(t, "server.segments")));
    fprintf(out,
            "When the SYN-ACK had come, the client was ESTABLISHED and could have sent data, while "
            "the server still had %s. The server's program had called listen() and nothing else: "
            "its kernel did the rest, and %s.",
            t->conditions.syncookies == 2
                ? "nothing, because the SYN-ACK was a cookie (tcp_syncookies = 2)"
                : "a half-open request",
            knob(k, "accept") ? "accept() returned the finished connection"
                              : "the finished connection waits in the accept queue");
}

static const struct by_hand by_hand[] = {
    {"client", "ss -tan 'dport = :8888'", "SYN-SENT, then ESTAB"},
    {"server", "ss -tan 'sport = :8888'", "LISTEN stays; beside it SYN-RECV, then ESTAB"},
    {"client", "tcpdump -ni eth0 tcp port 8888", "Flags [S], [S.], [.]"},
    {0},
};

const struct experiment experiment_handshake = {
    .name = "handshake",
    .question = "In which states are the two ends after each segment of the handshake?",
    .claim = "SYN, SYN-ACK, ACK: the client goes from SYN_SENT to ESTABLISHED, the server from "
             "LISTEN over SYN_RCVD to ESTABLISHED.",
    .kernel = "True, but the listener stays in LISTEN, and SYN_RCVD is a small request beside it "
              "(tcp_conn_request). The client is ESTABLISHED half a round trip before the server "
              "(tcp_rcv_synsent_state_process), and the server's program does nothing.",
    .falsified = "Another state at one of the ends, a fourth segment, or an acknowledgement other "
                 "than the first number + 1.",
    .why_link = "The wire holds each segment back, so that the experiment can read both ends' "
                "states between any two segments.",
    .time = "It takes no time: the kernel waits for nothing here.",
    .drawing = (const char *const[]){"s listen(4)", "c connect()", "> SYN", "c: SYN_SENT",
                                     "s: SYN_RECV", "< SYN-ACK", "c: ESTABLISHED", "> ACK",
                                     "s: ESTABLISHED", "s accept()", NULL},
    .knobs = knobs,
    .n_knobs = sizeof(knobs) / sizeof(*knobs),
    .predict = predict,
    .run = run,
    .tell = tell,
    .by_hand = by_hand,
    .see_also =
        (const char *const[]){"simultaneous-open", "synack-retries", "accept-queue-full", NULL},
    .try_next = (const char *const[]){"tcplab-bench run handshake --set accept=yes",
                                      "tcplab-bench run handshake --set delay=50ms",
                                      "tcplab-bench run simultaneous-open", NULL},
};
