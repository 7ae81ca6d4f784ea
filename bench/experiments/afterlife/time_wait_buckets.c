/* tcp_max_tw_buckets: how many sockets a host may have in TIME_WAIT, and what becomes of those
 * beyond.
 *
 * Textbooks say:  beyond tcp_max_tw_buckets the kernel destroys TIME_WAIT sockets and prints a
 *                 warning.
 * The kernel:     none that is there is destroyed, and no warning printed: what would be the next
 *                 one is not made (inet_twsk_alloc()), and its socket is closed at once
 *                 (tcp_time_wait()). That comes early: a closed socket becomes a minisocket when it
 *                 reaches FIN_WAIT_2, and has the same place in TIME_WAIT. One that is refused has
 *                 forgotten its connection before the peer has closed, and the peer's FIN is
 *                 answered by RST.
 * Falsified by:   one more or one less than tcp_max_tw_buckets; a TIME_WAIT that makes room for
 *                 another; a FIN_WAIT_2 that takes no place.
 */
#include "bench/model/afterlife.h"
#include "bench/trial/closing_state.h"
#include "bench/trial/sockets.h"
#include "bench/trial/steps.h"

#include <errno.h>
#include <stdio.h>

#define MOST    30
#define LEAST_S 10 /* so that no FIN_WAIT_2 is over before its FIN comes */

static const struct knob knobs[] = {
    KNOB_COUNT("connections", "9", 1, MOST, "connections that both ends close, the client first"),
    KNOB_COUNT("half", "2", 0, MOST,
               "connections before them that only the client closes: FIN_WAIT_2"),
    KNOB_SYSCTL("max_tw_buckets", "5", 0, 1000000, "net.ipv4.tcp_max_tw_buckets",
                "how many minisockets there may be"),
    KNOB_DELAY("1ms"),
    KNOB_IPV6,
};

static int check(const struct knobs *k, const struct conditions *c, char **ret_message)
{
    if (c->fin_timeout >= LEAST_S && c->fin_timeout <= 60)
        return closing_state_check_fin_wait_2(c, ret_message);
    if (asprintf(ret_message,
                 "net.ipv4.tcp_fin_timeout=%lld: below %d s FIN_WAIT_2 might be over before its "
                 "FIN comes, and above 60 s it is no minisocket at first; write %d to 60",
                 (long long)c->fin_timeout, LEAST_S, LEAST_S) < 0)
        *ret_message = NULL;
    return -EINVAL;
}

struct places {
    int64_t half, full; /* FIN_WAIT_2 and TIME_WAIT that find a place */
};

static struct places places(const struct knobs *k, const struct conditions *c)
{
    int64_t half = afterlife_kept(c, knob(k, "half"));
    return (struct places){half,
                           afterlife_kept(c, knob(k, "half") + knob(k, "connections")) - half};
}

static void predict(const struct knobs *k, const struct conditions *c, struct prediction *p)
{
    const struct places kept = places(k, c);
    int64_t n = knob(k, "connections"), half = knob(k, "half");
    expect_exactly(p, "sockets", kept.half, &rule_time_wait_buckets, "client.FIN_WAIT_2");
    expect_exactly(p, "sockets", kept.full, &rule_time_wait_buckets, "client.TIME_WAIT");
    expect_exactly(p, "sockets", half, &rule_close_wait_no_timer, "server.CLOSE_WAIT");
    expect_exactly(p, "sockets", half - kept.half + n - kept.full, &rule_buckets_counter,
                   "client.TcpExt.TCPTimeWaitOverflow");
    expect_exactly(p, "segments", n - kept.full, &rule_bucket_refused, "client.Tcp.OutRsts");
    expect_exactly(p, "connections", n + half, &rule_time_wait_first_closer, "ledger.closed");
    expect_exactly(p, "sockets", kept.full + kept.half, &rule_bucket_keeps_its_place,
                   "client.TIME_WAIT_in_the_end");
    expect_exactly(p, "segments", n - kept.full + half - kept.half, &rule_bucket_refused,
                   "client.OutRsts_in_the_end");
}

static bool half_closed(struct trial *t, int64_t number)
{
    return step_state(t, SIDE_SERVER, SOCKDIAG_CLOSE_WAIT) == number &&
           step_state(t, SIDE_CLIENT, SOCKDIAG_ESTABLISHED) == 0 &&
           step_state(t, SIDE_CLIENT, SOCKDIAG_FIN_WAIT_1) == 0;
}

static bool closed(struct trial *t, int64_t still)
{
    return (int64_t)watch_latest(t->watch)->side[SIDE_SERVER].n == still;
}

/* So many connections, one after the other; the client closes each, and the server, too, where
 * ret_servers is NULL. */
static void close_some(struct trial *t, struct trial_socket *listener, int64_t n,
                       int64_t open_before, struct trial_socket **ret_servers)
{
    for (int64_t i = 0; i < n && !t->failure; i++) {
        struct trial_socket *server, *client = sock_connection(listener, &server);
        sock_close(client);
        step_need(t, half_closed, open_before + 1, "the client's FIN to be acknowledged");
        if (ret_servers) {
            ret_servers[i] = server;
            open_before++;
            continue;
        }
        sock_close(server);
        step_need(t, closed, open_before, "the connection to be closed");
    }
}

