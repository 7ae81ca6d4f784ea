/* Two listeners at one port: one at an address of the host, and one at the wildcard address.
 *
 * Textbooks say:  SO_REUSEADDR lets both listen, as long as their addresses differ.
 * The kernel:     the wildcard address clashes with every other (inet_rcv_saddr_equal()), and
 *                 SO_REUSEADDR of both is enough only while the other does not listen
 *                 (inet_csk_bind_conflict()). listen() asks again (inet_csk_listen_start()).
 *                 SO_REUSEPORT of both is enough in any case, and then the listener at the address
 *                 gets what comes to it (__inet_lookup_listener()).
 * Falsified by:   a second listener with SO_REUSEADDR alone; one that fails with SO_REUSEPORT; a
 *                 connection to the address in the queue of the wildcard's. */
#include "bench/model/ports.h"
#include "bench/trial/sockets.h"
#include "bench/trial/steps.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum place { PLACE_ADDRESS, PLACE_WILDCARD, PLACE_OTHER };

static const char *const firsts[] = {"address", "wildcard", NULL};
static const char *const seconds[] = {"address", "wildcard", "other", NULL};
static const char *const sharings[] = {
    [PORTS_ALONE] = "none", [PORTS_REUSEADDR] = "reuseaddr", [PORTS_REUSEPORT] = "reuseport", NULL};

static const struct knob knobs[] = {
    {"first", "address", &option_choice,
     "where the first socket is: at the host's address, or at the wildcard", .choices = firsts},
    {"second", "wildcard", &option_choice, "and the second; other: at another address of the host",
     .choices = seconds},
    {"sharing", "reuseaddr", &option_choice, "what both have set: SO_REUSEADDR, or SO_REUSEPORT",
     .choices = sharings},
    KNOB_YES_NO("first_listens", "yes",
                "whether the first has called listen() before the second calls bind()"),
    KNOB_DELAY("1ms"),
    KNOB_IPV6,
};

/* What the calls give, each 0 or errno. */
struct calls {
    int second_bind, second_listen, first_listen;
};

static struct calls calls(const struct knobs *k)
{
    enum ports_sharing sharing = (enum ports_sharing)knob(k, "sharing");
    bool early = knob(k, "first_listens");
    enum place first = (enum place)knob(k, "first"), second = (enum place)knob(k, "second");
    bool clash = first == second || first == PLACE_WILDCARD || second == PLACE_WILDCARD;
    struct calls c = {.second_bind = ports_bind_beside(clash, sharing, early)};
    c.second_listen = c.second_bind ? c.second_bind : ports_bind_beside(clash, sharing, early);
    c.first_listen = early ? 0 : ports_bind_beside(clash, sharing, !c.second_listen);
    if (c.second_bind)
        c.first_listen = 0; /* the second has nothing */
    return c;
}

static bool matches(enum place listener, enum place destination)
{
    return listener == destination || listener == PLACE_WILDCARD;
}

/* Who gets a connection to that address: 1 the first, 2 the second, 0 nobody; -1: either, as their
 * hash has it. */
static int winner(const struct knobs *k, enum place destination)
{
    struct calls c = calls(k);
    enum place first = (enum place)knob(k, "first"), second = (enum place)knob(k, "second");
    bool one = !c.first_listen && matches(first, destination);
    bool two = !c.second_listen && matches(second, destination);
    if (one && two && first == second)
        return -1;
    return one && (!two || first == destination) ? 1 : two ? 2 : 0;
}

static void predict(const struct knobs *k, const struct conditions *c, struct prediction *p)
{
    struct calls calls_ = calls(k);
    const struct rule *beside =
        knob(k, "sharing") == PORTS_REUSEPORT ? &rule_bind_reuseport : &rule_bind_wildcard;
    int own = winner(k, PLACE_ADDRESS), other = winner(k, PLACE_OTHER);
    expect_exactly(p, "errno", calls_.second_bind, beside, "server.second_bind");
    if (!calls_.second_bind)
        expect_exactly(p, "errno", calls_.second_listen, beside, "server.second_listen");
    if (!knob(k, "first_listens"))
        expect_exactly(p, "errno", calls_.first_listen, &rule_listen_binds_again,
                       "server.first_listen");
    if (own >= 0 && other >= 0) {
        if (!calls_.first_listen)
            expect_exactly(p, "connections", (own == 1) + (other == 1), &rule_listener_specific,
                           "server.queue_of_first");
        if (!calls_.second_listen)
            expect_exactly(p, "connections", (own == 2) + (other == 2), &rule_listener_specific,
                           "server.queue_of_second");
    }
    expect_exactly(p, "connections", (own != 0) + (other != 0), &rule_listener_specific,
                   "ledger.queued");
    expect_exactly(p, "connections", (own == 0) + (other == 0), &rule_refused, "ledger.refused");
}

static int place(struct trial *t, struct trial_socket *s, enum place where)
{
    char text[STEP_ADDRESS_MAX];
    const char *any = t->lab.family == AF_INET6 ? "::" : "0.0.0.0";
    return sock_bind_at(s,
                        where == PLACE_WILDCARD
                            ? any
                            : step_address(t, SIDE_SERVER, where == PLACE_OTHER ? 2 : 1, text),
                        LAB_PORT);
}

