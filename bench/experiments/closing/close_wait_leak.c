/* The CLOSE_WAIT leak: the clients have closed, and the server's program forgets to.
 *
 * Textbooks say:  CLOSE_WAIT waits for the program's close(); many of them are a fault of the
 *                 program.
 * The kernel:     so it is, for ever: no timer runs (tcp_fin()). The client's end is gone after
 *                 tcp_fin_timeout, and the server is not told. Since Linux 6.10 (and stable kernels
 *                 of mid-2024) CurrEstab counts CLOSE_WAIT, so a graph of it shows connections that
 *                 nobody has. A write ends such a socket: it is taken, RST comes back, and the next
 *                 fails with EPIPE.
 * Falsified by:   a CLOSE_WAIT that ends by itself, or has a timer; a client's FIN_WAIT_2 that is
 *                 there after its time; a first write that fails, or a second that does not. */
#include "bench/model/closing.h"
#include "bench/model/life.h"
#include "bench/model/rto.h"
#include "bench/trial/closing_state.h"
#include "bench/trial/segments.h"
#include "bench/trial/sockets.h"
#include "common/process/clock.h"
#include "common/process/exit_code.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>

#define MOST        50
#define TRIES       5   /* for each connection */
#define ROUND_TRIP  0.2 /* beyond the wire's delay, in seconds: what takes longer is made again */
#define ONE_MESSAGE 100 /* bytes */

static const struct knob knobs[] = {
    KNOB_COUNT("connections", "10", 1, MOST, "that the clients close and the server does not"),
    KNOB_FIN_TIMEOUT("2"),
    KNOB_DELAY("1ms"),
    KNOB_IPV6,
};

static int check(const struct knobs *k, const struct conditions *c, char **ret_message)
{
    int r = closing_state_check_fin_wait_2(c, ret_message);
    return r ? r : closing_state_check_room(c, knob(k, "connections"), ret_message);
}

static struct span round_trip(const struct knobs *k)
{
    double wire_s = 2 * (double)knob(k, "delay") / 1e9;
    return (struct span){wire_s, wire_s + ROUND_TRIP};
}

static struct span life(const struct knobs *k, const struct conditions *c)
{
    return life_fin_wait_2(c, round_trip(k));
}

static void predict(const struct knobs *k, const struct conditions *c, struct prediction *p)
{
    int64_t n = knob(k, "connections");
    const struct rule *orphan =
        c->fin_timeout > 60 ? &rule_fin_wait_2_above_60 : &rule_fin_wait_2_orphan;
    expect_exactly(p, "sockets", n, &rule_fin_acknowledged, "server.CLOSE_WAIT");
    expect_exactly(p, "sockets", 0, &rule_close_wait_no_timer, "server.with_a_timer");
    closing_state_expect(p, life(k, c), orphan, "client");
    expect_exactly(p, "sockets", 0, orphan, "client.FIN_WAIT_2_in_the_end");
    expect_exactly(p, "sockets", n, &rule_close_wait_no_timer, "server.CLOSE_WAIT_in_the_end");
    int64_t counted = c->rules.curr_estab == CURR_ESTAB_WITH_CLOSE_WAIT ? n : 0;
    expect_exactly(p, "connections", counted, &rule_current_established,
                   "server.CurrEstab_in_the_end");
    expect_exactly(p, "errno", 0, &rule_close_wait_write, "server.first_write");
    expect_exactly(p, "errno", closing_reset_errno(true), &rule_close_wait_write,
                   "server.second_write");
    expect_exactly(p, "segments", 2, &rule_close_wait_write, "server.segments_of_the_write");
    expect_exactly(p, "sockets", n - 1, &rule_close_wait_write,
                   "server.CLOSE_WAIT_after_the_write");
}

static bool all_closed(struct trial *t, int64_t number)
{
    return step_state(t, SIDE_SERVER, SOCKDIAG_CLOSE_WAIT) == number &&
           step_state(t, SIDE_CLIENT, SOCKDIAG_ESTABLISHED) == 0 &&
           step_state(t, SIDE_CLIENT, SOCKDIAG_FIN_WAIT_1) == 0;
}

