/* Why there is TIME_WAIT: the last ACK of the connection is lost.
 *
 * Textbooks say:  nobody acknowledges an ACK, so whoever has sent the last one must stay, for the
 *                 FIN may come again.
 * The kernel:     the end that closed second is in LAST_ACK and sends its FIN again like any
 *                 segment (tcp_retransmit_timer()); TIME_WAIT answers it with an ACK, and its 60 s
 *                 begin anew (tcp_timewait_state_process()). With tcp_max_tw_buckets = 0 there is
 *                 no TIME_WAIT: then it is a RST that answers, and a program that still has its
 *                 descriptor gets ECONNRESET, although its data have all arrived.
 * Falsified by:   a repeated FIN that gets no ACK; a TIME_WAIT that has less than 60 s left after
 *                 it; an error at the end that closed second although there is a TIME_WAIT. */
#include "bench/model/afterlife.h"
#include "bench/model/retransmit.h"
#include "bench/trial/segments.h"
#include "bench/trial/sockets.h"
#include "bench/trial/steps.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>

#define ALL (SEGMENT_FIN | SEGMENT_SYN | SEGMENT_RST | SEGMENT_ACK)

#define LONGEST_S 50
/* of which the best is taken: what a look tells of a moment is up to its own length old */
#define LOOKS  5
#define LOOK_S 1 /* and no look takes that long */

static const struct knob knobs[] = {
    KNOB_COUNT("lost", "3", 1, 5, "repetitions of the FIN that are lost, too"),
    KNOB_SYSCTL("max_tw_buckets", NULL, 0, 1000000, "net.ipv4.tcp_max_tw_buckets",
                "0: there is no TIME_WAIT"),
    KNOB_DELAY("1ms"),
    KNOB_IPV6,
};

/* About when the FIN gets through, after the first one: each repetition takes twice as long as the
 * one before. The timeout begins with three round trips, of a connection that has measured one or
 * two, or with 0.2 s more than one. */
static double gets_through_s(const struct knobs *k, const struct conditions *c)
{
    return ((double)c->rto_min_us / 1e6 + 6 * (double)knob(k, "delay") / 1e9) *
           (double)(1 << knob(k, "lost"));
}

static int check(const struct knobs *k, const struct conditions *c, char **ret_message)
{
    const struct retransmit fins = {.conditions = c,
                                    .rtt = {0, 3 * (double)knob(k, "delay") / 1e9}};
    int least = retransmit_least(&fins) + retransmit_has_tail_probe(c), r = 0;
    if (gets_through_s(k, c) >= LONGEST_S)
        r = asprintf(
            ret_message,
            "lost=%lld: with this delay and these sysctls the FIN would get through after some "
            "%.0f s only, and TIME_WAIT might be over by then, which is 60 s after the first one; "
            "write a smaller delay, a smaller net.ipv4.tcp_rto_min_us, or fewer lost",
            (long long)knob(k, "lost"), gets_through_s(k, c));
    else if (knob(k, "lost") >= least)
        r = asprintf(ret_message,
                     "lost=%lld: with net.ipv4.tcp_retries2=%lld the server may give up after %d "
                     "repetition%s of its FIN, and one more than those lost must get through; "
                     "write fewer lost, or more tcp_retries2",
                     (long long)knob(k, "lost"), (long long)c->retries2, least,
                     least == 1 ? "" : "s");
    else
        return 0;
    if (r < 0)
        *ret_message = NULL;
    return -EINVAL;
}

static void predict(const struct knobs *k, const struct conditions *c, struct prediction *p)
{
    bool kept = afterlife_kept(c, 1);
    const struct rule *answer = kept ? &rule_time_wait_answers : &rule_time_wait_missing;
    expect_exactly(p, "sockets", 1, &rule_last_ack_waits, "server.LAST_ACK_meanwhile");
    expect_exactly(p, "sockets", kept,
                   kept ? &rule_time_wait_first_closer : &rule_time_wait_buckets,
                   "client.TIME_WAIT_meanwhile");
    expect_exactly(p, "segments", kept, answer, "client.ACKs_again");
    expect_exactly(p, "segments", !kept, answer, "client.RSTs");
    expect_exactly(p, "errno", kept ? 0 : ECONNRESET, answer, "server.error");
    expect_exactly(p, "sockets", 0, answer, "server.LAST_ACK");
    expect_exactly(p, "sockets", kept,
                   kept ? &rule_time_wait_first_closer : &rule_time_wait_buckets,
                   "client.TIME_WAIT");
    if (kept)
        expect_between(p, "s", afterlife_after_fin() - LOOK_S,
                       afterlife_after_fin() + 2.0 / (c->hz > 0 ? c->hz : 100),
                       &rule_time_wait_begins_anew, "client.TIME_WAIT_left");
    expect_exactly(p, "connections", 1, &rule_time_wait_first_closer, "ledger.closed");
}

