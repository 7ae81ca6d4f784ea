/* Out of ports: how many connections a client's host can have.
 *
 * Textbooks say:  a host has some 28000 ephemeral ports, and so many outgoing connections.
 * The kernel:     so many to one destination: a connection is four numbers, and connect() takes any
 *                 port that is free towards that address and port (__inet_hash_connect()). Each
 *                 further destination, and each further address of the client, has all of them
 *                 again. Whoever lets bind() choose a port reserves it against all destinations
 *                 (inet_csk_get_port()), unless IP_BIND_ADDRESS_NO_PORT puts that off until
 *                 connect().
 * Falsified by:   another number of connections than ports; another error than EADDRNOTAVAIL (of
 *                 bind(): EADDRINUSE); a second destination that has less. */
#include "bench/model/ports.h"
#include "bench/model/queue.h"
#include "bench/trial/sockets.h"
#include "bench/trial/steps.h"
#include "common/process/exit_code.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#define LOW       32768
#define PORTS_MAX 20
#define MOST      3 /* sources, destinations */
#define BACKLOG   (PORTS_MAX * MOST)

static const char *const choices[] = {
    [PORTS_CONNECT] = "connect", [PORTS_BIND] = "bind", [PORTS_BIND_LATE] = "bind_late", NULL};

static const struct knob knobs[] = {
    KNOB_COUNT("ports", "4", 1, PORTS_MAX, "ports in ip_local_port_range; an even number, or 1"),
    KNOB_COUNT("reserved", "0", 0, PORTS_MAX, "of these in ip_local_reserved_ports"),
    {"choose", "connect", &option_choice,
     "who chooses: connect(), bind() to port 0, or bind() with IP_BIND_ADDRESS_NO_PORT",
     .choices = choices},
    KNOB_COUNT("sources", "1", 1, MOST, "addresses of the client"),
    KNOB_COUNT("destinations", "2", 1, MOST, "addresses of the server, one after the other"),
    KNOB_DELAY("1ms"),
    KNOB_IPV6,
};

static enum ports_choice choice(const struct knobs *k)
{
    return (enum ports_choice)knob(k, "choose");
}

static int64_t usable(const struct knobs *k)
{
    return ports_usable(knob(k, "ports"), knob(k, "reserved"));
}

static int check(const struct knobs *k, const struct conditions *c, char **ret_message)
{
    long long ports = knob(k, "ports"), reserved = knob(k, "reserved"),
              sources = knob(k, "sources");
    int r = 0;
    if (ports % 2 && ports > 1)
        r = asprintf(ret_message,
                     "ports=%lld: of an odd number of ports the kernel overlooks one in some calls "
                     "and not in others; write an even number, or 1",
                     ports);
    else if (reserved > ports)
        r = asprintf(ret_message, "reserved=%lld: there are only %lld ports; write at most that",
                     reserved, ports);
    else if (usable(k) * sources > queue_capacity(queue_limit(BACKLOG, c->somaxconn)))
        r = asprintf(ret_message,
                     "net.core.somaxconn=%lld: nobody calls accept(), and %lld connections to one "
                     "address do not fit into its accept queue; write at least %lld",
                     (long long)c->somaxconn, (long long)(usable(k) * sources),
                     (long long)(usable(k) * sources - 1));
    else if (sources > 1 && choice(k) == PORTS_CONNECT)
        r = asprintf(ret_message,
                     "sources=%lld: without bind() all connections come from one address; write "
                     "choose=bind_late or choose=bind, or sources=1",
                     sources);
    else
        return 0;
    if (r < 0)
        *ret_message = NULL;
    return -EINVAL;
}

