/* What poll() says of a connection while it is closed, step by step.
 *
 * Textbooks say:  POLLHUP comes when the peer closes, and excludes POLLOUT.
 * The kernel:     tcp_poll() looks at which directions are shut. The peer's FIN gives POLLIN and
 *                 POLLRDHUP; POLLHUP comes only when both directions are shut, or where there is no
 *                 connection at all. POLLOUT stays all the while, for a write would not wait: it
 *                 fails. A RST adds POLLERR, until somebody fetches the error.
 * Falsified by:   POLLHUP after one FIN; an end without POLLOUT; POLLERR without a RST. */
#include "bench/model/afterlife.h"
#include "bench/model/closing.h"
#include "bench/trial/sockets.h"
#include "bench/trial/steps.h"

#include <errno.h>
#include <stdio.h>

enum how { HOW_FIN, HOW_RST };

static const char *const hows[] = {"fin", "rst", NULL};

static const struct knob knobs[] = {
    {"how", "fin", &option_choice,
     "how the client ends it: shutdown(SHUT_WR), or close() with SO_LINGER 0", .choices = hows},
    KNOB_DELAY("1ms"),
    KNOB_IPV6,
};

#define ASKED (POLLIN | POLLOUT | POLLRDHUP) /* POLLERR and POLLHUP need not be asked for */

static const struct {
    short event;
    const char *name;
} events[] = {
    {POLLIN, "POLLIN"},   {POLLOUT, "POLLOUT"}, {POLLRDHUP, "POLLRDHUP"},
    {POLLERR, "POLLERR"}, {POLLHUP, "POLLHUP"},
};

#define N_EVENTS (sizeof(events) / sizeof(*events))

/* when: "server.%s_after_the_FIN" is said as side "server" and when "after_the_FIN". */
static void expect_events(struct prediction *p, const char *side, const char *when, short said,
                          const struct rule *rule)
{
    for (size_t i = 0; i < N_EVENTS; i++)
        expect_exactly(p, "events", (said & events[i].event) != 0, rule, "%s.%s_%s", side,
                       events[i].name, when);
}

static void see_events(const struct trial_socket *s, const char *when)
{
    short said = sock_poll(s, ASKED);
    for (size_t i = 0; s && i < N_EVENTS; i++)
        step_see(s->trial, (said & events[i].event) != 0, "%s.%s_%s",
                 s->side == SIDE_SERVER ? "server" : "client", events[i].name, when);
}

static int check(const struct knobs *k, const struct conditions *c, char **ret_message)
{
    if (knob(k, "how") != HOW_FIN || afterlife_kept(c, 1))
        return 0;
    if (asprintf(ret_message,
                 "net.ipv4.tcp_max_tw_buckets=%lld: the client's end would be gone without "
                 "TIME_WAIT, and this experiment waits for it; write at least 1",
                 (long long)c->max_tw_buckets) < 0)
        *ret_message = NULL;
    return -EINVAL;
}

static void predict(const struct knobs *k, const struct conditions *c, struct prediction *p)
{
    const short hung_up = POLLIN | POLLOUT | POLLRDHUP | POLLHUP;
    expect_events(p, "client", "before_connect", POLLOUT | POLLHUP, &rule_poll_unconnected);
    expect_events(p, "server", "at_first", POLLOUT, &rule_poll_half_closed);
    if (knob(k, "how") == HOW_RST) {
        expect_events(p, "server", "after_the_RST", hung_up | POLLERR, &rule_poll_error);
        expect_exactly(p, "errno", closing_reset_errno(false), &rule_reset_errno,
                       "server.SO_ERROR");
        expect_events(p, "server", "after_SO_ERROR", hung_up, &rule_poll_error);
        return;
    }
    expect_events(p, "client", "after_its_own_FIN", POLLOUT, &rule_poll_own_shutdown);
    expect_exactly(p, "errno", EPIPE, &rule_write_after_shutdown, "client.send");
    expect_events(p, "server", "after_the_FIN", POLLIN | POLLOUT | POLLRDHUP,
                  &rule_poll_half_closed);
    expect_events(p, "server", "after_both_FINs", hung_up, &rule_poll_hung_up);
    expect_events(p, "client", "after_both_FINs", hung_up, &rule_poll_hung_up);
}

static void run_fin(struct trial *t, struct trial_socket *client, struct trial_socket *server)
{
    sock_shutdown(client, SHUT_WR);
    step_need(t, step_server_is, SOCKDIAG_CLOSE_WAIT, "the client's FIN to arrive");
    step_need(t, step_client_is, SOCKDIAG_FIN_WAIT_2, "it to be acknowledged");
    see_events(client, "after_its_own_FIN");
    step_see(t, sock_send(client, 1), "client.send");
    if (client)
        client->error = 0; /* its own doing: the connection is well */
    see_events(server, "after_the_FIN");
    sock_shutdown(server, SHUT_WR);
    step_need(t, step_client_is, SOCKDIAG_TIME_WAIT, "the server's FIN to arrive");
    step_need(t, step_server_is, 0, "it to be acknowledged");
    see_events(server, "after_both_FINs");
    see_events(client, "after_both_FINs");
}

