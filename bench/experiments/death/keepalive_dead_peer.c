/* Keepalive, and a peer that is not there any more: the cable is cut while nothing is under way.
 *
 * Textbooks say:  after 2 h the connection is probed every 75 s, 9 (or 10) times, and then it is
 *                 closed.
 * The kernel:     only with SO_KEEPALIVE. The first probe goes when nothing has come for
 *                 tcp_keepalive_time, then one each tcp_keepalive_intvl, and one interval after the
 *                 last of tcp_keepalive_probes the connection is given up with ETIMEDOUT
 *                 (tcp_keepalive_timer()). A RST goes out, and is lost like the probes. With
 *                 TCP_USER_TIMEOUT the number of probes does not count: the first firing after the
 *                 first probe that finds the time over ends it. All that of an idle connection
 *                 only: while data is unacknowledged or unsent there is no probe, and
 *                 retransmission decides (keepalive_behind_data.c).
 * Falsified by:   a probe off its time; more or fewer of them; an end without RST, or with another
 *                 error than ETIMEDOUT. */
#include "bench/trial/keepalive_client.h"
#include "bench/trial/segments.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BY_SETSOCKOPT, BY_SYSCTL };
static const char *const ways[] = {"setsockopt", "sysctl", NULL};

static const struct knob knobs[] = {
    KNOB_IDLE,
    KNOB_INTERVAL,
    KNOB_PROBES,
    {"by", "setsockopt", &option_choice, "how these three are set", .choices = ways},
    {"user_timeout", "0", &option_duration, "TCP_USER_TIMEOUT; 0: not set", 0, 3600 * 1000000000LL},
    KNOB_DELAY("1ms"),
    KNOB_IPV6,
};

static const char *const sysctls[][2] = {
    {"idle", "net.ipv4.tcp_keepalive_time"},
    {"interval", "net.ipv4.tcp_keepalive_intvl"},
    {"probes", "net.ipv4.tcp_keepalive_probes"},
};

static int user_timeout_ms(const struct knobs *k)
{
    return (int)(knob(k, "user_timeout") / 1000000);
}

static struct keepalive_timing model(const struct knobs *k, const struct conditions *c)
{
    struct keepalive_timing m = keepalive_client_model(k, c);
    m.user_timeout = user_timeout_ms(k) / 1e3;
    return m;
}

/* With by=sysctl the run sets them, and would overrule what the user has given. */
static const char *given_twice(const struct knobs *k)
{
    for (size_t i = 0; knob(k, "by") == BY_SYSCTL && i < k->n_sysctls; i++)
        if (strstr(k->sysctl[i], "tcp_keepalive_"))
            return k->sysctl[i];
    return NULL;
}

static int check(const struct knobs *k, const struct conditions *c, char **ret_message)
{
    int r;
    const char *twice = given_twice(k);
    if (twice)
        r = asprintf(ret_message,
                     "%s: with by=sysctl the knobs idle, interval and probes set these sysctls; "
                     "leave it out, and use the knobs",
                     twice);
    else if (knob(k, "user_timeout") % 1000000)
        r = asprintf(ret_message,
                     "user_timeout: TCP_USER_TIMEOUT is a number of whole milliseconds, at least "
                     "1; write %dms",
                     user_timeout_ms(k) + 1);
    else
        return 0;
    if (r < 0)
        *ret_message = NULL;
    return -EINVAL;
}

static void predict(const struct knobs *k, const struct conditions *c, struct prediction *p)
{
    struct keepalive_timing m = model(k, c);
    int least = keepalive_least(&m), most = keepalive_most(&m);
    const struct rule *end =
        m.user_timeout > 0 ? &rule_keepalive_user_timeout : &rule_keepalive_gives_up;
    keepalive_client_expect(p, &m, least);
    expect_between(p, "segments", least, most, end, "client.probes");
    expect_span(p, keepalive_client_span(keepalive_gives_up(&m)), end, "client.given_up");
    expect_exactly(p, "errno", ETIMEDOUT, &rule_gives_up_timed_out, "client.error");
    expect_exactly(p, "segments", 1, &rule_keepalive_reset, "client.resets");
    expect_between(p, "segments", least, most, &rule_keepalive_counter,
                   "client.TcpExt.TCPKeepAlive");
    expect_exactly(p, "connections", 1, &rule_abort_on_timeout_counter,
                   "client.TcpExt.TCPAbortOnTimeout");
    expect_exactly(p, "sockets", 1, &rule_silent_peer, "server.ESTABLISHED");
    expect_exactly(p, "connections", 1, &rule_gives_up_timed_out, "ledger.timed_out");
}

static void set_sysctls(struct trial *t, const struct knobs *k)
{
    char value[24];
    for (size_t i = 0; knob(k, "by") == BY_SYSCTL && i < sizeof(sysctls) / sizeof(*sysctls); i++) {
        snprintf(value, sizeof(value), "%lld", (long long)knob(k, sysctls[i][0]));
        step_set(t, SIDE_CLIENT, sysctls[i][1], value);
    }
}

/* The cable is cut as soon as there is a connection. Should the first probe be faster, it is lost
 * all the same. */
