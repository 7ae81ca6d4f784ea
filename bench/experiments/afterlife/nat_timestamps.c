/* Two clients behind one NAT: the second gets the port that the first has just had, and the server
 * still has the first one's connection in TIME_WAIT. The second one's timestamps are behind.
 *
 * Textbooks say:  PAWS drops its SYNs, so behind a NAT timestamps must be off.
 * The kernel:     PAWS compares within one connection's addresses and ports, not within a host. The
 *                 TIME_WAIT answers the SYN with an ACK of the old numbers
 *                 (tcp_timewait_state_process()). The client in SYN_SENT answers that with the RST
 *                 that ends TIME_WAIT, and its SYN that comes again is let in
 *                 (tcp_rcv_synsent_state_process()). Only tcp_rfc1337 = 1, which ignores the RST,
 *                 keeps it out; each SYN then begins the 60 s anew. Without timestamps the sequence
 *                 number decides, and that of another client is as often lower as higher.
 * Falsified by:   a client that stays out with tcp_rfc1337 = 0, or gets in with 1; another answer
 *                 than one ACK and one RST with the old connection's numbers; 60 s that do not
 *                 begin anew, or do. */
#include "bench/model/afterlife.h"
#include "bench/trial/segments.h"
#include "bench/trial/sockets.h"
#include "bench/trial/steps.h"
#include "common/process/clock.h"
#include "common/process/exit_code.h"

#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>

#define CLIENT_PORT  9999
#define BYTES        100
#define HOUR_MS      3600000 /* an even number: the lowest bit means microseconds */
#define BELOW        1000000 /* beyond every window */
#define TIME_WAIT_S  60
#define LATER_MS     20
#define SYN_AGAIN_S  3 /* of kernels that do not send it sooner, and a machine with other work */
#define SYNS_IN_VAIN 3
/* of which the best is taken: what a look tells of a moment is up to its own length old */
#define LOOKS      5
#define LOOK_S     0.5
#define BUSY_S     20
#define PATIENCE_S 30

#ifndef TCP_REPAIR_OFF_NO_WP
#define TCP_REPAIR_OFF_NO_WP (-1)
#endif
#ifndef TCP_SEND_QUEUE
#define TCP_SEND_QUEUE 2
#endif

enum { CLOCK_BEHIND, CLOCK_AHEAD };
enum { NUMBER_HIGHER, NUMBER_LOWER };
static const char *const clocks[] = {"behind", "ahead", NULL};
static const char *const numbers[] = {"higher", "lower", NULL};

static const struct knob knobs[] = {
    {"clock", "behind", &option_choice,
     "the second client's timestamps are an hour behind, or a little ahead", .choices = clocks},
    {"number", "higher", &option_choice,
     "its first sequence number, against the first client's last", .choices = numbers},
    KNOB_SYSCTL("timestamps", NULL, 0, 2, "net.ipv4.tcp_timestamps",
                "0: without; 2: without a random offset"),
    KNOB_SYSCTL("rfc1337", NULL, 0, 1, "net.ipv4.tcp_rfc1337", "1: TIME_WAIT ignores RST"),
    KNOB_DELAY("1ms"),
    KNOB_IPV6,
};

static bool is_behind(const struct knobs *k, const struct conditions *c)
{
    return c->timestamps && knob(k, "clock") == CLOCK_BEHIND;
}

static bool at_once(const struct knobs *k, const struct conditions *c)
{
    int timestamp = !c->timestamps ? 0 : is_behind(k, c) ? -1 : 1;
    return afterlife_makes_room(timestamp, knob(k, "number") == NUMBER_HIGHER);
}

static bool gets_in(const struct knobs *k, const struct conditions *c)
{
    return at_once(k, c) || !afterlife_survives_reset(c);
}

static int check(const struct knobs *k, const struct conditions *c, char **ret_message)
{
    if (afterlife_kept(c, 1))
        return 0;
    if (asprintf(ret_message, "net.ipv4.tcp_max_tw_buckets=0: then there is no TIME_WAIT that the "
                              "second client could meet; write at least 1") < 0)
        *ret_message = NULL;
    return -EINVAL;
}

