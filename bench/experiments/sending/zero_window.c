/* A receiver that stops reading: its window closes, and the sender asks again and again whether it
 * has opened.
 *
 * Textbooks say:  a sender probes a zero window at doubling intervals, each probe is answered, and
 *                 it never gives up while they are (RFC 1122, 4.2.2.17).
 * The kernel:     the first probe comes after one RTO, each next one after twice as long
 *                 (tcp_probe0_when()), and an answer lets the count of unanswered probes begin at
 *                 0 again, so a connection can stay like that for ever (tcp_ack()); one without a
 *                 descriptor ends by default when the waits are 120 s (tcp_probe_timer()). But a
 *                 probe is an ACK with an old number, and the receiver answers such ones only
 *                 tcp_invalid_ratelimit (500 ms) after it answered the last
 *                 (tcp_oow_rate_limited()). On a fast path the second probe comes sooner: it gets
 *                 no answer from a healthy receiver, and with tcp_retries2 = 1 that ends the
 *                 connection. TCP_USER_TIMEOUT ends it though every probe was answered. When the
 *                 receiver has read, a window update lets the transfer go on at once.
 * Falsified by:   a probe off its time; another one that is (or is not) answered; an end while
 *                 probes are answered and no TCP_USER_TIMEOUT is set; data that waits for the next
 *                 probe although the window has opened. */
#include "bench/model/window_probe.h"
#include "bench/trial/closing_state.h"
#include "bench/trial/segments.h"
#include "bench/trial/unanswered.h"
#include "common/process/clock.h"
#include "common/process/exit_code.h"

#include <errno.h>
#include <linux/tcp.h>
#include <math.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

/* What a round trip may take beside the wire's delay: more would blur which probe is answered. */
#define SLACK_S 0.006

/* Between the window update and the data, on a machine with other work: less than until the next
 * probe, and that none was sent is counted. */
#define GOES_ON_S 1

/* Between the wire's end and the receiver's TCP, on a machine with other work. */
#define TAKEN_LATE_NS (25 * NS_PER_MS)

#define TRIES      60
#define BUFFER     4096 /* SO_RCVBUF, which the kernel doubles: a few segments fill it */
#define PIECE      2896 /* two segments: the second one is acknowledged at once */
#define UNSENT     1000 /* bytes that the closed window keeps from being sent */
#define FILL_STEPS 40

static const struct knob knobs[] = {
    KNOB_COUNT("probes", "4", 1, WINDOW_PROBES_MAX,
               "the receiver reads after so many, unless it is over sooner"),
    KNOB_SYSCTL("retries2", NULL, 0, 15, "net.ipv4.tcp_retries2",
                "so many unanswered probes end the connection"),
    KNOB_SYSCTL("ratelimit", NULL, 0, 60000, "net.ipv4.tcp_invalid_ratelimit",
                "milliseconds: the receiver answers probes at most that often"),
    {"user_timeout", "0", &option_duration, "TCP_USER_TIMEOUT of the sender; 0: not set", 0,
     3600 * 1000000000LL},
    KNOB_YES_NO("cut", "no", "the cable is cut while the window is closed: no probe arrives"),
    KNOB_YES_NO("orphan", "no", "the sender has called close(): nobody has a descriptor"),
    KNOB_SYSCTL("orphan_retries", NULL, 0, 15, "net.ipv4.tcp_orphan_retries",
                "in place of retries2, with orphan=yes"),
    KNOB_DELAY("1ms"),
    KNOB_IPV6,
};

static int user_timeout_ms(const struct knobs *k)
{
    return (int)(knob(k, "user_timeout") / 1000000);
}

static struct window_probe model(const struct knobs *k, const struct conditions *c)
{
    double wire_s = 2 * (double)knob(k, "delay") / 1e9;
    return (struct window_probe){.conditions = c,
                                 .rtt = {wire_s, wire_s + SLACK_S},
                                 .cut = knob(k, "cut"),
                                 .orphan = knob(k, "orphan"),
                                 .user_timeout = user_timeout_ms(k) / 1e3};
}

static struct window_probing follow(const struct knobs *k, const struct conditions *c)
{
    struct window_probe w = model(k, c);
    return window_probe_follow(&w, (int)knob(k, "probes"));
}

