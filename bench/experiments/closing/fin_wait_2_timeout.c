/* FIN_WAIT_2: the client closes, and the server keeps its end open.
 *
 * Textbooks say:  a client that never gets the server's FIN stays in FIN_WAIT_2 for ever, unless
 *                 tcp_fin_timeout is set; with it the sockets vanish soon and never enter
 *                 TIME_WAIT.
 * The kernel:     a socket without a descriptor (closed, or its process killed) that reaches
 *                 FIN_WAIT_2 is replaced by a small one at once (tcp_rcv_state_process(),
 *                 tcp_time_wait()), which lasts tcp_fin_timeout and is then gone, silently. One
 *                 whose descriptor is still open (shutdown()) has no timeout. Above 60 s the sysctl
 *                 means something else: 2 * (F - 60).
 * Falsified by:   a FIN_WAIT_2 that goes before its time or stays beyond it; a TIME_WAIT; one with
 *                 a descriptor that goes. */
#include "bench/model/afterlife.h"
#include "bench/model/life.h"
#include "bench/observe/state_lifetime.h"
#include "bench/trial/closing_state.h"

#include <errno.h>
#include <stdio.h>

static const struct knob knobs[] = {
    KNOB_CLIENTS("20"),
    KNOB_FIN_TIMEOUT("5"),
    KNOB_YES_NO("orphan", "yes", "close(); no: shutdown(SHUT_WR), the descriptor stays"),
    KNOB_YES_NO("kill", "no", "the client is killed instead (kill -9)"),
    KNOB_LINK("wire"),
    KNOB_DELAY("1ms"),
    KNOB_IPV6,
};

/* What the connections have measured: there and back, and what a burst of them adds. */
static struct span round_trip(const struct knobs *k)
{
    double wire_s = knob(k, "link") == KNOB_WIRE ? 2 * (double)knob(k, "delay") / 1e9 : 0;
    return (struct span){wire_s, wire_s + 0.4 + (double)knob(k, "clients") * 100e-6};
}

/* Those that find no room under tcp_max_tw_buckets are closed at once. */
static int64_t kept(const struct knobs *k, const struct conditions *c)
{
    return afterlife_kept(c, knob(k, "clients"));
}

static int check(const struct knobs *k, const struct conditions *c, char **ret_message)
{
    int r = 0;
    if (knob(k, "kill") && !knob(k, "orphan"))
        r = asprintf(ret_message, "kill=yes: a killed client keeps no descriptor, so orphan=no "
                                  "cannot be; leave one of them out");
    else if (c->fin_timeout < 3 && knob(k, "clients") > 200)
        r = asprintf(ret_message,
                     "clients=%lld with tcp_fin_timeout=%lld: the first would be gone before the "
                     "last has closed; write at most 200, or fin_timeout=3",
                     (long long)knob(k, "clients"), (long long)c->fin_timeout);
    else
        return knob(k, "orphan") ? closing_state_check_fin_wait_2(c, ret_message) : 0;
    if (r < 0)
        *ret_message = NULL;
    return -EINVAL;
}

static void predict_orphans(const struct knobs *k, const struct conditions *c, struct prediction *p)
{
    int64_t n = knob(k, "clients"), stay = kept(k, c);
    bool mini = c->fin_timeout <= 60;
    const struct rule *life = mini ? &rule_fin_wait_2_orphan : &rule_fin_wait_2_above_60;
    const char *counter = life_fin_wait_2_counter(c, round_trip(k));
    expect_exactly(p, "sockets", mini ? stay : n,
                   stay < n ? &rule_time_wait_buckets : &rule_fin_acknowledged,
                   "client.FIN_WAIT_2");
    expect_exactly(p, "sockets", mini ? stay : 0, life, "client.FIN_WAIT_2_minisockets");
    if (stay == n || (mini && stay)) /* else some end half-way, and which is chance */
        closing_state_expect(p, life_fin_wait_2(c, round_trip(k)), life, "client");
    expect_exactly(p, "sockets", 0, life, "client.FIN_WAIT_2_in_the_end");
    expect_exactly(p, "sockets", stay, &rule_fin_wait_2_counter, "client.%s_in_the_end", counter);
}

