/* Half-close: shutdown() of one direction, or of the other, or of both.
 *
 * Textbooks say:  shutdown(SHUT_WR) sends a FIN, and the connection is half closed: this end sends
 *                 no more, and still receives.
 * The kernel:     so it is, without any limit of time: FIN_WAIT_2 with a descriptor has no timer.
 *                 SHUT_RD is no message at all (tcp_shutdown() returns at once): the peer never
 *                 hears of it, and data still comes. SHUT_RDWR is what close() does with the
 *                 connection: data that comes later is answered by RST.
 * Falsified by:   a half-closed connection that ends by itself, or loses data; a segment that
 *                 SHUT_RD sends; data that comes through after SHUT_RDWR. */
#include "bench/model/closing.h"
#include "bench/model/life.h"
#include "bench/trial/closing_state.h"
#include "bench/trial/segments.h"
#include "bench/trial/sockets.h"
#include "common/process/clock.h"

#include <errno.h>
#include <stdio.h>

#define BYTES 1000

enum how { HOW_WR, HOW_RD, HOW_RDWR };

static const char *const hows[] = {"wr", "rd", "rdwr", NULL};

static const struct knob knobs[] = {
    {"how", "wr", &option_choice, "what the client shuts down: SHUT_WR, SHUT_RD or SHUT_RDWR",
     .choices = hows},
    KNOB_FIN_TIMEOUT("1"),
    KNOB_DELAY("1ms"),
    KNOB_IPV6,
};

static int check(const struct knobs *k, const struct conditions *c, char **ret_message)
{
    /* The connection that is the clock, and the TIME_WAIT. */
    if (knob(k, "how") != HOW_WR)
        return 0;
    int r = closing_state_check_fin_wait_2(c, ret_message);
    return r ? r : closing_state_check_room(c, 2, ret_message);
}

static void predict_write(struct prediction *p)
{
    expect_exactly(p, "sockets", 1, &rule_fin_acknowledged, "client.FIN_WAIT_2_after_shutdown");
    expect_exactly(p, "sockets", 1, &rule_fin_acknowledged, "server.CLOSE_WAIT_after_shutdown");
    expect_exactly(p, "errno", EPIPE, &rule_write_after_shutdown, "client.send");
    expect_exactly(p, "sockets", 1, &rule_fin_wait_2_with_descriptor,
                   "client.FIN_WAIT_2_after_the_clock");
    expect_exactly(p, "errno", 0, &rule_half_close_data, "server.send");
    expect_exactly(p, "bytes", BYTES, &rule_half_close_data, "client.bytes_received");
    expect_exactly(p, "errno", 0, &rule_half_close_data, "client.error_at_the_end");
    expect_exactly(p, "sockets", 1, &rule_time_wait_with_descriptor, "client.TIME_WAIT");
    expect_exactly(p, "sockets", 0, &rule_time_wait_first_closer, "server.TIME_WAIT");
}

static void predict_read(struct prediction *p)
{
    expect_exactly(p, "segments", 0, &rule_shutdown_read, "client.segments_by_shutdown");
    expect_exactly(p, "sockets", 1, &rule_shutdown_read, "client.ESTABLISHED_after_shutdown");
    expect_exactly(p, "sockets", 1, &rule_shutdown_read, "server.ESTABLISHED_after_shutdown");
    expect_exactly(p, "errno", 0, &rule_shutdown_read, "client.recv_of_nothing");
    expect_exactly(p, "errno", 0, &rule_shutdown_read, "server.send");
    expect_exactly(p, "bytes", BYTES, &rule_shutdown_read, "client.bytes_received");
    expect_exactly(p, "sockets", 1, &rule_shutdown_read, "client.ESTABLISHED");
    expect_exactly(p, "sockets", 1, &rule_shutdown_read, "server.ESTABLISHED");
}

static void predict_both(struct prediction *p)
{
    expect_exactly(p, "sockets", 1, &rule_fin_acknowledged, "client.FIN_WAIT_2_after_shutdown");
    expect_exactly(p, "sockets", 1, &rule_fin_acknowledged, "server.CLOSE_WAIT_after_shutdown");
    expect_exactly(p, "errno", 0, &rule_shutdown_both_data, "server.send");
    expect_exactly(p, "errno", closing_reset_errno(true), &rule_reset_errno,
                   "server.send_after_the_RST");
    expect_exactly(p, "sockets", 1, &rule_shutdown_both_data, "client.TcpExt.TCPAbortOnData");
    expect_exactly(p, "sockets", closing_time_waits(CLOSING_BY_RESET), &rule_reset_no_time_wait,
                   "client.TIME_WAIT");
    expect_exactly(p, "sockets", 0, &rule_shutdown_both_data, "client.FIN_WAIT_2");
    expect_exactly(p, "sockets", 0, &rule_shutdown_both_data, "server.CLOSE_WAIT");
}