static int check(const struct knobs *k, const struct conditions *c, char **ret_message)
{
    struct window_probing f = follow(k, c);
    int r;
    if (knob(k, "user_timeout") % 1000000)
        r = asprintf(ret_message,
                     "user_timeout: TCP_USER_TIMEOUT is a number of whole milliseconds, at least "
                     "1; write %dms",
                     user_timeout_ms(k) + 1);
    else if (f.unsure)
        r = asprintf(ret_message,
                     "probe %d comes so near a limit, tcp_invalid_ratelimit = %lld ms since the "
                     "last answer%s, that it may fall on either side; write another ratelimit, "
                     "delay%s, or fewer probes",
                     f.unsure, (long long)c->invalid_ratelimit,
                     user_timeout_ms(k) ? " or user_timeout" : "",
                     user_timeout_ms(k) ? " or user_timeout" : "");
    else
        return 0;
    if (r < 0)
        *ret_message = NULL;
    return -EINVAL;
}

/* --- what is expected --- */

static const struct rule *end_rule(const struct knobs *k)
{
    return user_timeout_ms(k)  ? &rule_window_probe_user_timeout
           : knob(k, "orphan") ? &rule_window_probe_orphan
                               : &rule_window_probe_gives_up;
}

static void expect_probes(const struct window_probing *f, const struct rule *end,
                          struct prediction *p)
{
    for (int i = 1; i <= f->sent; i++) {
        expect_span(p, f->at[i], i == 1 ? &rule_window_probe_first : &rule_window_probe_doubles,
                    "client.probe_%d", i);
        expect_exactly(p, "segments", f->answered[i], &rule_window_probe_answers,
                       "server.answers_to_probe_%d", i);
    }
    expect_exactly(p, "segments", f->sent, f->gives_up ? end : &rule_window_probe_kept,
                   "client.probes");
    expect_exactly(p, "bytes", 0, &rule_window_probe_is_empty, "client.bytes_in_probes");
    expect_exactly(p, "segments", f->sent, &rule_window_probe_counter, "client.TcpExt.TCPWinProbe");
    expect_exactly(p, "segments", f->skipped, &rule_skipped_counter,
                   "server.TcpExt.TCPACKSkippedSeq");
    expect_exactly(p, "segments", 1, &rule_zero_window_counter, "server.TcpExt.TCPToZeroWindowAdv");
}

static void expect_death(const struct knobs *k, const struct window_probing *f,
                         struct prediction *p)
{
    if (knob(k, "orphan")) {
        closing_state_expect(p, f->end, end_rule(k), "client");
    } else {
        expect_end(p, f->end, end_rule(k), "client.given_up");
        expect_exactly(p, "errno", ETIMEDOUT, &rule_gives_up_timed_out, "client.error");
        expect_exactly(p, "connections", 1, &rule_gives_up_timed_out, "ledger.timed_out");
    }
    expect_exactly(p, "segments", 0, &rule_gives_up_silently, "client.resets");
    expect_exactly(p, "sockets", 1, &rule_silent_peer, "server.ESTABLISHED");
}

static void expect_reading(const struct knobs *k, struct prediction *p)
{
    bool orphan = knob(k, "orphan");
    double wire_s = (double)knob(k, "delay") / 1e9;
    expect_exactly(p, "sockets", 1, orphan ? &rule_orphan_keeps_data : &rule_window_probe_kept,
                   orphan ? "client.FIN_WAIT_1_while_closed" : "client.ESTABLISHED_while_closed");
    expect_span(p, (struct span){wire_s, wire_s + GOES_ON_S}, &rule_window_opens, "client.goes_on");
    expect_exactly(p, "bytes", UNSENT, &rule_window_opens, "server.bytes_received_then");
    expect_exactly(p, "segments", 1, &rule_from_zero_window_counter,
                   "server.TcpExt.TCPFromZeroWindowAdv");
    expect_exactly(p, "sockets", 1, orphan ? &rule_orphan_keeps_data : &rule_window_probe_kept,
                   orphan ? "server.CLOSE_WAIT" : "client.ESTABLISHED");
}