static struct trial_socket *cut_connection(struct trial *t, const struct knobs *k)
{
    char option[48];
    const struct fault after_the_handshake = {.direction = TO_SERVER,
                                              .flags_mask = SEGMENT_ACK,
                                              .flags = SEGMENT_ACK,
                                              .first = 2,
                                              .action = FAULT_DROP};
    struct trial_socket *listener = sock_serve(t, 4), *client = sock_new(t, SIDE_CLIENT);
    keepalive_client_set(client, k, knob(k, "by") == BY_SETSOCKOPT);
    snprintf(option, sizeof(option), "TCP_USER_TIMEOUT, %d ms", user_timeout_ms(k));
    if (user_timeout_ms(k))
        sock_set(client, IPPROTO_TCP, TCP_USER_TIMEOUT, user_timeout_ms(k), option);
    step_fault(t, &after_the_handshake);
    keepalive_client_connect(client, listener);
    step_mark(t, "The cable is pulled, and nobody sends. When does the client notice?");
    step_cut(t, true);
    return client;
}

static void run(struct trial *t, const struct knobs *k)
{
    struct keepalive_timing m = model(k, &t->conditions);
    set_sysctls(t, k);
    struct trial_socket *client = cut_connection(t, k);
    sock_wait(client, 0, 1.5 * keepalive_gives_up(&m).hi + 30, "the connection to be given up");
    step_see(t, sock_error(client), "client.error");
    keepalive_client_see(t, client);
    step_see(t, (double)segments_count(t, TO_SERVER, SEGMENT_RST, SEGMENT_RST, FAULT_ANY_PAYLOAD),
             "client.resets");
    int64_t reset_ns =
        segments_sent_ns(t, TO_SERVER, SEGMENT_RST, SEGMENT_RST, FAULT_ANY_PAYLOAD, 1);
    if (reset_ns)
        step_see(t, (double)(reset_ns - keepalive_client_zero_ns(t, client)) / 1e9,
                 "client.given_up");
    step_take_stock(t);
    step_show(t, LEDGER_timed_out, "the probes that nobody answers");
}

static void tell(FILE *out, const struct trial *t, const struct knobs *k)
{
    fprintf(
        out,
        "No segment was in flight when the cable was cut, and neither end noticed that. After %.2f "
        "s of silence the client's kernel sent the first keepalive probe, an ACK with an old "
        "sequence number that asks for an answer, and %d in all. %.2f s after the last segment had "
        "come it gave up: the program got ETIMEDOUT, and a RST went out, which was lost as well. ",
        trial_observed(t, "client.probe_1"), (int)trial_observed(t, "client.probes"),
        trial_observed(t, "client.given_up"));
    if (user_timeout_ms(k))
        fprintf(out, "TCP_USER_TIMEOUT set that time, and not the number of probes. ");
    fprintf(out, "The server, which has not set SO_KEEPALIVE, is still ESTABLISHED, and would stay "
                 "ESTABLISHED for ever.");
}

static const struct by_hand by_hand[] = {
    {"client", "ss -tano 'dport = :8888'",
     "timer:(keepalive,TIME,N): when the next probe is due, and how many have had no answer"},
    {"client", "nstat -az TcpExtTCPKeepAlive TcpExtTCPAbortOnTimeout TcpOutRsts",
     "probes; connections given up; RSTs sent"},
    {"client",
     "sysctl net.ipv4.tcp_keepalive_time net.ipv4.tcp_keepalive_intvl "
     "net.ipv4.tcp_keepalive_probes",
     "what holds for sockets that have not set their own"},
    {"server", "ss -tano 'sport = :8888'", "ESTAB, and no timer"},
    {0},
};

const struct experiment experiment_keepalive_dead_peer = {
    .name = "keepalive-dead-peer",
    .question = "When does an idle connection detect that its peer is gone?",
    .claim = "After 2 hours of silence the connection is probed every 75 s, and after 9 probes "
             "without an answer it is closed.",
    .kernel = "True with SO_KEEPALIVE, on a connection where no data is unacknowledged or unsent "
              "(else keepalive waits, and retransmission decides: keepalive-behind-data). Without "
              "SO_KEEPALIVE never. The end comes one interval after the last probe, at idle + "
              "probes * interval, with a RST and usually with ETIMEDOUT (tcp_keepalive_timer). "
              "With TCP_USER_TIMEOUT the number of probes does not count: the first firing after "
              "the first probe that finds that time over is the end.",
    .falsified = "A probe off its time, one too many or too few, an end without RST or with "
                 "another error than ETIMEDOUT.",
    .why_link = "The cable is cut while no segment is in flight: both hosts are alive, and neither "
                "gets an error.",
    .time = "About 5.5 s. With the kernel's defaults (7200 s, 75 s, 9 probes) it would take 2 h 11 "
            "min 15 s, and up to some minutes more, because long timers are coarse.",
    .drawing =
        (const char *const[]){"c setsockopt(SO_KEEPALIVE)", "c: ESTABLISHED", "s: ESTABLISHED",
                              ". idle", "> ACK x a probe, lost: the cable is cut", ". interval",
                              "> ACK x lost", ". interval", "> ACK x lost", ". interval",
                              "> RST-ACK x lost", "c ETIMEDOUT", NULL},
    .knobs = knobs,
    .n_knobs = sizeof(knobs) / sizeof(*knobs),
    .check = check,
    .predict = predict,
    .run = run,
    .tell = tell,
    .by_hand = by_hand,
    .see_also = (const char *const[]){"keepalive-behind-data", "keepalive-reboot", "user-timeout",
                                      "retransmission-give-up", NULL},
    .try_next =
        (const char *const[]){"tcplab-bench run keepalive-dead-peer --set by=sysctl --set probes=1",
                              "tcplab-bench run keepalive-dead-peer --set user_timeout=1s",
                              "tcplab-bench run keepalive-reboot", NULL},
};
