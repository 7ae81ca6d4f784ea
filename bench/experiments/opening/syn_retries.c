/* SYNs that nobody answers: the cable is cut before connect().
 *
 * Textbooks say:  the SYN is sent again after 1, 3, 7, 15, 31, 63 s, each wait twice as long as the
 *                 one before, and connect() fails after 127 s.
 * The kernel:     since 6.5 the first tcp_syn_linear_timeouts + 1 waits are all 1 s
 *                 (tcp_retransmit_timer()). It gives up at the first timeout that finds
 *                 tcp_syn_retries + tcp_syn_linear_timeouts repetitions sent, or as much time gone
 *                 as tcp_syn_retries doublings would have taken (tcp_write_timeout()).
 *                 TCP_USER_TIMEOUT replaces that time and leaves the number.
 * Falsified by:   a SYN off this ladder, one more or one less; an ETIMEDOUT before its time or well
 *                 after it. */
#include "bench/model/ladder.h"
#include "bench/model/opening.h"
#include "bench/trial/segments.h"
#include "bench/trial/sockets.h"
#include "bench/trial/steps.h"

#include <errno.h>
#include <math.h>
#include <netinet/tcp.h>
#include <stdio.h>

static const struct knob knobs[] = {
    KNOB_SYSCTL("syn_retries", "2", 1, 127, "net.ipv4.tcp_syn_retries",
                "repetitions, and the time that they stand for"),
    KNOB_SYSCTL("linear_timeouts", NULL, 0, 127, "net.ipv4.tcp_syn_linear_timeouts",
                "more waits of 1 s before they double"),
    KNOB_COUNT("syncnt", "0", 0, 127, "TCP_SYNCNT, instead of syn_retries; 0: not set"),
    {"user_timeout", "never", &option_duration, "TCP_USER_TIMEOUT", 1000000, 3600 * 1000000000LL,
     .word = "never"},
    KNOB_IPV6,
};

static int64_t user_timeout_ms(const struct knobs *k)
{
    return knob(k, "user_timeout") == OPTION_NEVER ? 0 : knob(k, "user_timeout") / 1000000;
}

#define TELL_MOST 12
/* As this socket has them. */
static struct conditions conditions_of_socket(const struct knobs *k, const struct conditions *c)
{
    struct conditions of_socket = *c;
    if (knob(k, "syncnt"))
        of_socket.syn_retries = knob(k, "syncnt");
    return of_socket;
}

static int check(const struct knobs *k, const struct conditions *c, char **ret_message)
{
    int r = 0;
    double firing_s;
    struct conditions of_socket = conditions_of_socket(k, c);
    int64_t user_ms = user_timeout_ms(k);
    double lasts_s = opening_syn_gives_up(&of_socket, user_ms).lo;
    if (lasts_s > EXPERIMENT_LONGEST_S)
        r = asprintf(ret_message,
                     "with these knobs connect() gives up after %.0f s only, and a run lasts %d s "
                     "at most; write fewer syn_retries, or a user_timeout",
                     lasts_s, EXPERIMENT_LONGEST_S);
    else if (!opening_syn_is_chance(&of_socket, user_ms, &firing_s))
        return 0;
    else if (user_ms)
        r = asprintf(ret_message,
                     "user_timeout=%lldms: a SYN is due after %.0f s, and timers are a little "
                     "late, so it is chance which of the two comes first; write %.0f, or %.0f.5",
                     (long long)user_ms, firing_s, firing_s, firing_s);
    else
        r = asprintf(
            ret_message,
            "%lld linear timeouts are too many for syn_retries=%lld: each is a little late, and it "
            "is chance how many have been when the time is over; write at most 10",
            (long long)c->syn_linear_timeouts, (long long)of_socket.syn_retries);
    if (r < 0)
        *ret_message = NULL;
    return -EINVAL;
}

static void predict(const struct knobs *k, const struct conditions *c, struct prediction *p)
{
    struct conditions of_socket = conditions_of_socket(k, c);
    int64_t user_ms = user_timeout_ms(k);
    int again = opening_syn_retransmits(&of_socket, user_ms);
    const struct rule *end = user_ms ? &rule_syn_user_timeout : &rule_syn_gives_up;
    for (int i = 1; i <= again; i++)
        expect_span(p, ladder_syn_firing(&of_socket, i), &rule_syn_ladder, "client.syn_again_%d",
                    i);
    expect_exactly(p, "segments", again, knob(k, "syncnt") ? &rule_syn_count_option : end,
                   "client.TcpExt.TCPSynRetrans");
    expect_end(p, opening_syn_gives_up(&of_socket, user_ms), end, "client.gives_up");
    expect_exactly(p, "errno", ETIMEDOUT, end, "client.connect_error");
    expect_exactly(p, "timeouts", again + 1, &rule_timeouts_counter, "client.TcpExt.TCPTimeouts");
    expect_exactly(p, "connections", 1, &rule_abort_on_timeout_counter,
                   "client.TcpExt.TCPAbortOnTimeout");
    expect_exactly(p, "connections", 1, &rule_attempt_fails, "client.Tcp.AttemptFails");
    expect_exactly(p, "connections", 1, end, "ledger.timed_out");
}

static int64_t syn_ns(const struct trial *t, int64_t n)
{
    return segments_sent_ns(t, TO_SERVER, SEGMENT_SYN, SEGMENT_SYN, FAULT_ANY_PAYLOAD, n);
}

/* Never early is reckoned from connect(), when the kernel's clock cannot have begun; never late
 * from the SYN, when it has. */
static void see_end(struct trial_socket *s, struct trial *t)
{
    if (t->failure || !s->ended_ns)
        return;
    sock_see_end(s, s->connected_ns, "client.gives_up");
    step_see(t, fmax(0, (double)(s->fine_ns - syn_ns(t, 1)) / 1e9), "client.gives_up_last");
}

