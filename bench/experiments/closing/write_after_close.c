/* Writing to a peer that has closed: the first write succeeds.
 *
 * Textbooks say:  a write to a closed connection fails with "broken pipe".
 * The kernel:     a FIN only says that the peer sends no more; it may still read. So the write is
 *                 taken and sent; if the peer's socket is gone, RST comes back, and only then a
 *                 write fails: EPIPE, since the FIN had come before (tcp_reset() in CLOSE_WAIT).
 *                 Where a RST comes without a FIN it is ECONNRESET, and the next one EPIPE. Until
 *                 the RST is back any number of writes succeed.
 * Falsified by:   a write that fails before the RST is back; another errno. */
#include "bench/model/closing.h"
#include "bench/trial/closing_state.h"
#include "bench/trial/sockets.h"

#include <errno.h>
#include <stdio.h>

#define BYTES 100

enum peer { PEER_FIN, PEER_RST };

static const char *const peers[] = {"fin", "rst", NULL};

static const struct knob knobs[] = {
    {"peer", "fin", &option_choice,
     "how the server closes: close(), or close() after SO_LINGER with 0 s", .choices = peers},
    KNOB_COUNT("writes", "1", 1, 100, "of the client, before the RST is back"),
    KNOB_DELAY("1ms"),
    KNOB_IPV6,
};

static int check(const struct knobs *k, const struct conditions *c, char **ret_message)
{
    return knob(k, "peer") == PEER_FIN ? closing_state_check_room(c, 1, ret_message) : 0;
}

static void predict(const struct knobs *k, const struct conditions *c, struct prediction *p)
{
    bool fin = knob(k, "peer") == PEER_FIN;
    if (fin) {
        expect_exactly(p, "sockets", 1, &rule_fin_acknowledged,
                       "client.CLOSE_WAIT_before_the_writes");
        expect_exactly(p, "sockets", 1, &rule_fin_acknowledged,
                       "server.FIN_WAIT_2_before_the_writes");
    } else {
        expect_exactly(p, "sockets", 1, &rule_write_before_reset,
                       "client.ESTABLISHED_before_the_writes");
    }
    expect_exactly(p, "calls", knob(k, "writes"), &rule_write_before_reset,
                   "client.writes_that_succeed");
    if (fin)
        expect_exactly(p, "sockets", 0, &rule_fin_wait_2_data,
                       "server.FIN_WAIT_2_after_the_writes");
    if (fin)
        expect_exactly(p, "errno", 0, &rule_reset_errno, "client.recv_after_the_RST");
    expect_exactly(p, "errno", closing_reset_errno(fin), &rule_reset_errno,
                   "client.write_after_the_RST");
    expect_exactly(p, "errno", EPIPE, &rule_write_after_error, "client.write_after_that");
    expect_exactly(p, "errno", 0, &rule_write_after_error, "client.recv_after_that");
    expect_exactly(p, "sockets", closing_time_waits(CLOSING_BY_RESET), &rule_reset_no_time_wait,
                   "client.TIME_WAIT");
    expect_exactly(p, "sockets", closing_time_waits(CLOSING_BY_RESET), &rule_reset_no_time_wait,
                   "server.TIME_WAIT");
    expect_exactly(p, "connections", 1, &rule_reset_errno, "ledger.reset");
}

/* The server's FIN has come, and its socket waits in FIN_WAIT_2 without a program: the first data
 * draws RST. */
static void close_server(struct trial *t, struct trial_socket *server)
{
    sock_close(server);
    step_need(t, step_server_is, SOCKDIAG_FIN_WAIT_2, "the client's ACK of the FIN");
    step_see_state(t, SIDE_CLIENT, SOCKDIAG_CLOSE_WAIT, "client.CLOSE_WAIT_before_the_writes");
    step_see_state(t, SIDE_SERVER, SOCKDIAG_FIN_WAIT_2, "server.FIN_WAIT_2_before_the_writes");
    step_hold(t, TO_CLIENT, true);
}

/* Its RST is on its way. */
static void reset_server(struct trial *t, struct trial_socket *server)
{
    step_hold(t, TO_CLIENT, true);
    sock_linger(server, 0);
    sock_close(server);
    step_need_held(t, TO_CLIENT, 1);
    step_see_state(t, SIDE_CLIENT, SOCKDIAG_ESTABLISHED, "client.ESTABLISHED_before_the_writes");
}