static void predict(const struct knobs *k, const struct conditions *c, struct prediction *p)
{
    int64_t destinations = knob(k, "destinations"), all = 0;
    for (int to = 1; to <= destinations; to++) {
        int64_t n = ports_connections(choice(k), usable(k), knob(k, "sources"), to);
        const struct rule *rule = choice(k) == PORTS_BIND        ? &rule_bound_ports
                                  : choice(k) == PORTS_BIND_LATE ? &rule_bound_late
                                                                 : &rule_ephemeral_ports;
        expect_exactly(p, "connections", n, rule, "client.connections_to_%d", to);
        expect_exactly(p, "errno", ports_error(choice(k)), rule, "client.error_to_%d", to);
        all += n;
    }
    int64_t refused = choice(k) == PORTS_BIND ? 0 : destinations * knob(k, "sources");
    expect_exactly(p, "connections", all, &rule_ephemeral_ports, "ledger.queued");
    expect_exactly(p, "connections", refused,
                   choice(k) == PORTS_BIND ? &rule_bound_ports : &rule_ephemeral_ports,
                   "ledger.no_port");
    expect_exactly(p, "sockets", all, &rule_ephemeral_ports, "client.ESTABLISHED");
}

static void set_ports(struct trial *t, const struct knobs *k)
{
    char range[32], reserved[32];
    int first = LOW, last = LOW + (int)knob(k, "reserved") - 1;
    snprintf(range, sizeof(range), "%d %d", LOW, LOW + (int)knob(k, "ports") - 1);
    snprintf(reserved, sizeof(reserved), first == last ? "%d" : "%d-%d", first, last);
    step_set_own(t, SIDE_CLIENT, "net.ipv4.ip_local_port_range", range);
    if (knob(k, "reserved"))
        step_set_own(t, SIDE_CLIENT, "net.ipv4.ip_local_reserved_ports", reserved);
}

/* One listener for each address: the lab's, and then the others. */
static void serve(struct trial *t, int addresses)
{
    char text[STEP_ADDRESS_MAX];
    sock_serve(t, BACKLOG);
    for (int i = 2; i <= addresses && !t->failure; i++) {
        struct trial_socket *s = sock_new(t, SIDE_SERVER);
        int r = sock_bind_at(s, step_address(t, SIDE_SERVER, i, text), LAB_PORT);
        r = r ? r : sock_listen(s, BACKLOG);
        if (r)
            step_fail(t, EXIT_CODE_FAILED, "a listener for one more address: %s", strerror(r));
    }
}

/* 0 or errno, of bind() or of connect(). */
static int connect_one(struct trial *t, enum ports_choice by, const char *source,
                       const char *destination)
{
    struct trial_socket *s = sock_new(t, SIDE_CLIENT);
    int r = 0;
    if (by == PORTS_BIND_LATE)
        sock_set(s, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1, "IP_BIND_ADDRESS_NO_PORT");
    if (by != PORTS_CONNECT)
        r = sock_bind_at(s, source, 0);
    return r ? r : sock_connect_at(s, destination, LAB_PORT);
}

/* From each source, until it goes no further. How many there are; *ret_error: the last source's
 * errno. */
static int64_t connect_all(struct trial *t, const struct knobs *k, const char *destination,
                           int *ret_error)
{
    char text[STEP_ADDRESS_MAX];
    int64_t n = 0;
    for (int i = 1; i <= knob(k, "sources") && !t->failure; i++) {
        const char *source = step_address(t, SIDE_CLIENT, i, text);
        *ret_error = 0;
        for (int tries = 0; tries <= knob(k, "ports") && !*ret_error && !t->failure; tries++) {
            *ret_error = connect_one(t, choice(k), source, destination);
            n += !*ret_error;
        }
    }
    return n;
}

static bool all_established(struct trial *t, int64_t number)
{
    return step_state(t, SIDE_CLIENT, SOCKDIAG_ESTABLISHED) == number &&
           step_state(t, SIDE_SERVER, SOCKDIAG_ESTABLISHED) == number;
}

