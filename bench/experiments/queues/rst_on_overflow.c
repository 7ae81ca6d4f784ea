/* RST on overflow: the third ACK of a handshake meets a full accept queue, and
 * tcp_abort_on_overflow is 1.
 *
 * Textbooks say:  with tcp_abort_on_overflow = 1 a full queue means "connection reset by peer".
 * The kernel:     tcp_check_req() finds no room for the child, deletes the request and sends RST.
 *                 That is the only place: a SYN that meets a full queue is dropped silently
 *                 (tcp_conn_request()), and so is the ACK of a SYN cookie (tcp_get_cookie_sock()).
 *                 So a reset takes handshakes that overlap: they do on a wire with a delay; over
 *                 loopback each is over before connect() returns.
 * Falsified by:   any reset over loopback; any other number of resets than requests that found no
 *                 room. */
#include "bench/experiments/queues/burst.h"
#include "bench/trial/steps.h"

#include <stdio.h>

static const struct knob knobs[] = {
    KNOB_BACKLOG("8"), KNOB_SOMAXCONN,       KNOB_PREFILL("6"),
    KNOB_CLIENTS("7"), KNOB_SYNCOOKIES("0"), KNOB_MAX_SYN_BACKLOG,
    KNOB_LINK("wire"), KNOB_DELAY("50ms"),   KNOB_IPV6,
};

/* As many deaths at once as the kernel can surely report (observe/destroyed.h). */
#define RESETS_HEARD 100

/* The queue has room for some of the clients, and it is not full before they come. */
static void settle(struct knobs *k, const struct conditions *c)
{
    int64_t limit = burst_limit(k, c);
    if (knob(k, "prefill") > limit)
        knob_settle(k, "prefill", limit);
}

static void predict(const struct knobs *k, const struct conditions *c, struct prediction *p)
{
    struct queue_burst b = burst_outcome(k, c);
    burst_expect(k, c, 0, p);
    expect_exactly(p, "segments", b.reset, &rule_third_ack_reset, "server.Tcp.OutRsts");
    expect_exactly(p, "requests", b.reset, &rule_embryonic_resets, "server.TcpExt.EmbryonicRsts");
    expect_exactly(p, "connections", b.reset, &rule_third_ack_reset, "client.Tcp.EstabResets");
    if (b.reset <= RESETS_HEARD)
        expect_exactly(p, "sockets", b.reset, &rule_third_ack_reset, "client.destroyed");
}

static void run(struct trial *t, const struct knobs *k)
{
    step_no_second_syn(t);
    step_no_second_syn_ack(t);
    burst_run(t, k);
    step_hear_deaths(t);
    if (t->lab.loopback)
        burst_need_once(t, TO_SERVER, SEGMENT_SYN);
    step_take_stock(t);
    if (t->lab.loopback)
        step_show(t, LEDGER_syn_sent,
                  "one that found the queue full: its SYN was dropped, nothing was reset");
    else
        step_show(t, LEDGER_reset,
                  "one connection that was reset: first established, one round trip later reset");
}

static void tell_loopback(FILE *out, const struct trial *t, const struct knobs *k)
{
    fprintf(out, "tcp_abort_on_overflow is %d, and nobody was reset. ",
            t->conditions.abort_on_overflow ? 1 : 0);
    if (!trial_row(t, LEDGER_syn_sent))
        fprintf(out, "There was room for all: %lld connections wait, and the queue holds %lld. ",
                (long long)trial_row(t, LEDGER_queued),
                (long long)queue_capacity(burst_limit(k, &t->conditions)));
    else if (burst_outcome(k, &t->conditions).queue_overflows)
        fprintf(out, "The queue is full, and %lld SYNs met it and were dropped. ",
                (long long)trial_row(t, LEDGER_syn_sent));
    else
        fprintf(out, "tcp_max_syn_backlog let no SYN in: all were dropped. ");
    fprintf(out,
            "Over loopback the whole handshake runs inside connect(): the queue is full or it is "
            "not when the SYN comes, and a SYN that meets a full queue is dropped, with 0 and with "
            "1. The sysctl applies to the third ACK only, and no third ACK met a full queue.");
}

