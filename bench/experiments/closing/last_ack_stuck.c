/* LAST_ACK: the passive closer has sent its FIN, and no acknowledgement comes.
 *
 * Textbooks say:  LAST_ACK waits for the ACK of the FIN, and then the socket is closed. (And if
 *                 none comes? They are silent.)
 * The kernel:     the FIN is retransmitted like data: a tail loss probe, then the RTO, doubled each
 *                 time. The socket has no descriptor, so it is tcp_orphan_retries that ends it
 *                 (tcp_write_timeout()): a time, and 0, the default, means 8
 *                 (tcp_orphan_retries()). Then it is gone, without a RST and without TIME_WAIT.
 * Falsified by:   a LAST_ACK that outlives its time, or is gone before; a RST; a TIME_WAIT on the
 *                 server. */
#include "bench/observe/state_lifetime.h"
#include "bench/trial/closing_state.h"
#include "bench/trial/unanswered.h"

#include <stdio.h>

static const struct knob knobs[] = {
    KNOB_SYSCTL("orphan_retries", "2", 0, 7, "net.ipv4.tcp_orphan_retries", "0 means 8"),
    KNOB_LOST,
    KNOB_DELAY(UNANSWERED_DELAY),
    KNOB_IPV6,
};

static const struct unanswered_segments fins = {.sender = SIDE_SERVER, .fin = true};

static struct retransmit model(const struct knobs *k, const struct conditions *c)
{
    return (struct retransmit){.conditions = c, .rtt = unanswered_rtt(k), .orphan = true};
}

static int check(const struct knobs *k, const struct conditions *c, char **ret_message)
{
    const struct retransmit r = model(k, c);
    int why = unanswered_check(&r, ret_message);
    return why ? why : closing_state_check_room(c, 1, ret_message); /* the client's FIN_WAIT_2 */
}

static void predict(const struct knobs *k, const struct conditions *c, struct prediction *p)
{
    struct retransmit r = model(k, c);
    bool arrives = knob(k, "lost") == UNANSWERED_ACK;
    expect_exactly(p, "sockets", 1, &rule_fin_unacknowledged, "server.LAST_ACK_at_first");
    expect_exactly(p, "sockets", !arrives,
                   arrives ? &rule_time_wait_first_closer : &rule_fin_acknowledged,
                   "client.FIN_WAIT_2_at_first");
    expect_exactly(p, "sockets", arrives,
                   arrives ? &rule_time_wait_first_closer : &rule_fin_wait_2_no_time_wait,
                   "client.TIME_WAIT_at_first");
    unanswered_expect(p, &fins, &r, &rule_orphan_retries);
    expect_exactly(p, "connections", 1, &rule_abort_on_timeout_counter,
                   "server.TcpExt.TCPAbortOnTimeout");
    closing_state_expect(p, retransmit_gives_up(&r), &rule_orphan_retries, "server");
    expect_exactly(p, "segments", 0, &rule_gives_up_silently, "server.resets");
    expect_exactly(p, "sockets", 0, &rule_orphan_retries, "server.LAST_ACK");
    expect_exactly(p, "sockets", 0, &rule_time_wait_first_closer, "server.TIME_WAIT_ever");
}

static bool in_close_wait(struct trial *t, int64_t number)
{
    return step_state(t, SIDE_SERVER, SOCKDIAG_CLOSE_WAIT) == number &&
           step_state(t, SIDE_CLIENT, SOCKDIAG_FIN_WAIT_2) == number;
}

static bool in_last_ack(struct trial *t, int64_t number)
{
    return step_state(t, SIDE_SERVER, SOCKDIAG_LAST_ACK) == number;
}

static bool fin_has_come(struct trial *t, int64_t number)
{
    return in_last_ack(t, 1) && step_state(t, SIDE_CLIENT, SOCKDIAG_TIME_WAIT) == number;
}

