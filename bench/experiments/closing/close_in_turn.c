#include "bench/experiments/closing/close_in_turn.h"
#include "bench/model/closing.h"
#include "bench/trial/closing_state.h"
#include "bench/trial/segments.h"
#include "bench/trial/sockets.h"
#include "common/process/clock.h"
#include "common/process/exit_code.h"

#include <errno.h>
#include <stdio.h>

#define CLOSE_TRIES 20  /* to close within the time of a delayed ACK */
#define CLOSE_BYTES 100 /* request and response: after them an ACK may be delayed by 40 ms */

const char *const close_second_choices[] = {"at_once", "later", "data", NULL};

static const char *const close_names[] = {[SIDE_SERVER] = "server", [SIDE_CLIENT] = "client"};

#define CLOSE_FIN_TIMEOUT 30 /* the least: the looks at FIN_WAIT_2 take time on a slow machine */

int close_in_turn_check(const struct conditions *c, char **ret_message)
{
    if (c->fin_timeout >= CLOSE_FIN_TIMEOUT)
        return closing_state_check_room(c, 1, ret_message);
    if (asprintf(ret_message,
                 "tcp_fin_timeout=%lld: FIN_WAIT_2 could end while it is being looked at; write at "
                 "least %d, or run fin-wait-2-timeout",
                 (long long)c->fin_timeout, CLOSE_FIN_TIMEOUT) < 0)
        *ret_message = NULL;
    return -EINVAL;
}

/* --- the prediction --- */

static void expect_four(struct prediction *p, const char *first, const char *second)
{
    expect_exactly(p, "sockets", 1, &rule_fin_wait_1, "%s.ESTABLISHED_when_FIN_is_sent", second);
    expect_exactly(p, "sockets", 1, &rule_fin_acknowledged, "%s.CLOSE_WAIT_when_FIN_has_come",
                   second);
    expect_exactly(p, "sockets", 1, &rule_fin_wait_1, "%s.FIN_WAIT_1_before_the_ACK", first);
    expect_exactly(p, "sockets", 1, &rule_fin_acknowledged, "%s.FIN_WAIT_2_after_the_ACK", first);
}

static void close_expect_end(struct prediction *p, enum side first, bool together)
{
    int left = closing_time_waits(CLOSING_IN_TURN);
    const char *name = close_names[first], *second = close_names[!first];
    expect_exactly(p, "sockets", 1, &rule_last_ack, "%s.LAST_ACK_when_FIN_is_sent", second);
    expect_exactly(p, "sockets", left, together ? &rule_fin_with_ack : &rule_time_wait_first_closer,
                   "%s.TIME_WAIT_when_FIN_has_come", name);
    expect_exactly(p, "sockets", 1, &rule_last_ack, "%s.LAST_ACK_before_the_ACK", second);
    expect_exactly(p, "segments", closing_segments(together),
                   together ? &rule_close_three_segments : &rule_close_four_segments,
                   "%s.segments_of_the_close", name);
    expect_exactly(p, "sockets", first == SIDE_CLIENT ? left : 0, &rule_time_wait_first_closer,
                   "client.TIME_WAIT");
    expect_exactly(p, "sockets", first == SIDE_SERVER ? left : 0, &rule_time_wait_first_closer,
                   "server.TIME_WAIT");
    expect_exactly(p, "errno", first == SIDE_CLIENT ? EADDRINUSE : 0, &rule_time_wait_bind,
                   "client.bind_to_its_port");
    expect_exactly(p, "connections", 1, &rule_last_ack, "ledger.closed");
}

static void expect_data(struct prediction *p, enum side first)
{
    const char *name = close_names[first], *second = close_names[!first];
    int left = closing_time_waits(CLOSING_BY_RESET);
    expect_exactly(p, "errno", 0, &rule_write_before_reset, "%s.send", second);
    expect_exactly(p, "sockets", 0, &rule_fin_wait_2_data, "%s.FIN_WAIT_2_when_data_has_come",
                   name);
    expect_exactly(p, "sockets", 1, &rule_fin_wait_2_data, "%s.CLOSE_WAIT_before_the_RST", second);
    expect_exactly(p, "errno", closing_reset_errno(true), &rule_reset_errno,
                   "%s.error_after_the_RST", second);
    expect_exactly(p, "segments", 4, &rule_fin_wait_2_data, "%s.segments_of_the_close", name);
    expect_exactly(p, "sockets", left, &rule_reset_no_time_wait, "client.TIME_WAIT");
    expect_exactly(p, "sockets", left, &rule_reset_no_time_wait, "server.TIME_WAIT");
    expect_exactly(p, "errno", 0, &rule_time_wait_bind, "client.bind_to_its_port");
}