static void run(struct trial *t, const struct knobs *k)
{
    char text[STEP_ADDRESS_MAX];
    int destinations = (int)knob(k, "destinations");
    int64_t all = 0;
    set_ports(t, k);
    serve(t, destinations);
    for (int to = 1; to <= destinations && !t->failure; to++) {
        int error = 0;
        int64_t n = connect_all(t, k, step_address(t, SIDE_SERVER, to, text), &error);
        all += n;
        step_need(t, all_established, all, "the connections to be established");
        step_see(t, (double)n, "client.connections_to_%d", to);
        step_see(t, error, "client.error_to_%d", to);
    }
    step_settle(t);
    step_take_stock(t);
    step_show(t, LEDGER_queued, "the first connection");
}

static void tell(FILE *out, const struct trial *t, const struct knobs *k)
{
    long long first = (long long)trial_observed(t, "client.connections_to_1"), n = usable(k),
              sources = knob(k, "sources");
    const char *error = strerrorname_np((int)trial_observed(t, "client.error_to_1"));
    fprintf(out,
            "The client's host has %lld port%s, and %lld address%s. To the first address of the "
            "server there were %lld connection%s, and the next one failed: %s() gave %s. ",
            n, n == 1 ? "" : "s", sources, sources == 1 ? "" : "es", first, first == 1 ? "" : "s",
            choice(k) == PORTS_BIND ? "bind" : "connect", error ? error : "another error");
    if (knob(k, "destinations") < 2)
        return;
    long long second = (long long)trial_observed(t, "client.connections_to_2");
    if (second)
        fprintf(out,
                "To the second address, same port, there were %lld more, from the same client "
                "ports: two addresses and two ports identify a connection, so a port is used up "
                "towards one destination only. ",
                second);
    else
        fprintf(out, "To the second address there were none: %s. ",
                n ? "bind() does not know the destination of the connection yet, so it reserves "
                    "the port against all destinations"
                  : "all ports are reserved");
}

static const struct by_hand by_hand[] = {
    {"client", "sysctl net.ipv4.ip_local_port_range net.ipv4.ip_local_reserved_ports",
     "the ports, and those kept out"},
    {"client", "ss -tan 'dport = :8888'", "the same local port, once for each destination"},
    {"client", "ss -tan 'dport = :8888' | awk '{print $5}' | sort | uniq -c",
     "connections by destination"},
    {0},
};

const struct experiment experiment_port_exhaustion = {
    .name = "port-exhaustion",
    .question = "How many connections can a client's host open before it runs out of ports?",
    .claim = "The ephemeral ports are the limit: by default 28232 of them (ip_local_port_range), "
             "and as many outgoing connections.",
    .kernel = "True towards one address and port, from one address: connect() takes any port that "
              "is free towards that destination (__inet_hash_connect), then fails with "
              "EADDRNOTAVAIL, and the next destination has all ports again. A port that bind() "
              "chooses is taken for all destinations, and there the error is EADDRINUSE.",
    .falsified = "More or fewer connections than ports to any destination, another error, or with "
                 "choose=bind a second destination that gets some.",
    .why_link = "The wire's hosts have several addresses, so that there is more than one "
                "destination and source.",
    .time = "Less than 1 s: nobody waits for anything; with the default range it is the same with "
            "28232 connections.",
    .drawing =
        (const char *const[]){"c connect() to A", "> SYN", "< SYN-ACK", "> ACK", "c: ESTABLISHED",
                              "c connect() to A, once too often: EADDRNOTAVAIL", "c connect() to B",
                              "> SYN", "< SYN-ACK", "> ACK", "c: ESTABLISHED, from a port in use",
                              NULL},
    .knobs = knobs,
    .n_knobs = sizeof(knobs) / sizeof(*knobs),
    .check = check,
    .predict = predict,
    .run = run,
    .tell = tell,
    .by_hand = by_hand,
    .see_also = (const char *const[]){"time-wait", "time-wait-reuse", "server-restart", NULL},
    .try_next =
        (const char *const[]){
            "tcplab-bench run port-exhaustion --set choose=bind",
            "tcplab-bench run port-exhaustion --set choose=bind_late --set sources=2",
            "tcplab-bench run port-exhaustion --set reserved=1", NULL},
};