static void predict(const struct knobs *k, const struct conditions *c, struct prediction *p)
{
    int64_t n = knob(k, "clients");
    expect_exactly(p, "connections", knob(k, "orphan") ? n : n + 1,
                   knob(k, "kill") ? &rule_close_of_killed : &rule_fin_acknowledged,
                   "ledger.closed");
    expect_exactly(p, "sockets", n, &rule_close_wait_no_timer, "server.CLOSE_WAIT");
    if (knob(k, "orphan")) {
        predict_orphans(k, c, p);
    } else {
        expect_exactly(p, "sockets", n, &rule_fin_acknowledged, "client.FIN_WAIT_2");
        expect_exactly(p, "sockets", 0, &rule_fin_wait_2_with_descriptor,
                       "client.FIN_WAIT_2_minisockets");
        expect_exactly(p, "sockets", n, &rule_fin_wait_2_with_descriptor,
                       "client.FIN_WAIT_2_in_the_end");
    }
    expect_exactly(p, "sockets", 0, &rule_fin_wait_2_no_time_wait, "client.TIME_WAIT_ever");
}

/* FIN_WAIT_2 on one side and CLOSE_WAIT on the other, for all. */
static bool half_closed(struct trial *t, int64_t number)
{
    return step_state(t, SIDE_SERVER, SOCKDIAG_CLOSE_WAIT) == number &&
           step_state(t, SIDE_CLIENT, SOCKDIAG_FIN_WAIT_1) == 0 &&
           step_state(t, SIDE_CLIENT, SOCKDIAG_ESTABLISHED) == 0;
}

static bool all_accepted(struct trial *t, int64_t number)
{
    return step_state(t, SIDE_CLIENT, SOCKDIAG_ESTABLISHED) == number &&
           step_state(t, SIDE_SERVER, SOCKDIAG_ESTABLISHED) == number &&
           watch_latest(t->watch)->queue == 0;
}

static bool left(struct trial *t, int64_t number)
{
    return step_state(t, SIDE_CLIENT, SOCKDIAG_FIN_WAIT_2) == number;
}

static void close_all(struct trial *t, const struct knobs *k)
{
    int64_t n = knob(k, "clients");
    if (knob(k, "kill")) {
        step_connect(t, n, NULL);
        step_need(t, all_accepted, n, "all connections to be accepted");
        step_kill_client(t);
    } else if (knob(k, "orphan")) {
        step_connect(t, n, "--hold", "0", "--close", "fin", NULL);
    } else {
        step_connect(t, n, "--hold", "0", "--close", "half", "-d", "1h", NULL);
    }
    step_need(t, half_closed, n, "the clients' FINs to be acknowledged");
}

static void run(struct trial *t, const struct knobs *k)
{
    bool orphan = knob(k, "orphan");
    int64_t n = knob(k, "clients");
    double patience_s = 1.5 * life_fin_wait_2(&t->conditions, round_trip(k)).hi + 10;
    step_serve(t, "--on-eof", "hold", NULL);
    close_all(t, k);
    step_take_stock(t);
    step_mark(t, "%lld are in FIN_WAIT_2, tcp_fin_timeout is %lld s. When does it end?",
              (long long)n, (long long)t->conditions.fin_timeout);
    if (orphan) {
        step_wait(t, left, 0, patience_s, "FIN_WAIT_2 to end");
    } else {
        /* One more that does close is the clock: when it is gone, the others have had their
         * chance. */
        step_connect(t, 1, "--hold", "0", "--close", "fin", NULL);
        step_need(t, half_closed, n + 1, "one more to close, as the clock");
        step_wait(t, left, n, patience_s, "that one's FIN_WAIT_2 to end");
    }
    step_see_state(t, SIDE_CLIENT, SOCKDIAG_FIN_WAIT_2, "client.FIN_WAIT_2_in_the_end");
    step_see(t,
             t->failure ? 0
                        : (double)state_lifetime_ever(watch_history(t->watch), SIDE_CLIENT,
                                                      SOCKDIAG_TIME_WAIT),
             "client.TIME_WAIT_ever");
    const char *counter = life_fin_wait_2_counter(&t->conditions, round_trip(k));
    step_see_counter(t, SIDE_CLIENT, counter, "client.%s_in_the_end", counter);
    closing_state_see(t, SIDE_CLIENT, SOCKDIAG_FIN_WAIT_2);
    step_show(t, LEDGER_closed, "one of them: the server's FIN never comes");
}