static void predict(const struct knobs *k, const struct conditions *c, struct prediction *p)
{
    if (knob(k, "how") == HOW_WR)
        predict_write(p);
    else if (knob(k, "how") == HOW_RD)
        predict_read(p);
    else
        predict_both(p);
}

struct ends {
    struct trial *t;
    struct trial_socket *listener, *client, *server;
};

/* FIN_WAIT_2 here and CLOSE_WAIT there. */
static void shut_down(struct ends *e, int how)
{
    sock_shutdown(e->client, how);
    step_need(e->t, step_client_is, SOCKDIAG_FIN_WAIT_2, "the client to be in FIN_WAIT_2");
    step_see_state(e->t, SIDE_CLIENT, SOCKDIAG_FIN_WAIT_2, "client.FIN_WAIT_2_after_shutdown");
    step_see_state(e->t, SIDE_SERVER, SOCKDIAG_CLOSE_WAIT, "server.CLOSE_WAIT_after_shutdown");
}

static bool clock_has_closed(struct trial *t, int64_t number)
{
    return step_state(t, SIDE_SERVER, SOCKDIAG_CLOSE_WAIT) == 2;
}

static bool clock_is_gone(struct trial *t, int64_t number)
{
    return watch_latest(t->watch)->side[SIDE_CLIENT].n <= 1;
}

/* One more connection that is closed with close(): when its FIN_WAIT_2 is gone, the other has had
 * its chance. */
static void outlive_clock(struct ends *e)
{
    struct trial_socket *other, *clock = sock_connection(e->listener, &other);
    double patience_s = 1.5 * life_fin_wait_2(&e->t->conditions, (struct span){0, 1}).hi + 10;
    sock_close(clock);
    step_need(e->t, clock_has_closed, 0, "one more connection to close, as the clock");
    step_wait(e->t, clock_is_gone, 0, patience_s, "that one's FIN_WAIT_2 to end");
    step_see_state(e->t, SIDE_CLIENT, SOCKDIAG_FIN_WAIT_2, "client.FIN_WAIT_2_after_the_clock");
}

static void receive(struct ends *e)
{
    int error;
    step_see(e->t, sock_send(e->server, BYTES), "server.send");
    step_settle(e->t); /* after SHUT_RD there is no waiting for data */
    step_see(e->t, (double)sock_receive_all(e->client, BYTES, &error), "client.bytes_received");
}

static void run_write(struct ends *e)
{
    int error;
    shut_down(e, SHUT_WR);
    step_see(e->t, sock_send(e->client, 1), "client.send");
    if (e->client)
        e->client->error = 0; /* its own doing: the connection is well */
    outlive_clock(e);
    receive(e);
    sock_close(e->server);
    sock_receive_all(e->client, 1, &error);
    step_see(e->t, error, "client.error_at_the_end");
    step_need(e->t, step_client_is, SOCKDIAG_TIME_WAIT, "the client to be in TIME_WAIT");
}

static void run_read(struct ends *e)
{
    int error;
    int64_t shutdown_ns = clock_now_ns();
    sock_shutdown(e->client, SHUT_RD);
    step_settle(e->t);
    step_see(e->t, (double)segments_new_content(e->t, sock_client_port(e->client), shutdown_ns),
             "client.segments_by_shutdown");
    step_see_state(e->t, SIDE_CLIENT, SOCKDIAG_ESTABLISHED, "client.ESTABLISHED_after_shutdown");
    step_see_state(e->t, SIDE_SERVER, SOCKDIAG_ESTABLISHED, "server.ESTABLISHED_after_shutdown");
    sock_receive_all(e->client, 1, &error);
    step_see(e->t, error, "client.recv_of_nothing");
    receive(e);
}

static void run_both(struct ends *e)
{
    shut_down(e, SHUT_RDWR);
    step_see(e->t, sock_send(e->server, BYTES), "server.send");
    sock_need(e->server, 0, "the RST to come"); /* POLLERR, POLLHUP */
    step_see(e->t, sock_send(e->server, 1), "server.send_after_the_RST");
}

