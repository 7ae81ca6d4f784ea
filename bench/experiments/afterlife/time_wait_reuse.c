/* tcp_tw_reuse: when connect() gets a port again that is in TIME_WAIT towards the same destination.
 *
 * Textbooks say:  the port is blocked for 2 MSL; tcp_tw_reuse = 1 frees it at once.
 * The kernel:     tcp_twsk_unique() asks for timestamps, for tcp_tw_reuse = 1 (or 2, the default,
 *                 on loopback only), and that more than tcp_tw_reuse_delay (1 s) has gone since the
 *                 peer's FIN; older kernels compare whole seconds, which takes from no time to 1 s.
 *                 If bind() has chosen the port, nothing of that is asked but the timestamps. The
 *                 new connection's numbers begin beyond the old one's window.
 * Falsified by:   a port that connect() gets before its time, or does not get after it; another
 *                 error than EADDRNOTAVAIL. */
#include "bench/model/afterlife.h"
#include "bench/trial/segments.h"
#include "bench/trial/sockets.h"
#include "bench/trial/steps.h"
#include "common/process/clock.h"
#include "common/process/exit_code.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PORT        "32768"
#define TIME_WAIT_S 60
#define LEAST_MS    200
#define AT_MOST     5   /* connections that are closed until one is tried again in time */
#define TRIES       20  /* while the delay lasts */
#define BEYOND_S    1.5 /* where it shall never succeed: that long after the delay it is believed */
#define LOOK_S      2   /* how far two tries may be apart on a machine with other work */

static const struct knob knobs[] = {
    KNOB_SYSCTL("tw_reuse", "1", 0, 2, "net.ipv4.tcp_tw_reuse",
                "0 never, 1 after the reuse delay, 2 (the default) on loopback only"),
    KNOB_SYSCTL("reuse_delay", NULL, 200, 5000, "net.ipv4.tcp_tw_reuse_delay",
                "milliseconds; not on older kernels"),
    KNOB_SYSCTL("timestamps", "1", 0, 1, "net.ipv4.tcp_timestamps",
                "whether the connections have timestamps"),
    KNOB_YES_NO("bind", "no", "bind() to the port before connect(), with SO_REUSEADDR"),
    KNOB_LINK("wire"),
    KNOB_DELAY("1ms"),
    KNOB_IPV6,
};

static struct span reuse(const struct knobs *k, const struct conditions *c)
{
    return afterlife_reuse(c, knob(k, "bind"), knob(k, "link") == KNOB_LOOPBACK);
}

static const struct rule *reuse_rule(const struct knobs *k, bool ever)
{
    if (!ever)
        return &rule_time_wait_reuse_refused;
    return knob(k, "bind") ? &rule_time_wait_reuse_bound : &rule_time_wait_reuse;
}

static int check(const struct knobs *k, const struct conditions *c, char **ret_message)
{
    int r = 0;
    if (!afterlife_kept(c, 1))
        r = asprintf(ret_message, "net.ipv4.tcp_max_tw_buckets=0: then there is no TIME_WAIT whose "
                                  "port could be taken; write at least 1");
    else if (c->tw_reuse_delay && c->tw_reuse_delay < LEAST_MS)
        r = asprintf(ret_message,
                     "net.ipv4.tcp_tw_reuse_delay=%lld: the delay would be over before the program "
                     "has called connect() again; write at least %d",
                     (long long)c->tw_reuse_delay, LEAST_MS);
    else
        return 0;
    if (r < 0)
        *ret_message = NULL;
    return -EINVAL;
}

