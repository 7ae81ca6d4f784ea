/* A server is restarted: bind() to a port that connections of the old one still have.
 *
 * Textbooks say:  "Address already in use" for a minute after the server has closed; set
 *                 SO_REUSEADDR.
 * The kernel:     it is not about TIME_WAIT alone. Whatever is left of the old listener's children
 *                 stands in the port's list, in any state, and bind() fails unless both it and the
 *                 new socket have SO_REUSEADDR, or both SO_REUSEPORT (inet_csk_bind_conflict()).
 *                 Children have it from their listener, TIME_WAIT from them: so the OLD server must
 *                 have set it as well. A client that comes back from the same port is let through
 *                 its own TIME_WAIT to the new listener (tcp_timewait_state_process()).
 * Falsified by:   a bind() that fails although both have SO_REUSEADDR, or works although one has
 *                 neither that nor SO_REUSEPORT; a returning client that waits. */
#include "bench/model/afterlife.h"
#include "bench/model/ports.h"
#include "bench/trial/sockets.h"
#include "bench/trial/steps.h"
#include "common/process/exit_code.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define MOST    20
#define LEAST_S 5 /* so that none of the FIN_WAIT_2 is over before all are looked at */

enum { CHILDREN_TIME_WAIT, CHILDREN_FIN_WAIT_2, CHILDREN_ESTABLISHED, CHILDREN_NONE };
static const char *const children_names[] = {"time_wait", "fin_wait_2", "established", "none",
                                             NULL};
static const enum sockdiag_state children_states[] = {SOCKDIAG_TIME_WAIT, SOCKDIAG_FIN_WAIT_2,
                                                      SOCKDIAG_ESTABLISHED, SOCKDIAG_TIME_WAIT};

static const struct knob knobs[] = {
    {"children", "time_wait", &option_choice,
     "what is left of the old server; none: its clients closed first", .choices = children_names},
    KNOB_YES_NO("old_reuseaddr", "yes", "whether the old server had set SO_REUSEADDR"),
    KNOB_YES_NO("old_reuseport", "no", "whether the old server had set SO_REUSEPORT"),
    KNOB_COUNT("connections", "3", 1, MOST, "connections of the old server"),
    KNOB_DELAY("1ms"),
    KNOB_IPV6,
};

static int64_t children(const struct knobs *k, const struct conditions *c)
{
    int64_t n = knob(k, "connections");
    switch (knob(k, "children")) {
    case CHILDREN_NONE:
        return 0;
    case CHILDREN_ESTABLISHED:
        return n;
    default:
        return afterlife_kept(c, n);
    }
}

static int check(const struct knobs *k, const struct conditions *c, char **ret_message)
{
    if (knob(k, "children") != CHILDREN_FIN_WAIT_2 ||
        (c->fin_timeout >= LEAST_S && c->fin_timeout <= 60))
        return 0;
    if (asprintf(ret_message,
                 "net.ipv4.tcp_fin_timeout=%lld: below %d s FIN_WAIT_2 might be over before bind() "
                 "is tried, and above 60 s it is no minisocket at first; write %d to 60",
                 (long long)c->fin_timeout, LEAST_S, LEAST_S) < 0)
        *ret_message = NULL;
    return -EINVAL;
}

/* Who comes back comes from the port of one that is in TIME_WAIT, if there is one. */
static bool comes_back(const struct knobs *k)
{
    return knob(k, "children") == CHILDREN_TIME_WAIT;
}

static void predict(const struct knobs *k, const struct conditions *c, struct prediction *p)
{
    int64_t left = children(k, c), n = knob(k, "connections");
    const char *state = sockdiag_state_name(children_states[knob(k, "children")]);
    int by_address = ports_bind_again(left, knob(k, "old_reuseaddr"), true);
    int by_port = ports_bind_again(left, knob(k, "old_reuseport"), true),
        again = by_address ? by_port : 0;
    /* of some that were not kept it may be one of those */
    bool met = comes_back(k) && left == n && !again;
    bool accepted = knob(k, "children") == CHILDREN_ESTABLISHED;
    expect_exactly(p, "sockets", left, &rule_bind_conflict, "server.%s_left", state);
    expect_exactly(p, "errno", ports_bind_again(left, knob(k, "old_reuseaddr"), false),
                   &rule_bind_conflict, "server.bind_plainly");
    expect_exactly(p, "errno", by_port, &rule_bind_conflict, "server.bind_with_SO_REUSEPORT");
    expect_exactly(p, "errno", by_address,
                   by_address ? &rule_bind_conflict_inherited : &rule_bind_reuseaddr,
                   "server.bind_with_SO_REUSEADDR");
    expect_exactly(p, "connections", !again,
                   by_address ? &rule_bind_conflict : &rule_bind_reuseaddr, "ledger.queued");
    expect_exactly(p, "connections", accepted ? n : 0, &rule_children_stay, "ledger.accepted");
    expect_exactly(p, "connections", accepted ? 0 : n, &rule_time_wait_first_closer,
                   "ledger.closed");
    if (left == n || !left)
        expect_exactly(p, "sockets", left - met + (accepted && !again),
                       met ? &rule_time_wait_accepts_syn : &rule_children_stay,
                       "server.%s_in_the_end", state);
    expect_exactly(p, "connections", n + !again, &rule_passive_opens, "server.Tcp.PassiveOpens");
}