static void run_rst(struct trial *t, struct trial_socket *client, struct trial_socket *server)
{
    sock_linger(client, 0);
    sock_close(client);
    step_need(t, step_server_is, 0, "the RST to arrive");
    see_events(server, "after_the_RST");
    step_see(t, sock_error(server), "server.SO_ERROR");
    see_events(server, "after_SO_ERROR");
}

static void run(struct trial *t, const struct knobs *k)
{
    struct trial_socket *listener = sock_serve(t, 4), *server, *client = sock_new(t, SIDE_CLIENT);
    see_events(client, "before_connect");
    sock_connect(client);
    sock_need(client, POLLOUT, "the connection to be established");
    server = sock_accept(listener);
    step_settle(t);
    see_events(server, "at_first");
    if (knob(k, "how") == HOW_RST)
        run_rst(t, client, server);
    else
        run_fin(t, client, server);
    step_settle(t);
    step_take_stock(t);
    step_show(t, LEDGER_closed,
              knob(k, "how") == HOW_RST ? "ended by RST" : "closed in both directions");
}

/* "POLLIN, POLLOUT" */
static void tell_events(FILE *out, const struct trial *t, const char *side, const char *when)
{
    const char *separator = "";
    for (size_t i = 0; i < N_EVENTS; i++) {
        char name[EXPECTATION_NAME_MAX];
        snprintf(name, sizeof(name), "%s.%s_%s", side, events[i].name, when);
        if (trial_observed(t, name) != 1)
            continue;
        fprintf(out, "%s%s", separator, events[i].name);
        separator = ", ";
    }
}

static void tell(FILE *out, const struct trial *t, const struct knobs *k)
{
    fprintf(out, "Before connect() poll() returned ");
    tell_events(out, t, "client", "before_connect");
    if (knob(k, "how") == HOW_RST) {
        fprintf(out, ". After the client's RST the server's poll() returned ");
        tell_events(out, t, "server", "after_the_RST");
        fprintf(out, "; when getsockopt(SO_ERROR) had fetched the error, ");
        tell_events(out, t, "server", "after_SO_ERROR");
        fprintf(out, ". A program that checks only POLLIN finds the error when it calls recv().");
        return;
    }
    fprintf(out, ". After the client's shutdown(SHUT_WR) the server's poll() returned ");
    tell_events(out, t, "server", "after_the_FIN");
    fprintf(out, ", and the client's own returned ");
    tell_events(out, t, "client", "after_its_own_FIN");
    fprintf(out, ", although its send() failed. After the server's shutdown(SHUT_WR) the server's "
                 "poll() returned ");
    tell_events(out, t, "server", "after_both_FINs");
    fprintf(out, ". A program that waits for POLLHUP does not learn that the peer has closed; it "
                 "must wait for POLLRDHUP, or POLLIN and a recv() that returns 0.");
}

static const struct by_hand by_hand[] = {
    {"server", "strace -e trace=poll,epoll_wait,ppoll nc -l 8888",
     "the events that a program is given"},
    {"server", "ss -tan state close-wait", "the peer has closed, and there was no POLLHUP"},
    {0},
};

const struct experiment experiment_poll_events = {
    .name = "poll-events",
    .question =
        "What does poll() return when the peer closes, when both have closed, and after a RST?",
    .claim = "POLLHUP when the peer has closed, and then no POLLOUT.",
    .kernel = "POLLIN and POLLRDHUP when the peer's FIN has come; POLLHUP when both directions "
              "are shut down, before the first connect() or listen(), and when the connection is "
              "over (tcp_poll). After this end's own shutdown() POLLOUT is set all the same, "
              "because a write would not wait: it fails. After a RST POLLERR, until somebody "
              "fetches the error.",
    .falsified = "POLLHUP after one FIN, an end without POLLOUT, or POLLERR without a RST.",
    .why_link = "With two hosts, the states of the two ends are not mixed in one list.",
    .time = "It takes no time: the experiment calls poll() after the segments have arrived.",
    .drawing = (const char *const[]){"c shutdown(SHUT_WR)", "> FIN",
                                     "s poll(): POLLIN, POLLOUT, POLLRDHUP", "< ACK",
                                     "c poll(): POLLOUT", "c send(): EPIPE", "s shutdown(SHUT_WR)",
                                     "< FIN", "c poll(): all four, POLLHUP too", "> ACK",
                                     "s poll(): all four, POLLHUP too", NULL},
    .knobs = knobs,
    .n_knobs = sizeof(knobs) / sizeof(*knobs),
    .premises = PREMISE_DATA | PREMISE_ON_TIME | PREMISE_WRITABLE,
    .check = check,
    .predict = predict,
    .run = run,
    .tell = tell,
    .by_hand = by_hand,
    .see_also = (const char *const[]){"half-close", "linger-reset", "write-after-close", NULL},
    .try_next = (const char *const[]){"tcplab-bench run poll-events --set how=rst",
                                      "tcplab-bench run half-close",
                                      "tcplab-bench run write-after-close", NULL},
};
