/* Data to a peer that has fallen silent: the cable is cut, and nothing tells either end.
 *
 * Textbooks say:  a segment is retransmitted with exponential backoff, tcp_retries2 (15) times,
 *                 then the connection is dropped.
 * The kernel:     the first repetition is a tail loss probe (tcp_schedule_loss_probe()), which
 *                 counts as none. Then the RTO fires and doubles. tcp_retries2 is not a count: it
 *                 is turned into a time, as if the RTO had been 200 ms (tcp_model_timeout()), and
 *                 the firing that finds this time gone since the first one gives up
 *                 (retransmits_timed_out()). No RST is sent.
 * Falsified by:   a gap that is not twice the one before; a connection that is given up at another
 *                 firing, or with another error; a RST. */
#include "bench/trial/unanswered.h"

#include <stdio.h>

static const struct knob knobs[] = {
    KNOB_SYSCTL("retries2", "3", 0, 15, "net.ipv4.tcp_retries2",
                "when a connection with a descriptor is given up"),
    KNOB_SYSCTL("rto_max", NULL, 1000, 120000, "net.ipv4.tcp_rto_max_ms",
                "milliseconds: the RTO doubles up to that"),
    KNOB_DELAY(UNANSWERED_DELAY),
    KNOB_IPV6,
};

static struct retransmit model(const struct knobs *k, const struct conditions *c)
{
    return (struct retransmit){.conditions = c, .rtt = unanswered_rtt(k)};
}

static int check(const struct knobs *k, const struct conditions *c, char **ret_message)
{
    const struct retransmit r = model(k, c);
    return unanswered_check(&r, ret_message);
}

static void predict(const struct knobs *k, const struct conditions *c, struct prediction *p)
{
    struct retransmit r = model(k, c);
    unanswered_expect_cut(p, &r, &rule_retries2_is_a_time);
}

static void run(struct trial *t, const struct knobs *k)
{
    struct retransmit r = model(k, &t->conditions);
    struct trial_socket *listener = sock_serve(t, 4), *server;
    struct trial_socket *client = unanswered_connection(t, listener, SIDE_CLIENT, &server);
    unanswered_cut(t, client, &r);
}

static void tell(FILE *out, const struct trial *t, const struct knobs *k)
{
    unanswered_tell(out, t, &unanswered_data, "the segment");
    fprintf(out,
            "After %.2f s it gave up: send() had long succeeded, and the program learned from "
            "ETIMEDOUT that the data had not arrived. tcp_retries2 = %lld stood for a time, and "
            "the segment was sent again %d times in all. The server received nothing about it: its "
            "socket is ESTABLISHED, and would stay ESTABLISHED for ever.",
            trial_observed(t, "client.given_up_first"), (long long)t->conditions.retries2,
            (int)trial_observed(t, "client.sent_again"));
}

static const struct by_hand by_hand[] = {
    {"client", "ss -tanoi 'dport = :8888'",
     "timer:(on,TIME,N): the RTO's rest and how often it has fired; rto: in ms; backoff: the "
     "doublings"},
    {"client", "nstat -az TcpExtTCPTimeouts TcpExtTCPLossProbes TcpExtTCPAbortOnTimeout",
     "firings of the RTO, tail loss probes, connections given up"},
    {"server", "ss -tan 'sport = :8888'", "ESTAB, whatever happens at the other end"},
    {0},
};

const struct experiment experiment_retransmission_give_up = {
    .name = "retransmission-give-up",
    .question = "How often, and for how long, does the kernel send data again to a peer that no "
                "longer answers?",
    .claim = "A segment that is not acknowledged is retransmitted with exponential backoff, "
             "tcp_retries2 = 15 times, and then the connection is dropped.",
    .kernel = "The backoff is true, but tcp_retries2 is a time and not a count: what that many "
              "retransmissions would take if the RTO were 200 ms (tcp_model_timeout). The kernel "
              "gives up at the first timeout at which that time has passed since the first timeout "
              "(retransmits_timed_out). By default the kernel sends a tail loss probe before all "
              "retransmissions (tcp_schedule_loss_probe).",
    .falsified = "A gap that is not twice the one before, a connection that is given up at another "
                 "firing or with another error than ETIMEDOUT, or a RST.",
    .why_link = "The cable is cut: both hosts are alive and receive nothing from each other, which "
                "loopback cannot show.",
    .time = "About 5 s. With the default tcp_retries2 = 15 it would take 924.6 s and up to the "
            "next firing, that is about 16 min.",
    .drawing = (const char *const[]){"c: ESTABLISHED", "s: ESTABLISHED", "c send()",
                                     "> DATA x dropped: the cable is cut", ". RTO",
                                     "> DATA x a tail loss probe", ". RTO", "> DATA x lost",
                                     ". 2 RTO", "> DATA x lost", ". 4 RTO", "> DATA x lost",
                                     ". 8 RTO", "c ETIMEDOUT", NULL},
    .knobs = knobs,
    .n_knobs = sizeof(knobs) / sizeof(*knobs),
    .premises = PREMISE_DATA | PREMISE_WRITABLE,
    .check = check,
    .predict = predict,
    .run = run,
    .tell = tell,
    .by_hand = by_hand,
    .see_also = (const char *const[]){"user-timeout", "fin-wait-1-stuck", "keepalive-behind-data",
                                      "zero-window", NULL},
    .try_next =
        (const char *const[]){
            "tcplab-bench run retransmission-give-up --set retries2=1 --set delay=1ms",
            "tcplab-bench run retransmission-give-up --set retries2=15 --set rto_max=1000",
            "tcplab-bench run user-timeout", NULL},
};