static void predict(const struct knobs *k, const struct conditions *c, struct prediction *p)
{
    struct window_probe w = model(k, c);
    struct window_probing f = follow(k, c);
    struct span rto = window_probe_rto(&w);
    expect_between(p, "s", rto.lo - 1e-6, rto.hi + 1e-6, &rule_rto, "client.RTO");
    expect_exactly(p, "segments", 0, &rule_window_closes, "client.under_way");
    expect_probes(&f, end_rule(k), p);
    expect_exactly(p, "timeouts", 0, &rule_window_closes, "client.TcpExt.TCPTimeouts");
    expect_exactly(p, "connections", f.gives_up, &rule_abort_on_timeout_counter,
                   "client.TcpExt.TCPAbortOnTimeout");
    if (f.gives_up)
        expect_death(k, &f, p);
    else
        expect_reading(k, p);
}

/* --- the window closes --- */

static struct tcp_info info_of(const struct trial_socket *s)
{
    struct tcp_info info = {0};
    socklen_t length = sizeof(info);
    if (s && s->fd >= 0)
        getsockopt(s->fd, IPPROTO_TCP, TCP_INFO, &info, &length);
    return info;
}

static bool all_is_acknowledged(struct trial *t, int64_t number)
{
    const struct tcp_info info = info_of(t->awaited);
    return info.tcpi_unacked == 0 && info.tcpi_notsent_bytes == 0;
}

/* The client writes as much as the window takes, until that is 0: so nothing is under way then, and
 * nothing waits. How many bytes. */
static size_t fill(struct trial *t, struct trial_socket *client)
{
    size_t all = 0;
    for (int i = 0; i < FILL_STEPS && !t->failure; i++) {
        size_t window = info_of(client).tcpi_snd_wnd;
        if (!window)
            return all;
        sock_send(client, window < PIECE ? window : PIECE);
        all += window < PIECE ? window : PIECE;
        t->awaited = client;
        step_need(t, all_is_acknowledged, 0, "the receiver to acknowledge what fills its buffer");
    }
    step_fail(t, EXIT_CODE_CANNOT,
              "the receiver's window did not close in %d writes: with these sysctls its buffer is "
              "too large",
              FILL_STEPS);
    return 0;
}

static void forget(struct trial *t, struct trial_socket *s)
{
    sock_linger(s, 0);
    sock_close(s);
}

/* A connection with a closed window; false: its RTO is not as this wire should give it. */
static bool is_closed_in_time(struct trial *t, struct trial_socket *listener,
                              struct trial_socket **ret_client, struct trial_socket **ret_server,
                              size_t *ret_filled)
{
    struct window_probe w = model(t->knobs, &t->conditions);
    struct span rto = window_probe_rto(&w);
    step_count_anew(t);
    *ret_client = sock_connection(listener, ret_server);
    *ret_filled = fill(t, *ret_client);
    double is = sock_rto(*ret_client);
    step_see(t, is, "client.RTO");
    step_see_counter(t, SIDE_SERVER, "TcpExt.TCPToZeroWindowAdv",
                     "server.TcpExt.TCPToZeroWindowAdv");
    step_count_anew(t);
    return is >= rto.lo - 1e-6 && is <= rto.hi + 1e-6;
}

/* --- the probes, on the wire --- */

/* Of the last connection: the n-th probe, from 1, or NULL; n 0: *ret_count of all. A probe has the
 * number of the last byte that was acknowledged, and no payload. */
static const struct segment *find_probe(const struct trial *t, int n, int *ret_count)
{
    int count = 0;
    uint32_t next = 0;
    const struct segment *found = NULL;
    SEGMENTS_EACH(s, t) {
        if (s->direction != TO_SERVER || s->copy || s->flags & (SEGMENT_FIN | SEGMENT_RST))
            continue;
        if (s->flags & SEGMENT_SYN)
            count = 0;
        if (s->flags & SEGMENT_SYN || s->payload)
            next = s->sequence + (s->flags & SEGMENT_SYN ? 1 : s->payload);
        else if (s->sequence == next - 1 && ++count == n)
            found = s;
    }
    if (ret_count)
        *ret_count = count;
    return found;
}

static int probes(const struct trial *t)
{
    int count = 0;
    find_probe(t, 0, &count);
    return count;
}

/* How many bytes of data the client has sent since then. */
static int64_t bytes_since(const struct trial *t, int64_t since_ns)
{
    int64_t bytes = 0;
    SEGMENTS_EACH(s, t)
        if (s->direction == TO_SERVER && !s->copy && s->at_ns > since_ns)
            bytes += s->payload;
    return bytes;
}

