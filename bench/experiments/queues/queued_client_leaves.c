/* Clients leave while they wait in the accept queue.
 *
 * Textbooks say:  a client that closes or resets its connection is gone, and its place in the queue
 *                 is free for another.
 * The kernel:     while the listener is open an entry of the accept queue is taken out by accept(),
 *                 and by nothing else (inet_csk_accept()). After a FIN the entry is in CLOSE_WAIT,
 *                 after a RST it is a dead socket that no tool shows; either keeps its place, and
 *                 the server's program accepts it like any other.
 * Falsified by:   a queue that gets shorter when clients leave; a newcomer that gets in before
 *                 accept(); an accept() that passes over those that have left. */
#include "bench/model/queue.h"
#include "bench/trial/sockets.h"
#include "bench/trial/steps.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define CAPACITY_MOST 200 /* the trial has a socket for each at both ends */

static const char *const ways[] = {"fin", "rst", NULL};
enum { FIN, RST };

static const struct knob knobs[] = {
    KNOB_BACKLOG("2"),
    KNOB_SOMAXCONN,
    {"how", "fin", &option_choice, "how they leave: close(), or close() with SO_LINGER 0",
     .choices = ways},
    KNOB_COUNT("bytes", "100", 0, 1000, "that each sends before it leaves"),
    KNOB_DELAY("1ms"),
    KNOB_IPV6,
};

static int64_t capacity(const struct knobs *k, const struct conditions *c)
{
    return queue_capacity(queue_limit(knob(k, "backlog"), c->somaxconn));
}

static int check(const struct knobs *k, const struct conditions *c, char **ret_message)
{
    if (capacity(k, c) <= CAPACITY_MOST)
        return 0;
    if (asprintf(ret_message,
                 "backlog=%lld: the queue holds min(backlog, somaxconn) + 1 = %lld connections, "
                 "and this experiment fills it with at most %d; write a backlog from 0 to %d",
                 (long long)knob(k, "backlog"), (long long)capacity(k, c), CAPACITY_MOST,
                 CAPACITY_MOST - 1) < 0)
        *ret_message = NULL;
    return -EINVAL;
}

static void predict(const struct knobs *k, const struct conditions *c, struct prediction *p)
{
    int64_t all = capacity(k, c);
    bool fin = knob(k, "how") == FIN;
    expect_exactly(p, "connections", all, &rule_accept_queue_capacity,
                   "server.queue_before_they_leave");
    expect_exactly(p, "connections", all, &rule_queued_keeps_its_place, "server.queue");
    expect_exactly(p, "sockets", 0, &rule_queued_keeps_its_place, "server.ESTABLISHED");
    expect_exactly(p, "sockets", fin ? all : 0, fin ? &rule_fin_acknowledged : &rule_queued_reset,
                   "server.CLOSE_WAIT");
    expect_exactly(p, "connections", all, &rule_queued_keeps_its_place, "ledger.closed");
    expect_exactly(p, "connections", 1, &rule_syn_dropped, "ledger.syn_sent");
    expect_exactly(p, "connections", all, &rule_queued_keeps_its_place,
                   "server.accepted_after_they_left");
    expect_exactly(p, "bytes", all * knob(k, "bytes"), &rule_queued_data, "server.bytes_read");
    expect_exactly(p, "connections", fin ? all : 0, &rule_queued_data, "server.then_end_of_file");
    expect_exactly(p, "connections", fin ? 0 : all, &rule_queued_reset, "server.then_ECONNRESET");
    expect_exactly(p, "segments", 0, &rule_syn_retry_admitted, "server.SYNs_dropped_with_room");
    expect_exactly(p, "connections", 1, &rule_syn_retry_admitted, "server.accepted_alive");
}

/* Each sends, and leaves. */
static void leave(struct trial *t, const struct knobs *k)
{
    for (size_t i = 0, n = t->n_sockets; i < n; i++) {
        struct trial_socket *s = t->sockets[i];
        if (s->side != SIDE_CLIENT)
            continue;
        if (knob(k, "bytes"))
            sock_send(s, (size_t)knob(k, "bytes"));
        if (knob(k, "how") == RST)
            sock_linger(s, 0);
        sock_close(s);
    }
}

struct found {
    int64_t accepted, alive, bytes, ends_of_file, resets;
};

/* Takes out the next, and reads until there is nothing more. */
static void accept_next(struct trial_socket *listener, struct found *f)
{
    ssize_t n;
    bool waits = sock_poll(listener, POLLIN) & POLLIN; /* then no look is needed */
    struct trial_socket *s = waits ? sock_try_accept(listener) : sock_accept(listener);
    while (s && (n = sock_receive(s, 65536)) > 0)
        f->bytes += n;
    if (!s)
        return;
    f->alive += n == -EAGAIN;
    f->accepted += n != -EAGAIN;
    f->ends_of_file += n == 0;
    f->resets += n == -ECONNRESET;
}