static int64_t with_a_timer(const struct trial *t)
{
    int64_t n = 0;
    const struct look_side *s = &watch_latest(t->watch)->side[SIDE_SERVER];
    for (size_t i = 0; i < s->n; i++)
        n += s->sockets[i].state == SOCKDIAG_CLOSE_WAIT && s->sockets[i].timer != 0;
    return n;
}

/* A FIN_WAIT_2 lasts 3.5 RTO at least, and on a busy machine one handshake may have taken long. */
static struct trial_socket *open_one(struct trial *t, const struct knobs *k,
                                     struct trial_socket *listener,
                                     struct trial_socket **ret_server)
{
    double most_s = rto_first(&t->conditions, round_trip(k).hi);
    for (int tries = 1;; tries++) {
        struct trial_socket *client = sock_connection(listener, ret_server);
        if (t->failure || sock_rto(client) <= most_s)
            return client;
        if (tries == TRIES)
            step_fail(t, EXIT_CODE_FAILED,
                      "in %d tries the handshake took so long that the RTO was more than %.2f s: "
                      "this machine is too busy to show it",
                      TRIES, most_s);
        sock_linger(client, 0);
        sock_close(client); /* it proves nothing, and does not stand in the ledger */
        sock_close(*ret_server);
        client->attempted = false;
    }
}

/* From a FIN to its ACK, of the slowest: the RTO is measured by that, too. */
static double slowest_fin_s(const struct trial *t)
{
    double slowest = 0;
    SEGMENTS_EACH(fin, t) {
        if (fin->direction != TO_SERVER || !(fin->flags & SEGMENT_FIN))
            continue;
        const struct segment *ack = segments_next(t, fin, fin->id.client_port);
        while (ack && ack->direction != TO_CLIENT)
            ack = segments_next(t, ack, fin->id.client_port);
        slowest = ack ? fmax(slowest, (double)(ack->out_ns - fin->at_ns) / 1e9) : slowest;
    }
    return slowest;
}

/* All are there before the first is closed. The first of the server's ends, to write to. */
static struct trial_socket *open_and_close(struct trial *t, const struct knobs *k)
{
    int64_t n = knob(k, "connections");
    struct trial_socket *listener = sock_serve(t, n), *servers[MOST] = {0}, *clients[MOST];
    for (int64_t i = 0; i < n; i++)
        clients[i] = open_one(t, k, listener, &servers[i]);
    for (int64_t i = 0; i < n; i++)
        sock_close(clients[i]);
    step_need(t, all_closed, n, "the clients' FINs to be acknowledged");
    if (!t->failure && slowest_fin_s(t) > round_trip(k).hi)
        step_fail(t, EXIT_CODE_FAILED,
                  "a FIN took %.2f s to be acknowledged, which lengthens FIN_WAIT_2: this machine "
                  "is too busy to show it",
                  slowest_fin_s(t));
    return servers[0];
}

static void write_twice(struct trial *t, struct trial_socket *server)
{
    int64_t began_ns = clock_now_ns();
    step_see(t, sock_send(server, ONE_MESSAGE), "server.first_write");
    sock_need(server, 0, "the RST to come"); /* POLLERR, POLLHUP */
    step_see(t, sock_send(server, ONE_MESSAGE), "server.second_write");
    step_settle(t);
    /* Two: the data, and the RST that answers it. */
    step_see(t, (double)segments_new_content(t, sock_client_port(server), began_ns),
             "server.segments_of_the_write");
    step_see_state(t, SIDE_SERVER, SOCKDIAG_CLOSE_WAIT, "server.CLOSE_WAIT_after_the_write");
}

