/* Which ephemeral port a connection gets: connect() and bind() to port 0 each prefer their own half
 * of the range.
 *
 * Textbooks say:  a random port of the whole range (RFC 6056).
 * The kernel:     connect() first tries the ports that are as even or odd as the range's first
 *                 (__inet_hash_connect()), and bind() to port 0 first tries the others
 *                 (inet_csk_find_open_port()), so that neither takes the other's. Only where its
 *                 own half is used up does it take from the other one. Where in its half bind()
 *                 begins is chance, and connect() by a secret hash of the addresses: calls to one
 *                 destination get ports that rise by some steps each.
 * Falsified by:   a port of the wrong half while the right one has free ports. */
#include "bench/model/queue.h"
#include "bench/trial/sockets.h"
#include "bench/trial/steps.h"

#include <errno.h>
#include <stdio.h>

#define PORTS_MAX 200

static const struct knob knobs[] = {
    KNOB_COUNT("first", "32768", 1024, 60000, "first port of ip_local_port_range"),
    KNOB_COUNT("ports", "40", 4, PORTS_MAX, "ports in ip_local_port_range; an even number"),
    KNOB_COUNT("sockets", "12", 1, PORTS_MAX / 2,
               "for connect(), and as many for bind(); at most half of the ports"),
    KNOB_DELAY("1ms"),
    KNOB_IPV6,
};

static int check(const struct knobs *k, const struct conditions *c, char **ret_message)
{
    long long ports = knob(k, "ports"), sockets = knob(k, "sockets");
    int r = 0;
    if (ports % 2)
        r = asprintf(ret_message,
                     "ports=%lld: the two halves would not be as large; write an even number",
                     ports);
    else if (sockets > ports / 2)
        r = asprintf(ret_message, "sockets=%lld: each half has %lld ports; write at most that",
                     sockets, ports / 2);
    else if (sockets > queue_capacity(queue_limit(PORTS_MAX, c->somaxconn)))
        r = asprintf(ret_message,
                     "net.core.somaxconn=%lld: nobody calls accept(), and %lld connections do not "
                     "fit into the accept queue; write at least %lld",
                     (long long)c->somaxconn, sockets, sockets - 1);
    else
        return 0;
    if (r < 0)
        *ret_message = NULL;
    return -EINVAL;
}

static void predict(const struct knobs *k, const struct conditions *c, struct prediction *p)
{
    int64_t n = knob(k, "sockets");
    expect_exactly(p, "ports", n, &rule_connect_parity, "client.connect_like_first");
    expect_exactly(p, "ports", 0, &rule_bind_parity, "client.bind_like_first");
    expect_exactly(p, "connections", n, &rule_ephemeral_ports, "ledger.queued");
}

static bool like_first(const struct trial_socket *s, const struct knobs *k)
{
    return s && endpoint_port(&s->local) % 2 == knob(k, "first") % 2;
}

static bool all_established(struct trial *t, int64_t number)
{
    return step_state(t, SIDE_SERVER, SOCKDIAG_ESTABLISHED) == number;
}

static void run(struct trial *t, const struct knobs *k)
{
    char range[32];
    int64_t n = knob(k, "sockets"), connected = 0, bound = 0;
    snprintf(range, sizeof(range), "%lld %lld", (long long)knob(k, "first"),
             (long long)(knob(k, "first") + knob(k, "ports") - 1));
    step_set(t, SIDE_CLIENT, "net.ipv4.ip_local_port_range", range);
    sock_serve(t, PORTS_MAX);
    for (int64_t i = 0; i < n && !t->failure; i++) {
        struct trial_socket *s = sock_new(t, SIDE_CLIENT);
        sock_connect(s);
        connected += like_first(s, k);
    }
    for (int64_t i = 0; i < n && !t->failure; i++) {
        struct trial_socket *s = sock_new(t, SIDE_CLIENT);
        sock_bind(s, 0);
        bound += like_first(s, k);
    }
    step_need(t, all_established, n, "the connections to be established");
    step_see(t, (double)connected, "client.connect_like_first");
    step_see(t, (double)bound, "client.bind_like_first");
    step_settle(t);
    step_take_stock(t);
    step_show(t, LEDGER_queued, "the first connection");
}

static void tell(FILE *out, const struct trial *t, const struct knobs *k)
{
    bool even = knob(k, "first") % 2 == 0;
    fprintf(out,
            "The range begins with the %s port %lld. Of the %lld ports that connect() chose %.0f "
            "were %s, and of the %lld that bind() to port 0 chose %.0f. Each keeps to its own half "
            "as long as that has free ports: bind() needs a port that nobody else has, and "
            "connect() may share one between destinations, so they would conflict with each other. "
            "A port scan, or a test of randomness, that expects the whole range sees half of it.",
            even ? "even" : "odd", (long long)knob(k, "first"), (long long)knob(k, "sockets"),
            trial_observed(t, "client.connect_like_first"), even ? "even" : "odd",
            (long long)knob(k, "sockets"), trial_observed(t, "client.bind_like_first"));
}

static const struct by_hand by_hand[] = {
    {"client", "ss -tan 'dport = :8888'", "local ports, all even or all odd"},
    {"client", "sysctl net.ipv4.ip_local_port_range",
     "32768 60999 by default: connect() takes even ones first"},
    {0},
};

const struct experiment experiment_ephemeral_port_choice = {
    .name = "ephemeral-port-choice",
    .question = "Which ports of ip_local_port_range do connect() and bind() to port 0 choose?",
    .claim = "Any port of the range, at random.",
    .kernel = "By default connect() first tries the ports that are as even or odd as the first of "
              "the range (__inet_hash_connect), bind() to port 0 the others "
              "(inet_csk_find_open_port); with the default range even and odd.",
    .falsified = "A port of the other half while one of the right half is free.",
    .why_link = "The wire's client has a range of ports of its own.",
    .time = "Less than 1 s: nobody waits for anything.",
    .drawing = (const char *const[]){"c connect(): port 32786", "> SYN", "< SYN-ACK", "> ACK",
                                     "c connect(): port 32774", "> SYN", "< SYN-ACK", "> ACK",
                                     "c bind(0): port 32801", "c bind(0): port 32779", NULL},
    .knobs = knobs,
    .n_knobs = sizeof(knobs) / sizeof(*knobs),
    .check = check,
    .predict = predict,
    .run = run,
    .tell = tell,
    .by_hand = by_hand,
    .see_also = (const char *const[]){"port-exhaustion", "self-connect", NULL},
    .try_next = (const char *const[]){"tcplab-bench run ephemeral-port-choice --set first=32769",
                                      "tcplab-bench run ephemeral-port-choice --set ports=24",
                                      "tcplab-bench run port-exhaustion", NULL},
};
