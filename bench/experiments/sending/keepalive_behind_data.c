/* Keepalive behind data: two connections to a peer that is gone, both with SO_KEEPALIVE; one is
 * idle, the other has data under way.
 *
 * Textbooks say:  with SO_KEEPALIVE a peer that is gone is found out after idle + probes x
 *                 interval.
 * The kernel:     that is so of the idle one. While data is unacknowledged or unsent the keepalive
 *                 timer does nothing but set itself again ("It is alive without keepalive",
 *                 tcp_keepalive_timer()): no probe is sent, and the end comes by retransmission,
 *                 after tcp_retries2, about a quarter of an hour by default. TCP_USER_TIMEOUT is
 *                 what limits both.
 * Falsified by:   a keepalive probe behind data; an end of that connection by the keepalive's
 *                 time; one that outlasts tcp_retries2. */
#include "bench/trial/keepalive_client.h"
#include "bench/trial/segments.h"
#include "bench/trial/unanswered.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>

static const struct knob knobs[] = {
    KNOB_COUNT("idle", "1", 1, 32767, "seconds of silence before the first probe"),
    KNOB_INTERVAL,
    KNOB_COUNT("probes", "2", 1, 127, "how many may go without an answer"),
    KNOB_SYSCTL("retries2", "3", 0, 15, "net.ipv4.tcp_retries2",
                "when the connection with data is given up"),
    {"user_timeout", "0", &option_duration, "TCP_USER_TIMEOUT of both; 0: not set", 0,
     3600 * 1000000000LL},
    KNOB_DELAY("50ms"),
    KNOB_IPV6,
};

static int user_timeout_ms(const struct knobs *k)
{
    return (int)(knob(k, "user_timeout") / 1000000);
}

static struct keepalive_timing idle_model(const struct knobs *k, const struct conditions *c)
{
    struct keepalive_timing m = keepalive_client_model(k, c);
    m.user_timeout = user_timeout_ms(k) / 1e3;
    return m;
}

static struct retransmit model(const struct knobs *k, const struct conditions *c)
{
    return (struct retransmit){
        .conditions = c, .rtt = unanswered_rtt(k), .user_timeout = user_timeout_ms(k) / 1e3};
}

static int check(const struct knobs *k, const struct conditions *c, char **ret_message)
{
    const struct retransmit data = model(k, c);
    if (knob(k, "user_timeout") % 1000000 == 0)
        return unanswered_check(&data, ret_message);
    if (asprintf(ret_message,
                 "user_timeout: TCP_USER_TIMEOUT is a number of whole milliseconds, at least 1; "
                 "write %dms",
                 user_timeout_ms(k) + 1) < 0)
        *ret_message = NULL;
    return -EINVAL;
}

/* Of the one with data, when the idle one has ended: 1 it is there, 0 it is gone, -1 it may be
 * either. */
static int outlasts(const struct knobs *k, const struct conditions *c)
{
    struct keepalive_timing m = idle_model(k, c);
    struct retransmit r = model(k, c);
    struct span idle = keepalive_gives_up(&m), data = retransmit_gives_up(&r);
    return data.lo > idle.hi + 1 ? 1 : data.hi + 1 < idle.lo ? 0 : -1;
}

