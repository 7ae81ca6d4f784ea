/* close() with unread data: a server answers and closes before it has read all that the client
 * sent.
 *
 * Textbooks say:  close() sends a FIN after the last byte, and TCP delivers what was sent.
 * The kernel:     if the receive queue is not empty close() sends RST instead (__tcp_close()), so
 *                 that the peer learns that its data was not read. The answer that was sent before
 *                 counts as gone: what has arrived can be read at the other end, but what was lost
 *                 on the way is never sent again. This is how a web server that refuses a request
 *                 unread loses its own error page.
 * Falsified by:   a FIN although there is unread data, a RST although there is none; an answer that
 *                 arrived and cannot be read; one that was lost and comes in spite of the RST. */
#include "bench/model/closing.h"
#include "bench/trial/segments.h"
#include "bench/trial/sockets.h"
#include "bench/trial/steps.h"

#include <errno.h>
#include <stdio.h>

#define REQUEST 1000
#define ANSWER  500

static const struct knob knobs[] = {
    KNOB_YES_NO("read", "no", "whether the server reads the request before it closes"),
    KNOB_YES_NO("lost", "no", "whether the wire loses the answer the first time"),
    KNOB_DELAY("1ms"),
    KNOB_IPV6,
};

static void predict(const struct knobs *k, const struct conditions *c, struct prediction *p)
{
    bool reset = !knob(k, "read"), lost = knob(k, "lost");
    const struct rule *how = reset ? &rule_close_with_unread_data : &rule_close_after_reading;
    const struct rule *data = !reset ? &rule_close_after_reading
                              : lost ? &rule_reset_forgets_unsent
                                     : &rule_reset_keeps_received;
    expect_exactly(p, "connections", reset, how, "server.sent_RST");
    expect_exactly(p, "connections", !reset, how, "server.sent_FIN");
    expect_exactly(p, "connections", reset, how, "server.TcpExt.TCPAbortOnClose");
    expect_exactly(p, "bytes", reset && lost ? 0 : ANSWER, data, "client.bytes_received");
    expect_exactly(p, "errno", reset ? closing_reset_errno(false) : 0,
                   reset ? &rule_reset_errno : how, "client.recv_after_that");
    expect_exactly(p, "sockets", reset ? 0 : 1, how, "client.CLOSE_WAIT");
    expect_exactly(p, "sockets", reset ? closing_time_waits(CLOSING_BY_RESET) : 0, how,
                   "server.TIME_WAIT");
}

/* The server's socket has it, and has acknowledged it; its program has not read it. */
static bool request_has_come(struct trial *t, int64_t number)
{
    const struct look *l = watch_latest(t->watch);
    return l->side[SIDE_SERVER].n == 1 && l->side[SIDE_SERVER].sockets[0].rqueue == REQUEST &&
           l->side[SIDE_CLIENT].n == 1 && l->side[SIDE_CLIENT].sockets[0].wqueue == 0;
}

static bool answer_has_come(struct trial *t, int64_t number)
{
    const struct look *l = watch_latest(t->watch);
    return l->side[SIDE_CLIENT].n == 1 && l->side[SIDE_CLIENT].sockets[0].rqueue == ANSWER &&
           l->side[SIDE_SERVER].n == 1 && l->side[SIDE_SERVER].sockets[0].wqueue == 0;
}

static void answer_and_close(struct trial *t, const struct knobs *k, struct trial_socket *server)
{
    const struct fault lose = {
        .direction = TO_CLIENT, .payload = FAULT_WITH_PAYLOAD, .action = FAULT_DROP};
    int error;
    if (knob(k, "read"))
        sock_receive_all(server, REQUEST, &error);
    if (knob(k, "lost"))
        step_fault(t, &lose);
    sock_send(server, ANSWER);
    if (!knob(k, "lost"))
        step_need(t, answer_has_come, 0, "the answer to be acknowledged");
    step_settle(t);
    sock_close(server);
    if (knob(k, "read"))
        step_clear_faults(t); /* what is sent again comes through */
}

static bool ended(struct trial *t, int64_t number)
{
    return step_state(t, SIDE_CLIENT, SOCKDIAG_ESTABLISHED) == 0;
}

