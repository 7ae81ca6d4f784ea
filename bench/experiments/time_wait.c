/* TIME_WAIT: who has it, how long it lasts, and what it costs.
 *
 * Textbooks say:  the side that closes first waits 2 MSL, and tcp_fin_timeout makes that shorter.
 * The kernel:     the side whose FIN goes out first is in TIME_WAIT once the other's FIN has come (tcp_fin()), for TCP_TIMEWAIT_LEN: 60 s,
 *                 a constant. It keeps its 4-tuple: on the client's side that is a port that connect() cannot have towards the same
 *                 destination (__inet_check_established()); on the server's side it costs no port, and a SYN for the same tuple is
 *                 accepted at once (tcp_timewait_state_process()).
 * Falsified by:   TIME_WAIT at the other end; one that ends before 60 s, or later than the timer wheel allows; a port that is
 *                 not missing, or one that is. */
#include "bench/experiments/lives.h"
#include "bench/lab/lab.h"
#include "bench/model/life.h"

#include <stdio.h>

enum { CLOSER_CLIENT, CLOSER_SERVER };
static const char *const closers[] = {"client", "server", NULL};

#define PORT_LOW 32768

static const struct knob knobs[] = {
    KNOB_CLIENTS("20"),
    {"closer", "client", &option_choice, "whose FIN goes out first", .choices = closers},
    KNOB_COUNT("then", "5", 1, 1000, "connections that are tried when all ports are in TIME_WAIT"),
    KNOB_SYSCTL("tw_reuse", NULL, 0, 2, "net.ipv4.tcp_tw_reuse", "0 never, 1 after 1 s, 2 on loopback only"),
    KNOB_SYSCTL("max_tw_buckets", NULL, 0, 1000000, "net.ipv4.tcp_max_tw_buckets", "how many there may be"),
    KNOB_LINK("wire"),
    KNOB_DELAY("1ms"),
    KNOB_IPV6,
};

/* The client's host has as many ports as there are clients; an even number, for of an odd range connect() misses one now and then. */
static int64_t ports(const struct knobs *k)
{
    return knob(k, "clients") + knob(k, "clients") % 2;
}

static int64_t kept(const struct knobs *k, const struct conditions *c)
{
    return knob(k, "clients") < c->max_tw_buckets ? knob(k, "clients") : c->max_tw_buckets;
}