/* What the server has sent between the two. */
static int answers(const struct trial *t, int64_t from_ns, int64_t to_ns)
{
    int count = 0;
    SEGMENTS_EACH(s, t)
        count += s->direction == TO_CLIENT && !s->copy && s->at_ns > from_ns && s->at_ns < to_ns;
    return count;
}

/* Or it is over: the socket has an error, or nobody has it and it is gone. t->awaited is the
 * client's. */
static bool have_been_sent(struct trial *t, int64_t number)
{
    return probes(t) >= number || sock_poll(t->awaited, 0) || step_client_is(t, 0);
}

/* Whether the machine was so slow that a probe left the wire after the limit that it should have
 * come before, or so shortly before it that the receiver's kernel may have got it after: then an
 * answer would be right. */
static bool is_too_late(const struct trial *t, const struct window_probing *f)
{
    int64_t limit_ns = t->conditions.invalid_ratelimit * NS_PER_MS - TAKEN_LATE_NS;
    const struct segment *last = NULL, *probe;
    for (int i = 1; i <= f->sent && (probe = find_probe(t, i, NULL)); i++) {
        if (f->answered[i])
            last = probe;
        else if (last && probe->out_ns - last->out_ns >= limit_ns)
            return true;
    }
    return false;
}

static void see_probes(struct trial *t, int64_t zero_ns)
{
    int n = probes(t);
    for (int i = 1; i <= n && i <= WINDOW_PROBES_MAX; i++) {
        const struct segment *probe = find_probe(t, i, NULL), *next = find_probe(t, i + 1, NULL);
        step_see(t, (double)(probe->at_ns - zero_ns) / 1e9, "client.probe_%d", i);
        step_see(t, answers(t, probe->at_ns, next ? next->at_ns : INT64_MAX),
                 "server.answers_to_probe_%d", i);
    }
    step_see(t, n, "client.probes");
    step_see(t, (double)bytes_since(t, zero_ns), "client.bytes_in_probes");
}

/* --- the end --- */

static void see_death(struct trial *t, struct trial_socket *client, int64_t zero_ns)
{
    bool orphan = knob(t->knobs, "orphan");
    if (orphan) {
        unanswered_see_death(t, client, SIDE_CLIENT, SOCKDIAG_FIN_WAIT_1, zero_ns);
    } else {
        step_see(t, sock_error(client), "client.error");
        sock_see_end(client, zero_ns, "client.given_up");
    }
    see_probes(t, zero_ns);
    step_see(t, (double)unanswered_resets(t, client), "client.resets");
    step_take_stock(t);
    step_show(t, orphan ? LEDGER_closed : LEDGER_timed_out, "the probes of a closed window");
}

/* The first segment of that direction since then that has a window, or payload. */
static int64_t first_ns(const struct trial *t, enum direction direction, bool payload,
                        int64_t since_ns)
{
    SEGMENTS_EACH(s, t)
        if (s->direction == direction && s->at_ns > since_ns &&
            (payload ? s->payload > 0 : s->window > 0))
            return s->at_ns;
    return 0;
}

static void read_all(struct trial *t, struct trial_socket *server, size_t filled)
{
    int error;
    int64_t began_ns = clock_now_ns();
    size_t came = sock_receive_all(server, filled + UNSENT, &error);
    step_see(t, (double)came - (double)filled, "server.bytes_received_then");
    int64_t update_ns = first_ns(t, TO_CLIENT, false, began_ns),
            data_ns = first_ns(t, TO_SERVER, true, began_ns);
    if (update_ns && data_ns)
        step_see(t, (double)(data_ns - update_ns) / 1e9, "client.goes_on");
}

static bool in_close_wait(struct trial *t, int64_t number)
{
    return step_state(t, SIDE_SERVER, SOCKDIAG_CLOSE_WAIT) == number;
}

static void see_reading(struct trial *t, const struct knobs *k, struct trial_socket *server,
                        int64_t zero_ns, size_t filled)
{
    bool orphan = knob(k, "orphan");
    step_settle(t);
    see_probes(t, zero_ns);
    step_see_state(t, SIDE_CLIENT, orphan ? SOCKDIAG_FIN_WAIT_1 : SOCKDIAG_ESTABLISHED,
                   orphan ? "client.FIN_WAIT_1_while_closed" : "client.ESTABLISHED_while_closed");
    step_cut(t, false);
    read_all(t, server, filled);
    if (orphan)
        step_need(t, in_close_wait, 1, "the FIN to come");
    step_settle(t);
    step_take_stock(t);
    step_show(t, LEDGER_accepted, "the window closes, and opens again");
}