static bool all_half_closed(struct trial *t, int64_t number)
{
    return step_state(t, SIDE_CLIENT, SOCKDIAG_CLOSE_WAIT) == number &&
           step_state(t, SIDE_SERVER, SOCKDIAG_ESTABLISHED) == 0 &&
           step_state(t, SIDE_SERVER, SOCKDIAG_FIN_WAIT_1) == 0;
}

static bool other_half_closed(struct trial *t, int64_t number)
{
    return step_state(t, SIDE_SERVER, SOCKDIAG_CLOSE_WAIT) == number &&
           step_state(t, SIDE_CLIENT, SOCKDIAG_FIN_WAIT_1) == 0;
}

/* The end that closed second has nothing. */
static bool side_is_empty(struct trial *t, int64_t side)
{
    return watch_latest(t->watch)->side[side].n == 0;
}

struct pairs {
    int64_t n;
    struct trial_socket *client[MOST], *server[MOST];
};

static void close_ends(struct trial *t, const struct pairs *p, enum side side)
{
    for (int64_t i = 0; i < p->n && !t->failure; i++)
        sock_close(side == SIDE_SERVER ? p->server[i] : p->client[i]);
}

/* The old server ends: its connections as the knob wants them, and then its listener. */
static void end_server(struct trial *t, const struct knobs *k, struct trial_socket *listener,
                       const struct pairs *p)
{
    int64_t how = knob(k, "children");
    if (how == CHILDREN_NONE) {
        close_ends(t, p, SIDE_CLIENT);
        step_need(t, other_half_closed, p->n, "the clients' FINs to be acknowledged");
        close_ends(t, p, SIDE_SERVER);
        step_need(t, side_is_empty, SIDE_SERVER, "the server's sockets to be gone");
    } else if (how != CHILDREN_ESTABLISHED) {
        close_ends(t, p, SIDE_SERVER);
        step_need(t, all_half_closed, p->n, "the server's FINs to be acknowledged");
    }
    if (how == CHILDREN_TIME_WAIT) {
        close_ends(t, p, SIDE_CLIENT);
        step_need(t, side_is_empty, SIDE_CLIENT, "the clients' sockets to be gone");
    }
    sock_close(listener);
    step_settle(t);
}

/* A new socket that asks for the port. option: SO_REUSEADDR, SO_REUSEPORT, 0. 0 or errno. */
static int bind_again(struct trial *t, int option, struct trial_socket **ret)
{
    *ret = sock_new(t, SIDE_SERVER);
    if (option)
        sock_set(*ret, SOL_SOCKET, option, 1,
                 option == SO_REUSEADDR ? "SO_REUSEADDR" : "SO_REUSEPORT");
    return sock_bind(*ret, LAB_PORT);
}

static void connect_again(struct trial *t, const struct knobs *k, const struct pairs *p)
{
    struct trial_socket *client = sock_new(t, SIDE_CLIENT);
    int r =
        comes_back(k) && !t->failure ? sock_bind(client, endpoint_port(&p->client[0]->local)) : 0;
    r = r ? r : sock_connect(client);
    if (r)
        step_fail(t, EXIT_CODE_FAILED, "a client for the new server: %s", strerror(r));
    sock_need(client, POLLOUT, "the new server's kernel to answer");
}

static void run(struct trial *t, const struct knobs *k)
{
    enum sockdiag_state state = children_states[knob(k, "children")];
    struct trial_socket *listener = sock_serve_sharing(t, 4, knob(k, "old_reuseaddr"),
                                                       knob(k, "old_reuseport")),
                        *fresh;
    struct pairs p = {.n = knob(k, "connections")};
    for (int64_t i = 0; i < p.n && !t->failure; i++)
        p.client[i] = sock_connection(listener, &p.server[i]);
    end_server(t, k, listener, &p);
    step_see_state(t, SIDE_SERVER, state, "server.%s_left", sockdiag_state_name(state));
    step_see(t, bind_again(t, 0, &fresh), "server.bind_plainly");
    sock_close(fresh);
    step_see(t, bind_again(t, SO_REUSEPORT, &fresh), "server.bind_with_SO_REUSEPORT");
    sock_close(fresh);
    int r = bind_again(t, SO_REUSEADDR, &fresh);
    step_see(t, r, "server.bind_with_SO_REUSEADDR");
    if (r) {
        sock_close(fresh);
        r = bind_again(t, SO_REUSEPORT, &fresh);
    }
    if (!r) {
        sock_listen(fresh, 4);
        connect_again(t, k, &p);
        sock_need(fresh, POLLIN, "the connection to be in the new accept queue");
    }
    step_settle(t);
    step_take_stock(t);
    step_see_state(t, SIDE_SERVER, state, "server.%s_in_the_end", sockdiag_state_name(state));
    step_show(t, r ? LEDGER_closed : LEDGER_queued,
              r ? "a connection of the old server" : "the client of the new server");
}