static void predict(const struct knobs *k, const struct conditions *c, struct prediction *p)
{
    struct keepalive_timing m = idle_model(k, c);
    struct retransmit r = model(k, c);
    int least = keepalive_least(&m), most = keepalive_most(&m);
    const struct rule *idle = m.user_timeout > 0 ? &rule_keepalive_user_timeout
                                                 : &rule_keepalive_gives_up,
                      *data = m.user_timeout > 0 ? &rule_user_timeout : &rule_retries2_is_a_time;
    keepalive_client_expect(p, &m, least);
    expect_between(p, "segments", least, most, idle, "client.probes");
    expect_span(p, keepalive_client_span(keepalive_gives_up(&m)), idle, "client.idle_given_up");
    expect_exactly(p, "errno", ETIMEDOUT, &rule_gives_up_timed_out, "client.idle_error");
    if (outlasts(k, c) >= 0)
        expect_exactly(p, "sockets", outlasts(k, c), &rule_keepalive_waits,
                       "client.ESTABLISHED_behind_data");
    expect_exactly(p, "segments", 0, &rule_keepalive_waits, "client.probes_behind_data");
    unanswered_expect(p, &unanswered_data, &r, data);
    expect_end(p, retransmit_gives_up(&r), data, "client.data_given_up");
    expect_exactly(p, "errno", ETIMEDOUT, &rule_gives_up_timed_out, "client.data_error");
    expect_between(p, "segments", least, most, &rule_keepalive_counter,
                   "client.TcpExt.TCPKeepAlive");
    expect_exactly(p, "connections", 2, &rule_abort_on_timeout_counter,
                   "client.TcpExt.TCPAbortOnTimeout");
    expect_exactly(p, "segments", 1, &rule_keepalive_reset, "client.idle_resets");
    expect_exactly(p, "segments", 0, &rule_gives_up_silently, "client.data_resets");
    expect_exactly(p, "sockets", 2, &rule_silent_peer, "server.ESTABLISHED");
    expect_exactly(p, "connections", 2, &rule_gives_up_timed_out, "ledger.timed_out");
}

static void limit(struct trial_socket *s, const struct knobs *k)
{
    char option[48];
    snprintf(option, sizeof(option), "TCP_USER_TIMEOUT, %d ms", user_timeout_ms(k));
    if (user_timeout_ms(k))
        sock_set(s, IPPROTO_TCP, TCP_USER_TIMEOUT, user_timeout_ms(k), option);
}

static struct trial_socket *idle_connection(struct trial *t, const struct knobs *k,
                                            struct trial_socket *listener)
{
    struct trial_socket *idle = sock_new(t, SIDE_CLIENT);
    keepalive_client_set(idle, k, true);
    limit(idle, k);
    keepalive_client_connect(idle, listener);
    return idle;
}

/* When the client of that connection sent a RST; 0: it did not. */
static int64_t reset_ns(const struct trial *t, const struct trial_socket *client)
{
    SEGMENTS_OF(s, t, sock_client_port(client))
        if (s->flags & SEGMENT_RST && s->direction == TO_SERVER)
            return s->at_ns;
    return 0;
}

static void run(struct trial *t, const struct knobs *k)
{
    struct keepalive_timing m = idle_model(k, &t->conditions);
    struct retransmit r = model(k, &t->conditions);
    struct trial_socket *listener = sock_serve(t, 4), *server;
    struct trial_socket *data = unanswered_connection(t, listener, SIDE_CLIENT, &server);
    struct trial_socket *idle = idle_connection(t, k, listener);
    step_settle(t);
    step_cut(t, true);
    sock_send(data, 100);
    keepalive_client_set(data, k, true);
    limit(data, k);
    sock_wait(idle, 0, 1.5 * keepalive_gives_up(&m).hi + 30, "the idle connection to be given up");
    step_see_state(t, SIDE_CLIENT, SOCKDIAG_ESTABLISHED, "client.ESTABLISHED_behind_data");
    sock_wait(data, 0, 1.5 * retransmit_gives_up(&r).hi + 30,
              "the connection with data to be given up");
    step_see(t, sock_error(idle), "client.idle_error");
    step_see(t, sock_error(data), "client.data_error");
    sock_see_end(data, unanswered_began_ns(t, &unanswered_data), "client.data_given_up");
    keepalive_client_see(t, idle);
    unanswered_see(t, &unanswered_data);
    if (!t->failure) {
        if (reset_ns(t, idle))
            step_see(t, (double)(reset_ns(t, idle) - keepalive_client_zero_ns(t, idle)) / 1e9,
                     "client.idle_given_up");
        step_see(t, (double)keepalive_client_count(t, data), "client.probes_behind_data");
        step_see(t, (double)unanswered_resets(t, idle), "client.idle_resets");
        step_see(t, (double)unanswered_resets(t, data), "client.data_resets");
    }
    step_take_stock(t);
    step_show(t, LEDGER_timed_out, "data that nobody acknowledges, and no keepalive probe");
}