void close_in_turn_expect(struct prediction *p, enum side first, enum close_second second)
{
    if (second != CLOSE_AT_ONCE)
        expect_four(p, close_names[first], close_names[!first]);
    else
        expect_exactly(p, "sockets", 1, &rule_fin_wait_1, "%s.FIN_WAIT_1_before_the_ACK",
                       close_names[first]);
    if (second == CLOSE_DATA)
        expect_data(p, first);
    else
        close_expect_end(p, first, second == CLOSE_AT_ONCE);
}

/* --- the run --- */

struct close_run {
    struct trial *t;
    enum side first;
    enum direction forth, back; /* from the first end to the second, and back */
    struct trial_socket *listener, *end[2];
    uint16_t client_port;
    int64_t began_ns; /* when the first close() was called */
};

static void see(struct close_run *r, enum side side, enum sockdiag_state state, const char *when)
{
    step_see_state(r->t, side, state, "%s.%s_%s", close_names[side], sockdiag_state_name(state),
                   when);
}

static void need(struct close_run *r, enum side side, enum sockdiag_state state)
{
    char what[80];
    snprintf(what, sizeof(what), "the %s to be in %s", close_names[side],
             state ? sockdiag_state_name(state) : "no state at all");
    step_need(r->t, side == SIDE_CLIENT ? step_client_is : step_server_is, state, what);
}

/* A connection that has been used, and has come to rest. */
static void close_connect(struct close_run *r)
{
    struct trial_socket *client = sock_connection(r->listener, &r->end[SIDE_SERVER]);
    r->end[SIDE_CLIENT] = client;
    sock_pass(client, r->end[SIDE_SERVER], CLOSE_BYTES);
    sock_pass(r->end[SIDE_SERVER], client, CLOSE_BYTES);
    step_settle(r->t);
    r->client_port = client ? endpoint_port(&client->local) : 0;
    r->began_ns = clock_now_ns();
}

/* FIN, and the ACK that the other kernel sends by itself. */
static void close_first(struct close_run *r)
{
    enum side first = r->first, second = (enum side) !first;
    step_hold(r->t, r->forth, true);
    step_hold(r->t, r->back, true);
    sock_close(r->end[first]);
    need(r, first, SOCKDIAG_FIN_WAIT_1);
    see(r, second, SOCKDIAG_ESTABLISHED, "when_FIN_is_sent");
    step_let(r->t, r->forth, 1);
    need(r, second, SOCKDIAG_CLOSE_WAIT);
    see(r, second, SOCKDIAG_CLOSE_WAIT, "when_FIN_has_come");
    see(r, first, SOCKDIAG_FIN_WAIT_1, "before_the_ACK");
    step_let(r->t, r->back, 1);
    need(r, first, SOCKDIAG_FIN_WAIT_2);
    see(r, first, SOCKDIAG_FIN_WAIT_2, "after_the_ACK");
}

/* The second FIN is held, whether or not it carries the ACK. */
static void last(struct close_run *r)
{
    enum side first = r->first, second = (enum side) !first;
    need(r, second, SOCKDIAG_LAST_ACK);
    see(r, second, SOCKDIAG_LAST_ACK, "when_FIN_is_sent");
    step_let(r->t, r->back, 1);
    need(r, first, SOCKDIAG_TIME_WAIT);
    see(r, first, SOCKDIAG_TIME_WAIT, "when_FIN_has_come");
    see(r, second, SOCKDIAG_LAST_ACK, "before_the_ACK");
    step_hold(r->t, r->forth, false);
    step_hold(r->t, r->back, false);
    need(r, second, (enum sockdiag_state)0);
}

/* When the first end's FIN left the wire; 0: it has not. */
static int64_t fin_arrived_ns(const struct close_run *r)
{
    SEGMENTS_OF(s, r->t, r->client_port)
        if (s->direction == r->forth && s->flags & SEGMENT_FIN)
            return s->out_ns;
    return 0;
}