static void predict(const struct knobs *k, const struct conditions *c, struct prediction *p)
{
    struct span when = reuse(k, c);
    bool ever = isfinite(when.lo), at_once = ever && when.hi <= 0;
    const struct rule *rule = reuse_rule(k, ever);
    expect_exactly(p, "sockets", 1, &rule_time_wait_first_closer, "client.TIME_WAIT_at_first");
    expect_between(p, "errno", when.lo > 0 ? EADDRNOTAVAIL : 0, at_once ? 0 : EADDRNOTAVAIL,
                   ever ? rule : &rule_time_wait_holds_port, "client.error_at_first");
    expect_exactly(p, "errno", ever ? 0 : EADDRNOTAVAIL, rule, "client.error_in_the_end");
    if (ever && !at_once) {
        expect_between(p, "s", when.lo, when.hi + LOOK_S, rule, "client.taken_over_first");
        expect_between(p, "s", 0, when.hi, rule, "client.refused_last");
    }
    if (ever)
        expect_exactly(p, "numbers", AFTERLIFE_NUMBERS_AHEAD, &rule_time_wait_reuse_numbers,
                       "client.numbers_ahead");
    expect_exactly(p, "sockets", ever, &rule_time_wait_recycled, "client.TWRecycled_then");
    expect_exactly(p, "sockets", !ever, rule, "client.TIME_WAIT");
    expect_exactly(p, "connections", ever, rule, "ledger.accepted");
    expect_exactly(p, "connections", !ever, rule, "ledger.no_port");
    expect_between(p, "connections", 1, AT_MOST, &rule_time_wait_first_closer, "ledger.closed");
}

static bool half_closed(struct trial *t, int64_t number)
{
    return step_state(t, SIDE_CLIENT, SOCKDIAG_FIN_WAIT_2) == 1 &&
           step_state(t, SIDE_SERVER, SOCKDIAG_CLOSE_WAIT) == 1;
}

/* By the kernel's own timer. */
static bool older(struct trial *t, int64_t age_ms)
{
    const struct look_side *s = &watch_latest(t->watch)->side[SIDE_CLIENT];
    return s->n == 0 || s->sockets[0].expires_ms <= TIME_WAIT_S * 1000 - age_ms;
}

