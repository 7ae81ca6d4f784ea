/* TIME_WAIT: who has it, how long it lasts, and what it costs.
 *
 * Textbooks say:  the side that closes first waits 2 MSL, and tcp_fin_timeout makes that shorter.
 * The kernel:     the side whose FIN goes out first is in TIME_WAIT once the other's FIN has come
 *                 (tcp_fin()), for TCP_TIMEWAIT_LEN: 60 s, a constant. It keeps its 4-tuple: on the
 *                 client's side that is a port that connect() cannot have towards the same
 *                 destination (__inet_check_established()); on the server's side it costs no port,
 *                 and a SYN for the same tuple is accepted at once if its timestamp is not older,
 *                 and that or its number is newer (tcp_timewait_state_process()).
 * Falsified by:   TIME_WAIT at the other end; one that ends before 60 s, or later than the timer
 *                 wheel allows; a port that is not missing, or one that is. */
#include "bench/lab/lab.h"
#include "bench/model/afterlife.h"
#include "bench/model/life.h"
#include "bench/trial/closing_state.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>

enum { CLOSER_CLIENT, CLOSER_SERVER };
static const char *const closers[] = {"client", "server", NULL};

#define PORT_LOW 32768

static const struct knob knobs[] = {
    KNOB_CLIENTS("20"),
    {"closer", "client", &option_choice, "whose FIN goes out first", .choices = closers},
    KNOB_COUNT("then", "5", 1, 1000, "connections that are tried when all ports are in TIME_WAIT"),
    KNOB_SYSCTL("tw_reuse", NULL, 0, 2, "net.ipv4.tcp_tw_reuse",
                "0 never, 1 after 1 s, 2 on loopback only"),
    KNOB_SYSCTL("max_tw_buckets", NULL, 0, 1000000, "net.ipv4.tcp_max_tw_buckets",
                "how many there may be"),
    KNOB_LINK("wire"),
    KNOB_DELAY("1ms"),
    KNOB_IPV6,
};

/* The client's host has as many ports as there are clients; an even number, for of an odd range
 * connect() misses one now and then. */
static int64_t ports(const struct knobs *k)
{
    return knob(k, "clients") + knob(k, "clients") % 2;
}

static int64_t kept(const struct knobs *k, const struct conditions *c)
{
    return afterlife_kept(c, knob(k, "clients"));
}

/* tcp_twsk_unique(): what it takes beside the time since TIME_WAIT began. */
static bool reuses(const struct knobs *k, const struct conditions *c)
{
    bool allowed = c->tw_reuse == 1 || (c->tw_reuse == 2 && knob(k, "link") == KNOB_LOOPBACK);
    return allowed && c->timestamps && knob(k, "closer") == CLOSER_CLIENT;
}

static int check(const struct knobs *k, const struct conditions *c, char **ret_message)
{
    if (knob(k, "then") <= ports(k))
        return 0;
    if (asprintf(ret_message,
                 "then=%lld: the client's host has as many ports as there are clients, %lld; write "
                 "at most that, or more clients",
                 (long long)knob(k, "then"), (long long)ports(k)) < 0)
        *ret_message = NULL;
    return -EINVAL;
}

/* What the further connections meet when the client's side holds the TIME_WAITs. */
static void predict_ports(const struct knobs *k, const struct conditions *c, struct prediction *p)
{
    int64_t then = knob(k, "then"), free_ports = ports(k) - kept(k, c);
    int64_t missing = then > free_ports && !reuses(k, c) ? then - free_ports : 0;
    expect_exactly(p, "connections", missing,
                   reuses(k, c) ? &rule_time_wait_reuse : &rule_time_wait_holds_port,
                   "ledger.no_port");
    expect_exactly(p, "connections", knob(k, "clients") + then - missing,
                   &rule_time_wait_first_closer, "ledger.closed");
}