static void run(struct trial *t, const struct knobs *k)
{
    struct trial_socket *half_open[MOST], *listener = sock_serve(t, 8);
    int64_t half = knob(k, "half");
    close_some(t, listener, half, 0, half_open);
    close_some(t, listener, knob(k, "connections"), half, NULL);
    step_settle(t);
    step_take_stock(t);
    for (int64_t i = 0; i < half && !t->failure; i++)
        sock_close(half_open[i]);
    step_need(t, closed, 0, "the server's sockets to be closed");
    step_settle(t);
    step_see_state(t, SIDE_CLIENT, SOCKDIAG_TIME_WAIT, "client.TIME_WAIT_in_the_end");
    step_see_counter(t, SIDE_CLIENT, "Tcp.OutRsts", "client.OutRsts_in_the_end");
    step_show(t, LEDGER_closed, "the first of them");
}

static void tell_refused(FILE *out, const struct trial *t, long long refused)
{
    fprintf(out,
            "The other%s, %lld, got no minisocket: the kernel closed the connection at FIN_WAIT_2, "
            "so the server's FIN found no socket at the client's host, which answered with RST. "
            "TCPTimeWaitOverflow counted %lld in all; the existing ones stayed. ",
            refused == 1 ? "" : "s", refused,
            (long long)trial_counter(t, SIDE_CLIENT, "TcpExt.TCPTimeWaitOverflow"));
}

static void tell(FILE *out, const struct trial *t, const struct knobs *k)
{
    long long n = knob(k, "connections"), half = knob(k, "half");
    long long kept_half = (long long)trial_observed(t, "client.FIN_WAIT_2");
    long long kept = (long long)trial_observed(t, "client.TIME_WAIT");
    if (half)
        fprintf(out,
                "First came %lld connection%s that only the client closed: %lld in FIN_WAIT_2. ",
                half, half == 1 ? "" : "s", kept_half);
    fprintf(
        out,
        "Then both ends of %lld connection%s were closed, the client's first: %lld in TIME_WAIT. "
        "With tcp_max_tw_buckets = %lld the client's host holds %lld of both together. ",
        n, n == 1 ? "" : "s", kept, (long long)t->conditions.max_tw_buckets, kept + kept_half);
    if (n > kept)
        tell_refused(out, t, n - kept);
    if (kept_half)
        fprintf(out,
                "When the server also closed the remaining connections, those in FIN_WAIT_2 "
                "changed to TIME_WAIT and kept their places: %lld in all.",
                (long long)trial_observed(t, "client.TIME_WAIT_in_the_end"));
}

static const struct by_hand by_hand[] = {
    {"client", "cat /proc/net/sockstat",
     "TCP: tw is TIME_WAIT and the FIN_WAIT_2 minisockets together"},
    {"client", "ss -tano 'dport = :8888'", "timer:(timewait,...) stands behind both kinds"},
    {"client", "nstat -az TcpExtTCPTimeWaitOverflow TcpExtTW",
     "sockets that got no minisocket; sockets that got one"},
    {"client", "sysctl net.ipv4.tcp_max_tw_buckets",
     "the limit, of each network namespace for itself"},
    {0},
};

const struct experiment experiment_time_wait_buckets = {
    .name = "time-wait-buckets",
    .question = "What happens when a host has tcp_max_tw_buckets sockets in TIME_WAIT?",
    .claim = "tcp_max_tw_buckets is the most TIME_WAIT sockets that a host holds; beyond it "
             "TIME_WAIT sockets are destroyed at once and a warning is printed.",
    .kernel = "The existing ones stay: the kernel does not make the new one (inet_twsk_alloc), "
              "closes its socket at once (tcp_time_wait), and only increments a counter. After "
              "close() that usually happens in FIN_WAIT_2, which takes a place in the same way; so "
              "the kernel deletes the connection too early, and the peer's FIN is answered by RST.",
    .falsified = "One more or one less than tcp_max_tw_buckets, a TIME_WAIT that another one "
                 "replaces, or a FIN_WAIT_2 that takes no place.",
    .why_link = "Two hosts, each with places of its own, so that the client's minisockets are "
                "counted alone.",
    .time = "About 1 s; by default there is room for half as many as the table of established "
            "connections has places, which depends upon the memory: 131072, say, which 2200 "
            "connections a second fill in a minute.",
    .drawing = (const char *const[]){"c close()",
                                     "> FIN",
                                     "< ACK",
                                     "c: FIN_WAIT_2",
                                     "s: CLOSE_WAIT",
                                     "c close() the next one",
                                     "> FIN",
                                     "< ACK",
                                     "s close()",
                                     "< FIN",
                                     "> ACK",
                                     "c: TIME_WAIT",
                                     "c close() one too many",
                                     "> FIN",
                                     "< ACK",
                                     "c: CLOSE",
                                     "s close()",
                                     "< FIN",
                                     "> RST",
                                     NULL},
    .knobs = knobs,
    .n_knobs = sizeof(knobs) / sizeof(*knobs),
    .premises = PREMISE_DATA | PREMISE_ON_TIME | PREMISE_WRITABLE,
    .check = check,
    .predict = predict,
    .run = run,
    .tell = tell,
    .by_hand = by_hand,
    .see_also =
        (const char *const[]){"time-wait", "fin-wait-2-timeout", "time-wait-lost-ack", NULL},
    .try_next = (const char *const[]){"tcplab-bench run time-wait-buckets --set max_tw_buckets=0",
                                      "tcplab-bench run time-wait-buckets --set half=8",
                                      "tcplab-bench run time-wait --set max_tw_buckets=5", NULL},
};