static void tell(FILE *out, const struct trial *t, const struct knobs *k)
{
    long long timeout = t->conditions.fin_timeout;
    long long n = knob(k, "clients"), stay = kept(k, &t->conditions);
    fprintf(out, "The server kept its ends open, in CLOSE_WAIT, which has no timer. ");
    if (!knob(k, "orphan")) {
        fprintf(out,
                "The clients had only shut down their sending side, and their descriptors were "
                "still open: sockets in FIN_WAIT_2 with a descriptor have no timeout. One more "
                "connection, which close() had closed, served as the clock: with tcp_fin_timeout = "
                "%lld it was gone after %.1f s, and the other %lld were still there.",
                timeout, trial_observed(t, "client.gone_first"),
                (long long)trial_observed(t, "client.FIN_WAIT_2_in_the_end"));
        return;
    }
    fprintf(
        out,
        "The clients' programs lost their sockets (%s), and the sockets changed to FIN_WAIT_2. ",
        knob(k, "kill") ? "they were killed" : "close()");
    if (stay < n)
        fprintf(out,
                "tcp_max_tw_buckets has room for %lld minisockets: the other %lld sockets were "
                "gone %s. ",
                stay, n - stay, timeout > 60 ? "when their minisockets were due" : "at once");
    if (!stay)
        return;
    if (timeout <= 60 && stay < n)
        fprintf(out, "Of those that were kept: ");
    closing_state_tell(out, t, "client");
    fprintf(out, "None changed to TIME_WAIT, because the server sent no FIN. ");
    if (timeout > 60)
        fprintf(out,
                "tcp_fin_timeout is %lld s, and those that became minisockets lasted twice the "
                "time above 60 s: the kernel waits F - 60 s with a full socket, and then F - 60 s "
                "with a minisocket. A larger value can mean a shorter wait.",
                timeout);
    else
        fprintf(out,
                "The kernel keeps them as minisockets, which TIME_WAIT uses, too (they count as TW "
                "and towards tcp_max_tw_buckets). Their timer is tcp_fin_timeout = %lld s%s.",
                timeout, timeout <= 1 ? ", or 3.5 RTO if that is longer" : "");
}

static const struct by_hand by_hand[] = {
    {"client", "ss -tano state fin-wait-2",
     "timer:(timewait,...): what is left of tcp_fin_timeout"},
    {"server", "ss -tanp state close-wait",
     "the other ends, and the program that does not close them"},
    {"client", "netstat -nat | awk '/^tcp/ {print $6}' | sort | uniq -c", "the states, counted"},
    {"client", "cat /proc/net/sockstat", "TCP: tw counts them together with TIME_WAIT"},
    {0},
};

const struct experiment experiment_fin_wait_2_timeout = {
    .name = "fin-wait-2-timeout",
    .question = "How long does a client wait in FIN_WAIT_2 for a FIN that never comes?",
    .claim = "Without the server's FIN a client stays in FIN_WAIT_2, unless tcp_fin_timeout ends "
             "it; with 5 the sockets of a client that was ended by ^C vanish soon and never enter "
             "TIME_WAIT.",
    .kernel = "True for sockets that no program has open: when they reach FIN_WAIT_2, the kernel "
              "replaces them with a minisocket that by default lasts tcp_fin_timeout "
              "(tcp_rcv_state_process, tcp_time_wait). With an open descriptor there is no "
              "timeout. Above 60 s the time is 2 * (F - 60) (tcp_keepalive_timer).",
    .falsified = "A FIN_WAIT_2 that ends before its time or well after it; a TIME_WAIT; a "
                 "FIN_WAIT_2 with a descriptor that ends.",
    .why_link = "With two hosts, the states of the two ends are not mixed in one list; loopback "
                "(link=loopback) shows the same.",
    .time = "About 5 s, with tcp_fin_timeout = 5. With the default of 60 s it takes a minute.",
    .drawing =
        (const char *const[]){"c close()", "> FIN", "< ACK", "c: FIN_WAIT_2", "s: CLOSE_WAIT",
                              ". 5 s", "c: gone", "s: CLOSE_WAIT, still", NULL},
    .knobs = knobs,
    .n_knobs = sizeof(knobs) / sizeof(*knobs),
    .premises = PREMISE_DATA | PREMISE_ON_TIME | PREMISE_WRITABLE,
    .check = check,
    .predict = predict,
    .run = run,
    .tell = tell,
    .by_hand = by_hand,
    .see_also = (const char *const[]){"time-wait", NULL},
    .try_next =
        (const char *const[]){"tcplab-bench run fin-wait-2-timeout --set kill=yes",
                              "tcplab-bench run fin-wait-2-timeout --set orphan=no",
                              "tcplab-bench run fin-wait-2-timeout --set fin_timeout=62", NULL},
};
