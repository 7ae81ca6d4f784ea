/* Simultaneous close: both ends close before either has heard of the other.
 *
 * Textbooks say:  the FINs cross, both ends go from FIN_WAIT_1 over CLOSING to TIME_WAIT.
 * The kernel:     so it is (tcp_fin(), tcp_rcv_state_process()): CLOSING is an end whose own FIN is
 *                 not acknowledged when the other's comes. Both closed first, so both have
 *                 TIME_WAIT. It is rare, for the FINs must cross within half a round trip; here the
 *                 wire holds them both.
 * Falsified by:   an end that is not in CLOSING when the FINs have crossed; only one TIME_WAIT. */
#include "bench/model/closing.h"
#include "bench/trial/closing_state.h"
#include "bench/trial/segments.h"
#include "bench/trial/sockets.h"
#include "common/process/clock.h"

#include <errno.h>
#include <stdio.h>

static const struct knob knobs[] = {
    KNOB_YES_NO("close", "yes", "close(); no: shutdown(SHUT_WR), the descriptors stay"),
    KNOB_DELAY("1ms"),
    KNOB_IPV6,
};

static int check(const struct knobs *k, const struct conditions *c, char **ret_message)
{
    return closing_state_check_room(c, 1, ret_message);
}

static void predict(const struct knobs *k, const struct conditions *c, struct prediction *p)
{
    static const char *const sides[] = {"client", "server"};
    for (int i = 0; i < 2; i++) {
        expect_exactly(p, "sockets", 1, &rule_fin_wait_1, "%s.FIN_WAIT_1_when_both_are_sent",
                       sides[i]);
        expect_exactly(p, "sockets", 1, &rule_closing, "%s.CLOSING_when_both_have_come", sides[i]);
    }
    int left = closing_time_waits(CLOSING_CROSSED);
    expect_exactly(p, "sockets", left / 2, &rule_time_wait_both, "client.TIME_WAIT");
    expect_exactly(p, "sockets", left / 2, &rule_time_wait_both, "server.TIME_WAIT");
    expect_exactly(p, "segments", closing_segments(false), &rule_close_crossed_segments,
                   "client.segments_of_the_close");
    expect_exactly(p, "connections", 1, &rule_time_wait_both, "ledger.closed");
}

static void end(struct trial_socket *s, bool close)
{
    if (close)
        sock_close(s);
    else
        sock_shutdown(s, SHUT_WR);
}

static void need_both(struct trial *t, enum sockdiag_state state, const char *what)
{
    step_need(t, step_client_is, state, what);
    step_need(t, step_server_is, state, what);
}

static void run(struct trial *t, const struct knobs *k)
{
    struct trial_socket *listener = sock_serve(t, 4), *server,
                        *client = sock_connection(listener, &server);
    step_no_second_fin(t);
    step_settle(t);
    int64_t began_ns = clock_now_ns();
    step_hold(t, TO_SERVER, true);
    step_hold(t, TO_CLIENT, true);
    end(client, knob(k, "close"));
    end(server, knob(k, "close"));
    need_both(t, SOCKDIAG_FIN_WAIT_1, "both ends to have sent their FINs");
    step_see_state(t, SIDE_CLIENT, SOCKDIAG_FIN_WAIT_1, "client.FIN_WAIT_1_when_both_are_sent");
    step_see_state(t, SIDE_SERVER, SOCKDIAG_FIN_WAIT_1, "server.FIN_WAIT_1_when_both_are_sent");
    step_let(t, TO_SERVER, 1);
    step_let(t, TO_CLIENT, 1);
    need_both(t, SOCKDIAG_CLOSING, "both ends to be in CLOSING");
    step_see_state(t, SIDE_CLIENT, SOCKDIAG_CLOSING, "client.CLOSING_when_both_have_come");
    step_see_state(t, SIDE_SERVER, SOCKDIAG_CLOSING, "server.CLOSING_when_both_have_come");
    step_hold(t, TO_SERVER, false);
    step_hold(t, TO_CLIENT, false);
    need_both(t, SOCKDIAG_TIME_WAIT, "both ends to be in TIME_WAIT");
    step_settle(t);
    step_take_stock(t);
    step_see(t, (double)segments_new_content(t, sock_client_port(client), began_ns),
             "client.segments_of_the_close");
    step_show(t, LEDGER_closed, "the FINs cross");
}

static void tell(FILE *out, const struct trial *t, const struct knobs *k)
{
    fprintf(out,
            "The client and the server both %s while the wire held their FINs: each was in "
            "FIN_WAIT_1, as the first to close. Then the FINs crossed, and each end got one before "
            "its own was acknowledged: CLOSING, a state that is seldom seen. %s The two ACKs took "
            "both to TIME_WAIT, %d segments in all. Both closed first, so both have TIME_WAIT, the "
            "server as well.",
            knob(k, "close") ? "called close()" : "called shutdown(SHUT_WR)",
            knob(k, "close") ? "The programs had already closed: the kernels do the rest."
                             : "The descriptors are still open, which makes no difference.",
            (int)trial_observed(t, "client.segments_of_the_close"));
}

static const struct by_hand by_hand[] = {
    {"client", "ss -tan state closing", "CLOSING, while the wire holds the ACKs"},
    {"server", "ss -tan state closing", "the same, at the other end"},
    {"server", "ss -tan state time-wait", "and afterwards TIME-WAIT at both"},
    {0},
};

const struct experiment experiment_simultaneous_close = {
    .name = "simultaneous-close",
    .question = "What if both ends close at the same time?",
    .claim = "The FINs cross, and both ends go from FIN_WAIT_1 over CLOSING to TIME_WAIT.",
    .kernel = "True, at both ends (tcp_fin, tcp_rcv_state_process). CLOSING has no timer of its "
              "own and lasts until the ACK or a RST comes, or until the kernel gives its FIN up; "
              "here the wire holds the ACK until the experiment has read the states.",
    .falsified = "An end that is not in CLOSING when the FINs have crossed, or only one TIME_WAIT.",
    .why_link = "The FINs must cross within half a round trip: that is rare by chance, and rarer "
                "over loopback, where half a round trip takes microseconds. The wire holds both.",
    .time = "It takes no time: the kernel waits for nothing here. The two remaining TIME_WAITs "
            "would last 60 s; the experiment does not wait for them.",
    .drawing = (const char *const[]){"c close()", "c: FIN_WAIT_1", "s close()", "s: FIN_WAIT_1",
                                     "> FIN", "< FIN", "s: CLOSING", "c: CLOSING", "> ACK", "< ACK",
                                     "s: TIME_WAIT", "c: TIME_WAIT", NULL},
    .knobs = knobs,
    .n_knobs = sizeof(knobs) / sizeof(*knobs),
    .premises = PREMISE_DATA | PREMISE_ON_TIME | PREMISE_WRITABLE,
    .check = check,
    .predict = predict,
    .run = run,
    .tell = tell,
    .by_hand = by_hand,
    .see_also = (const char *const[]){"close-by-client", "simultaneous-open", "time-wait", NULL},
    .try_next = (const char *const[]){"tcplab-bench run simultaneous-close --set close=no",
                                      "tcplab-bench run close-by-client",
                                      "tcplab-bench run simultaneous-open", NULL},
};
