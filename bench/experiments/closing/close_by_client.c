/* The client closes first: four segments, or three.
 *
 * Textbooks say:  FIN, ACK, FIN, ACK: four segments; the end that closes first has TIME_WAIT.
 * The kernel:     two FINs, each acknowledged. Whether the first ACK is a segment of its own is a
 *                 matter of time: the server's kernel keeps it back for 40 ms (up to 200 ms with a
 *                 long round trip, a tick where no data has come before; tcp_fin(),
 *                 tcp_send_delayed_ack()), and a program that closes within that time sends it with
 *                 its FIN. A server that writes instead is answered by RST: nobody reads at the
 *                 client any more.
 * Falsified by:   another number of segments; another state at one of the ends; a TIME_WAIT at the
 *                 server. */
#include "bench/experiments/closing/close_in_turn.h"

#include <stdio.h>

static const struct knob knobs[] = {
    {"server", "later", &option_choice,
     "the server's program, told of the client's FIN, closes or sends data",
     .choices = close_second_choices},
    KNOB_DELAY("1ms"),
    KNOB_IPV6,
};

static int check(const struct knobs *k, const struct conditions *c, char **ret_message)
{
    return close_in_turn_check(c, ret_message);
}

static void predict(const struct knobs *k, const struct conditions *c, struct prediction *p)
{
    close_in_turn_expect(p, SIDE_CLIENT, (enum close_second)knob(k, "server"));
}

static void run(struct trial *t, const struct knobs *k)
{
    close_in_turn_run(t, SIDE_CLIENT, (enum close_second)knob(k, "server"));
    step_show(t, LEDGER_closed, "request, response, and the close");
}

static void tell(FILE *out, const struct trial *t, const struct knobs *k)
{
    int segments = (int)trial_observed(t, "client.segments_of_the_close");
    switch (knob(k, "server")) {
    case CLOSE_AT_ONCE:
        fprintf(out,
                "The server's program closed as soon as it read the client's FIN (end of file), "
                "before its kernel had sent the ACK, so one segment carried both FIN and ACK, and "
                "the close took %d segments. The client went from FIN_WAIT_1 directly to "
                "TIME_WAIT, without FIN_WAIT_2. ",
                segments);
        break;
    case CLOSE_LATER:
        fprintf(out,
                "The server's kernel acknowledged the client's FIN by itself and told its program, "
                "which closed later: so the close took %d segments, two FINs and an ACK for each. "
                "In between the connection was half closed, FIN_WAIT_2 at the client and "
                "CLOSE_WAIT at the server, until the server's program closed. ",
                segments);
        break;
    default:
        fprintf(out, "The client's program had closed, and then the server sent data: its send() "
                     "succeeded, and the client's kernel answered with RST, because no program can "
                     "read it any more. The FIN_WAIT_2 was gone, the server's next call failed, "
                     "and nobody has TIME_WAIT. A client that wants an answer calls "
                     "shutdown(SHUT_WR) and not close() (see half-close).");
        return;
    }
    fprintf(out, "The client, which closed first, has TIME_WAIT, and its port is taken for 60 s: "
                 "bind() to it fails unless both the old socket and the new one have SO_REUSEADDR, "
                 "or both SO_REUSEPORT. The server has nothing.");
}

static const struct by_hand by_hand[] = {
    {"client", "ss -tan", "FIN-WAIT-1, FIN-WAIT-2, TIME-WAIT"},
    {"server", "ss -tan", "CLOSE-WAIT, LAST-ACK, then nothing"},
    {"client", "tcpdump -ni eth0 tcp port 8888", "Flags [F.], [.], [F.], [.]; or [F.], [F.], [.]"},
    {0},
};

const struct experiment experiment_close_by_client = {
    .name = "close-by-client",
    .question = "Why does a close take four segments, and when does it take three?",
    .claim = "Each end sends a FIN and acknowledges the other's: FIN, ACK, FIN, ACK. The end that "
             "closes first passes through FIN_WAIT_1, FIN_WAIT_2 and TIME_WAIT, the other through "
             "CLOSE_WAIT and LAST_ACK.",
    .kernel = "True if the second program closes late. The first ACK is a delayed one (tcp_fin), "
              "and a program that closes within 40 ms (up to 200 ms with a long round trip, a "
              "timer tick where no data has come before) sends it with its own FIN: three "
              "segments, and no FIN_WAIT_2. The kernel of the second end never closes by itself: "
              "it only acknowledges, and waits for its program.",
    .falsified = "Another number of segments, another state at one of the ends, a TIME_WAIT at the "
                 "server, or a port that is free for bind() although a TIME_WAIT holds it.",
    .why_link = "The wire lets one segment pass at a time, so that the experiment can read both "
                "ends' states between any two segments.",
    .time = "It takes no time: the kernel waits for nothing here but the 40 ms of a delayed ACK. "
            "The remaining TIME_WAIT would last 60 s; the experiment does not wait for it.",
    .drawing = (const char *const[]){"c close()", "> FIN", "c: FIN_WAIT_1", "s: CLOSE_WAIT",
                                     "< ACK", "c: FIN_WAIT_2", "s close()", "< FIN", "s: LAST_ACK",
                                     "c: TIME_WAIT", "> ACK", "s: gone", NULL},
    .knobs = knobs,
    .n_knobs = sizeof(knobs) / sizeof(*knobs),
    .premises = PREMISE_DATA | PREMISE_ON_TIME | PREMISE_WRITABLE,
    .check = check,
    .predict = predict,
    .run = run,
    .tell = tell,
    .by_hand = by_hand,
    .see_also = (const char *const[]){"close-by-server", "simultaneous-close", "half-close",
                                      "time-wait", NULL},
    .try_next = (const char *const[]){"tcplab-bench run close-by-client --set server=at_once",
                                      "tcplab-bench run close-by-client --set server=data",
                                      "tcplab-bench run close-by-server", NULL},
};