static void see_found(struct trial *t, const struct found *f)
{
    step_see(t, (double)f->accepted, "server.accepted_after_they_left");
    step_see(t, (double)f->alive, "server.accepted_alive");
    step_see(t, (double)f->bytes, "server.bytes_read");
    step_see(t, (double)f->ends_of_file, "server.then_end_of_file");
    step_see(t, (double)f->resets, "server.then_ECONNRESET");
}

static void run(struct trial *t, const struct knobs *k)
{
    struct found f = {0};
    struct trial_socket *listener = sock_serve(t, knob(k, "backlog"));
    int64_t n = capacity(k, &t->conditions);
    for (int64_t i = 0; i < n; i++)
        sock_try_connection(t);
    step_settle(t);
    step_see(t, (double)sock_queue(listener), "server.queue_before_they_leave");
    leave(t, k);
    step_settle(t);
    struct trial_socket *newcomer = sock_try_connection(t);
    step_settle(t);
    step_take_stock(t);
    accept_next(listener, &f);
    int64_t drops = step_counter(t, SIDE_SERVER, "TcpExt.ListenOverflows");
    sock_need(newcomer, POLLOUT, "the newcomer's next SYN, now that there is room");
    for (int64_t i = 0; i < n; i++)
        accept_next(listener, &f);
    step_settle(t);
    see_found(t, &f);
    step_see(t, (double)(step_counter(t, SIDE_SERVER, "TcpExt.ListenOverflows") - drops),
             "server.SYNs_dropped_with_room");
    step_show(t, LEDGER_closed, "one that left while it was queued");
}

static void tell(FILE *out, const struct trial *t, const struct knobs *k)
{
    bool fin = knob(k, "how") == FIN;
    long long left = trial_row(t, LEDGER_closed), bytes = knob(k, "bytes");
    fprintf(out,
            "%lld client%s connected, sent %lld bytes%s and left by %s, while the server's program "
            "did nothing. ",
            left, left == 1 ? "" : "s", bytes, left == 1 ? "" : " each", fin ? "FIN" : "RST");
    fprintf(out, "All %lld were gone, and the accept queue was as long as before: %u. ", left,
            t->stock.queue);
    fprintf(out, fin ? "At the server they are in CLOSE_WAIT, without a descriptor. "
                     : "At the server no tool shows them any more, but the queue has them. ");
    fprintf(out, "So the kernel dropped the SYN of a new client. Then the program called accept(), "
                 "which returned the connections of the clients that had left, ");
    fprintf(
        out,
        "in the order of their arrival: %lld bytes could still be read, and then recv() gave %s. ",
        (long long)trial_observed(t, "server.bytes_read"), fin ? "the end of file" : "ECONNRESET");
    fprintf(out,
            "The first accept() had made room for the new client, whose next SYN was accepted.");
}

static const struct by_hand by_hand[] = {
    {"server", "ss -ltn 'sport = :8888'", "Recv-Q: how many wait, those that have left among them"},
    {"server", "ss -tan state close-wait 'sport = :8888'", "those that left by FIN"},
    {"client", "netstat -nat | grep 8888",
     "FIN_WAIT2 after a FIN, nothing after a RST, SYN_SENT: the newcomer"},
    {0},
};

const struct experiment experiment_queued_client_leaves = {
    .name = "queued-client-leaves",
    .question =
        "If a client closes while it waits in the accept queue, does that make room for another?",
    .claim = "A client that closes or resets its connection is gone, and its place in the queue is "
             "free.",
    .kernel = "While the listener is open only accept() takes an entry out of the queue "
              "(inet_csk_accept). After a FIN it is in CLOSE_WAIT, after a RST it is a dead "
              "socket, and either way it keeps its place and is accepted like any other: so a "
              "queue can be full of clients that are long gone, and live ones stay outside.",
    .falsified = "A queue that gets shorter when clients leave, a new client that is accepted "
                 "before accept() is called, or an accept() that skips the clients that have left.",
    .why_link = "Two hosts on a wire, so that what is left at either end can be seen apart.",
    .time = "About 2 s, because the new client sends its SYN again after 1 s or more; the closed "
            "connections would stay in the queue for ever.",
    .drawing = (const char *const[]){"s listen(2)", "> SYN", "< SYN-ACK", "> ACK", "s: ESTABLISHED",
                                     "c send(), close()", "> DATA", "> FIN-ACK", "s: CLOSE_WAIT",
                                     "> SYN x dropped: the queue is full", "s accept()", ". 1 s",
                                     "> SYN", "< SYN-ACK", "> ACK", NULL},
    .knobs = knobs,
    .n_knobs = sizeof(knobs) / sizeof(*knobs),
    .premises = PREMISE_DATA | PREMISE_ON_TIME | PREMISE_WRITABLE,
    .check = check,
    .predict = predict,
    .run = run,
    .tell = tell,
    .by_hand = by_hand,
    .see_also =
        (const char *const[]){"accept-queue-full", "close-wait-leak", "backlog-change", NULL},
    .try_next =
        (const char *const[]){"tcplab-bench run queued-client-leaves --set how=rst",
                              "tcplab-bench run queued-client-leaves --set how=rst --set bytes=0",
                              "tcplab-bench run queued-client-leaves --set backlog=20", NULL},
};