/* Whether the second end closed before its kernel could have sent the ACK by itself. */
static bool close_together(struct close_run *r)
{
    struct trial_socket *second = r->end[!r->first];
    step_hold(r->t, r->forth, false);
    step_hold(r->t, r->back, true);
    sock_close(r->end[r->first]);
    if (!sock_wait_closely(second, POLLIN))
        return false;
    sock_receive(second, CLOSE_BYTES);
    sock_close(second);
    int64_t took_ns = clock_now_ns() - fin_arrived_ns(r);
    step_hold(r->t, r->forth, true);
    return (double)took_ns / 1e9 < closing_delayed_ack();
}

/* What was too slow proves nothing: it ends without a trace, and does not stand in the ledger. */
static void try_again(struct close_run *r)
{
    static const char *const buckets = "net.ipv4.tcp_max_tw_buckets";
    char before[24];
    if (r->t->failure)
        return;
    snprintf(before, sizeof(before), "%lld", (long long)r->t->conditions.max_tw_buckets);
    step_set(r->t, r->first, buckets, "0");
    step_hold(r->t, r->forth, false);
    step_hold(r->t, r->back, false);
    need(r, SIDE_CLIENT, (enum sockdiag_state)0);
    need(r, SIDE_SERVER, (enum sockdiag_state)0);
    step_set(r->t, r->first, buckets, before);
    if (!r->t->failure)
        r->end[SIDE_CLIENT]->attempted = false;
    close_connect(r);
}

static void at_once(struct close_run *r)
{
    int tries = 1;
    for (; !close_together(r) && !r->t->failure; tries++) {
        if (tries == CLOSE_TRIES)
            step_fail(r->t, EXIT_CODE_FAILED,
                      "in %d tries the second program never closed within %.0f ms of the FIN: this "
                      "machine is too slow, or too busy, to show it",
                      CLOSE_TRIES, closing_delayed_ack() * 1e3);
        try_again(r);
    }
    need(r, r->first, SOCKDIAG_FIN_WAIT_1);
    see(r, r->first, SOCKDIAG_FIN_WAIT_1, "before_the_ACK");
    last(r);
}

static void later(struct close_run *r)
{
    sock_close(r->end[!r->first]);
    last(r);
}

/* The first end has no program any more that could want what comes. */
static void with_data(struct close_run *r)
{
    enum side first = r->first, second = (enum side) !first;
    struct trial_socket *socket = r->end[second];
    step_see(r->t, sock_send(socket, CLOSE_BYTES), "%s.send", close_names[second]);
    step_let(r->t, r->back, 1);
    need(r, first, (enum sockdiag_state)0);
    see(r, first, SOCKDIAG_FIN_WAIT_2, "when_data_has_come");
    see(r, second, SOCKDIAG_CLOSE_WAIT, "before_the_RST");
    step_hold(r->t, r->forth, false);
    step_hold(r->t, r->back, false);
    need(r, second, (enum sockdiag_state)0);
    step_see(r->t, sock_error(socket), "%s.error_after_the_RST", close_names[second]);
    sock_close(socket);
}

static void see_port(struct close_run *r)
{
    struct trial_socket *fresh = sock_new(r->t, SIDE_CLIENT);
    step_see(r->t, sock_bind(fresh, r->client_port), "client.bind_to_its_port");
    sock_close(fresh);
}

void close_in_turn_run(struct trial *t, enum side first, enum close_second second)
{
    struct close_run r = {.t = t,
                          .first = first,
                          .forth = first == SIDE_CLIENT ? TO_SERVER : TO_CLIENT,
                          .back = first == SIDE_CLIENT ? TO_CLIENT : TO_SERVER,
                          .listener = sock_serve(t, 4)};
    step_no_second_fin(t);
    close_connect(&r);
    if (second == CLOSE_AT_ONCE) {
        at_once(&r);
    } else {
        close_first(&r);
        if (second == CLOSE_DATA)
            with_data(&r);
        else
            later(&r);
    }
    step_settle(t);
    step_take_stock(t);
    see_port(&r);
    step_see(t, (double)segments_new_content(t, r.client_port, r.began_ns),
             "%s.segments_of_the_close", close_names[first]);
}