static bool may_reuse(const struct knobs *k, const struct conditions *c)
{
    return c->tw_reuse == 1 || (c->tw_reuse == 2 && knob(k, "link") == KNOB_LOOPBACK);
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* What the further connections meet when the client's side holds the TIME_WAITs. */
static void predict_ports(const struct knobs *k, const struct conditions *c, struct prediction *p)
{
    int64_t then = knob(k, "then"), free_ports = ports(k) - kept(k, c);
    int64_t missing = then > free_ports ? then - free_ports : 0;
    if (may_reuse(
            k, c)) /* a port comes free 1 s after it went into TIME_WAIT: how many had, is a matter of milliseconds */
        expect_between(p, "connections", 0, (double)missing, &rule_time_wait_reuse, "ledger.no_port");
    else
        expect_exactly(p, "connections", missing, &rule_time_wait_holds_port, "ledger.no_port");
}

static void predict(const struct knobs *k, const struct conditions *c, struct prediction *p)
{
    bool client = knob(k, "closer") == CLOSER_CLIENT;
    int64_t n = knob(k, "clients"), then = knob(k, "then");
    const struct rule *count = kept(k, c) < n ? &rule_time_wait_buckets : &rule_time_wait_first_closer;
    const char *closer = client ? "client" : "server", *other = client ? "server" : "client";
    expect_exactly(p, "sockets", kept(k, c), count, "%s.TIME_WAIT_at_first", closer);
    expect_exactly(p, "sockets", 0, &rule_time_wait_first_closer, "%s.TIME_WAIT_at_first", other);
    expect_exactly(p, "sockets", n - kept(k, c), &rule_time_wait_buckets, "%s.TcpExt.TCPTimeWaitOverflow_at_first",
                   closer);
    if (client)
        predict_ports(k, c, p);
    else
        expect_exactly(p, "connections", 0, &rule_time_wait_accepts_syn, "ledger.no_port");
    expect_between(p, "connections", (double)n, (double)(n + then), &rule_time_wait_first_closer, "ledger.closed");
    if (kept(k, c))
        lives_expect(p, life_time_wait(c), &rule_time_wait_length, closer);
    expect_exactly(p, "sockets", 0, &rule_time_wait_length, "%s.TIME_WAIT_in_the_end", closer);
    expect_between(p, "sockets", (double)least(kept(k, c), ports(k)), (double)ports(k), count, "%s.TIME_WAIT",
                   closer);
}

static enum side closing_side(const struct knobs *k)
{
    return knob(k, "closer") == CLOSER_CLIENT ? SIDE_CLIENT : SIDE_SERVER;
}

static bool nothing_but_time_wait(const struct trial *t)
{
    const struct look *look = watch_latest(t->watch);
    for (int side = 0; side < 2; side++)
        if (look->side[side].n != look->side[side].states[SOCKDIAG_TIME_WAIT])
            return false;
    return true;
}

/* The clients have closed all they had, and have ended. */
static bool clients_are_through(struct trial *t, int64_t number)
{
    return step_clients_ended(t, number) && nothing_but_time_wait(t);
}

/* The server has accepted that many connections and closed them; the clients would have kept them. */
static bool server_is_through(struct trial *t, int64_t number)
{
    return nothing_but_time_wait(t) && step_counter(t, SIDE_SERVER, "Tcp.PassiveOpens") >= number;
}

static bool none_left(struct trial *t, int64_t number)
{
    return step_state(t, SIDE_CLIENT, SOCKDIAG_TIME_WAIT) == 0 && step_state(t, SIDE_SERVER, SOCKDIAG_TIME_WAIT) == 0;
}

static void see_first(struct trial *t, const struct knobs *k)
{
    static const char *const names[] = {"server", "client"};
    enum side side = closing_side(k);
    if (t->failure)
        return;
    for (int i = 0; i < 2; i++)
        step_see(t, (double)step_state(t, (enum side)i, SOCKDIAG_TIME_WAIT), "%s.TIME_WAIT_at_first", names[i]);
    step_see(t, (double)step_counter(t, side, "TcpExt.TCPTimeWaitOverflow"), "%s.TcpExt.TCPTimeWaitOverflow_at_first",
             names[side]);
}

static void run(struct trial *t, const struct knobs *k)
{
    char range[32];
    int64_t n = knob(k, "clients"), then = knob(k, "then");
    const char *closer = closers[knob(k, "closer")];
    bool server_closes = knob(k, "closer") == CLOSER_SERVER;
    const char *hold = server_closes ? "1h" : "0";
    step_reached *through = server_closes ? server_is_through : clients_are_through;
    snprintf(range, sizeof(range), "%d %lld", PORT_LOW, (long long)(PORT_LOW + ports(k) - 1));
    step_set(t, SIDE_CLIENT, "net.ipv4.ip_local_port_range", range);
    if (server_closes)
        step_serve(t, "--close-after", "0", NULL);
    else
        step_serve(t, NULL);
    step_connect(t, n, "--hold", hold, NULL);
    step_need(t, through, n, "all connections to be closed");
    see_first(t, k);
    step_connect(t, then, "--hold", hold, NULL);
    step_need(t, through, n + then, "the further connections to be over");
    step_take_stock(t);
    step_wait(t, none_left, 0, life_time_wait(&t->conditions).hi + 10, "TIME_WAIT to end");
    step_see(t, (double)step_state(t, closing_side(k), SOCKDIAG_TIME_WAIT), "%s.TIME_WAIT_in_the_end", closer);
    lives_see(t, closing_side(k), SOCKDIAG_TIME_WAIT);
    step_show(t, LEDGER_closed, "one of them, from SYN to the last ACK");
}

static void tell(FILE *out, const struct trial *t, const struct knobs *k)
{
    bool client = knob(k, "closer") == CLOSER_CLIENT;
    long long missing = trial_row(t, LEDGER_no_port);
    fprintf(out, "The %s closed first, and has the TIME_WAITs; the other end has nothing. ",
            closers[knob(k, "closer")]);
    if (kept(k, &t->conditions)) {
        lives_tell(out, t, closers[knob(k, "closer")]);
        fprintf(out, "That is 60 s, a constant of the kernel, and the lateness of a coarse timer. ");
    }
    if (missing)
        fprintf(out,
                "The client's host had %lld ports for this destination, all of them in TIME_WAIT, and %lld further "
                "connections failed at once with EADDRNOTAVAIL: no SYN was sent. Another destination would have had "
                "all the "
                "ports.",
                (long long)ports(k), missing);
    else if (!client)
        fprintf(out,
                "That costs the client no port: further connections from the same ports were accepted at once, for a "
                "SYN with a newer timestamp ends the TIME_WAIT that it meets.");
    else if (may_reuse(k, &t->conditions))
        fprintf(
            out,
            "The further connections took ports that had been in TIME_WAIT for more than a second: tcp_tw_reuse.");
    else
        fprintf(out, "The further connections got ports, for not all of them were in TIME_WAIT.");
}

static const struct by_hand by_hand[] = {
    {"client", "ss -tano state time-wait", "timer:(timewait,...): what is left of the 60 s"},
    {"client", "cat /proc/net/sockstat", "TCP: tw"},
    {"client", "nstat -az TcpExtTW TcpExtTCPTimeWaitOverflow", "made; not made (tcp_max_tw_buckets)"},
    {"client", "netstat -nat | awk '/^tcp/ {print $6}' | sort | uniq -c", "the states, counted"},
    {0},
};

const struct experiment experiment_time_wait = {
    .name = "time-wait",
    .question = "Who has TIME_WAIT, for how long, and what does it cost?",
    .claim =
        "The side that closes first waits 2 MSL; tcp_fin_timeout makes that shorter; TIME_WAIT eats up the ports.",
    .kernel = "The first to close has it (tcp_fin), for 60 s, a constant (TCP_TIMEWAIT_LEN) that no sysctl changes. "
              "At the client it "
              "holds a port towards one destination (__inet_check_established); at the server it costs no port, and "
              "a new SYN "
              "for it is accepted (tcp_timewait_state_process).",
    .falsified = "TIME_WAIT at the end that closed second; one shorter than 60 s, or longer than the timer wheel "
                 "allows; a connection "
                 "that gets a port that is held.",
    .why_link = "By default (tcp_tw_reuse = 2) loopback addresses get their ports back after a second; on a wire "
                "they do not, as between "
                "any two machines.",
    .knobs = knobs,
    .n_knobs = sizeof(knobs) / sizeof(*knobs),
    .check = NULL,
    .predict = predict,
    .run = run,
    .tell = tell,
    .by_hand = by_hand,
    .see_also = (const char *const[]){"fin-wait-2-timeout", NULL},
    .try_next = (const char *const[]){"tcplab-bench run time-wait --set closer=server",
                                      "tcplab-bench run time-wait --set max_tw_buckets=5",
                                      "tcplab-bench run time-wait --set tw_reuse=1", NULL},
};