static void run(struct trial *t, const struct knobs *k)
{
    struct conditions of_socket = conditions_of_socket(k, &t->conditions);
    int64_t user_ms = user_timeout_ms(k);
    sock_serve(t, 4);
    struct trial_socket *client = sock_new(t, SIDE_CLIENT);
    if (knob(k, "syncnt"))
        sock_set(client, IPPROTO_TCP, TCP_SYNCNT, (int)knob(k, "syncnt"), "TCP_SYNCNT");
    if (user_ms)
        sock_set(client, IPPROTO_TCP, TCP_USER_TIMEOUT, (int)user_ms, "TCP_USER_TIMEOUT");
    step_cut(t, true);
    sock_connect(client);
    sock_wait(client, POLLOUT, 1.2 * opening_syn_gives_up(&of_socket, user_ms).hi + 10,
              "connect() to fail");
    for (int64_t i = 1; syn_ns(t, i + 1); i++)
        step_see(t, (double)(syn_ns(t, i + 1) - syn_ns(t, 1)) / 1e9, "client.syn_again_%d", (int)i);
    see_end(client, t);
    step_see(t, sock_error(client), "client.connect_error");
    step_take_stock(t);
    step_show(t, LEDGER_timed_out, "the SYNs that nobody answered");
}

static void tell(FILE *out, const struct trial *t, const struct knobs *k)
{
    int64_t again = trial_counter(t, SIDE_CLIENT, "TcpExt.TCPSynRetrans");
    char name[EXPECTATION_NAME_MAX];
    fprintf(out, "Nobody answered the SYN, and it was sent %lld time%s more: after ",
            (long long)again, again == 1 ? "" : "s");
    for (int i = 1; i <= again && i <= TELL_MOST; i++) {
        snprintf(name, sizeof(name), "client.syn_again_%d", i);
        fprintf(out, "%s%.2f", i == 1 ? "" : ", ", trial_observed(t, name));
    }
    fprintf(out, "%s s. ", again > TELL_MOST ? " and so on" : "");
    fprintf(out, "connect() failed with ETIMEDOUT between %.2f and %.2f s. ",
            trial_observed(t, "client.gives_up_last"), trial_observed(t, "client.gives_up_first"));
    const struct conditions of_socket = conditions_of_socket(k, &t->conditions);
    if (user_timeout_ms(k))
        fprintf(out, "TCP_USER_TIMEOUT had replaced the time that the retries stand for, and the "
                     "kernel shortened the timer that would have ended after it; the number of "
                     "retries still applied. ");
    else if (t->conditions.syn_linear_timeouts)
        fprintf(
            out,
            "tcp_syn_linear_timeouts = %lld had made the first waits 1 s each; they count as "
            "retries as well, but not as time: the time is still that of the doublings, %lld s. ",
            (long long)t->conditions.syn_linear_timeouts,
            (long long)ladder_syn_patience(&of_socket));
    fprintf(out, "The server received nothing.");
}

static const struct by_hand by_hand[] = {
    {"client", "ss -tano state syn-sent",
     "timer:(on,...,N): when the next SYN is due, and that N have been sent again"},
    {"client", "nstat -az TcpExtTCPSynRetrans TcpExtTCPTimeouts TcpExtTCPAbortOnTimeout",
     "SYNs sent again; timeouts; the end"},
    {"client", "sysctl net.ipv4.tcp_syn_retries net.ipv4.tcp_syn_linear_timeouts",
     "2 and 4 here: 7 s; 6 and 4 by default: 131 s"},
    {0},
};

const struct experiment experiment_syn_retries = {
    .name = "syn-retries",
    .question =
        "When does the kernel send an unanswered SYN again, and when does connect() give up?",
    .claim = "The SYN is sent again after 1, 3, 7, 15, 31 and 63 s, each wait twice as long as the "
             "one before, and connect() fails after 127 s.",
    .kernel =
        "True from Linux 3.7 to 6.4. Since 6.5 the first tcp_syn_linear_timeouts + 1 waits are 1 s "
        "each (tcp_retransmit_timer): 1, 2, 3, 4, 5, 7, 11, 19 s and so on, and connect() fails at "
        "the first timeout that finds tcp_syn_retries + tcp_syn_linear_timeouts SYNs sent again, "
        "or the time of tcp_syn_retries doublings gone (tcp_write_timeout).",
    .falsified = "A SYN off this ladder, one more or one less of them, or an ETIMEDOUT before its "
                 "time or well after it.",
    .why_link = "The wire is cut before connect(), as if somebody pulled the cable: nobody "
                "answers, and nobody reports an error.",
    .time = "About 7 s. With the defaults, tcp_syn_retries = 6 and tcp_syn_linear_timeouts = 4, it "
            "takes 131 to 136 s.",
    .drawing =
        (const char *const[]){"c connect()", "> SYN x the wire is cut", "c: SYN_SENT", ". 1 s",
                              "> SYN x and again, and again", ". ...", "c ETIMEDOUT", NULL},
    .knobs = knobs,
    .n_knobs = sizeof(knobs) / sizeof(*knobs),
    .check = check,
    .predict = predict,
    .run = run,
    .tell = tell,
    .by_hand = by_hand,
    .see_also = (const char *const[]){"synack-retries", "closed-port", "user-timeout",
                                      "retransmission-give-up", NULL},
    .try_next = (const char *const[]){"tcplab-bench run syn-retries --set linear_timeouts=0",
                                      "tcplab-bench run syn-retries --set user_timeout=20s",
                                      "tcplab-bench run syn-retries --set user_timeout=500ms",
                                      "tcplab-bench run closed-port", NULL},
};