static void run(struct trial *t, const struct knobs *k)
{
    struct trial_socket *server = open_and_close(t, k);
    step_take_stock(t);
    step_see(t, t->failure ? 0 : (double)with_a_timer(t), "server.with_a_timer");
    step_wait(t, step_client_is, 0, 1.5 * life(k, &t->conditions).hi + 10,
              "the clients' FIN_WAIT_2 to end");
    closing_state_see(t, SIDE_CLIENT, SOCKDIAG_FIN_WAIT_2);
    step_see_state(t, SIDE_CLIENT, SOCKDIAG_FIN_WAIT_2, "client.FIN_WAIT_2_in_the_end");
    step_see_state(t, SIDE_SERVER, SOCKDIAG_CLOSE_WAIT, "server.CLOSE_WAIT_in_the_end");
    step_see(t, (double)step_counter(t, SIDE_SERVER, "Tcp.CurrEstab"),
             "server.CurrEstab_in_the_end");
    write_twice(t, server);
    step_show(t, LEDGER_closed, "one of them: the server's FIN never comes");
}

static void tell(FILE *out, const struct trial *t, const struct knobs *k)
{
    int n = (int)knob(k, "connections");
    fprintf(out,
            "%d client%s closed, the server's kernel acknowledged, and its program did nothing: "
            "CLOSE_WAIT. The clients' ends were FIN_WAIT_2. ",
            n, n == 1 ? "" : "s");
    closing_state_tell(out, t, "client");
    fprintf(out,
            "Then the clients' host had none of them any more, and the server still had %d in "
            "CLOSE_WAIT, without a timer that could end them; CurrEstab said %d. The first write "
            "to one of them succeeded and caused a RST, and the next write failed. The others "
            "would stay until the program closes them or ends.",
            (int)trial_observed(t, "server.CLOSE_WAIT_in_the_end"),
            (int)trial_observed(t, "server.CurrEstab_in_the_end"));
}

static const struct by_hand by_hand[] = {
    {"server", "ss -tanp state close-wait", "the program that does not close them, and no timer"},
    {"server", "ss -s",
     "TCP: estab: CurrEstab, which counts them as well since Linux 6.10 and stable kernels of "
     "mid-2024"},
    {"client", "ss -tan", "nothing: this end has long been forgotten"},
    {"server", "ss -tK state close-wait", "ends them, as root, without the program's help"},
    {0},
};

const struct experiment experiment_close_wait_leak = {
    .name = "close-wait-leak",
    .question = "What happens to connections that the server's program never closes?",
    .claim = "They stay in CLOSE_WAIT until the program closes them; many of them are a fault of "
             "the program.",
    .kernel =
        "True, and for ever: without SO_KEEPALIVE, and with nothing to send, no timer runs "
        "(tcp_fin). tcp_fin_timeout applies only to the other end's FIN_WAIT_2. CurrEstab counts "
        "them as if they were in use, since Linux 6.10 and stable kernels of mid-2024. When the "
        "other end is gone, writes end one of them: the first succeeds and causes a RST, and "
        "after that one fails with EPIPE.",
    .falsified = "A CLOSE_WAIT that ends by itself or has a timer, a client's end that outlives "
                 "tcp_fin_timeout, or a first write that fails.",
    .why_link = "With two hosts, the states of the two ends are not mixed in one list.",
    .time = "About 3 s with tcp_fin_timeout = 2. With the default the clients' ends would last 60 "
            "s; the server's last longer than any experiment.",
    .drawing = (const char *const[]){"c close()", "> FIN", "s: CLOSE_WAIT", "< ACK",
                                     "c: FIN_WAIT_2", ". tcp_fin_timeout", "c: gone", "s send()",
                                     "< DATA", "> RST", "s: gone", "s send(): EPIPE", NULL},
    .knobs = knobs,
    .n_knobs = sizeof(knobs) / sizeof(*knobs),
    .premises = PREMISE_DATA | PREMISE_ON_TIME | PREMISE_WRITABLE,
    .check = check,
    .predict = predict,
    .run = run,
    .tell = tell,
    .by_hand = by_hand,
    .see_also =
        (const char *const[]){"fin-wait-2-timeout", "write-after-close", "half-close", NULL},
    .try_next = (const char *const[]){"tcplab-bench run close-wait-leak --set fin_timeout=5",
                                      "tcplab-bench run fin-wait-2-timeout",
                                      "tcplab-bench run write-after-close", NULL},
};