static void predict(const struct knobs *k, const struct conditions *c, struct prediction *p)
{
    bool room = at_once(k, c), in = gets_in(k, c), anew = is_behind(k, c);
    const struct rule *answer = room ? &rule_time_wait_accepts_syn : &rule_time_wait_old_syn;
    const struct rule *end = room ? answer
                             : in ? &rule_time_wait_assassination
                                  : &rule_time_wait_rfc1337;
    expect_exactly(p, "sockets", 1, &rule_time_wait_first_closer, "server.TIME_WAIT_before");
    expect_exactly(p, "segments", !room, answer, "server.answers_ACK");
    expect_exactly(p, "segments", !room, room ? answer : &rule_syn_sent_resets,
                   "client.answers_RST");
    if (!room) {
        expect_exactly(p, "number", 0, answer, "server.ACK_is_off_by");
        expect_exactly(p, "number", 0, &rule_syn_sent_resets, "client.RST_is_off_by");
    }
    if (!room && in)
        expect_between(p, "s", 0, SYN_AGAIN_S, &rule_syn_again_soon, "client.SYN_again");
    if (!in)
        expect_between(p, "s", anew ? LOOK_S : -LOOK_S, anew ? BUSY_S : LOOK_S, answer,
                       "server.TIME_WAIT_prolonged");
    expect_exactly(p, "sockets", !in, end, "server.TIME_WAIT");
    expect_exactly(p, "sockets", !in, end, "client.SYN_SENT");
    expect_exactly(p, "sockets", in, end, "client.ESTABLISHED");
    expect_exactly(p, "bytes", in ? BYTES : 0, end, "server.bytes_of_second");
}

/* --- the first client --- */

/* As of another host, whose clock is an hour ahead. */
static void set_clock_ahead(struct trial *t, struct trial_socket *s)
{
    int timestamp = sock_get(s, IPPROTO_TCP, TCP_TIMESTAMP);
    int r = sock_set(s, IPPROTO_TCP, TCP_REPAIR, 1, "TCP_REPAIR");
    if (!r)
        r = sock_set(s, IPPROTO_TCP, TCP_TIMESTAMP, (int)((unsigned)timestamp + HOUR_MS),
                     "TCP_TIMESTAMP, an hour on");
    if (!r)
        r = sock_set(s, IPPROTO_TCP, TCP_REPAIR, TCP_REPAIR_OFF_NO_WP, "TCP_REPAIR off");
    if (r)
        step_fail(t, EXIT_CODE_CANNOT, "a connection with other timestamps (TCP_REPAIR): %s",
                  strerror(r));
}

static bool half_closed(struct trial *t, int64_t number)
{
    return step_state(t, SIDE_SERVER, SOCKDIAG_FIN_WAIT_2) == 1 &&
           step_state(t, SIDE_CLIENT, SOCKDIAG_CLOSE_WAIT) == 1;
}

static bool closed(struct trial *t, int64_t number)
{
    return step_state(t, SIDE_SERVER, SOCKDIAG_TIME_WAIT) == 1 &&
           watch_latest(t->watch)->side[SIDE_CLIENT].n == 0;
}

static const struct sockdiag_socket *time_wait_of_server(const struct trial *t)
{
    const struct look_side *side = &watch_latest(t->watch)->side[SIDE_SERVER];
    for (size_t i = 0; i < side->n; i++)
        if (side->sockets[i].state == SOCKDIAG_TIME_WAIT)
            return &side->sockets[i];
    return NULL;
}

static bool later(struct trial *t, int64_t left_ms)
{
    const struct sockdiag_socket *s = time_wait_of_server(t);
    return !s || s->expires_ms <= left_ms;
}

/* shutdown(), not close(): a FIN_WAIT_2 without a descriptor has a timeout of its own. */
static void first_client(struct trial *t, const struct knobs *k, struct trial_socket *listener,
                         struct trial_socket *client)
{
    sock_need(client, POLLOUT, "the first connection to be established");
    struct trial_socket *server = sock_accept(listener);
    step_settle(t);
    if (is_behind(k, &t->conditions))
        set_clock_ahead(t, client);
    sock_pass(client, server, BYTES);
    step_settle(t);
    sock_shutdown(server, SHUT_WR);
    step_need(t, half_closed, 0, "the server's FIN to be acknowledged");
    sock_close(client);
    step_need(t, closed, 0, "the first connection to be closed");
    sock_close(server);
    step_settle(t);
    step_need(t, later, TIME_WAIT_S * 1000 - LATER_MS, "TIME_WAIT to be some milliseconds old");
}

/* --- the second --- */

static uint32_t last_number_of_first(const struct trial *t)
{
    size_t n;
    const struct segment *s = wire_segments(t->lab.wire, &n);
    for (size_t i = 0; i < n; i++)
        if (s[i].direction == TO_SERVER && s[i].flags & SEGMENT_FIN)
            return s[i].sequence + s[i].payload + 1;
    return 0;
}

