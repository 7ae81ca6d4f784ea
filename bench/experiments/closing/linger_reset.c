/* SO_LINGER with 0 s: close() as a reset.
 *
 * Textbooks say:  close() then sends RST instead of FIN, TIME_WAIT is avoided, and data that has
 *                 not been sent is thrown away.
 * The kernel:     so it is (__tcp_close(), tcp_disconnect()), and what is thrown away is all that
 *                 has not been acknowledged: nobody will send it again. What has arrived is not
 *                 lost: the peer can still read it (tcp_recvmsg_locked() looks there first), and
 *                 only then gets ECONNRESET.
 * Falsified by:   a FIN; a TIME_WAIT; data that arrived and cannot be read, or that was lost and
 *                 comes nevertheless. */
#include "bench/model/closing.h"
#include "bench/trial/segments.h"
#include "bench/trial/sockets.h"
#include "bench/trial/steps.h"

#include <errno.h>
#include <stdio.h>

#define BYTES 1000

enum data { DATA_NONE, DATA_ARRIVED, DATA_LOST };

static const char *const data_choices[] = {"none", "arrived", "lost", NULL};

static const struct knob knobs[] = {
    {"data", "arrived", &option_choice,
     "that the client has sent and the server's program has not read yet", .choices = data_choices},
    KNOB_DELAY("1ms"),
    KNOB_IPV6,
};

static void predict(const struct knobs *k, const struct conditions *c, struct prediction *p)
{
    int left = closing_time_waits(CLOSING_BY_RESET);
    enum data data = (enum data)knob(k, "data");
    expect_exactly(p, "segments", 0, &rule_close_with_linger_0, "client.FINs");
    expect_exactly(p, "segments", data == DATA_LOST ? 2 : 1,
                   data == DATA_LOST ? &rule_reset_challenged : &rule_close_with_linger_0,
                   "client.RSTs");
    expect_exactly(p, "connections", 1, &rule_abort_on_data, "client.TcpExt.TCPAbortOnData");
    expect_exactly(p, "connections", 1, &rule_established_resets, "server.Tcp.EstabResets");
    expect_exactly(p, "sockets", left, &rule_close_with_linger_0, "client.TIME_WAIT");
    expect_exactly(p, "sockets", left, &rule_close_with_linger_0, "server.TIME_WAIT");
    expect_exactly(p, "bytes", data == DATA_ARRIVED ? BYTES : 0,
                   data == DATA_LOST ? &rule_reset_forgets_unsent : &rule_reset_keeps_received,
                   "server.bytes_received");
    expect_exactly(p, "errno", closing_reset_errno(false), &rule_reset_errno, "server.recv");
}

/* Nothing is waiting to be acknowledged, and so no ACK can come when the socket is gone. */
static bool all_acknowledged(struct trial *t, int64_t number)
{
    const struct look_side *s = &watch_latest(t->watch)->side[SIDE_CLIENT];
    return s->n == 1 && s->sockets[0].wqueue == 0;
}

static void run(struct trial *t, const struct knobs *k)
{
    int error;
    const struct fault lose = {
        .direction = TO_SERVER, .payload = FAULT_WITH_PAYLOAD, .action = FAULT_DROP};
    struct trial_socket *listener = sock_serve(t, 4), *server,
                        *client = sock_connection(listener, &server);
    if (knob(k, "data") == DATA_LOST)
        step_fault(t, &lose);
    if (knob(k, "data") != DATA_NONE)
        sock_send(client, BYTES);
    if (knob(k, "data") == DATA_ARRIVED)
        step_need(t, all_acknowledged, 0, "the data to be acknowledged");
    step_settle(t);
    sock_linger(client, 0);
    sock_close(client);
    step_need(t, step_server_is, 0, "the RST to arrive");
    step_settle(t);
    step_take_stock(t);
    step_see(t, (double)segments_count(t, TO_SERVER, SEGMENT_FIN, SEGMENT_FIN, FAULT_ANY_PAYLOAD),
             "client.FINs");
    step_see(t, (double)segments_count(t, TO_SERVER, SEGMENT_RST, SEGMENT_RST, FAULT_ANY_PAYLOAD),
             "client.RSTs");
    step_see(t, (double)sock_receive_all(server, 2 * BYTES, &error), "server.bytes_received");
    step_see(t, error, "server.recv");
    step_show(t, LEDGER_closed, "closed by RST");
}

static void tell(FILE *out, const struct trial *t, const struct knobs *k)
{
    int bytes = (int)trial_observed(t, "server.bytes_received");
    fprintf(out, "close() sent a RST and no FIN: the socket was gone at once at both ends, and "
                 "nobody has TIME_WAIT. ");
    if (knob(k, "data") == DATA_ARRIVED)
        fprintf(out,
                "The %d bytes that the server's program had not read yet were not lost: recv() "
                "returned them first, and ECONNRESET after them. ",
                bytes);
    if (knob(k, "data") == DATA_LOST)
        fprintf(out,
                "The %d bytes that the wire had dropped never arrived: the client's kernel "
                "discarded them and did not send them again, although send() had succeeded. The "
                "RST came after them in the sequence, so it did not have the number that the "
                "server expected: the server answered with a challenge ACK, and accepted the "
                "second RST, which had the right number. ",
                BYTES);
    fprintf(out, "The server's program got ECONNRESET, which does not say why the client closed.");
}

static const struct by_hand by_hand[] = {
    {"client", "ss -tan", "nothing: no FIN-WAIT, no TIME-WAIT"},
    {"client", "nstat -az TcpExtTCPAbortOnData TcpOutRsts", "closes by SO_LINGER 0 s; RSTs sent"},
    {"server", "nstat -az TcpEstabResets TcpExtTCPChallengeACK",
     "connections reset; RSTs that were not believed"},
    {"client", "tcpdump -ni eth0 'tcp[tcpflags] & tcp-rst != 0'", "Flags [R.]"},
    {0},
};

const struct experiment experiment_linger_reset = {
    .name = "linger-reset",
    .question = "What does close() do after SO_LINGER with 0 s, and what happens to the data?",
    .claim = "It sends RST instead of FIN, neither end has TIME_WAIT, and the kernel discards data "
             "that it has not sent.",
    .kernel = "True (__tcp_close, tcp_disconnect), and the kernel discards all data that the peer "
              "has not acknowledged, sent or not. The peer's program can still read the data that "
              "has arrived: recv() returns it first, and then ECONNRESET (tcp_recvmsg_locked).",
    .falsified = "A FIN, a TIME_WAIT, data that has arrived and cannot be read, or lost data that "
                 "still arrives.",
    .why_link = "The wire can lose the data, so that it is on its way when the RST is sent.",
    .time = "It takes no time: a RST waits for nothing.",
    .drawing = (const char *const[]){"c send()", "> DATA", "< ACK", "c close(), SO_LINGER 0 s",
                                     "> RST", "c: gone", "s: gone", "s recv(): the data",
                                     "s recv(): ECONNRESET", NULL},
    .knobs = knobs,
    .n_knobs = sizeof(knobs) / sizeof(*knobs),
    .premises = PREMISE_DATA | PREMISE_ON_TIME | PREMISE_WRITABLE,
    .predict = predict,
    .run = run,
    .tell = tell,
    .by_hand = by_hand,
    .see_also =
        (const char *const[]){"unread-data-reset", "write-after-close", "close-by-client", NULL},
    .try_next = (const char *const[]){"tcplab-bench run linger-reset --set data=lost",
                                      "tcplab-bench run linger-reset --set data=none",
                                      "tcplab-bench run unread-data-reset", NULL},
};
