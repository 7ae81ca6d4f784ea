/* RST on overflow: the third ACK of a handshake meets a full accept queue, and tcp_abort_on_overflow is 1.
 *
 * Textbooks say:  with tcp_abort_on_overflow = 1 a full queue means "connection reset by peer".
 * The kernel:     tcp_check_req() finds no room for the child, deletes the request and sends RST. That is the only place: a SYN
 *                 that meets a full queue is dropped silently (tcp_conn_request()), and so is the ACK of a SYN cookie
 *                 (tcp_get_cookie_sock()). So a reset takes handshakes that overlap: they do on a wire with a delay; over
 *                 loopback each is over before connect() returns.
 * Falsified by:   any reset over loopback; any other number of resets than requests that found no room. */
#include "bench/experiments/burst.h"
#include "bench/experiments/steps.h"

#include <stdio.h>

static const struct knob knobs[] = {
    KNOB_BACKLOG("4"),    KNOB_SOMAXCONN,    KNOB_PREFILL("limit"), KNOB_CLIENTS("20"), KNOB_SYNCOOKIES("0"),
    KNOB_MAX_SYN_BACKLOG, KNOB_LINK("wire"), KNOB_DELAY("50ms"),    KNOB_IPV6,
};

static void predict(const struct knobs *k, const struct conditions *c, struct prediction *p)
{
    struct queue_burst b = burst_outcome(k, c);
    burst_expect(k, c, 0, p);
    expect_exactly(p, "segments", b.reset, &rule_third_ack_reset, "server.Tcp.OutRsts");
    expect_exactly(p, "requests", b.reset, &rule_embryonic_resets, "server.TcpExt.EmbryonicRsts");
    expect_exactly(p, "connections", b.reset, &rule_third_ack_reset, "client.Tcp.EstabResets");
    expect_exactly(p, "sockets", b.reset, &rule_third_ack_reset, "client.destroyed");
}

static void run(struct trial *t, const struct knobs *k)
{
    step_no_second_syn(t);
    burst_run(t, k);
    step_take_stock(t);
    if (t->lab.loopback)
        step_show(t, LEDGER_syn_sent, "one that found the queue full: its SYN was dropped, nothing was reset");
    else
        step_show(t, LEDGER_reset, "one of those that were reset: first told yes, then no");
}

static void tell(FILE *out, const struct trial *t, const struct knobs *k)
{
    long long reset = trial_row(t, LEDGER_reset), ghosts = trial_row(t, LEDGER_ghost);
    if (t->lab.loopback) {
        fprintf(out, "tcp_abort_on_overflow is 1, the queue is full, and nobody was reset. Over loopback the whole "
                     "handshake runs inside "
                     "connect(): the queue is full or it is not when the SYN comes, and a SYN that meets a full "
                     "queue is dropped, "
                     "whatever the knob says. The knob is about the third ACK, and no third ACK came late.");
        return;
    }
    fprintf(
        out,
        "All SYNs came before the first third ACK, when %lld connections waited and there was room. Then the third "
        "ACKs "
        "came: %lld found room, and %lld found the queue full and were answered by RST. Those clients were connected "
        "for "
        "one round trip: their connect() had succeeded, and \"connection reset by peer\" came with their next call. ",
        (long long)burst_prefill(k, &t->conditions), (long long)burst_outcome(k, &t->conditions).queued, reset);
    if (trial_row(t, LEDGER_syn_sent))
        fprintf(out,
                "%lld clients got no answer: their SYNs met a full SYN queue and were dropped. No SYN is ever "
                "answered by a reset.",
                (long long)trial_row(t, LEDGER_syn_sent));
    if (ghosts)
        fprintf(out,
                "%lld more were let in by SYN cookies, and their ACKs met the full queue, too: dropped silently, for "
                "the knob is not "
                "asked about cookies. They are ghosts: ESTABLISHED at the client, nothing at the server.",
                ghosts);
}

static const struct by_hand by_hand[] = {
    {"server", "nstat -az TcpExtListenOverflows TcpExtEmbryonicRsts TcpOutRsts",
     "EmbryonicRsts = OutRsts = the resets"},
    {"server", "ss -ltn 'sport = :8888'", "Recv-Q: how many wait; Send-Q: the limit"},
    {"client", "ss -tan 'dport = :8888' | awk '{print $1}' | sort | uniq -c", "who still has a socket, by state"},
    {0},
};

const struct experiment experiment_rst_on_overflow = {
    .name = "rst-on-overflow",
    .question = "Whom does tcp_abort_on_overflow = 1 reset?",
    .claim = "With tcp_abort_on_overflow = 1, clients that meet a full queue see \"connection reset by peer\".",
    .kernel = "Only the third ACK of a half-open request that meets a full accept queue is answered by RST "
              "(tcp_check_req). "
              "A SYN that meets one is dropped (tcp_conn_request), and so is the ACK of a SYN cookie "
              "(tcp_get_cookie_sock).",
    .falsified = "Any reset over loopback; any other number of resets than half-open requests that found no room.",
    .why_link =
        "Third ACKs must meet a queue that filled after their SYNs: handshakes must overlap, which they do on a wire "
        "with a "
        "delay. The wire lets each SYN pass once, so that the counters hold the first ones only. Over loopback "
        "(link=loopback) handshakes cannot overlap, and nobody is reset.",
    .knobs = knobs,
    .n_knobs = sizeof(knobs) / sizeof(*knobs),
    .sysctls = (const char *const[]){"net.ipv4.tcp_abort_on_overflow=1", NULL},
    .check = burst_check,
    .predict = predict,
    .run = run,
    .tell = tell,
    .by_hand = by_hand,
    .see_also = (const char *const[]){"third-ack-dropped", "syn-cookie-ghosts", "accept-queue-full", NULL},
    .try_next =
        (const char *const[]){"tcplab-bench run rst-on-overflow --set link=loopback",
                              "tcplab-bench run rst-on-overflow --set syncookies=1",
                              "tcplab-bench run rst-on-overflow --set net.ipv4.tcp_abort_on_overflow=0", NULL},
};