static void predict(const struct knobs *k, const struct conditions *c, struct prediction *p)
{
    bool client = knob(k, "closer") == CLOSER_CLIENT;
    int64_t n = knob(k, "clients"), then = knob(k, "then");
    const struct rule *count =
        kept(k, c) < n ? &rule_time_wait_buckets : &rule_time_wait_first_closer;
    const char *closer = client ? "client" : "server", *other = client ? "server" : "client";
    expect_exactly(p, "sockets", kept(k, c), count, "%s.TIME_WAIT_at_first", closer);
    expect_exactly(p, "sockets", 0, &rule_time_wait_first_closer, "%s.TIME_WAIT_at_first", other);
    expect_exactly(p, "sockets", n - kept(k, c), &rule_time_wait_buckets,
                   "%s.TcpExt.TCPTimeWaitOverflow_at_first", closer);
    if (client) {
        predict_ports(k, c, p);
    } else {
        expect_exactly(p, "connections", 0, &rule_time_wait_accepts_syn, "ledger.no_port");
        expect_exactly(p, "connections", n + then, &rule_time_wait_first_closer, "ledger.closed");
    }
    /* what takes over one of a few is not sure of a place itself */
    if (kept(k, c) && !(reuses(k, c) && kept(k, c) < n))
        closing_state_expect(p, life_time_wait(c), &rule_time_wait_length, closer);
    expect_exactly(p, "sockets", 0, &rule_time_wait_length, "%s.TIME_WAIT_in_the_end", closer);
    expect_between(p, "sockets", (double)kept(k, c),
                   fmin((double)afterlife_room(c), (double)ports(k)), count, "%s.TIME_WAIT",
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

/* The server has accepted that many connections and closed them; the clients would have kept
 * them. */
static bool server_is_through(struct trial *t, int64_t number)
{
    return nothing_but_time_wait(t) && step_counter(t, SIDE_SERVER, "Tcp.PassiveOpens") >= number;
}

/* Every TIME_WAIT is older than tcp_tw_reuse_delay, and than the second by which older kernels
 * counted. */
static bool old_enough(struct trial *t, int64_t left_ms)
{
    const struct look_side *s = &watch_latest(t->watch)->side[SIDE_CLIENT];
    for (size_t i = 0; i < s->n; i++)
        if (s->sockets[i].expires_ms > left_ms)
            return false;
    return true;
}

static bool none_left(struct trial *t, int64_t number)
{
    return step_state(t, SIDE_CLIENT, SOCKDIAG_TIME_WAIT) == 0 &&
           step_state(t, SIDE_SERVER, SOCKDIAG_TIME_WAIT) == 0;
}

static void see_first(struct trial *t, const struct knobs *k)
{
    static const char *const names[] = {"server", "client"};
    enum side side = closing_side(k);
    if (t->failure)
        return;
    for (int i = 0; i < 2; i++)
        step_see_state(t, (enum side)i, SOCKDIAG_TIME_WAIT, "%s.TIME_WAIT_at_first", names[i]);
    step_see_counter(t, side, "TcpExt.TCPTimeWaitOverflow",
                     "%s.TcpExt.TCPTimeWaitOverflow_at_first", names[side]);
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
    step_set_own(t, SIDE_CLIENT, "net.ipv4.ip_local_port_range", range);
    if (server_closes)
        step_serve(t, "--close-after", "0", NULL);
    else
        step_serve(t, NULL);
    step_connect(t, n, "--hold", hold, NULL);
    step_need(t, through, n, "all connections to be closed");
    see_first(t, k);
    if (!t->failure && reuses(k, &t->conditions))
        step_need(t, old_enough, 60000 - t->conditions.tw_reuse_delay - 1100,
                  "tcp_tw_reuse_delay to be over");
    step_mark(t, "All %lld are closed. %lld more connect, and there are %lld ports. Can they?",
              (long long)n, (long long)then, (long long)ports(k));
    step_connect(t, then, "--hold", hold, NULL);
    step_need(t, through, n + then, "the further connections to be over");
    step_take_stock(t);
    step_mark(t, "Nobody sends anything more. When does the last TIME_WAIT end?");
    step_wait(t, none_left, 0, life_time_wait(&t->conditions).hi + 10, "TIME_WAIT to end");
    step_see_state(t, closing_side(k), SOCKDIAG_TIME_WAIT, "%s.TIME_WAIT_in_the_end", closer);
    closing_state_see(t, closing_side(k), SOCKDIAG_TIME_WAIT);
    step_show(t, LEDGER_closed, "one of them, from SYN to the last ACK");
}

static void tell_first(FILE *out, const struct trial *t, const struct knobs *k)
{
    const char *closer = closers[knob(k, "closer")];
    long long n = knob(k, "clients"), have = kept(k, &t->conditions);
    if (!have) {
        fprintf(out,
                "The %s closed first, but tcp_max_tw_buckets is %lld: nobody has a TIME_WAIT; each "
                "connection was gone at once. ",
                closer, (long long)t->conditions.max_tw_buckets);
        return;
    }
    fprintf(out, "The %s closed first, and has the TIME_WAITs; the other end has nothing. ",
            closer);
    if (have < n)
        fprintf(
            out,
            "tcp_max_tw_buckets lets there be %lld; the other %lld connections were gone at once. ",
            have, n - have);
    double first = trial_observed(t, knob(k, "closer") == CLOSER_CLIENT ? "client.gone_first"
                                                                        : "server.gone_first");
    if (first < 59) {
        fprintf(out,
                "The first was gone after %.2f s already, because a later connection replaced it. "
                "Without that it lasts 60 s, a constant of the kernel, plus the lateness of a "
                "coarse timer. ",
                first);
        return;
    }
    if (knob(k, "closer") == CLOSER_SERVER || trial_counter(t, SIDE_CLIENT, "TcpExt.TWRecycled"))
        fprintf(out, "Aside from those that a further connection ended: ");
    closing_state_tell(out, t, closer);
    fprintf(out, "That is 60 s, a constant of the kernel, plus the lateness of a coarse timer. ");
}

/* Which ports the further connections had. */
static void tell_ports(FILE *out, const struct trial *t, const struct knobs *k)
{
    long long missing = trial_row(t, LEDGER_no_port), held = kept(k, &t->conditions),
              all = ports(k);
    long long reused = trial_counter(t, SIDE_CLIENT, "TcpExt.TWRecycled"),
              got = knob(k, "then") - missing;
    fprintf(out, "The client's host had %lld ports for this destination, %s", all,
            held == all ? "all" : "");
    if (held < all)
        fprintf(out, "%lld", held);
    fprintf(out, " of them in TIME_WAIT. ");
    if (reused && t->conditions.tw_reuse_delay)
        fprintf(out,
                "%lld of the further connections took one that had been in TIME_WAIT for more than "
                "%.3g s: tcp_tw_reuse. ",
                reused, (double)t->conditions.tw_reuse_delay / 1000);
    else if (reused)
        fprintf(out,
                "%lld of the further connections took one in TIME_WAIT when the kernel's clock of "
                "whole seconds had moved on: tcp_tw_reuse. ",
                reused);
    if (got > reused)
        fprintf(out, "%lld of the further connections took a port that was free. ", got - reused);
    if (missing)
        fprintf(out,
                "%lld further connections failed at once with EADDRNOTAVAIL: no SYN was sent. "
                "Another destination would have had all the ports.",
                missing);
}

static void tell(FILE *out, const struct trial *t, const struct knobs *k)
{
    tell_first(out, t, k);
    if (knob(k, "closer") == CLOSER_CLIENT)
        tell_ports(out, t, k);
    else if (kept(k, &t->conditions))
        fprintf(out,
                "TIME_WAIT at the server costs the client no port: the server accepted the later "
                "connections at once, because a SYN whose timestamp is not older, and whose "
                "timestamp or sequence number is newer, ends the TIME_WAIT that it meets.");
    else
        fprintf(out, "The further connections were accepted at once.");
}

static const struct by_hand by_hand[] = {
    {"client", "ss -tano state time-wait", "timer:(timewait,...): what is left of the 60 s"},
    {"client", "cat /proc/net/sockstat", "TCP: tw"},
    {"client", "nstat -az TcpExtTW TcpExtTCPTimeWaitOverflow",
     "made; not made (tcp_max_tw_buckets)"},
    {"client", "netstat -nat | awk '/^tcp/ {print $6}' | sort | uniq -c", "the states, counted"},
    {0},
};

/* On a slow machine segments overtake one another. One that comes late to the TIME_WAIT is
 * answered, and the server, which is through, answers that with a RST: it would end the TIME_WAIT
 * before its time (RFC 1337). */
static const char *const sysctls[] = {"net.ipv4.tcp_rfc1337=1", NULL};

static const char *const meanwhile[] = {
    "The first purpose of TIME_WAIT: the last ACK can be lost. Then the other end sends its FIN "
    "again, and a socket in TIME_WAIT answers it with another ACK. Without the socket the answer "
    "would be a RST.",
    "The second purpose: a segment of this connection can still be on its way. If a new "
    "connection had the same addresses and ports, the segment could be taken for data of the new "
    "one. After TIME_WAIT it should be gone.",
    "The length: RFC 9293 lets a segment live for 2 minutes at most (the MSL) and asks for twice "
    "that, 4 minutes. Linux waits for 60 s.",
    "The cost: no program has a descriptor of such a socket, and the kernel keeps only a small "
    "structure of it (struct tcp_timewait_sock) and no buffers.",
    "The limit: by default a client has 28,232 ports for one destination, and each is held for "
    "60 s. That makes 470 new connections a second, unless the server closes first or tcp_tw_reuse "
    "gives the ports back earlier.",
    NULL,
};

const struct experiment experiment_time_wait = {
    .name = "time-wait",
    .question = "Who has TIME_WAIT, for how long, and what does it cost?",
    .claim = "The side that closes first waits 2 MSL; tcp_fin_timeout makes that shorter; "
             "TIME_WAIT uses up the ports.",
    .kernel = "The end that closes first has it (tcp_fin), for 60 s, a constant "
              "(TCP_TIMEWAIT_LEN) that no sysctl changes. At the client it holds a port that "
              "connect() chose towards one destination (__inet_check_established); at the server "
              "it costs no port, and a SYN for it is accepted if its timestamp is not older, and "
              "that or its number is newer (tcp_timewait_state_process).",
    .falsified = "TIME_WAIT at the end that closed second; one shorter than 60 s, or longer than "
                 "the timer wheel allows; a connection that gets a port that is held.",
    .why_link = "By default (tcp_tw_reuse = 2) loopback addresses get their ports back after a "
                "second; on a wire they do not, as between two machines.",
    .time = "62 s: TIME_WAIT is 60 s long, a constant that no sysctl and no socket option "
            "shortens. With --all -j N it runs beside the others.",
    .meanwhile = meanwhile,
    .drawing = (const char *const[]){"c close()", "> FIN", "< FIN-ACK", "c: TIME_WAIT", "> ACK",
                                     "s: nothing", ". 60 s", "c: gone", NULL},
    .knobs = knobs,
    .n_knobs = sizeof(knobs) / sizeof(*knobs),
    .premises = PREMISE_DATA | PREMISE_ON_TIME | PREMISE_WRITABLE,
    .sysctls = sysctls,
    .check = check,
    .predict = predict,
    .run = run,
    .tell = tell,
    .by_hand = by_hand,
    .see_also = (const char *const[]){"fin-wait-2-timeout", NULL},
    .try_next = (const char *const[]){"tcplab-bench run time-wait --set closer=server",
                                      "tcplab-bench run time-wait --set max_tw_buckets=5",
                                      "tcplab-bench run time-wait --set tw_reuse=1", NULL},
};
