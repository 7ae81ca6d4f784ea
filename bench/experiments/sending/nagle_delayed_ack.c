/* Two small writes and then a read: Nagle's algorithm waits for an ACK that the other end delays.
 *
 * Textbooks say:  the second write waits 200 ms for the delayed ACK; TCP_NODELAY or TCP_QUICKACK
 *                 cures it.
 * The kernel:     the delay is TCP_ATO_MIN, 40 ms, while the round trip is shorter than that
 *                 (tcp_send_delayed_ack()). A new connection is in quickack mode and delays nothing
 *                 (tcp_event_data_recv()); the end that answers leaves that mode with its answers
 *                 (tcp_event_data_sent(): the first one, from Linux 5.1 to about 5.18 the third).
 *                 TCP_QUICKACK ends the delay as well, until the next answers: each read that
 *                 leaves nothing unread sends the ACK (__tcp_cleanup_rbuf()). With TCP_NODELAY
 *                 nothing waits (tcp_nagle_check()).
 * Falsified by:   a delayed ACK in the first exchange; none, or one of another length, in the
 *                 fourth; a second write that waits with TCP_NODELAY, or does not wait without. */
#include "bench/trial/segments.h"
#include "bench/trial/sockets.h"
#include "bench/trial/steps.h"
#include "common/process/exit_code.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>

#define EXCHANGES   4   /* by then every kernel has left quickack mode */
#define WRITE       100 /* bytes, twice; the answer has as many */
#define AT_MOST     12  /* connections, until one is not disturbed by the machine */
#define DELAYED_MAX 0.19
#define ANSWER_S    0.03      /* an answer that comes later does not end quickack mode */
#define DELAY_MIN   5000000LL /* exchanges that begin within one tick are one to those kernels */
#define DELAY_MAX   15000000LL

enum { QUICKACK_DEFAULT, QUICKACK_OFF, QUICKACK_ONCE, QUICKACK_ALWAYS };
static const char *const quickacks[] = {"default", "off", "once", "always", NULL};

static const struct knob knobs[] = {
    KNOB_YES_NO("nodelay", "no", "TCP_NODELAY at the client"),
    {"quickack", "default", &option_choice,
     "TCP_QUICKACK at the server: once: 1 at first; off: 0 at first; always: 1 before each "
     "exchange",
     .choices = quickacks},
    {"delay", "6ms", &option_duration, "of the wire, one way", DELAY_MIN, DELAY_MAX},
    KNOB_IPV6,
};

static bool is_delayed(const struct knobs *k, int exchange)
{
    int64_t quickack = knob(k, "quickack");
    return exchange == 1 ? quickack == QUICKACK_OFF : quickack != QUICKACK_ALWAYS;
}

/* After how many answers quickack mode ends is not reckoned here. */
static int check(const struct knobs *k, const struct conditions *c, char **ret_message)
{
    if (c->pingpong_thresh == 1)
        return 0;
    if (asprintf(
            ret_message,
            "net.ipv4.tcp_pingpong_thresh=%lld: quickack mode would end after more than one "
            "answer, and this experiment looks at the first and the fourth exchange; leave it at 1",
            (long long)c->pingpong_thresh) < 0)
        *ret_message = NULL;
    return -EINVAL;
}

static void predict(const struct knobs *k, const struct conditions *c, struct prediction *p)
{
    bool nagle = !knob(k, "nodelay");
    for (int i = 1; i <= EXCHANGES; i += EXCHANGES - 1) {
        const struct rule *rule = is_delayed(k, i) ? &rule_ack_delayed
                                  : i == 1 && knob(k, "quickack") == QUICKACK_DEFAULT
                                      ? &rule_ack_quick_at_first
                                      : &rule_ack_quick_option;
        expect_exactly(p, "segments", nagle ? 1 : 2, nagle ? &rule_nagle : &rule_nodelay,
                       "client.sent_at_once_%d", i);
        if (!nagle)
            continue;
        expect_exactly(p, "segments", is_delayed(k, i), rule, "server.delayed_ACKs_%d", i);
        if (is_delayed(k, i))
            expect_between(p, "s", ((double)c->hz / 25 - 1) / c->hz, DELAYED_MAX, rule,
                           "server.ACK_after_%d", i);
    }
}

/* What is known of an exchange when its answer has come. */
struct exchange {
    const struct segment *first, *second, *ack, *answer;
    int64_t delayed_acks;
};

