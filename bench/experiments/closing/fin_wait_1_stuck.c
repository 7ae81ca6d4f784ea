/* FIN_WAIT_1: the active closer has sent its FIN, and no acknowledgement comes.
 *
 * Textbooks say:  FIN_WAIT_1 lasts a round trip; tcp_orphan_retries says how often the FIN is sent
 *                 again.
 * The kernel:     the FIN is retransmitted like data. After close() the socket is an orphan, and
 *                 tcp_orphan_retries ends it: a time, and 0, the default, means 8
 *                 (tcp_orphan_retries()). After shutdown() the program still has its descriptor,
 *                 and tcp_retries2 rules as for any connection, with ETIMEDOUT at the end
 *                 (tcp_write_timeout()). Neither sends a RST.
 * Falsified by:   a FIN_WAIT_1 that is gone before its time or outlives it; one that is ended by
 *                 the other sysctl; a RST. */
#include "bench/trial/closing_state.h"
#include "bench/trial/unanswered.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

static const struct knob knobs[] = {
    KNOB_YES_NO("orphan", "yes", "close(); no: shutdown(SHUT_WR), the descriptor stays"),
    KNOB_SYSCTL("orphan_retries", "2", 0, 7, "net.ipv4.tcp_orphan_retries",
                "rules when orphan=yes; 0 means 8"),
    KNOB_SYSCTL("retries2", "4", 0, 15, "net.ipv4.tcp_retries2", "rules when orphan=no"),
    KNOB_LOST,
    KNOB_DELAY(UNANSWERED_DELAY),
    KNOB_IPV6,
};

static const struct unanswered_segments fins = {.sender = SIDE_CLIENT, .fin = true};

static struct retransmit model(const struct knobs *k, const struct conditions *c)
{
    return (struct retransmit){
        .conditions = c, .rtt = unanswered_rtt(k), .orphan = knob(k, "orphan")};
}

static int check(const struct knobs *k, const struct conditions *c, char **ret_message)
{
    const struct retransmit r = model(k, c);
    return unanswered_check(&r, ret_message);
}

static void predict(const struct knobs *k, const struct conditions *c, struct prediction *p)
{
    struct retransmit r = model(k, c);
    bool arrives = knob(k, "lost") == UNANSWERED_ACK;
    const struct rule *limit = r.orphan ? &rule_orphan_retries : &rule_retries2_is_a_time;
    expect_exactly(p, "sockets", 1, &rule_fin_unacknowledged, "client.FIN_WAIT_1_at_first");
    unanswered_expect(p, &fins, &r, limit);
    expect_exactly(p, "connections", 1, &rule_abort_on_timeout_counter,
                   "client.TcpExt.TCPAbortOnTimeout");
    if (r.orphan) {
        closing_state_expect(p, retransmit_gives_up(&r), limit, "client");
    } else {
        expect_end(p, retransmit_gives_up(&r), limit, "client.given_up");
        expect_exactly(p, "errno", ETIMEDOUT, &rule_gives_up_timed_out, "client.error");
    }
    expect_exactly(p, "segments", 0, &rule_gives_up_silently, "client.resets");
    expect_exactly(p, "sockets", 0, limit, "client.FIN_WAIT_1");
    expect_exactly(p, "sockets", !arrives, &rule_silent_peer, "server.ESTABLISHED");
    expect_exactly(p, "sockets", arrives, &rule_close_wait_no_timer, "server.CLOSE_WAIT");
}

static bool in_fin_wait_1(struct trial *t, int64_t number)
{
    return step_state(t, SIDE_CLIENT, SOCKDIAG_FIN_WAIT_1) == number;
}

static void run(struct trial *t, const struct knobs *k)
{
    struct retransmit r = model(k, &t->conditions);
    const struct fault silence = {.direction =
                                      knob(k, "lost") == UNANSWERED_ACK ? TO_CLIENT : TO_SERVER,
                                  .action = FAULT_DROP};
    struct trial_socket *listener = sock_serve(t, 4), *server;
    struct trial_socket *client = unanswered_connection(t, listener, SIDE_CLIENT, &server);
    step_settle(t);
    step_fault(t, &silence);
    if (r.orphan)
        sock_close(client);
    else
        sock_shutdown(client, SHUT_WR);
    step_need(t, in_fin_wait_1, 1, "FIN_WAIT_1");
    step_see_state(t, SIDE_CLIENT, SOCKDIAG_FIN_WAIT_1, "client.FIN_WAIT_1_at_first");
    step_wait(t, in_fin_wait_1, 0, 1.5 * retransmit_gives_up(&r).hi + 30, "FIN_WAIT_1 to end");
    unanswered_see(t, &fins);
    if (r.orphan) {
        unanswered_see_death(t, client, SIDE_CLIENT, SOCKDIAG_FIN_WAIT_1,
                             unanswered_began_ns(t, &fins));
    } else {
        step_see(t, sock_error(client), "client.error");
        sock_see_end(client, unanswered_began_ns(t, &fins), "client.given_up");
    }
    step_see(t, (double)unanswered_resets(t, client), "client.resets");
    step_take_stock(t);
    step_show(t, r.orphan ? LEDGER_closed : LEDGER_timed_out,
              "the FIN, and each time that it was sent again");
}