/* Writes what the closed window does not take, and waits until the probes are sent, or it is over.
 * When that began. */
static int64_t probe(struct trial *t, const struct knobs *k, struct trial_socket *client,
                     const struct window_probing *f)
{
    char option[48];
    snprintf(option, sizeof(option), "TCP_USER_TIMEOUT, %d ms", user_timeout_ms(k));
    if (user_timeout_ms(k))
        sock_set(client, IPPROTO_TCP, TCP_USER_TIMEOUT, user_timeout_ms(k), option);
    step_see(t, info_of(client).tcpi_unacked, "client.under_way");
    step_cut(t, knob(k, "cut"));
    int64_t zero_ns = clock_now_ns();
    sock_send(client, UNSENT);
    if (knob(k, "orphan"))
        sock_close(client);
    t->awaited = client;
    step_wait(t, have_been_sent, f->sent + f->gives_up,
              1.5 * (f->gives_up ? f->end.hi : f->at[f->sent].hi) + 30,
              "the probes of the closed window");
    return zero_ns;
}

static void run(struct trial *t, const struct knobs *k)
{
    const struct window_probing f = follow(k, &t->conditions);
    struct trial_socket *listener = sock_serve(t, 4);
    sock_set(listener, SOL_SOCKET, SO_RCVBUF, BUFFER, "SO_RCVBUF, 4096");
    for (int i = 0; i < TRIES && !t->failure; i++) {
        struct trial_socket *client, *server;
        size_t filled;
        int64_t zero_ns = 0;
        if (is_closed_in_time(t, listener, &client, &server, &filled))
            zero_ns = probe(t, k, client, &f);
        if (zero_ns && !is_too_late(t, &f)) {
            if (f.gives_up)
                see_death(t, client, zero_ns);
            else
                see_reading(t, k, server, zero_ns, filled);
            return;
        }
        step_cut(t, false);
        forget(t, client);
        forget(t, server);
        step_settle(t);
    }
    step_fail(t, EXIT_CODE_CANNOT,
              "in %d connections the round trips or the probes took longer than this wire should "
              "make them: this machine is too slow or too busy for what is to be timed; run fewer "
              "at once, or wait until it is quieter",
              TRIES);
}

static void tell_probes(FILE *out, const struct trial *t)
{
    char name[EXPECTATION_NAME_MAX];
    int n = (int)trial_observed(t, "client.probes");
    fprintf(out,
            "The receiver read nothing, its buffer filled, and its window closed: the last %d "
            "bytes waited at the sender. %s",
            UNSENT, n ? "It probed after" : "");
    for (int i = 1; i <= n && i <= WINDOW_PROBES_MAX; i++) {
        snprintf(name, sizeof(name), "server.answers_to_probe_%d", i);
        bool answered = trial_observed(t, name) > 0;
        snprintf(name, sizeof(name), "client.probe_%d", i);
        fprintf(out, "%s %.2f s%s", i > 1 ? "," : "", trial_observed(t, name),
                answered ? "" : " (no answer)");
    }
    fprintf(out, "%s", n ? ". " : "");
}