static bool half_closed(struct trial *t, int64_t number)
{
    return step_state(t, SIDE_CLIENT, SOCKDIAG_FIN_WAIT_2) == 1 &&
           step_state(t, SIDE_SERVER, SOCKDIAG_CLOSE_WAIT) == 1;
}

static bool fins_sent(struct trial *t, int64_t number)
{
    return segments_count(t, TO_CLIENT, SEGMENT_FIN, SEGMENT_FIN, FAULT_ANY_PAYLOAD) >= number;
}

static bool is_lost(struct trial *t, int64_t id)
{
    return step_fault_matched(t, (int)id) && step_state(t, SIDE_SERVER, SOCKDIAG_CLOSE_WAIT) == 0;
}

static bool server_is_through(struct trial *t, int64_t number)
{
    return watch_latest(t->watch)->side[SIDE_SERVER].n == 0;
}

static int64_t acks(const struct trial *t)
{
    return segments_count(t, TO_SERVER, ALL, SEGMENT_ACK, FAULT_NO_PAYLOAD);
}

/* What TIME_WAIT had left when it answered for the last time. */
static void see_left(struct trial *t)
{
    int64_t answered_ns =
        segments_sent_ns(t, TO_SERVER, ALL, SEGMENT_ACK, FAULT_NO_PAYLOAD, acks(t));
    double left_s = 0;
    for (int i = 0; i < LOOKS && !t->failure; i++) {
        step_look(t);
        const struct look *look = watch_latest(t->watch);
        if (step_state(t, SIDE_CLIENT, SOCKDIAG_TIME_WAIT))
            left_s = fmax(left_s, look->side[SIDE_CLIENT].sockets[0].expires_ms / 1e3 +
                                      (double)(look->at_ns - answered_ns) / 1e9);
    }
    if (left_s > 0)
        step_see(t, left_s, "client.TIME_WAIT_left");
}

static void run(struct trial *t, const struct knobs *k)
{
    struct trial_socket *server, *listener = sock_serve(t, 1),
                                 *client = sock_connection(listener, &server);
    /* not close(): a FIN_WAIT_2 without a descriptor needs one of tcp_max_tw_buckets itself */
    sock_shutdown(client, SHUT_WR);
    step_need(t, half_closed, 0, "the client's FIN to be acknowledged");
    step_settle(t);
    int64_t before = acks(t);
    int lost = step_fault(t, &(struct fault){.direction = TO_SERVER,
                                             .flags_mask = ALL,
                                             .flags = SEGMENT_ACK,
                                             .payload = FAULT_NO_PAYLOAD,
                                             .count = 1});
    step_fault(t, &(struct fault){.direction = TO_CLIENT,
                                  .flags_mask = SEGMENT_FIN,
                                  .flags = SEGMENT_FIN,
                                  .first = 2});
    sock_shutdown(server, SHUT_WR);
    step_need(t, is_lost, lost, "the ACK of the server's FIN");
    step_see_state(t, SIDE_SERVER, SOCKDIAG_LAST_ACK, "server.LAST_ACK_meanwhile");
    step_see_state(t, SIDE_CLIENT, SOCKDIAG_TIME_WAIT, "client.TIME_WAIT_meanwhile");
    sock_close(client); /* its program is through */
    step_need(t, fins_sent, 1 + knob(k, "lost"), "the FIN to be sent again");
    step_clear_faults(t);
    step_need(t, server_is_through, 0, "the FIN to be sent once more, and to be answered");
    step_settle(t);
    see_left(t);
    step_take_stock(t);
    step_see(t, (double)(acks(t) - before - 1), "client.ACKs_again");
    step_see(t, (double)segments_count(t, TO_SERVER, SEGMENT_RST, SEGMENT_RST, FAULT_ANY_PAYLOAD),
             "client.RSTs");
    step_see(t, sock_error(server), "server.error");
    step_show(t, LEDGER_closed, "the connection, and its last ACK lost");
}