static void run(struct trial *t, const struct knobs *k)
{
    struct retransmit r = model(k, &t->conditions);
    bool arrives = knob(k, "lost") == UNANSWERED_ACK;
    const struct fault silence = {.direction = arrives ? TO_SERVER : TO_CLIENT,
                                  .action = FAULT_DROP};
    struct trial_socket *listener = sock_serve(t, 4), *server;
    struct trial_socket *client = unanswered_connection(t, listener, SIDE_SERVER, &server);
    sock_close(client);
    step_need(t, in_close_wait, 1, "the client's FIN to be acknowledged");
    step_fault(t, &silence);
    sock_close(server);
    step_need(t, arrives ? fin_has_come : in_last_ack, 1, "LAST_ACK");
    step_see_state(t, SIDE_SERVER, SOCKDIAG_LAST_ACK, "server.LAST_ACK_at_first");
    step_see_state(t, SIDE_CLIENT, SOCKDIAG_FIN_WAIT_2, "client.FIN_WAIT_2_at_first");
    step_see_state(t, SIDE_CLIENT, SOCKDIAG_TIME_WAIT, "client.TIME_WAIT_at_first");
    step_wait(t, in_last_ack, 0, 1.5 * retransmit_gives_up(&r).hi + 30, "LAST_ACK to end");
    unanswered_see(t, &fins);
    unanswered_see_death(t, client, SIDE_SERVER, SOCKDIAG_LAST_ACK, unanswered_began_ns(t, &fins));
    step_see(t, (double)unanswered_resets(t, client), "server.resets");
    step_see(t,
             t->failure ? 0
                        : (double)state_lifetime_ever(watch_history(t->watch), SIDE_SERVER,
                                                      SOCKDIAG_TIME_WAIT),
             "server.TIME_WAIT_ever");
    step_take_stock(t);
    step_show(t, LEDGER_closed, "the server's FIN, and each time that it was sent again");
}

static void tell(FILE *out, const struct trial *t, const struct knobs *k)
{
    long long retries = t->conditions.orphan_retries;
    fprintf(out, "Both programs had closed, and the server's kernel was in LAST_ACK with a FIN "
                 "that nobody acknowledged. ");
    unanswered_tell(out, t, &fins, "its FIN");
    fprintf(out, "%.2f s after the first FIN the socket was gone. ",
            trial_observed(t, "server.gone_first"));
    fprintf(out,
            "tcp_orphan_retries = %lld%s set that time. It sent no RST and left no TIME_WAIT. ",
            retries, retries ? "" : ", which means 8,");
    if (knob(k, "lost") == UNANSWERED_ACK)
        fprintf(out, "The client had received the FIN, and was in TIME_WAIT; its ACKs were lost.");
    else
        fprintf(out, "The client never received the FIN: it waits in FIN_WAIT_2 until "
                     "tcp_fin_timeout is over.");
}

static const struct by_hand by_hand[] = {
    {"server", "ss -tano state last-ack",
     "timer:(on,TIME,N): what is left of the RTO, and how often it has fired"},
    {"server", "nstat -az TcpExtTCPTimeouts TcpExtTCPAbortOnTimeout",
     "firings of the RTO; connections given up"},
    {"client", "ss -tano state fin-wait-2 state time-wait", "the other end"},
    {0},
};

const struct experiment experiment_last_ack_stuck = {
    .name = "last-ack-stuck",
    .question = "How long does LAST_ACK last when no ACK comes?",
    .claim = "LAST_ACK waits for the ACK of its FIN, and then the socket is closed.",
    .kernel = "The FIN is retransmitted like data, after an RTO that doubles. After close() no "
              "program has the socket any more, so tcp_orphan_retries ends it "
              "(tcp_write_timeout): the sysctl stands for a time, and its default 0 means 8 "
              "(tcp_orphan_retries), at least 102.2 s. Then the socket is gone without a RST.",
    .falsified = "A LAST_ACK that is gone before that time or outlives it, a RST, or a TIME_WAIT "
                 "on the server.",
    .why_link = "The wire drops the FINs (or their ACKs), and nothing else: a cable that fails at "
                "the very end.",
    .time = "About 2.5 s. With the default tcp_orphan_retries = 0 it would take 107 s at an RTO "
            "just above 200 ms, and some 130 s on this wire.",
    .drawing =
        (const char *const[]){"c close()", "> FIN-ACK", "s: CLOSE_WAIT", "< ACK", "c: FIN_WAIT_2",
                              "s close()", "s: LAST_ACK", "< FIN-ACK x dropped", ". RTO",
                              "< FIN-ACK x a tail loss probe", ". RTO", "< FIN-ACK x lost",
                              ". 2 RTO", "< FIN-ACK x lost", ". 4 RTO", "s: CLOSE", NULL},
    .knobs = knobs,
    .n_knobs = sizeof(knobs) / sizeof(*knobs),
    .premises = PREMISE_DATA | PREMISE_WRITABLE,
    .check = check,
    .predict = predict,
    .run = run,
    .tell = tell,
    .by_hand = by_hand,
    .see_also = (const char *const[]){"fin-wait-1-stuck", "fin-wait-2-timeout",
                                      "retransmission-give-up", NULL},
    .try_next = (const char *const[]){"tcplab-bench run last-ack-stuck --set lost=ack",
                                      "tcplab-bench run last-ack-stuck --set orphan_retries=1",
                                      "tcplab-bench run fin-wait-1-stuck --set orphan=no", NULL},
};
