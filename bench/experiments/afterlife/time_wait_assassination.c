/* TIME-WAIT assassination (RFC 1337): an old segment that comes late ends TIME_WAIT before its
 * time.
 *
 * Textbooks say:  TIME_WAIT stays 2 MSL, so that old duplicates of the connection die out before
 *                 its ports are used again.
 * The kernel:     the old segment itself does no harm: TIME_WAIT answers it with an ACK, like
 *                 anything that is out of its window (tcp_timewait_state_process()). But the peer,
 *                 which closed second, has nothing left of the connection and answers that ACK with
 *                 a RST (tcp_v4_send_reset()), which has exactly the number that TIME_WAIT expects.
 *                 With tcp_rfc1337 = 0, the default, that ends it; with 1 TIME_WAIT ignores it, and
 *                 its 60 s have begun anew with the old segment.
 * Falsified by:   a TIME_WAIT that survives with tcp_rfc1337 = 0, or does not with 1; one that has
 *                 less than 60 s left after the old segment; a RST with another number. */
#include "bench/model/afterlife.h"
#include "bench/trial/segments.h"
#include "bench/trial/sockets.h"
#include "bench/trial/steps.h"
#include "common/process/exit_code.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>

#define BYTES      100
#define PATIENCE_S 5
#define CROSSINGS  6
/* of which the best is taken: what a look tells of a moment is up to its own length old */
#define LOOKS  5
#define LOOK_S 0.5 /* and no look takes that long; less than the copy is late by default */
/* connections, each with a copy that is twice as late, until one is closed before its copy comes */
#define AT_MOST 4

static const struct knob knobs[] = {
    {"late", "700ms", &option_duration, "how long the copy of the server's data is on its way",
     100000000LL, 5000000000LL},
    KNOB_SYSCTL("rfc1337", NULL, 0, 1, "net.ipv4.tcp_rfc1337", "1: TIME_WAIT ignores RST"),
    KNOB_DELAY("1ms"),
    KNOB_IPV6,
};

/* From the data until the connection is over: the data, a FIN, its ACK, the other FIN, the last
 * ACK, one after the other; the copy is at the same end as the data. */
static int check(const struct knobs *k, const struct conditions *c, char **ret_message)
{
    long long least_ms = (CROSSINGS * knob(k, "delay") + 999999) / 1000000;
    int r = 0;
    if (!afterlife_kept(c, 1))
        r = asprintf(ret_message, "net.ipv4.tcp_max_tw_buckets=0: then there is no TIME_WAIT that "
                                  "could be ended; write at least 1");
    else if (knob(k, "late") < CROSSINGS * knob(k, "delay"))
        r = asprintf(ret_message,
                     "late=%lldms: with this delay the connection would not be over when the copy "
                     "comes; write at least %lldms",
                     (long long)knob(k, "late") / 1000000, least_ms);
    else
        return 0;
    if (r < 0)
        *ret_message = NULL;
    return -EINVAL;
}

static void predict(const struct knobs *k, const struct conditions *c, struct prediction *p)
{
    bool survives = afterlife_survives_reset(c);
    expect_exactly(p, "sockets", 1, &rule_time_wait_first_closer, "client.TIME_WAIT_before");
    expect_exactly(p, "segments", 1, &rule_time_wait_old_segment, "client.ACKs_then");
    expect_exactly(p, "segments", 1, &rule_nobody_resets, "server.RSTs_then");
    expect_exactly(p, "numbers", 0, &rule_nobody_resets, "server.RST_is_off_by");
    expect_exactly(p, "sockets", survives,
                   survives ? &rule_time_wait_rfc1337 : &rule_time_wait_assassination,
                   "client.TIME_WAIT_after");
    if (survives)
        expect_between(p, "s", afterlife_after_fin() - LOOK_S,
                       afterlife_after_fin() + 2.0 / (c->hz > 0 ? c->hz : 100),
                       &rule_time_wait_old_segment, "client.TIME_WAIT_left");
    expect_between(p, "connections", 1, AT_MOST, &rule_time_wait_first_closer, "ledger.closed");
}

/* The last copy that the wire has made, or NULL. */
static const struct segment *last_copy(const struct trial *t)
{
    const struct segment *copy = NULL;
    SEGMENTS_EACH(s, t)
        copy = s->copy ? s : copy;
    return copy;
}

static bool copy_came(struct trial *t, int64_t number)
{
    const struct segment *copy = last_copy(t);
    return copy && copy->fate == SEGMENT_DELIVERED;
}

static bool half_closed(struct trial *t, int64_t time_waits)
{
    return step_state(t, SIDE_CLIENT, SOCKDIAG_FIN_WAIT_2) == 1 &&
           step_state(t, SIDE_SERVER, SOCKDIAG_CLOSE_WAIT) == 1;
}