static void run(struct trial *t, const struct knobs *k)
{
    int error;
    struct trial_socket *listener = sock_serve(t, 4), *server,
                        *client = sock_connection(listener, &server);
    sock_send(client, REQUEST);
    step_need(t, request_has_come, 0, "the request to be acknowledged");
    answer_and_close(t, k, server);
    step_need(t, ended, 0, "the RST or the FIN to arrive");
    step_settle(t);
    step_take_stock(t);
    step_see(t, segments_count(t, TO_CLIENT, SEGMENT_RST, SEGMENT_RST, FAULT_ANY_PAYLOAD) > 0,
             "server.sent_RST");
    step_see(t, segments_count(t, TO_CLIENT, SEGMENT_FIN, SEGMENT_FIN, FAULT_ANY_PAYLOAD) > 0,
             "server.sent_FIN");
    step_see(t, (double)sock_receive_all(client, ANSWER, &error), "client.bytes_received");
    if (!error)
        sock_receive_all(client, 1, &error);
    step_see(t, error, "client.recv_after_that");
    step_show(t, knob(k, "read") ? LEDGER_closed : LEDGER_reset, "request, answer, close()");
}

static void tell(FILE *out, const struct trial *t, const struct knobs *k)
{
    int bytes = (int)trial_observed(t, "client.bytes_received");
    if (knob(k, "read")) {
        fprintf(
            out,
            "The server had read the request, so its close() sent a FIN. %sThe client read %d "
            "bytes and then end of file, as expected.",
            knob(k, "lost")
                ? "The wire lost the answer, and the kernel, which still kept it, sent it again. "
                : "",
            bytes);
        return;
    }
    fprintf(out, "The server answered and closed without having read the request: its kernel sent "
                 "RST instead of a FIN. ");
    if (knob(k, "lost"))
        fprintf(out,
                "The wire had dropped the answer, and the kernel discarded it when it sent the "
                "RST: the client got %d bytes and ECONNRESET, and does not know why. A program "
                "that wants its last data to arrive reads until end of file, and then closes.",
                bytes);
    else
        fprintf(out,
                "This time the answer had arrived before, and its %d bytes could be read after the "
                "RST; then came ECONNRESET. A client that writes first, or looks for errors first, "
                "finds the error and may never read the answer. If the wire drops the answer "
                "(lost=yes), it never arrives.",
                bytes);
}

static const struct by_hand by_hand[] = {
    {"server", "ss -tan", "Recv-Q: the bytes that the program has not read"},
    {"server", "nstat -az TcpExtTCPAbortOnClose TcpOutRsts", "closes with unread data; RSTs sent"},
    {"client", "tcpdump -ni eth0 tcp port 8888", "Flags [R.] from the server, and no [F.]"},
    {0},
};

const struct experiment experiment_unread_data_reset = {
    .name = "unread-data-reset",
    .question = "What if a program closes before it has read all data that arrived?",
    .claim = "close() sends a FIN after the last byte, and TCP delivers what was sent before.",
    .kernel = "True only if the receive queue holds no unread data; else close() sends RST "
              "(__tcp_close, TCPAbortOnClose). What the program had sent before is readable at "
              "the peer if it arrives before the RST; the kernel sends none of it again.",
    .falsified =
        "A FIN although there is unread data or a RST where there is none, an answer that has "
        "arrived and cannot be read, or one that was lost and comes in spite of the RST.",
    .why_link = "The wire can lose the answer, so that it is on its way when the RST is sent.",
    .time = "It takes no time, or with read=yes and lost=yes the few tenths of a second after "
            "which the answer is sent again.",
    .drawing = (const char *const[]){"c send()", "> DATA", "< ACK", "s send()", "< DATA", "> ACK",
                                     "s close(), unread data", "< RST", "s: gone", "c: gone",
                                     "c recv(): the answer", "c recv(): ECONNRESET", NULL},
    .knobs = knobs,
    .n_knobs = sizeof(knobs) / sizeof(*knobs),
    .premises = PREMISE_DATA | PREMISE_ON_TIME | PREMISE_WRITABLE,
    .predict = predict,
    .run = run,
    .tell = tell,
    .by_hand = by_hand,
    .see_also = (const char *const[]){"linger-reset", "write-after-close", "close-by-server", NULL},
    .try_next =
        (const char *const[]){"tcplab-bench run unread-data-reset --set lost=yes",
                              "tcplab-bench run unread-data-reset --set lost=yes --set read=yes",
                              "tcplab-bench run linger-reset", NULL},
};