static void tell_late(FILE *out, const struct trial *t)
{
    long long reset = trial_row(t, LEDGER_reset), half_open = trial_row(t, LEDGER_half_open);
    long long ghosts = trial_row(t, LEDGER_ghost);
    if (reset)
        fprintf(out,
                "%lld found the queue full and were answered by RST. Those clients were connected "
                "for one round trip: their connect() had succeeded, and \"connection reset by "
                "peer\" came with their next call. ",
                reset);
    if (half_open && t->conditions.abort_on_overflow)
        fprintf(out, "%lld are half-open still. ", half_open);
    else if (half_open)
        fprintf(out,
                "%lld found the queue full. tcp_abort_on_overflow is 0, so the kernel dropped "
                "their ACKs silently: they are half-open, ESTABLISHED at the client and SYN_RECV "
                "at the server%s. ",
                half_open,
                t->conditions.synack_retries > 0 ? ", whose SYN-ACK will come again" : "");
    if (ghosts)
        fprintf(out,
                "%lld were let in by SYN cookies, and their ACKs met a full queue: the kernel "
                "dropped them silently, because it ignores tcp_abort_on_overflow for cookies. They "
                "are ghosts: ESTABLISHED at the client, nothing at the server. ",
                ghosts);
    if (!reset && !half_open && !ghosts)
        fprintf(out, "No third ACK met a full queue, so the kernel reset nobody. ");
}

static void tell(FILE *out, const struct trial *t, const struct knobs *k)
{
    long long prefill = burst_prefill(k, &t->conditions), dropped = trial_row(t, LEDGER_syn_sent);
    struct queue_burst b = burst_outcome(k, &t->conditions);
    if (t->lab.loopback) {
        tell_loopback(out, t, k);
        return;
    }
    if (prefill > burst_limit(k, &t->conditions)) {
        fprintf(out,
                "The accept queue was full before the clients came: %lld connections waited. All "
                "SYNs, %lld, met it and were silently dropped. The kernel never answers such "
                "a SYN with a RST, with tcp_abort_on_overflow = 0 or 1.",
                prefill, dropped);
        return;
    }
    fprintf(out,
            "All SYNs came before the first third ACK, when %lld connections waited and there was "
            "room. ",
            prefill);
    if (dropped < knob(k, "clients")) {
        fprintf(out, "Then the third ACKs came: %lld found room. ",
                (long long)trial_row(t, LEDGER_queued) - prefill);
        tell_late(out, t);
    }
    if (dropped && !b.syn_sent)
        fprintf(out, "%lld clients had no answer yet.", dropped);
    else if (dropped)
        fprintf(out,
                "%lld clients got no answer: their SYNs met %s and were dropped. The kernel never "
                "answers such a SYN with a RST.",
                dropped,
                b.request_full ? "a full SYN queue" : "the bound that tcp_max_syn_backlog sets");
}

static const struct by_hand by_hand[] = {
    {"server", "nstat -az TcpExtListenOverflows TcpExtEmbryonicRsts TcpOutRsts",
     "EmbryonicRsts = OutRsts = the resets"},
    {"server", "ss -ltn 'sport = :8888'", "Recv-Q: how many wait; Send-Q: the limit"},
    {"client", "ss -tan 'dport = :8888' | awk '{print $1}' | sort | uniq -c",
     "who still has a socket, by state"},
    {0},
};

const struct experiment experiment_rst_on_overflow = {
    .name = "rst-on-overflow",
    .question = "Whom does tcp_abort_on_overflow = 1 reset?",
    .claim = "With tcp_abort_on_overflow = 1, clients that meet a full queue see \"connection "
             "reset by peer\".",
    .kernel = "Only the third ACK of a half-open request that meets a full accept queue is "
              "answered by RST (tcp_check_req). A SYN that meets one is dropped "
              "(tcp_conn_request), and so is the ACK of a SYN cookie (tcp_get_cookie_sock).",
    .falsified = "Any reset over loopback; any other number of resets than half-open requests that "
                 "found no room.",
    .why_link = "Third ACKs must meet a queue that filled after their SYNs: handshakes must "
                "overlap, which they do on a wire with a delay. The wire lets each SYN pass "
                "once, so that the counters hold the first ones only. Over loopback "
                "(link=loopback) the handshakes of first SYNs do not overlap, so none of these "
                "clients is reset.",
    .time = "It takes no time: the reset is the answer to the ACK.",
    .drawing = (const char *const[]){"s: accept queue full", "> SYN", "s: SYN_RECV", "< SYN-ACK",
                                     "c: ESTABLISHED", "> ACK", "< RST", "c: reset", NULL},
    .knobs = knobs,
    .n_knobs = sizeof(knobs) / sizeof(*knobs),
    .sysctls = (const char *const[]){"net.ipv4.tcp_abort_on_overflow=1", NULL},
    .settle = settle,
    .check = burst_check,
    .predict = predict,
    .run = run,
    .tell = tell,
    .by_hand = by_hand,
    .see_also =
        (const char *const[]){"third-ack-dropped", "syn-cookie-ghosts", "accept-queue-full", NULL},
    .try_next =
        (const char *const[]){
            "tcplab-bench run rst-on-overflow --set link=loopback",
            "tcplab-bench run rst-on-overflow --set clients=20",
            "tcplab-bench run rst-on-overflow --set clients=20 --set syncookies=1",
            "tcplab-bench run rst-on-overflow --set net.ipv4.tcp_abort_on_overflow=0", NULL},
};
