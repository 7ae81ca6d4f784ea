/* TCP_USER_TIMEOUT: a program says how long its data may stay unacknowledged.
 *
 * Textbooks say:  data that is not acknowledged within the user timeout ends the connection (RFC
 *                 5482).
 * The kernel:     the time is not counted from the sending, but from the first firing of the RTO
 *                 (retransmits_timed_out()), and before that firing comes a tail loss probe. From
 *                 then on each timer is cut to what is left (tcp_clamp_rto_to_user_timeout()), so
 *                 the end is on time, and not at the next firing that would have been. tcp_retries2
 *                 does nothing. On an idle connection the option does nothing without SO_KEEPALIVE,
 *                 whose probes it limits (keepalive_dead_peer.c); and it also ends a connection
 *                 whose data waits before a closed window (zero_window.c).
 * Falsified by:   an end before the first firing + the timeout, or later than a timer may be late;
 *                 an end by tcp_retries2. */
#include "bench/trial/unanswered.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>

static const struct knob knobs[] = {
    {"timeout", "3s", &option_duration, "TCP_USER_TIMEOUT, set by the client", 1000000,
     3600 * 1000000000LL},
    KNOB_SYSCTL("retries2", NULL, 0, 15, "net.ipv4.tcp_retries2",
                "what would end the connection without the option"),
    KNOB_DELAY(UNANSWERED_DELAY),
    KNOB_IPV6,
};

static int timeout_ms(const struct knobs *k)
{
    return (int)(knob(k, "timeout") / 1000000);
}

static struct retransmit model(const struct knobs *k, const struct conditions *c)
{
    return (struct retransmit){
        .conditions = c, .rtt = unanswered_rtt(k), .user_timeout = timeout_ms(k) / 1e3};
}

static int check(const struct knobs *k, const struct conditions *c, char **ret_message)
{
    const struct retransmit r = model(k, c);
    if (knob(k, "timeout") % 1000000 == 0)
        return unanswered_check(&r, ret_message);
    if (asprintf(ret_message,
                 "timeout: TCP_USER_TIMEOUT is a number of whole milliseconds; write %dms or %dms",
                 timeout_ms(k), timeout_ms(k) + 1) < 0)
        *ret_message = NULL;
    return -EINVAL;
}

static void predict(const struct knobs *k, const struct conditions *c, struct prediction *p)
{
    struct retransmit r = model(k, c);
    unanswered_expect_cut(p, &r, &rule_user_timeout);
}

static void run(struct trial *t, const struct knobs *k)
{
    char option[48];
    struct retransmit r = model(k, &t->conditions);
    struct trial_socket *listener = sock_serve(t, 4), *server;
    struct trial_socket *client = unanswered_connection(t, listener, SIDE_CLIENT, &server);
    snprintf(option, sizeof(option), "TCP_USER_TIMEOUT, %d ms", timeout_ms(k));
    sock_set(client, IPPROTO_TCP, TCP_USER_TIMEOUT, timeout_ms(k), option);
    unanswered_cut(t, client, &r);
}

static void tell(FILE *out, const struct trial *t, const struct knobs *k)
{
    unanswered_tell(out, t, &unanswered_data, "the segment");
    fprintf(
        out,
        "TCP_USER_TIMEOUT was %.3f s, and it began at the first of these timeouts: %.2f s after "
        "the client had sent the segment, the program got ETIMEDOUT. The kernel had shortened the "
        "last timer to the remaining time. Without the option tcp_retries2 = %lld would have set "
        "the limit. The server received nothing about it: its socket is still ESTABLISHED.",
        timeout_ms(k) / 1e3, trial_observed(t, "client.given_up_first"),
        (long long)t->conditions.retries2);
}

static const struct by_hand by_hand[] = {
    {"client", "ss -tanoi 'dport = :8888'",
     "timer:(on,TIME,N): what is left of the RTO, or of the user timeout if that is less"},
    {"client", "nstat -az TcpExtTCPTimeouts TcpExtTCPAbortOnTimeout",
     "firings of the RTO; connections given up"},
    {"server", "ss -tan 'sport = :8888'", "ESTAB, whatever happens at the other end"},
    {0},
};

const struct experiment experiment_user_timeout = {
    .name = "user-timeout",
    .question = "When does TCP_USER_TIMEOUT end a connection whose data is not acknowledged?",
    .claim = "When data has not been acknowledged for that long, counted from its sending, the "
             "connection is closed.",
    .kernel =
        "The kernel counts it from the first RTO timeout, so the end comes later by the tail loss "
        "probe's time and one RTO (retransmits_timed_out). After that timeout the kernel shortens "
        "each timer to the remaining time (tcp_clamp_rto_to_user_timeout), so the end does not "
        "wait for the next doubling. The kernel ignores tcp_retries2 then. The option does not end "
        "an idle connection, unless SO_KEEPALIVE is set: then it replaces the number of probes. It "
        "also limits data that a closed window holds back, from the first window probe on.",
    .falsified = "An end before the first firing and the timeout are over, one that waits for the "
                 "next doubled RTO, or one by tcp_retries2.",
    .why_link = "The cable is cut: both hosts are alive and receive nothing from each other, which "
                "loopback cannot show.",
    .time = "About 4 s: two RTOs and the timeout. Without the option the default tcp_retries2 = 15 "
            "takes about 16 min.",
    .drawing =
        (const char *const[]){"c: ESTABLISHED", "s: ESTABLISHED", "c setsockopt(TCP_USER_TIMEOUT)",
                              "c send()", "> DATA x dropped: the cable is cut", ". RTO",
                              "> DATA x a tail loss probe", ". RTO", "> DATA x the timeout begins",
                              ". 2 RTO", "> DATA x lost", ". 4 RTO", "> DATA x lost",
                              ". what is left of the timeout", "c ETIMEDOUT", NULL},
    .knobs = knobs,
    .n_knobs = sizeof(knobs) / sizeof(*knobs),
    .premises = PREMISE_DATA | PREMISE_WRITABLE,
    .check = check,
    .predict = predict,
    .run = run,
    .tell = tell,
    .by_hand = by_hand,
    .see_also = (const char *const[]){"retransmission-give-up", "keepalive-dead-peer",
                                      "keepalive-behind-data", "zero-window", NULL},
    .try_next =
        (const char *const[]){"tcplab-bench run user-timeout --set timeout=100ms",
                              "tcplab-bench run user-timeout --set retries2=1",
                              "tcplab-bench run keepalive-dead-peer --set user_timeout=1s", NULL},
};