static void begin_below(struct trial *t, struct trial_socket *s, uint32_t number)
{
    int r = sock_set(s, IPPROTO_TCP, TCP_REPAIR, 1, "TCP_REPAIR");
    if (!r)
        r = sock_set(s, IPPROTO_TCP, TCP_REPAIR_QUEUE, TCP_SEND_QUEUE, "TCP_REPAIR_QUEUE");
    if (!r)
        r = sock_set(s, IPPROTO_TCP, TCP_QUEUE_SEQ, (int)(number - BELOW), "TCP_QUEUE_SEQ");
    if (!r)
        r = sock_set(s, IPPROTO_TCP, TCP_REPAIR, TCP_REPAIR_OFF_NO_WP, "TCP_REPAIR off");
    if (r)
        step_fail(t, EXIT_CODE_CANNOT, "a connection with another first number (TCP_REPAIR): %s",
                  strerror(r));
}

static struct trial_socket *connect_from_the_port(struct trial *t, bool below)
{
    struct trial_socket *s = sock_new(t, SIDE_CLIENT);
    int r = sock_bind(s, CLIENT_PORT);
    if (!r && below && !t->failure)
        begin_below(t, s, last_number_of_first(t));
    if (!r)
        r = sock_connect(s);
    if (r)
        step_fail(t, EXIT_CODE_FAILED, "the client's port %d: %s", CLIENT_PORT, strerror(r));
    return s;
}

static bool syns_sent(struct trial *t, int64_t number)
{
    return segments_count(t, TO_SERVER, SEGMENT_SYN, SEGMENT_SYN, FAULT_ANY_PAYLOAD) >= number;
}

/* Its segments: the SYN, the answer, the RST to that, the SYN again. */
static void see_segments(struct trial *t, int64_t began_ns, uint32_t old)
{
    size_t n;
    const struct segment *s = wire_segments(t->lab.wire, &n), *syn = NULL, *ack = NULL, *rst = NULL,
                         *again = NULL;
    for (const struct segment *a = s; !t->failure && a < s + n; a++) {
        if (a->at_ns < began_ns || again)
            continue;
        if (a->direction == TO_SERVER && a->flags & SEGMENT_SYN) {
            again = syn && rst ? a : NULL;
            syn = syn ? syn : a;
        } else if (a->direction == TO_CLIENT && !(a->flags & SEGMENT_SYN) && syn) {
            ack = ack ? ack : a;
        } else if (a->direction == TO_SERVER && a->flags & SEGMENT_RST) {
            rst = rst ? rst : a;
        }
        if (a->direction == TO_CLIENT && a->flags & SEGMENT_SYN)
            break;
    }
    step_see(t, ack != NULL, "server.answers_ACK");
    step_see(t, rst != NULL, "client.answers_RST");
    if (ack)
        step_see(t, (double)(int32_t)(ack->acknowledged - old), "server.ACK_is_off_by");
    if (rst)
        step_see(t, (double)(int32_t)(rst->sequence - old), "client.RST_is_off_by");
    if (again)
        step_see(t, (double)(again->at_ns - syn->at_ns) / 1e9, "client.SYN_again");
}

/* When it will be over, in seconds on the clock of the looks; NAN: there is none. */
static double time_wait_ends(struct trial *t)
{
    double ends_s = NAN;
    for (int i = 0; i < LOOKS && !t->failure; i++) {
        step_look(t);
        const struct sockdiag_socket *s = time_wait_of_server(t);
        if (s)
            ends_s =
                fmax(ends_s, s->expires_ms / 1e3 + (double)watch_latest(t->watch)->at_ns / 1e9);
    }
    return ends_s;
}

static void run(struct trial *t, const struct knobs *k)
{
    struct trial_socket *listener = sock_serve(t, 4);
    first_client(t, k, listener, connect_from_the_port(t, false));
    step_see_state(t, SIDE_SERVER, SOCKDIAG_TIME_WAIT, "server.TIME_WAIT_before");
    double ends_s = time_wait_ends(t);
    uint32_t old = t->failure ? 0 : last_number_of_first(t);
    int64_t began_ns = clock_now_ns(), bytes = 0;
    struct trial_socket *client = connect_from_the_port(t, knob(k, "number") == NUMBER_LOWER);
    if (gets_in(k, &t->conditions)) {
        int error;
        bool ended = sock_wait(client, POLLOUT, PATIENCE_S, "connect() to end");
        struct trial_socket *server = ended && !sock_error(client) ? sock_accept(listener) : NULL;
        sock_send(client, BYTES);
        bytes = server ? (int64_t)sock_receive_all(server, BYTES, &error) : 0;
    } else {
        step_need(t, syns_sent, 1 + SYNS_IN_VAIN, "the SYN to be sent again without an answer");
    }
    step_settle(t);
    if (!gets_in(k, &t->conditions))
        step_see(t, time_wait_ends(t) - ends_s, "server.TIME_WAIT_prolonged");
    step_see_state(t, SIDE_SERVER, SOCKDIAG_TIME_WAIT, "server.TIME_WAIT");
    step_see_state(t, SIDE_CLIENT, SOCKDIAG_SYN_SENT, "client.SYN_SENT");
    step_see_state(t, SIDE_CLIENT, SOCKDIAG_ESTABLISHED, "client.ESTABLISHED");
    step_see(t, (double)bytes, "server.bytes_of_second");
    step_take_stock(t);
    see_segments(t, began_ns, old);
}