static void run(struct trial *t, const struct knobs *k)
{
    static const enum ledger_row rows[] = {
        [HOW_WR] = LEDGER_closed, [HOW_RD] = LEDGER_accepted, [HOW_RDWR] = LEDGER_reset};
    struct ends e = {.t = t, .listener = sock_serve(t, 4)};
    e.client = sock_connection(e.listener, &e.server);
    step_settle(t);
    if (knob(k, "how") == HOW_WR)
        run_write(&e);
    else if (knob(k, "how") == HOW_RD)
        run_read(&e);
    else
        run_both(&e);
    step_settle(t);
    step_take_stock(t);
    step_show(t, rows[knob(k, "how")], "half closed");
}

static void tell(FILE *out, const struct trial *t, const struct knobs *k)
{
    int bytes = (int)trial_observed(t, "client.bytes_received");
    if (knob(k, "how") == HOW_RD) {
        fprintf(out,
                "shutdown(SHUT_RD) sent nothing, so the server does not know of it: both ends "
                "stayed ESTABLISHED. The server then sent, the client's kernel acknowledged its "
                "data as usual, and the client read %d bytes of it. SHUT_RD has its effect at this "
                "end: recv() no longer waits, and returns end of file when there is no data.",
                bytes);
        return;
    }
    if (knob(k, "how") == HOW_RDWR) {
        fprintf(out, "shutdown(SHUT_RDWR) sent a FIN, and on the wire that looks like SHUT_WR: the "
                     "server was in CLOSE_WAIT and could not know that nobody would read its "
                     "answer. Its send() succeeded, the client's kernel answered with RST, and the "
                     "next send() failed. Nobody has TIME_WAIT.");
        return;
    }
    fprintf(out,
            "shutdown(SHUT_WR) sent a FIN: the client was in FIN_WAIT_2, the server in CLOSE_WAIT, "
            "and a write of the client failed with EPIPE. tcp_fin_timeout is %lld s here, and "
            "another connection, closed with close(), had already timed out when the server sent "
            "%d bytes in the other direction: all of them arrived. A FIN only says that no more "
            "will be sent this way. When the server closed, too, the client was in TIME_WAIT, "
            "although its descriptor was still open.",
            (long long)t->conditions.fin_timeout, bytes);
}

static const struct by_hand by_hand[] = {
    {"client", "ss -tanoe state fin-wait-2", "no timer, and an inode: the descriptor is open"},
    {"server", "ss -tan state close-wait", "the end that may still send"},
    {"client", "nstat -az TcpExtTCPAbortOnData", "data that came after SHUT_RDWR"},
    {"client", "printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -N 192.0.2.1 8888",
     "nc -N: shutdown(SHUT_WR) at the end of input"},
    {0},
};

const struct experiment experiment_half_close = {
    .name = "half-close",
    .question = "How long can a connection stay half closed, and what do SHUT_RD and SHUT_RDWR do?",
    .claim = "shutdown(SHUT_WR) sends a FIN and leaves the other direction open; shutdown(SHUT_RD) "
             "closes that one.",
    .kernel = "SHUT_WR: true, until the peer closes, because a FIN_WAIT_2 with a descriptor has no "
              "timer (tcp_rcv_state_process). SHUT_RD: the kernel sends nothing, acknowledges all "
              "data, and the program can read it (tcp_shutdown returns at once). SHUT_RDWR: a FIN, "
              "and the kernel answers later data with RST.",
    .falsified = "A half-closed connection that ends by itself or loses data, a segment that "
                 "SHUT_RD sends, or data that comes through after SHUT_RDWR.",
    .why_link = "With two hosts, the states of the two ends are not mixed in one list, and a wire "
                "that counts segments.",
    .time = "About 2 s: tcp_fin_timeout is 1 s, and a connection that is closed with close() "
            "serves as the clock. With the default, 60 s, it would take one minute to see that the "
            "half-closed one outlives it.",
    .drawing = (const char *const[]){"c shutdown(SHUT_WR)", "> FIN", "s: CLOSE_WAIT", "< ACK",
                                     "c: FIN_WAIT_2", ". as long as the server likes", "s send()",
                                     "< DATA", "> ACK", "s close()", "< FIN", "s: LAST_ACK",
                                     "c: TIME_WAIT", "> ACK", "s: gone", NULL},
    .knobs = knobs,
    .n_knobs = sizeof(knobs) / sizeof(*knobs),
    .premises = PREMISE_DATA | PREMISE_ON_TIME | PREMISE_WRITABLE,
    .check = check,
    .predict = predict,
    .run = run,
    .tell = tell,
    .by_hand = by_hand,
    .see_also =
        (const char *const[]){"close-by-client", "fin-wait-2-timeout", "close-wait-leak", NULL},
    .try_next = (const char *const[]){"tcplab-bench run half-close --set how=rd",
                                      "tcplab-bench run half-close --set how=rdwr",
                                      "tcplab-bench run fin-wait-2-timeout", NULL},
};
