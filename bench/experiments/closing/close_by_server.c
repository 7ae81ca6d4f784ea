/* The server closes first: the same segments, but TIME_WAIT is the server's, and the client has its
 * port back.
 *
 * Textbooks say:  the client closes first, and has TIME_WAIT.
 * The kernel:     who closes first has it, whatever its part. At a server it costs no port: all its
 *                 connections share one, and what it holds is memory (tcp_time_wait()). A client
 *                 that sends a request into such a connection meanwhile is answered by RST.
 * Falsified by:   a TIME_WAIT at the client; a client's port that is not free. */
#include "bench/experiments/closing/close_in_turn.h"

#include <stdio.h>

static const struct knob knobs[] = {
    {"client", "later", &option_choice,
     "the client's program, told of the server's FIN, closes or sends data",
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
    enum close_second client = (enum close_second)knob(k, "client");
    close_in_turn_expect(p, SIDE_SERVER, client);
    if (client == CLOSE_DATA)
        expect_exactly(p, "connections", 1, &rule_fin_wait_2_data, "ledger.reset");
}

static void run(struct trial *t, const struct knobs *k)
{
    bool data = knob(k, "client") == CLOSE_DATA;
    close_in_turn_run(t, SIDE_SERVER, (enum close_second)knob(k, "client"));
    step_show(t, data ? LEDGER_reset : LEDGER_closed, "request, response, and the close");
}

static void tell(FILE *out, const struct trial *t, const struct knobs *k)
{
    int segments = (int)trial_observed(t, "server.segments_of_the_close");
    switch (knob(k, "client")) {
    case CLOSE_AT_ONCE:
        fprintf(out,
                "The client's program closed as soon as it read the server's FIN (end of file), "
                "and its FIN carried the ACK: the close took %d segments. ",
                segments);
        break;
    case CLOSE_LATER:
        fprintf(out,
                "The server closed first, and the client closed later: %d segments, with the roles "
                "exchanged: FIN_WAIT_1 and FIN_WAIT_2 at the server, CLOSE_WAIT and LAST_ACK at "
                "the client. ",
                segments);
        break;
    default:
        fprintf(
            out,
            "The server had closed, and the client's program, which had not read the end of file, "
            "sent another request: its send() succeeded, and the server's kernel answered with "
            "RST. This is what happens to a client that uses a kept-alive connection just after "
            "the server closes it: the client must try again on a new one. Nobody has TIME_WAIT.");
        return;
    }
    fprintf(out, "The TIME_WAIT is the server's. The client has nothing left, and bind() gives it "
                 "the same port again at once. At the server a TIME_WAIT costs a little memory and "
                 "no port, because all its connections have the same port.");
}

static const struct by_hand by_hand[] = {
    {"server", "ss -tan", "FIN-WAIT-1, FIN-WAIT-2, TIME-WAIT"},
    {"client", "ss -tan", "CLOSE-WAIT, LAST-ACK, then nothing"},
    {"server", "cat /proc/net/sockstat", "TCP: tw 1"},
    {"client", "tcpdump -ni eth0 tcp port 8888", "Flags [F.] from port 8888 first"},
    {0},
};

const struct experiment experiment_close_by_server = {
    .name = "close-by-server",
    .question = "Who has TIME_WAIT when the server closes first, and what does it cost the client?",
    .claim = "The end that closes first has TIME_WAIT: here that is the server.",
    .kernel = "True: the states depend on who closes first, not on who is server or client "
              "(tcp_close_state, tcp_fin). The client's port is free at once, so connections that "
              "the server closes first do not use up the client's ports. After the server's "
              "close() a request that meets its FIN_WAIT_2 is answered by RST.",
    .falsified = "A TIME_WAIT at the client, none at the server, or a bind() to the client's port "
                 "that fails.",
    .why_link = "The wire lets one segment pass at a time, so that the experiment can read both "
                "ends' states between any two segments.",
    .time = "It takes no time: the kernel waits for nothing here but the 40 ms of a delayed ACK. "
            "The remaining TIME_WAIT would last 60 s; the experiment does not wait for it.",
    .drawing = (const char *const[]){"s close()", "< FIN", "s: FIN_WAIT_1", "c: CLOSE_WAIT",
                                     "> ACK", "s: FIN_WAIT_2", "c close()", "> FIN", "c: LAST_ACK",
                                     "s: TIME_WAIT", "< ACK", "c: gone", NULL},
    .knobs = knobs,
    .n_knobs = sizeof(knobs) / sizeof(*knobs),
    .premises = PREMISE_DATA | PREMISE_ON_TIME | PREMISE_WRITABLE,
    .check = check,
    .predict = predict,
    .run = run,
    .tell = tell,
    .by_hand = by_hand,
    .see_also = (const char *const[]){"close-by-client", "port-exhaustion", "server-restart", NULL},
    .try_next = (const char *const[]){"tcplab-bench run close-by-server --set client=at_once",
                                      "tcplab-bench run close-by-server --set client=data",
                                      "tcplab-bench run port-exhaustion", NULL},
};