static void tell(FILE *out, const struct trial *t, const struct knobs *k)
{
    struct window_probing f = follow(k, &t->conditions);
    tell_probes(out, t);
    if (f.skipped)
        fprintf(out,
                "The receiver's kernel does not answer a probe that comes within %lld ms "
                "(tcp_invalid_ratelimit) of its last answer; it was alive all the time. ",
                (long long)t->conditions.invalid_ratelimit);
    if (!f.gives_up) {
        fprintf(out,
                knob(k, "orphan") || user_timeout_ms(k)
                    ? "Each answer said that the window was still closed, and the sender had not "
                      "given the connection up yet. "
                    : "Each answer said that the window was still closed, and the sender would "
                      "have kept the connection for as long as answers came. ");
        fprintf(out,
                "After the receiver had read, its window update arrived, and the sender sent the "
                "data %.0f ms later.",
                1e3 * trial_observed(t, "client.goes_on"));
        return;
    }
    double ended_s =
        trial_observed(t, knob(k, "orphan") ? "client.gone_first" : "client.given_up_first");
    fprintf(out, "After %.2f s the sender gave the connection up%s. ", ended_s,
            knob(k, "orphan") ? ", which no program had open" : " with ETIMEDOUT");
    if (user_timeout_ms(k))
        fprintf(out,
                "TCP_USER_TIMEOUT = %d ms counted from the first probe, with or without answers. ",
                user_timeout_ms(k));
    else if (knob(k, "orphan"))
        fprintf(out, "tcp_orphan_retries = %lld%s says how many probes may be unanswered. ",
                (long long)t->conditions.orphan_retries,
                t->conditions.orphan_retries ? "" : ", which means 8,");
    else
        fprintf(out, "tcp_retries2 = %lld says how many probes may be unanswered. ",
                (long long)t->conditions.retries2);
    fprintf(out, "The sender told the receiver nothing: the receiver's socket is ESTABLISHED.");
}

static const struct by_hand by_hand[] = {
    {"client", "ss -tanoi 'dport = :8888'",
     "timer:(persist,TIME,N): when the next probe is due, and how many have had no answer; "
     "backoff: the doublings"},
    {"client", "nstat -az TcpExtTCPWinProbe TcpExtTCPAbortOnTimeout",
     "window probes; connections given up"},
    {"server",
     "nstat -az TcpExtTCPToZeroWindowAdv TcpExtTCPFromZeroWindowAdv TcpExtTCPACKSkippedSeq",
     "windows that closed and that opened again; probes left without an answer"},
    {"server", "ss -tan 'sport = :8888'", "Recv-Q: what the program does not read"},
    {0},
};

const struct experiment experiment_zero_window = {
    .name = "zero-window",
    .question = "What does a sender do while the receiver does not read?",
    .claim = "It probes the closed window at doubling intervals, every probe is answered, so the "
             "sender never gives up the connection.",
    .kernel =
        "The doubling is true (tcp_probe0_when), and an answer lets the count of unanswered probes "
        "begin anew (tcp_ack). But a receiver answers a probe only if tcp_invalid_ratelimit (500 "
        "ms) is over since its last answer (tcp_oow_rate_limited): on a fast path the second probe "
        "comes too soon. tcp_retries2 is the number of unanswered probes that end the connection, "
        "so there 1 ends a healthy one. TCP_USER_TIMEOUT ends it even if every probe is answered; "
        "so does close(), by default, when the waits have grown to 120 s (tcp_probe_timer).",
    .falsified = "A probe off its time, another one that is or is not answered, an end while "
                 "probes are answered, or data that does not go on when the window opens.",
    .why_link = "The wire records and counts the probes and their answers.",
    .time = "About 3.5 s. With the default tcp_retries2 = 15 the waits double until they are 120 s "
            "long, and the sender detects a dead receiver after about 15 min.",
    .drawing =
        (const char *const[]){"c: ESTABLISHED", "s: ESTABLISHED", "c send()", "> DATA",
                              "< ACK win 0, the buffer is full", "c send() which cannot be sent",
                              ". RTO", "> ACK a probe", "< ACK win 0", ". 2 RTO",
                              "> ACK a probe: too soon for an answer", ". 4 RTO", "> ACK a probe",
                              "< ACK win 0", "s recv()", "< ACK the window opens", "> DATA", NULL},
    .knobs = knobs,
    .n_knobs = sizeof(knobs) / sizeof(*knobs),
    .premises = PREMISE_WRITABLE | PREMISE_SEND,
    .check = check,
    .predict = predict,
    .run = run,
    .tell = tell,
    .by_hand = by_hand,
    .see_also = (const char *const[]){"keepalive-behind-data", "retransmission-give-up",
                                      "user-timeout", "fin-wait-1-stuck", NULL},
    .try_next =
        (const char *const[]){
            "tcplab-bench run zero-window --set retries2=1",
            "tcplab-bench run zero-window --set retries2=1 --set delay=50ms",
            "tcplab-bench run zero-window --set user_timeout=2s",
            "tcplab-bench run zero-window --set cut=yes --set retries2=3",
            "tcplab-bench run zero-window --set orphan=yes --set orphan_retries=1", NULL},
};