static void tell(FILE *out, const struct trial *t, const struct knobs *k)
{
    fprintf(out,
            "Both connections had SO_KEEPALIVE and the same times when the cable was cut. The idle "
            "one sent %d probe%s and was given up %.2f s after its last segment had come. ",
            (int)trial_observed(t, "client.probes"),
            trial_observed(t, "client.probes") == 1 ? "" : "s",
            trial_observed(t, "client.idle_given_up"));
    fprintf(out,
            "The other had 100 unacknowledged bytes: it sent no keepalive probe at all, and ended "
            "%.2f s after its data was sent, by ",
            trial_observed(t, "client.data_given_up_first"));
    if (user_timeout_ms(k))
        fprintf(out, "TCP_USER_TIMEOUT = %d ms, which limits both. ", user_timeout_ms(k));
    else
        fprintf(out, "tcp_retries2 = %lld; the default 15 takes 924.6 s at least. ",
                (long long)t->conditions.retries2);
    fprintf(
        out,
        "A program that wants to know sooner sets TCP_USER_TIMEOUT, or uses a timeout of its own.");
}

static const struct by_hand by_hand[] = {
    {"client", "ss -tanoi 'dport = :8888'",
     "timer:(keepalive,TIME,N) of the idle one; timer:(on,TIME,N) of the one with data, whose "
     "keepalive timer ss does not show"},
    {"client", "nstat -az TcpExtTCPKeepAlive TcpExtTCPTimeouts TcpExtTCPAbortOnTimeout",
     "keepalive probes; firings of the RTO; connections given up"},
    {"server", "ss -tan 'sport = :8888'", "ESTAB twice, whatever happens at the other end"},
    {0},
};

const struct experiment experiment_keepalive_behind_data = {
    .name = "keepalive-behind-data",
    .question = "Does keepalive detect a dead peer while data is unacknowledged?",
    .claim = "With SO_KEEPALIVE the kernel detects a dead peer after idle + probes x interval.",
    .kernel =
        "Only on an idle connection. While data is unacknowledged or unsent the keepalive timer "
        "sends nothing and ends nothing (tcp_keepalive_timer: \"It is alive without keepalive\"): "
        "retransmission, or window probes where all data is unsent, detect the dead peer, after "
        "tcp_retries2, which takes 924.6 s and more by default. TCP_USER_TIMEOUT limits both.",
    .falsified = "A keepalive probe behind data, an end of that connection by the keepalive's "
                 "time, or one that outlasts tcp_retries2.",
    .why_link = "The cable is cut: both hosts are alive and receive nothing from each other, which "
                "loopback cannot show.",
    .time = "About 5 s. With the kernel's defaults the idle connection would take 2 h 11 min 15 s, "
            "and the one with data about 16 min.",
    .drawing =
        (const char *const[]){"c: ESTABLISHED", "s: ESTABLISHED", "c setsockopt(SO_KEEPALIVE)",
                              "c send()", "> DATA x dropped: the cable is cut", ". RTO",
                              "> DATA x a tail loss probe", ". RTO", "> DATA x lost",
                              ". the keepalive time is over: no probe", ". 2 RTO", "> DATA x lost",
                              ". 4 RTO", "> DATA x lost", ". 8 RTO", "c ETIMEDOUT", NULL},
    .knobs = knobs,
    .n_knobs = sizeof(knobs) / sizeof(*knobs),
    .premises = PREMISE_DATA | PREMISE_WRITABLE,
    .check = check,
    .predict = predict,
    .run = run,
    .tell = tell,
    .by_hand = by_hand,
    .see_also = (const char *const[]){"keepalive-dead-peer", "retransmission-give-up",
                                      "user-timeout", "zero-window", NULL},
    .try_next =
        (const char *const[]){"tcplab-bench run keepalive-behind-data --set user_timeout=2s",
                              "tcplab-bench run keepalive-behind-data --set retries2=1",
                              "tcplab-bench run keepalive-dead-peer", NULL},
};