/* A socket with the port, where it is to be chosen by bind(). */
static struct trial_socket *new_client(struct trial *t, bool bound)
{
    struct trial_socket *s = sock_new(t, SIDE_CLIENT);
    if (!bound)
        return s;
    sock_set(s, SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR");
    int r = sock_bind(s, atoi(PORT));
    if (r)
        step_fail(t, EXIT_CODE_FAILED, "bind() to the port of a TIME_WAIT, with SO_REUSEADDR: %s",
                  strerror(r));
    return s;
}

static struct trial_socket *first_client(struct trial *t, bool bound)
{
    struct trial_socket *client = new_client(t, bound);
    int r = sock_connect(client);
    if (r)
        step_fail(t, EXIT_CODE_FAILED, "connect(): %s", strerror(r));
    return client;
}

/* When the client's host answered the last connection's FIN, which is the moment in which TIME_WAIT
 * began; 0: not yet seen. */
static int64_t answered_ns(const struct trial *t)
{
    int64_t at_ns = 0;
    bool fin = false;
    SEGMENTS_EACH(s, t) {
        if (s->direction == TO_SERVER && s->flags & SEGMENT_SYN) {
            fin = false;
            at_ns = 0;
        }
        fin = fin || (s->direction == TO_CLIENT && s->flags & SEGMENT_FIN);
        at_ns = !at_ns && fin && s->direction == TO_SERVER ? s->at_ns : at_ns;
    }
    return at_ns;
}

static bool in_time_wait(struct trial *t, int64_t number)
{
    return step_state(t, SIDE_CLIENT, SOCKDIAG_TIME_WAIT) == 1 && answered_ns(t);
}

/* When TIME_WAIT began. */
static int64_t close_one(struct trial *t, struct trial_socket *listener,
                         struct trial_socket *client)
{
    struct trial_socket *server = sock_accept(listener);
    sock_close(client);
    step_need(t, half_closed, 0, "the client's FIN to be acknowledged");
    sock_close(server);
    step_need(t, in_time_wait, 0, "the connection to be closed");
    return t->failure ? 0 : answered_ns(t);
}

struct attempt {
    struct trial_socket *client;
    int64_t since_ns, recycled; /* TWRecycled before */
    int error;                  /* of the first connect() */
};

/* Closes a connection and connects again at once. A program that was too slow for that, so that the
 * delay was over, does both again. */
static struct attempt try_at_once(struct trial *t, struct trial_socket *listener, bool bound,
                                  struct span when)
{
    struct attempt a = {.client = first_client(t, bound)};
    for (int i = 0; i < AT_MOST && !t->failure; i++) {
        a.since_ns = close_one(t, listener, a.client);
        a.recycled = step_counter(t, SIDE_CLIENT, "TcpExt.TWRecycled");
        step_see_state(t, SIDE_CLIENT, SOCKDIAG_TIME_WAIT, "client.TIME_WAIT_at_first");
        a.client = new_client(t, bound);
        a.error = sock_connect(a.client);
        double took_s = (double)(clock_now_ns() - a.since_ns) / 1e9;
        step_see(t, a.error, "client.error_at_first");
        if (a.error)
            break;
        step_see(t, 0, "client.refused_last");
        step_see(t, took_s, "client.taken_over_first");
        if (when.lo <= 0 || took_s < when.lo)
            return a;
    }
    if (!a.error)
        step_fail(t, EXIT_CODE_FAILED,
                  "each time tcp_tw_reuse_delay was over before connect() could be called again; "
                  "write a larger reuse_delay, or use a quieter machine");
    return a;
}

/* One try after the other. When the last one failed is the moment before it, when one succeeded the
 * moment after it: so neither is outside of the kernel's times because the program was slow. */
static int try_again(struct trial *t, struct trial_socket *client, int64_t since_ns, double until_s)
{
    int64_t delay_ms = t->conditions.tw_reuse_delay ? t->conditions.tw_reuse_delay : 1000,
            age_ms = 0;
    int r = EADDRNOTAVAIL;
    while (!t->failure && r && (double)age_ms < until_s * 1e3) {
        age_ms += delay_ms / TRIES > 4 ? delay_ms / TRIES : 4;
        step_wait(t, older, age_ms, TIME_WAIT_S, "TIME_WAIT to be older");
        int64_t before_ns = clock_now_ns();
        r = sock_connect(client);
        if (r)
            step_see(t, (double)(before_ns - since_ns) / 1e9, "client.refused_last");
        else
            step_see(t, (double)(clock_now_ns() - since_ns) / 1e9, "client.taken_over_first");
    }
    return r;
}

/* The SYN's number, beyond the last number of the connection before. */
static void see_numbers(struct trial *t)
{
    uint32_t end = 0;
    SEGMENTS_EACH(s, t) {
        if (s->direction != TO_SERVER)
            continue;
        if (s->flags & SEGMENT_FIN)
            end = s->sequence + s->payload + 1;
        if (s->flags & SEGMENT_SYN && end)
            step_see(t, (double)(uint32_t)(s->sequence - end), "client.numbers_ahead");
    }
}

static void run(struct trial *t, const struct knobs *k)
{
    struct span when = reuse(k, &t->conditions);
    double until_s =
        (isfinite(when.hi) ? when.hi : (double)t->conditions.tw_reuse_delay / 1e3) + BEYOND_S;
    step_set_own(t, SIDE_CLIENT, "net.ipv4.ip_local_port_range", PORT " " PORT);
    struct trial_socket *listener = sock_serve(t, 4);
    struct attempt a = try_at_once(t, listener, knob(k, "bind"), when);
    int r = a.error ? try_again(t, a.client, a.since_ns, until_s) : 0;
    step_see(t, r, "client.error_in_the_end");
    if (!r)
        sock_accept(listener);
    step_settle(t);
    step_take_stock(t);
    see_numbers(t);
    step_see(t, (double)(step_counter(t, SIDE_CLIENT, "TcpExt.TWRecycled") - a.recycled),
             "client.TWRecycled_then");
    step_show(t, r ? LEDGER_closed : LEDGER_accepted,
              r ? "the connection that left the TIME_WAIT" : "both of them");
}

static void tell(FILE *out, const struct trial *t, const struct knobs *k)
{
    double taken_s = trial_observed(t, "client.taken_over_first"),
           refused_s = trial_observed(t, "client.refused_last");
    bool at_first = trial_observed(t, "client.error_at_first") > 0;
    fprintf(
        out,
        "The client has one port, and the connection that it closed first left it in TIME_WAIT. ");
    if (!at_first)
        fprintf(out, "The next connect() got the port at once, after %.3f s%s. ", taken_s,
                knob(k, "bind")
                    ? ": bind() had chosen the port, and then the kernel requires only timestamps"
                    : "");
    else
        fprintf(out, "connect() failed with EADDRNOTAVAIL, at once and when it was tried again, ");
    if (at_first && isfinite(taken_s))
        fprintf(out,
                "for the last time %.2f s after the server's FIN had come; after %.2f s it got the "
                "port. ",
                refused_s, taken_s);
    else if (at_first)
        fprintf(out,
                "for the last time %.2f s after the server's FIN had come. It would fail for all "
                "of the 60 s: tcp_tw_reuse is %lld%s. ",
                refused_s, (long long)t->conditions.tw_reuse,
                t->conditions.timestamps ? "" : ", but the old connection had no timestamps");
    if (isfinite(taken_s))
        fprintf(out,
                "The new connection took the place of the TIME_WAIT (TWRecycled), and its numbers "
                "began %.0f beyond the old one's last.",
                trial_observed(t, "client.numbers_ahead"));
}

static const struct by_hand by_hand[] = {
    {"client", "ss -tano state time-wait",
     "timer:(timewait,59sec,0): a second later the port can be had again"},
    {"client", "nstat -az TcpExtTWRecycled", "TIME_WAIT sockets that connect() has taken over"},
    {"client", "sysctl net.ipv4.tcp_tw_reuse net.ipv4.tcp_tw_reuse_delay",
     "who may, and after how many milliseconds"},
    {0},
};

const struct experiment experiment_time_wait_reuse = {
    .name = "time-wait-reuse",
    .question = "When can connect() use a port again that is in TIME_WAIT?",
    .claim = "TIME_WAIT blocks the client's port towards that destination for a minute, and "
             "tcp_tw_reuse = 1 removes that limit.",
    .kernel = "With tcp_tw_reuse = 1 it is a second, not a minute: more than tcp_tw_reuse_delay "
              "must have passed since the peer's FIN (before Linux 6.14 a clock of whole seconds "
              "must have moved on), and the connections must have timestamps (tcp_twsk_unique). "
              "The default, 2, means loopback addresses only. If bind() has chosen the port, "
              "connect() gets it at once, with any value of tcp_tw_reuse, but not without "
              "timestamps.",
    .falsified = "A connect() that gets the port before its time, or fails after it, or gets it "
                 "where it never should.",
    .why_link = "Between two machines tcp_tw_reuse = 2, the default, has the same effect as 0; "
                "link=loopback shows the difference.",
    .time = "About 2 s, because tcp_tw_reuse_delay is 1 s by default; without reuse it would be "
            "the 60 s of TIME_WAIT, and the run ends when the delay is well over.",
    .drawing = (const char *const[]){"c close()", "> FIN", "< ACK", "s close()", "< FIN", "> ACK",
                                     "c: TIME_WAIT", "c connect(): EADDRNOTAVAIL", ". 1 s",
                                     "c connect()", "> SYN", "c: SYN_SENT", "< SYN-ACK", "> ACK",
                                     "c: ESTABLISHED", "s: ESTABLISHED", NULL},
    .knobs = knobs,
    .n_knobs = sizeof(knobs) / sizeof(*knobs),
    .premises = PREMISE_DATA | PREMISE_ON_TIME,
    .check = check,
    .predict = predict,
    .run = run,
    .tell = tell,
    .by_hand = by_hand,
    .see_also = (const char *const[]){"time-wait", "port-exhaustion", "server-restart", NULL},
    .try_next =
        (const char *const[]){
            "tcplab-bench run time-wait-reuse --set tw_reuse=2",
            "tcplab-bench run time-wait-reuse --set tw_reuse=2 --set link=loopback",
            "tcplab-bench run time-wait-reuse --set tw_reuse=0 --set bind=yes", NULL},
};