static const char *error_text(double error)
{
    return error > 0 ? strerrorname_np((int)error) : "worked";
}

static void tell(FILE *out, const struct trial *t, const struct knobs *k)
{
    const char *state = sockdiag_state_name(children_states[knob(k, "children")]);
    char name[EXPECTATION_NAME_MAX];
    snprintf(name, sizeof(name), "server.%s_left", state);
    double plainly = trial_observed(t, "server.bind_plainly"),
           with = trial_observed(t, "server.bind_with_SO_REUSEADDR"),
           by_port = trial_observed(t, "server.bind_with_SO_REUSEPORT");
    long long left = (long long)trial_observed(t, name);
    if (left)
        fprintf(out, "The old server is gone, and %lld of its connections %s still there, in %s. ",
                left, left == 1 ? "is" : "are", state);
    else
        fprintf(out, "The old server is gone, and its host has none of its connections any more. ");
    fprintf(
        out,
        "bind() to its port without an option: %s; with SO_REUSEADDR: %s; with SO_REUSEPORT: %s. ",
        error_text(plainly), error_text(with), error_text(by_port));
    if (with > 0 && !by_port)
        fprintf(out, "SO_REUSEPORT of both the old and the new server, run by one user, had the "
                     "same effect as SO_REUSEADDR of both.");
    else if (with > 0)
        fprintf(out, "SO_REUSEADDR of the new socket alone is not enough: the old connections do "
                     "not have it, because the old listener did not have it when it made them.");
    else if (left && comes_back(k))
        fprintf(out, "Then one of the clients connected again from the same port: its SYN ended "
                     "the TIME_WAIT that it met, and the new server had the connection at once.");
    else if (left)
        fprintf(
            out,
            "The old connections stay as they are beside the new listener, which takes new ones.");
}

static const struct by_hand by_hand[] = {
    {"server", "ss -tan 'sport = :8888'", "what is left of the old server's connections"},
    {"server", "python3 -c \"import socket; socket.socket().bind(('', 8888))\"",
     "a server that has never heard of SO_REUSEADDR: Errno 98"},
    {"server", "strace -e trace=setsockopt,bind tcplab-server --listen 127.0.0.1",
     "SO_REUSEADDR before bind()"},
    {0},
};

const struct experiment experiment_server_restart = {
    .name = "server-restart",
    .question = "When does bind() of a restarted server fail with \"Address already in use\"?",
    .claim = "A server that was stopped cannot be started again for a minute, because of "
             "TIME_WAIT, unless it sets SO_REUSEADDR.",
    .kernel = "Any remaining connection of the old server blocks the port, in any state, unless "
              "both it and the new socket have SO_REUSEADDR, or both SO_REUSEPORT and (but in "
              "TIME_WAIT) the same user (inet_csk_bind_conflict). Connections inherit the option "
              "from their listener, so the old server must have set it, too. A newer SYN of a "
              "client that connects again from the same port ends its TIME_WAIT "
              "(tcp_timewait_state_process).",
    .falsified =
        "A bind() that fails although old and new have SO_REUSEADDR, or that works where one has "
        "neither that nor SO_REUSEPORT, or a client that connects again and has to wait.",
    .why_link = "With two hosts, the server's host has only the server's sockets.",
    .time = "Less than 1 s; without SO_REUSEADDR one would wait 60 s for TIME_WAIT, up to "
            "tcp_fin_timeout for FIN_WAIT_2, and for ESTABLISHED until the old process closes it.",
    .drawing =
        (const char *const[]){"s close()", "< FIN", "> ACK", "c close()", "> FIN", "< ACK",
                              "s: TIME_WAIT", "s bind(): EADDRINUSE", "s bind() with SO_REUSEADDR",
                              "s listen()", "c connect() from the same port", "> SYN", "< SYN-ACK",
                              "> ACK", "s: ESTABLISHED", NULL},
    .knobs = knobs,
    .n_knobs = sizeof(knobs) / sizeof(*knobs),
    .premises = PREMISE_DATA | PREMISE_ON_TIME | PREMISE_WRITABLE,
    .check = check,
    .predict = predict,
    .run = run,
    .tell = tell,
    .by_hand = by_hand,
    .see_also = (const char *const[]){"time-wait", "time-wait-reuse", "port-exhaustion",
                                      "wildcard-listener", NULL},
    .try_next =
        (const char *const[]){
            "tcplab-bench run server-restart --set old_reuseaddr=no",
            "tcplab-bench run server-restart --set old_reuseaddr=no --set old_reuseport=yes",
            "tcplab-bench run server-restart --set children=established",
            "tcplab-bench run server-restart --set children=none", NULL},
};