/* Or too late. */
static bool in_time_wait(struct trial *t, int64_t time_waits)
{
    return copy_came(t, 0) || (step_state(t, SIDE_CLIENT, SOCKDIAG_TIME_WAIT) == time_waits &&
                               watch_latest(t->watch)->side[SIDE_SERVER].n == 0);
}

/* One connection with data, closed by the client first. Whether the copy of the data is still to
 * come. */
static bool close_before_copy(struct trial *t, struct trial_socket *listener, int64_t late_ns,
                              int64_t before)
{
    struct trial_socket *server, *client = sock_connection(listener, &server);
    step_clear_faults(t);
    step_fault(t, &(struct fault){.direction = TO_CLIENT,
                                  .payload = FAULT_WITH_PAYLOAD,
                                  .count = 1,
                                  .action = FAULT_COPY_LATE,
                                  .delay_ns = late_ns});
    sock_send(server, BYTES);
    sock_need(client, POLLIN, "the server's data");
    sock_receive(client, BYTES);
    sock_close(client);
    step_need(t, half_closed, 0, "the client's FIN to be acknowledged");
    sock_close(server);
    step_need(t, in_time_wait, before + 1, "the connection to be closed");
    return !t->failure && !copy_came(t, 0);
}

/* A RST has arrived that was sent after the copy came. */
static bool reset_came(struct trial *t, int64_t number)
{
    for (const struct segment *a = last_copy(t); a; a = segments_next(t, a, 0))
        if (a->direction == TO_CLIENT && a->flags & SEGMENT_RST && a->fate == SEGMENT_DELIVERED)
            return true;
    return false;
}

static bool waits_left(struct trial *t, int64_t number)
{
    return step_state(t, SIDE_CLIENT, SOCKDIAG_TIME_WAIT) == number;
}

/* Waits for each answer to the copy that the rules predict: a busy machine may be slow. The
 * observations show which of them did not come. */
static void wait_for_answers(struct trial *t, int64_t before)
{
    step_wait(t, reset_came, 0, PATIENCE_S, "the answers to the late copy");
    if (!afterlife_survives_reset(&t->conditions))
        step_wait(t, waits_left, before, PATIENCE_S, "TIME_WAIT to end");
    step_settle(t);
}

/* Those of connections whose copies came too early do not count. */
static void see_time_wait(struct trial *t, int64_t before, const char *name)
{
    if (!before)
        step_see_state(t, SIDE_CLIENT, SOCKDIAG_TIME_WAIT, "%s", name);
    else
        step_see(t, (double)(step_state(t, SIDE_CLIENT, SOCKDIAG_TIME_WAIT) - before), "%s", name);
}

/* What came of the copy: the client's answer, and the server's answer to that. */
static void see_answers(struct trial *t)
{
    const struct segment *copy = last_copy(t);
    int64_t acks = 0, resets = 0;
    uint32_t expected = 0;
    for (const struct segment *a = copy; a; a = segments_next(t, a, 0)) {
        if (!connection_id_same(&a->id, &copy->id) || a->at_ns < copy->out_ns)
            continue;
        acks += a->direction == TO_SERVER && !(a->flags & (SEGMENT_FIN | SEGMENT_RST));
        expected = a->direction == TO_SERVER ? a->acknowledged : expected;
        if (a->direction == TO_SERVER || !(a->flags & SEGMENT_RST))
            continue;
        resets++;
        step_see(t, (double)(a->sequence - expected), "server.RST_is_off_by");
    }
    step_see(t, (double)acks, "client.ACKs_then");
    step_see(t, (double)resets, "server.RSTs_then");
}

/* What TIME_WAIT had left when the copy came. Those of connections whose copies came too early have
 * less. */
static void see_left(struct trial *t)
{
    const int64_t came_ns = last_copy(t)->out_ns;
    double left_s = 0;
    for (int i = 0; i < LOOKS && !t->failure; i++) {
        step_look(t);
        const struct look *look = watch_latest(t->watch);
        for (size_t s = 0; s < look->side[SIDE_CLIENT].n; s++)
            if (look->side[SIDE_CLIENT].sockets[s].state == SOCKDIAG_TIME_WAIT)
                left_s = fmax(left_s, look->side[SIDE_CLIENT].sockets[s].expires_ms / 1e3 +
                                          (double)(look->at_ns - came_ns) / 1e9);
    }
    if (left_s > 0)
        step_see(t, left_s, "client.TIME_WAIT_left");
}