static void tell_answers(FILE *out, const struct trial *t, const struct knobs *k)
{
    bool in = gets_in(k, &t->conditions);
    fprintf(out, "The TIME_WAIT answered the SYN with an ACK that has the first connection's "
                 "numbers, and the second client's kernel answered that ACK with a RST that has "
                 "exactly the number that TIME_WAIT expects. ");
    if (in)
        fprintf(out,
                "The RST ended TIME_WAIT, and the second SYN, %.0f ms after the first, opened the "
                "new connection. The program noticed nothing.",
                1e3 * trial_observed(t, "client.SYN_again"));
    else
        fprintf(out,
                "With tcp_rfc1337 = 1 TIME_WAIT ignored the RST, and the repeated SYNs met the "
                "TIME_WAIT again. %s With the default, 0, the client would have connected.",
                is_behind(k, &t->conditions) ? "Each of them restarted the 60 s, so the client "
                                               "keeps itself out until it gives up."
                                             : "Its 60 s continue, and after them a SYN succeeds.");
}

static void tell(FILE *out, const struct trial *t, const struct knobs *k)
{
    fprintf(out,
            "The server closed first and has the TIME_WAIT; then another connection came from the "
            "same address and port, %s, with a first sequence number %s the first client's last. ",
            !t->conditions.timestamps      ? "without timestamps"
            : is_behind(k, &t->conditions) ? "with timestamps an hour behind the first client's"
                                           : "with newer timestamps",
            knob(k, "number") == NUMBER_HIGHER ? "above" : "below");
    if (at_once(k, &t->conditions))
        fprintf(out, "The SYN took the place of the TIME_WAIT and went to the listener at once.");
    else
        tell_answers(out, t, k);
}

static const struct by_hand by_hand[] = {
    {"server", "ss -tano state time-wait",
     "the first client's connection, and how much of its 60 s is left"},
    {"server", "tcpdump -ni eth0 -S tcp port 8888",
     "[S], then [.] with an old number, [R], [S] again, [S.]"},
    {"server", "sysctl net.ipv4.tcp_rfc1337", "0 by default: a RST may end TIME_WAIT"},
    {0},
};

const struct experiment experiment_nat_timestamps = {
    .name = "nat-timestamps",
    .question = "Two clients are behind one NAT, and the second has older timestamps than the "
                "first: can it connect?",
    .claim = "No: PAWS drops its SYNs, so behind a NAT timestamps must be off.",
    .kernel = "It can, a few milliseconds late (before Linux 5.6 a second). PAWS compares within "
              "the same addresses and ports only. If the server has such a connection in TIME_WAIT "
              "it answers the SYN with an ACK (tcp_timewait_state_process), the client in SYN_SENT "
              "answers with the RST that ends TIME_WAIT (tcp_rcv_synsent_state_process), and the "
              "next SYN opens the connection. Only tcp_rfc1337 = 1 keeps the client out.",
    .falsified = "A client that stays out with tcp_rfc1337 = 0 or gets in with 1, or another "
                 "answer than one ACK and one RST with the first connection's numbers.",
    .why_link =
        "The two clients are one host here, which sets the clock of its first connection an hour "
        "ahead (TCP_REPAIR): for the server that looks like two clients behind one NAT.",
    .time = "Less than 1 s, for nobody waits for TIME_WAIT to end; with rfc1337=1 the run ends "
            "after about 2 s.",
    .drawing =
        (const char *const[]){"s: TIME_WAIT", "c connect(), timestamps an hour behind", "> SYN",
                              "< ACK old number", "> RST", "s: CLOSE", "> SYN", "< SYN-ACK",
                              "> ACK", "c: ESTABLISHED", "s: ESTABLISHED", NULL},
    .knobs = knobs,
    .n_knobs = sizeof(knobs) / sizeof(*knobs),
    .premises = PREMISE_DATA | PREMISE_WRITABLE,
    .check = check,
    .predict = predict,
    .run = run,
    .tell = tell,
    .by_hand = by_hand,
    .see_also =
        (const char *const[]){"client-reboot", "time-wait-assassination", "time-wait-reuse", NULL},
    .try_next =
        (const char *const[]){
            "tcplab-bench run nat-timestamps --set rfc1337=1",
            "tcplab-bench run nat-timestamps --set timestamps=0 --set number=lower",
            "tcplab-bench run nat-timestamps --set clock=ahead --set number=lower", NULL},
};