static void run(struct trial *t, const struct knobs *k)
{
    int error, succeeded = 0;
    struct trial_socket *listener = sock_serve(t, 4), *server,
                        *client = sock_connection(listener, &server);
    step_settle(t);
    if (knob(k, "peer") == PEER_FIN)
        close_server(t, server);
    else
        reset_server(t, server);
    for (int64_t i = 0; i < knob(k, "writes"); i++)
        succeeded += sock_send(client, BYTES) == 0;
    step_see(t, succeeded, "client.writes_that_succeed");
    step_need_held(t, TO_CLIENT, 1);
    step_look(t);
    step_see_state(t, SIDE_SERVER, SOCKDIAG_FIN_WAIT_2, "server.FIN_WAIT_2_after_the_writes");
    step_hold(t, TO_CLIENT, false);
    sock_need(client, 0, "the RST to come"); /* POLLERR, POLLHUP */
    if (knob(k, "peer") == PEER_FIN) {
        sock_receive_all(client, 1, &error); /* end of file, and the error stays for the write */
        step_see(t, error, "client.recv_after_the_RST");
    }
    step_see(t, sock_send(client, BYTES), "client.write_after_the_RST");
    step_see(t, sock_send(client, BYTES), "client.write_after_that");
    sock_receive_all(client, 1, &error);
    step_see(t, error, "client.recv_after_that");
    step_settle(t);
    step_take_stock(t);
    step_show(t, LEDGER_reset, "writing to a peer that has closed");
}

static void tell(FILE *out, const struct trial *t, const struct knobs *k)
{
    int writes = (int)trial_observed(t, "client.writes_that_succeed");
    bool fin = knob(k, "peer") == PEER_FIN;
    fprintf(out, fin ? "The server had closed and the client knew of its FIN, but a FIN only says "
                       "that the server sends no more: the client may still send, and "
                     : "The server had reset the connection, but the RST was still on its way: ");
    fprintf(out, "%d write%s succeeded. ", writes, writes == 1 ? "" : "s");
    fprintf(
        out,
        fin ? "The server's kernel answered with RST, because no program can read it. After the "
              "RST arrived, the next write failed with EPIPE, and so did the write after it. "
            : "When it had come, the next write failed with ECONNRESET, and the one after it with "
              "EPIPE. ");
    fprintf(out,
            "So a successful write does not mean that the data arrived. EPIPE comes with the "
            "signal SIGPIPE, which ends a program that neither ignores it nor writes with "
            "MSG_NOSIGNAL; ECONNRESET comes without a signal. recv() returns end of file now.");
}

static const struct by_hand by_hand[] = {
    {"client", "ss -tan", "CLOSE-WAIT, and after the RST nothing"},
    {"server", "ss -tan", "FIN-WAIT-2 until the data comes"},
    {"server", "nstat -az TcpOutRsts", "the answers to the data"},
    {"client", "strace -e trace=sendto,write,recvfrom nc 192.0.2.1 8888",
     "EPIPE, and SIGPIPE with it"},
    {0},
};

const struct experiment experiment_write_after_close = {
    .name = "write-after-close",
    .question = "When does a program find out that the peer has closed, if it only writes?",
    .claim = "A write to a connection that the peer has closed fails with EPIPE (broken pipe).",
    .kernel = "The first write does not fail: the kernel sends it, and the peer answers with RST "
              "if no program can read it. After the RST arrives, the next write fails, with EPIPE "
              "if the peer's FIN had come before (CLOSE_WAIT) and with ECONNRESET if not "
              "(tcp_reset); the kernel reports the error once, and then EPIPE.",
    .falsified = "A write that fails before the RST is back, or another errno than these.",
    .why_link = "The wire holds the RST, so that it is certain which writes come before it.",
    .time = "It takes no time: the kernel waits for nothing here.",
    .drawing = (const char *const[]){"s close()", "< FIN", "c: CLOSE_WAIT", "> ACK",
                                     "s: FIN_WAIT_2", "c send(): ok", "> DATA", "s: gone", "< RST",
                                     "c: gone", "c send(): EPIPE", NULL},
    .knobs = knobs,
    .n_knobs = sizeof(knobs) / sizeof(*knobs),
    .premises = PREMISE_DATA | PREMISE_ON_TIME | PREMISE_WRITABLE,
    .check = check,
    .predict = predict,
    .run = run,
    .tell = tell,
    .by_hand = by_hand,
    .see_also = (const char *const[]){"half-close", "linger-reset", "close-wait-leak", NULL},
    .try_next = (const char *const[]){"tcplab-bench run write-after-close --set writes=10",
                                      "tcplab-bench run write-after-close --set peer=rst",
                                      "tcplab-bench run linger-reset", NULL},
};