static void run(struct trial *t, const struct knobs *k)
{
    struct trial_socket *listener = sock_serve(t, 4);
    int64_t late_ns = knob(k, "late"), before = 0;
    bool in_time = false;
    for (int i = 0; i < AT_MOST && !in_time && !t->failure; i++, late_ns *= 2) {
        before = step_state(t, SIDE_CLIENT, SOCKDIAG_TIME_WAIT);
        in_time = close_before_copy(t, listener, late_ns, before);
        see_time_wait(t, before, "client.TIME_WAIT_before");
        step_need(t, copy_came, 0, "the late copy");
        if (!in_time)
            step_settle(t);
    }
    if (!in_time) {
        step_fail(t, EXIT_CODE_FAILED,
                  "no connection was closed before its copy came; write a larger late");
        return;
    }
    wait_for_answers(t, before);
    see_time_wait(t, before, "client.TIME_WAIT_after");
    if (afterlife_survives_reset(&t->conditions))
        see_left(t);
    step_take_stock(t);
    see_answers(t);
    step_show(t, LEDGER_closed, "the connection, and the copy that comes when it is over");
}

static void tell(FILE *out, const struct trial *t, const struct knobs *k)
{
    const struct segment *copy = last_copy(t);
    bool survived = trial_observed(t, "client.TIME_WAIT_after") > 0;
    fprintf(out,
            "The wire delayed a copy of the server's %d bytes, and delivered it %.2f s after the "
            "original, when the connection was over. The client's TIME_WAIT answered with an ACK, "
            "because it had that data already. The server's host had no socket for the connection "
            "any more and answered the ACK with a RST, which had exactly the number that the ACK "
            "asked for. ",
            BYTES, copy ? (double)(copy->out_ns - copy->at_ns) / 1e9 : 0);
    if (survived)
        fprintf(out, "With tcp_rfc1337 = 1 TIME_WAIT ignored the RST. The ports stay taken for 60 "
                     "s from the copy on, because an old segment restarts that time.");
    else
        fprintf(out, "With tcp_rfc1337 = 0 the RST ended TIME_WAIT. From now on no TIME_WAIT "
                     "protects the next connection between the same ports against old segments "
                     "that are still in the network.");
}

static const struct by_hand by_hand[] = {
    {"client", "ss -tano state time-wait",
     "it is there, and then it is not, long before its 60 s are over"},
    {"server", "nstat -az TcpOutRsts", "the RST in answer to TIME_WAIT's ACK"},
    {"client", "tcpdump -ni eth0 -S tcp port 8888",
     "the data once more, [.] with the ack number, [R] with that number"},
    {"client", "sysctl net.ipv4.tcp_rfc1337", "0 by default"},
    {0},
};

const struct experiment experiment_time_wait_assassination = {
    .name = "time-wait-assassination",
    .question = "Can an old segment that comes late end a TIME_WAIT?",
    .claim = "TIME_WAIT lasts until no old segment of the connection is left in the network; that "
             "is why it is so long.",
    .kernel = "An old segment can end it in three steps: TIME_WAIT answers it with an ACK "
              "(tcp_timewait_state_process), the peer has no socket for the connection any more "
              "and answers the ACK with a RST (tcp_v4_send_reset), and with tcp_rfc1337 = 0, the "
              "default, the RST ends TIME_WAIT.",
    .falsified = "A TIME_WAIT that survives with tcp_rfc1337 = 0, or ends with 1, or a RST whose "
                 "number is not the one that TIME_WAIT expects.",
    .why_link =
        "The wire delivers a copy of one segment late, as a network with several paths may do.",
    .time = "About 1 s, because the copy is 0.7 s late; in a real network the delay is between "
            "zero and the two minutes that the standard calls the maximum segment lifetime.",
    .drawing =
        (const char *const[]){"s send(100)", "< DATA", "> ACK", "c close()", "> FIN", "< ACK",
                              "s close()", "< FIN", "> ACK", "c: TIME_WAIT", "s: CLOSE", ". 0.7 s",
                              "< DATA", "> ACK", "< RST", "c: CLOSE", NULL},
    .knobs = knobs,
    .n_knobs = sizeof(knobs) / sizeof(*knobs),
    .premises = PREMISE_DATA | PREMISE_ON_TIME | PREMISE_WRITABLE,
    .check = check,
    .predict = predict,
    .run = run,
    .tell = tell,
    .by_hand = by_hand,
    .see_also = (const char *const[]){"time-wait", "time-wait-lost-ack", "time-wait-reuse", NULL},
    .try_next = (const char *const[]){"tcplab-bench run time-wait-assassination --set rfc1337=1",
                                      "tcplab-bench run time-wait-assassination --set late=3s",
                                      "tcplab-bench run time-wait-lost-ack", NULL},
};