static const struct segment *segment_after(const struct trial *t, const struct segment *after,
                                           uint16_t client_port, enum direction direction,
                                           bool data)
{
    const struct segment *s = after;
    while ((s = segments_next(t, s, client_port)))
        if (s->direction == direction && !(s->flags & SEGMENT_SYN) && (s->payload > 0) == data)
            break;
    return s;
}

/* Two writes, both of which the server has before it answers. */
static void exchange_bytes(struct trial *t, struct trial_socket *client,
                           struct trial_socket *server, struct exchange *ret)
{
    int64_t before = step_counter(t, SIDE_SERVER, "TcpExt.DelayedACKs");
    step_hold(t, TO_SERVER, true);
    sock_send(client, WRITE);
    sock_send(client, WRITE);
    step_need_held(t, TO_SERVER, 1);
    step_hold(t, TO_SERVER, false);
    for (ssize_t got = 0; got < 2 * WRITE && !t->failure;) {
        ssize_t n = sock_wait_closely(server, POLLIN) ? sock_receive(server, 2 * WRITE) : -1;
        if (n <= 0)
            step_fail(t, EXIT_CODE_FAILED, "the client's data did not come");
        got += n;
    }
    ret->delayed_acks = step_counter(t, SIDE_SERVER, "TcpExt.DelayedACKs") - before;
    sock_send(server, WRITE);
    sock_wait_closely(client, POLLIN);
    sock_receive(client, WRITE);
}

/* Finds the segments of all exchanges. False: the machine was so slow that something was sent
 * again, or an answer was late. */
static bool find_segments(struct trial *t, const struct trial_socket *client, struct exchange *e)
{
    uint16_t port = sock_client_port(client);
    const struct segment *last = NULL;
    for (int i = 0; i < EXCHANGES; i++, e++) {
        e->first = segment_after(t, last, port, TO_SERVER, true);
        e->second = e->first ? segment_after(t, e->first, port, TO_SERVER, true) : NULL;
        e->ack = e->first ? segment_after(t, e->first, port, TO_CLIENT, false) : NULL;
        e->answer = e->second ? segment_after(t, e->second, port, TO_CLIENT, true) : NULL;
        if (!e->answer || e->second->sequence != e->first->sequence + WRITE ||
            (double)(e->answer->at_ns - e->second->out_ns) / 1e9 > ANSWER_S)
            return false;
        last = e->answer;
    }
    return !segment_after(t, last, port, TO_SERVER, true);
}

static bool exchange_all(struct trial *t, const struct knobs *k, struct trial_socket *listener,
                         struct exchange *e)
{
    int64_t quickack = knob(k, "quickack");
    struct trial_socket *server, *client = sock_connection(listener, &server);
    if (knob(k, "nodelay"))
        sock_set(client, IPPROTO_TCP, TCP_NODELAY, 1, "TCP_NODELAY");
    for (int i = 0; i < EXCHANGES; i++) {
        if (quickack == QUICKACK_ALWAYS || (quickack != QUICKACK_DEFAULT && i == 0))
            sock_set(server, IPPROTO_TCP, TCP_QUICKACK, quickack != QUICKACK_OFF, "TCP_QUICKACK");
        exchange_bytes(t, client, server, &e[i]);
    }
    step_settle(t);
    return !t->failure && find_segments(t, client, e);
}

static void see_exchange(struct trial *t, const struct exchange *e, int number)
{
    step_see(t, e->second->at_ns < e->first->out_ns ? 2 : 1, "client.sent_at_once_%d", number);
    step_see(t, (double)e->delayed_acks, "server.delayed_ACKs_%d", number);
    if (e->ack)
        step_see(t, (double)(e->ack->at_ns - e->first->out_ns) / 1e9, "server.ACK_after_%d",
                 number);
    step_see(t, (double)(e->second->at_ns - e->first->out_ns) / 1e9, "client.second_write_after_%d",
             number);
}

static void run(struct trial *t, const struct knobs *k)
{
    struct exchange e[EXCHANGES] = {0};
    struct trial_socket *listener = sock_serve(t, AT_MOST);
    bool found = false;
    for (int i = 0; i < AT_MOST && !found && !t->failure; i++)
        found = exchange_all(t, k, listener, e);
    if (!found) {
        step_fail(t, EXIT_CODE_CANNOT,
                  "this machine is too busy: in each of %d connections an answer came late",
                  AT_MOST);
        return;
    }
    step_take_stock(t);
    see_exchange(t, &e[0], 1);
    see_exchange(t, &e[EXCHANGES - 1], EXCHANGES);
    step_show(t, LEDGER_accepted, "two writes and an answer, four times");
}