static void tell(FILE *out, const struct trial *t, const struct knobs *k)
{
    unanswered_tell(out, t, &fins, "its FIN");
    if (knob(k, "orphan")) {
        fprintf(out, "%.2f s after the first FIN the socket was gone. ",
                trial_observed(t, "client.gone_first"));
        fprintf(out,
                "The program had closed and nobody had the socket any more, and tcp_orphan_retries "
                "set that time: its value is %lld%s. ",
                (long long)t->conditions.orphan_retries,
                t->conditions.orphan_retries ? ", a time and not a count" : ", which means 8");
    } else {
        fprintf(out,
                "The program had only shut down its sending side and kept its descriptor, so "
                "tcp_retries2 = %lld set the limit, and after %.2f s the program got ETIMEDOUT. ",
                (long long)t->conditions.retries2, trial_observed(t, "client.given_up_first"));
    }
    if (knob(k, "lost") == UNANSWERED_ACK)
        fprintf(out, "The kernel sent no RST. The server received the FIN and is in CLOSE_WAIT, as "
                     "after any other close.");
    else
        fprintf(out, "The kernel sent no RST: the server does not know that the connection ended, "
                     "and is ESTABLISHED.");
}

static const struct by_hand by_hand[] = {
    {"client", "ss -tanop state fin-wait-1",
     "timer:(on,TIME,N): what is left of the RTO, and how often it has fired; no process: an "
     "orphan"},
    {"client", "nstat -az TcpExtTCPTimeouts TcpExtTCPAbortOnTimeout",
     "firings of the RTO; connections given up"},
    {"server", "ss -tan 'sport = :8888'", "ESTAB, or CLOSE-WAIT where only the ACKs are lost"},
    {0},
};

const struct experiment experiment_fin_wait_1_stuck = {
    .name = "fin-wait-1-stuck",
    .question = "How long does FIN_WAIT_1 last when no ACK comes?",
    .claim = "FIN_WAIT_1 lasts until the FIN is acknowledged; tcp_orphan_retries says how often "
             "the FIN is sent again.",
    .kernel = "The FIN is retransmitted like data, after an RTO that doubles (tcp_write_timeout). "
              "After close() the socket is an orphan and tcp_orphan_retries ends it: a time, and "
              "its default 0 means 8, at least 102.2 s. With a descriptor (shutdown) it is "
              "tcp_retries2, and the program gets ETIMEDOUT.",
    .falsified = "A FIN_WAIT_1 that is gone before its time or outlives it, one that the other "
                 "sysctl ends, or a RST.",
    .why_link = "The wire drops the FINs (or their ACKs), and nothing else: both hosts are alive.",
    .time = "About 2.5 s, or 9 s with orphan=no. With the default tcp_orphan_retries = 0 an "
            "orphan would take 107 s at an RTO just above 200 ms, and some 130 s on this wire; "
            "with the default tcp_retries2 = 15 one with a descriptor would take about 16 min.",
    .drawing = (const char *const[]){"c close()", "> FIN-ACK x dropped", "c: FIN_WAIT_1", ". RTO",
                                     "> FIN-ACK x a tail loss probe", ". RTO", "> FIN-ACK x lost",
                                     ". 2 RTO", "> FIN-ACK x lost", ". 4 RTO", "c: CLOSE", NULL},
    .knobs = knobs,
    .n_knobs = sizeof(knobs) / sizeof(*knobs),
    .premises = PREMISE_DATA | PREMISE_WRITABLE,
    .check = check,
    .predict = predict,
    .run = run,
    .tell = tell,
    .by_hand = by_hand,
    .see_also = (const char *const[]){"last-ack-stuck", "fin-wait-2-timeout",
                                      "retransmission-give-up", NULL},
    .try_next =
        (const char *const[]){
            "tcplab-bench run fin-wait-1-stuck --set orphan=no",
            "tcplab-bench run fin-wait-1-stuck --set lost=ack",
            "tcplab-bench run fin-wait-1-stuck --set orphan_retries=1 --set delay=1ms", NULL},
};