static void tell(FILE *out, const struct trial *t, const struct knobs *k)
{
    int64_t began_ns =
        segments_arrived_ns(t, TO_CLIENT, SEGMENT_FIN, SEGMENT_FIN, FAULT_ANY_PAYLOAD, 1);
    int64_t fins = segments_count(t, TO_CLIENT, SEGMENT_FIN, SEGMENT_FIN, FAULT_ANY_PAYLOAD);
    int64_t last_ns =
        segments_arrived_ns(t, TO_CLIENT, SEGMENT_FIN, SEGMENT_FIN, FAULT_ANY_PAYLOAD, fins);
    fprintf(out,
            "The client closed first, then the server, and the client's ACK of the server's FIN "
            "was lost. The server could not know whether its FIN had arrived: in LAST_ACK it sent "
            "the FIN again, %lld times, until one got through %.2f s after the first. ",
            (long long)fins - 1, (double)(last_ns - began_ns) / 1e9);
    if (trial_observed(t, "client.TIME_WAIT") > 0)
        fprintf(out,
                "The client's program had closed the connection before, but TIME_WAIT answered "
                "with the ACK, and the server's socket closed normally. TIME_WAIT had %.2f s left "
                "then: its 60 s had restarted.",
                trial_observed(t, "client.TIME_WAIT_left"));
    else
        fprintf(
            out,
            "With tcp_max_tw_buckets = 0 the client's kernel had no socket for the connection any "
            "more, and answered with RST. All data had arrived, but the server's program got %s.",
            trial_observed(t, "server.error") == ECONNRESET ? "ECONNRESET" : "something else");
}

static const struct by_hand by_hand[] = {
    {"server", "ss -tano state last-ack", "timer:(on,...,N): the FIN was sent N times more"},
    {"client", "ss -tano state time-wait",
     "timer:(timewait,...): back to a minute when the FIN comes again"},
    {"client", "nstat -az TcpOutRsts",
     "1 with tcp_max_tw_buckets=0: nobody is there who could send an ACK"},
    {"client", "tcpdump -ni eth0 'tcp port 8888 and tcp[tcpflags] & tcp-fin != 0'",
     "the FIN, again and again"},
    {0},
};

const struct experiment experiment_time_wait_lost_ack = {
    .name = "time-wait-lost-ack",
    .question = "What does TIME_WAIT do when the last ACK is lost?",
    .claim =
        "Nobody acknowledges an ACK; so the end that sends the last one must stay in TIME_WAIT for "
        "a while, in case the ACK is lost and the other end sends its FIN again.",
    .kernel = "True: LAST_ACK sends its FIN again (tcp_retransmit_timer), TIME_WAIT answers with "
              "an ACK, and each time its 60 s restart (tcp_timewait_state_process). Without "
              "TIME_WAIT the kernel answers with a RST (tcp_v4_rcv), and the program at the other "
              "end gets ECONNRESET if it still has its descriptor.",
    .falsified = "A repeated FIN that TIME_WAIT does not answer, a TIME_WAIT with less than 60 s "
                 "after it, or an error at the server although TIME_WAIT was there.",
    .why_link = "The wire loses the one ACK that matters, and the first repetitions of the FIN; "
                "loopback never loses a segment.",
    .time = "About 3 s: with lost=3 the FIN gets through about 1.7 s after the first one, as the "
            "retransmission timeout doubles each time.",
    .drawing =
        (const char *const[]){"c shutdown(SHUT_WR)", "> FIN", "c: FIN_WAIT_1", "< ACK",
                              "s: CLOSE_WAIT", "c: FIN_WAIT_2", "s shutdown(SHUT_WR)", "< FIN",
                              "s: LAST_ACK", "c: TIME_WAIT", "> ACK x lost", "c close()", ". 0.2 s",
                              "< FIN x lost, too", ". 1.5 s", "< FIN", "> ACK", "s: CLOSE", NULL},
    .knobs = knobs,
    .n_knobs = sizeof(knobs) / sizeof(*knobs),
    .premises = PREMISE_DATA | PREMISE_ON_TIME | PREMISE_WRITABLE,
    .check = check,
    .predict = predict,
    .run = run,
    .tell = tell,
    .by_hand = by_hand,
    .see_also = (const char *const[]){"time-wait", "last-ack-stuck", "time-wait-buckets", NULL},
    .try_next = (const char *const[]){"tcplab-bench run time-wait-lost-ack --set max_tw_buckets=0",
                                      "tcplab-bench run time-wait-lost-ack --set lost=5",
                                      "tcplab-bench run time-wait-assassination", NULL},
};