static struct trial_socket *server_socket(struct trial *t, const struct knobs *k)
{
    struct trial_socket *s = sock_new(t, SIDE_SERVER);
    if (knob(k, "sharing") == PORTS_REUSEADDR)
        sock_set(s, SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR");
    if (knob(k, "sharing") == PORTS_REUSEPORT)
        sock_set(s, SOL_SOCKET, SO_REUSEPORT, 1, "SO_REUSEPORT");
    return s;
}

static void connect_to(struct trial *t, const char *address)
{
    struct trial_socket *client = sock_new(t, SIDE_CLIENT);
    sock_connect_at(client, address, LAB_PORT);
    sock_need(client, POLLOUT, "connect() to have its answer");
    if (client && !t->failure)
        sock_error(client);
}

static void run(struct trial *t, const struct knobs *k)
{
    char text[STEP_ADDRESS_MAX];
    const char *other = step_address(t, SIDE_SERVER, 2, text);
    bool early = knob(k, "first_listens");
    sock_begin(t);
    struct trial_socket *first = server_socket(t, k), *second = server_socket(t, k);
    place(t, first, (enum place)knob(k, "first"));
    if (early)
        sock_listen(first, 4);
    int r = place(t, second, (enum place)knob(k, "second"));
    step_see(t, r, "server.second_bind");
    if (!r)
        step_see(t, sock_listen(second, 4), "server.second_listen");
    if (!early)
        step_see(t, sock_listen(first, 4), "server.first_listen");
    connect_to(t, step_address(t, SIDE_SERVER, 1, text));
    connect_to(t, other);
    step_settle(t);
    step_take_stock(t);
    step_see(t, (double)sock_queue(first), "server.queue_of_first");
    step_see(t, (double)sock_queue(second), "server.queue_of_second");
    step_show(t, LEDGER_queued, "the client that connects to the host's address");
}

static const char *error_text(const struct trial *t, const char *name)
{
    double error = trial_observed(t, name);
    const char *text = error > 0 ? strerrorname_np((int)error) : "worked";
    return text ? text : "failed";
}

static void tell_shares(FILE *out, const struct trial *t, const struct knobs *k)
{
    int own = winner(k, PLACE_ADDRESS), other = winner(k, PLACE_OTHER);
    static const char *const who[] = {"was refused", "went to the first", "went to the second"};
    if (own < 0 || other < 0)
        fprintf(out, "Both listen at the same address, and a hash of the addresses and ports "
                     "chooses between them.");
    else
        fprintf(out,
                "A client of the host's address %s, and one of its other address %s: in the end "
                "%lld waited in a queue and %lld had been refused.",
                who[own], who[other], (long long)trial_row(t, LEDGER_queued),
                (long long)trial_row(t, LEDGER_refused));
}

static void tell(FILE *out, const struct trial *t, const struct knobs *k)
{
    static const char *const places[] = {"the host's address", "the wildcard address",
                                         "another address"};
    fprintf(out, "The first socket was at %s%s; bind() of the second, to %s: %s. ",
            places[knob(k, "first")], knob(k, "first_listens") ? " and listened" : "",
            places[knob(k, "second")], error_text(t, "server.second_bind"));
    if (!trial_observed(t, "server.second_bind"))
        fprintf(out, "Its listen(): %s. ", error_text(t, "server.second_listen"));
    if (!knob(k, "first_listens"))
        fprintf(out, "Then listen() of the first: %s. ", error_text(t, "server.first_listen"));
    tell_shares(out, t, k);
}

static const struct by_hand by_hand[] = {
    {"server", "ss -tlno 'sport = :8888'", "one listener, or two at different addresses"},
    {"server", "strace -f -e trace=setsockopt,bind,listen ./your-program",
     "which of the calls fails"},
    {0},
};

const struct experiment experiment_wildcard_listener = {
    .name = "wildcard-listener",
    .question = "Can one server listen at an address, and another at the wildcard address of the "
                "same port?",
    .claim = "With SO_REUSEADDR it can, as long as the addresses differ.",
    .kernel = "The wildcard address clashes with every other of its family (:: also with those "
              "of IPv4, unless IPV6_V6ONLY is set). SO_REUSEADDR of both is enough to bind() "
              "only while the other does not listen (inet_csk_bind_conflict), and listen() asks "
              "again (inet_csk_listen_start). With SO_REUSEPORT of both, and one user, it works, "
              "and the listener at the address gets what comes to it (__inet_lookup_listener). "
              "Two different addresses do not clash at all.",
    .falsified = "A second listener with SO_REUSEADDR alone, one that fails with SO_REUSEPORT, or "
                 "a connection to the address in the queue of the wildcard's.",
    .why_link = "The wire's server host can have a second address.",
    .time = "It takes no time.",
    .drawing =
        (const char *const[]){"s bind() to the address, listen()",
                              "s bind() to the wildcard: EADDRINUSE", "c connect() to the address",
                              "> SYN", "< SYN-ACK", "> ACK", "c connect() to the other address",
                              "> SYN", "< RST", "c: gone", NULL},
    .knobs = knobs,
    .n_knobs = sizeof(knobs) / sizeof(*knobs),
    .premises = PREMISE_WRITABLE,
    .predict = predict,
    .run = run,
    .tell = tell,
    .by_hand = by_hand,
    .see_also = (const char *const[]){"server-restart", "reuseport-queues", "closed-port", NULL},
    .try_next =
        (const char *const[]){
            "tcplab-bench run wildcard-listener --set sharing=reuseport",
            "tcplab-bench run wildcard-listener --set first_listens=no",
            "tcplab-bench run wildcard-listener --set second=other --set sharing=none", NULL},
};