static void tell(FILE *out, const struct trial *t, const struct knobs *k)
{
    fprintf(out, "The client wrote twice %d bytes and waited for an answer, four times. ", WRITE);
    if (knob(k, "nodelay")) {
        fprintf(out, "With TCP_NODELAY the kernel sent both writes at once, each as a segment, and "
                     "neither waited for an ACK. One write with all bytes (or writev()) has the "
                     "same effect without the option.");
        return;
    }
    fprintf(out,
            "Nagle's algorithm sent the first and kept the second back until the first was "
            "acknowledged. In the first exchange the ACK left %.0f ms after the data had come, in "
            "the fourth %.0f ms after. ",
            1e3 * trial_observed(t, "server.ACK_after_1"),
            1e3 * trial_observed(t, "server.ACK_after_4"));
    switch (knob(k, "quickack")) {
    case QUICKACK_DEFAULT:
        fprintf(out, "A new connection acknowledges at once (quickack mode); the server's answers "
                     "ended that.");
        break;
    case QUICKACK_OFF:
        fprintf(out, "TCP_QUICKACK = 0 had ended quickack mode before the first.");
        break;
    case QUICKACK_ONCE:
        fprintf(out, "TCP_QUICKACK had been set once, before the first; the server's answers ended "
                     "quickack mode again.");
        break;
    default:
        fprintf(out, "TCP_QUICKACK was set again before each exchange; one call is not enough.");
    }
}

static const struct by_hand by_hand[] = {
    {"server", "nstat -az TcpExtDelayedACKs", "one more with each exchange but the first"},
    {"client", "tcpdump -ni eth0 -ttt tcp port 8888",
     "40 ms before the second segment of a request"},
    {"client", "strace -f -e trace=write,sendto,setsockopt PROGRAM",
     "a write of the head, and one of the body"},
    {0},
};

const struct experiment experiment_nagle_delayed_ack = {
    .name = "nagle-delayed-ack",
    .question = "What do two small writes and a read cost?",
    .claim = "Nagle's algorithm keeps the second write until the ACK of the first comes, and that "
             "one is delayed by 200 ms.",
    .kernel =
        "The delay is 40 ms; with a longer round trip it may grow, up to that and to 200 "
        "ms (tcp_send_delayed_ack). A new connection is in quickack mode and delays "
        "nothing (tcp_event_data_recv); the end that answers leaves it with its answers "
        "(tcp_event_data_sent). TCP_QUICKACK ends the delay as well, until the next "
        "answers: here each read that leaves nothing unread sends the ACK. With TCP_NODELAY the "
        "algorithm keeps nothing back (tcp_nagle_check).",
    .falsified = "A delayed ACK in the first exchange; none, or one of another length, in the "
                 "fourth; a second write that waits with TCP_NODELAY, or does not wait without.",
    .why_link =
        "The wire keeps the time of every segment, and has a round trip longer than a timer tick.",
    .time = "Less than 1 s: the longest wait is the 40 ms of a delayed ACK.",
    .drawing = (const char *const[]){"c send(100)", "c send(100)", "> DATA", "< ACK", "> DATA",
                                     "s send(100)", "< DATA", ". and once more, in pingpong mode",
                                     "c send(100)", "c send(100)", "> DATA", ". 40 ms", "< ACK",
                                     "> DATA", "s send(100)", "< DATA", NULL},
    .knobs = knobs,
    .n_knobs = sizeof(knobs) / sizeof(*knobs),
    .premises = PREMISE_DATA | PREMISE_ON_TIME | PREMISE_WRITABLE | PREMISE_SEND,
    .check = check,
    .predict = predict,
    .run = run,
    .tell = tell,
    .by_hand = by_hand,
    .see_also = (const char *const[]){"zero-window", "handshake", NULL},
    .try_next =
        (const char *const[]){"tcplab-bench run nagle-delayed-ack --set nodelay=yes",
                              "tcplab-bench run nagle-delayed-ack --set quickack=once",
                              "tcplab-bench run nagle-delayed-ack --set quickack=always", NULL},
};
