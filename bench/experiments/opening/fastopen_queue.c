/* TCP Fast Open: data in the SYN, and a queue of its own.
 *
 * Textbooks say:  TCP_FASTOPEN = q lets q clients at a time have their data accepted with the SYN;
 *                 accept() makes room for the next.
 * The kernel:     a SYN with data and a valid cookie (or none, where tcp_fastopen allows that)
 *                 makes a full socket in SYN_RECV at once and puts it into the accept queue
 *                 (tcp_fastopen_create_child()): it can be accepted and read while the handshake is
 *                 under way. What is limited to q is the number of those whose last ACK has not
 *                 come (tcp_fastopen_queue_check()); accept() gives no place back. That ACK does,
 *                 or a RST (reqsk_fastopen_remove(): after 60 s if it was accepted), or the end of
 *                 the SYN-ACK's repetitions. Who finds no place gets an ordinary handshake, sends
 *                 its data again, and is no worse off than without Fast Open.
 * Falsified by:   more or fewer than q accepted with data; a place that accept() gives back; a
 *                 client that fails. */
#include "bench/model/opening.h"
#include "bench/trial/half_open.h"
#include "bench/trial/sockets.h"
#include "bench/trial/steps.h"
#include "common/process/exit_code.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>

#define BYTES   5
#define BACKLOG 256 /* the accept queue is not what limits here */
/* tcp_fastopen: client 1, server 2, and neither asks for a cookie, 4 and 512 */
#define NO_COOKIE 519

static const struct knob knobs[] = {
    KNOB_COUNT("queue", "3", 0, 200, "handed to TCP_FASTOPEN"),
    KNOB_COUNT("burst", "8", 1, 200,
               "clients that come first, with data in their SYN; two more follow"),
    KNOB_SOMAXCONN,
    KNOB_DELAY("1ms"),
    KNOB_IPV6,
};

static int64_t limit(const struct knobs *k, const struct conditions *c)
{
    return opening_fastopen_limit(c, knob(k, "queue"));
}

static int check(const struct knobs *k, const struct conditions *c, char **ret_message)
{
    int r;
    if ((c->fastopen & NO_COOKIE) != NO_COOKIE)
        r = asprintf(ret_message,
                     "net.ipv4.tcp_fastopen=%lld: data in a SYN without a cookie takes the bits 1, "
                     "2, 4 and 512; write %d",
                     (long long)c->fastopen, NO_COOKIE);
    else if (c->somaxconn < knob(k, "burst"))
        r = asprintf(ret_message,
                     "somaxconn=%lld: the accept queue would be full before all %lld clients are "
                     "in; write that at least",
                     (long long)c->somaxconn, (long long)knob(k, "burst"));
    else
        return half_open_check(c, ret_message);
    if (r < 0)
        *ret_message = NULL;
    return -EINVAL;
}

static void predict(const struct knobs *k, const struct conditions *c, struct prediction *p)
{
    int64_t n = knob(k, "burst"), with_data = opening_fastopen_admits(limit(k, c), 0, n);
    int64_t one_more = opening_fastopen_admits(limit(k, c), with_data, 1);
    int64_t later = opening_fastopen_admits(limit(k, c), 0, 1);
    expect_exactly(p, "sockets", with_data, &rule_fastopen_limit, "server.SYN_RECV_at_first");
    expect_exactly(p, "sockets", n - with_data, &rule_fastopen_falls_back,
                   "server.ESTABLISHED_at_first");
    expect_exactly(p, "connections", n, &rule_fastopen_child, "server.queued_at_first");
    expect_exactly(p, "bytes", n * BYTES, &rule_fastopen_child, "server.bytes_read");
    expect_exactly(p, "sockets", with_data, &rule_fastopen_child, "server.SYN_RECV_after_accept");
    expect_exactly(p, "connections", with_data + one_more, &rule_fastopen_slot,
                   "server.with_data_after_one_more");
    expect_exactly(p, "connections", with_data + one_more + later, &rule_fastopen_slot,
                   "server.with_data_in_the_end");
    expect_exactly(p, "connections", n + 2 - with_data - one_more - later,
                   &rule_fastopen_falls_back, "client.TcpExt.TCPFastOpenActiveFail");
    expect_exactly(p, "segments", limit(k, c) ? n + 2 - with_data - one_more - later : 0,
                   &rule_fastopen_overflow_counter, "server.TcpExt.TCPFastOpenListenOverflow");
    expect_exactly(p, "sockets", n + 2, &rule_fastopen_falls_back, "client.ESTABLISHED");
    expect_exactly(p, "connections", n + 2, &rule_fastopen_falls_back, "ledger.accepted");
}

/* connect() only notes the address, for there is an option that says so; the first data goes with
 * the SYN. */
static void connect_with_data(struct trial *t)
{
    struct trial_socket *client = sock_new(t, SIDE_CLIENT);
    int r = sock_set(client, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1, "TCP_FASTOPEN_CONNECT");
    if (r)
        step_fail(t, EXIT_CODE_CANNOT, "this kernel has no TCP_FASTOPEN_CONNECT (%s)", strerror(r));
    sock_connect(client);
    sock_send(client, BYTES);
}

static bool all_are_queued(struct trial *t, int64_t number)
{
    return watch_latest(t->watch)->queue >= number && wire_status(t->lab.wire).in_transit == 0;
}

static bool handshakes_are_over(struct trial *t, int64_t number)
{
    return step_state(t, SIDE_SERVER, SOCKDIAG_SYN_RECV) == 0 &&
           step_state(t, SIDE_SERVER, SOCKDIAG_ESTABLISHED) == number;
}

/* Accepts all that wait, and reads; how many bytes. */
static int64_t accept_and_read(struct trial *t, struct trial_socket *listener, int64_t n)
{
    int64_t bytes = 0;
    for (int64_t i = 0; i < n && !t->failure; i++) {
        struct trial_socket *server = sock_try_accept(listener);
        ssize_t got = sock_receive(server ? server : sock_accept(listener), BYTES);
        bytes += got > 0 ? got : 0;
    }
    return bytes;
}

static void see_queued(struct trial *t)
{
    step_see_state(t, SIDE_SERVER, SOCKDIAG_SYN_RECV, "server.SYN_RECV_at_first");
    step_see_state(t, SIDE_SERVER, SOCKDIAG_ESTABLISHED, "server.ESTABLISHED_at_first");
    step_see(t, t->failure ? 0 : watch_latest(t->watch)->queue, "server.queued_at_first");
}

static void connect_one_more(struct trial *t, struct trial_socket *listener)
{
    connect_with_data(t);
    accept_and_read(t, listener, 1);
}

static void run(struct trial *t, const struct knobs *k)
{
    const struct fault bare_acks = {.direction = TO_SERVER,
                                    .flags_mask =
                                        SEGMENT_SYN | SEGMENT_ACK | SEGMENT_FIN | SEGMENT_RST,
                                    .flags = SEGMENT_ACK,
                                    .payload = FAULT_NO_PAYLOAD,
                                    .action = FAULT_DROP};
    int64_t n = knob(k, "burst");
    struct trial_socket *listener = sock_serve(t, BACKLOG);
    int r = sock_set(listener, IPPROTO_TCP, TCP_FASTOPEN, (int)knob(k, "queue"), "TCP_FASTOPEN");
    if (r)
        step_fail(t, EXIT_CODE_CANNOT, "this kernel has no TCP_FASTOPEN (%s)", strerror(r));
    step_fault(t, &bare_acks);
    for (int64_t i = 0; i < n && !t->failure; i++)
        connect_with_data(t);
    step_need(t, all_are_queued, n, "all clients to be in the accept queue");
    see_queued(t);
    step_see(t, (double)accept_and_read(t, listener, n), "server.bytes_read");
    step_look(t);
    step_see_state(t, SIDE_SERVER, SOCKDIAG_SYN_RECV, "server.SYN_RECV_after_accept");
    connect_one_more(t, listener);
    step_see_counter(t, SIDE_SERVER, "TcpExt.TCPFastOpenPassive",
                     "server.with_data_after_one_more");
    step_clear_faults(t);
    step_need(t, handshakes_are_over, n + 1, "the last ACKs, now that the wire lets them pass");
    connect_one_more(t, listener);
    step_need(t, handshakes_are_over, n + 2, "the last handshake to end");
    step_see_counter(t, SIDE_SERVER, "TcpExt.TCPFastOpenPassive", "server.with_data_in_the_end");
    step_settle(t);
    step_take_stock(t);
    step_show(t, LEDGER_accepted, "the first of them");
}

static void tell(FILE *out, const struct trial *t, const struct knobs *k)
{
    long long n = knob(k, "burst"),
              with_data = (long long)trial_observed(t, "server.SYN_RECV_at_first");
    fprintf(
        out,
        "%lld clients sent %d bytes with their SYN, and the wire dropped every bare ACK of theirs. "
        "Of %lld the server took the data at once: they were in the accept queue in SYN_RECV. ",
        n, BYTES, with_data);
    if (with_data < n)
        fprintf(out,
                "The other %lld exceeded the limit and got an ordinary SYN-ACK; they sent their "
                "data once more, and that completed their handshake. ",
                n - with_data);
    if (!with_data)
        return;
    fprintf(out, "The server accepted and read all of them, and still %lld were in SYN_RECV. ",
            (long long)trial_observed(t, "server.SYN_RECV_after_accept"));
    if (with_data < n)
        fprintf(out, "One more client also exceeded the limit: accept() had not freed any place. "
                     "After the wire let the ACKs pass, the next client had a place.");
    else
        fprintf(out, "There was room for more, because TCP_FASTOPEN was %lld.",
                (long long)knob(k, "queue"));
}

static const struct by_hand by_hand[] = {
    {"server", "ss -tlni 'sport = :8888'",
     "Recv-Q counts those in SYN_RECV that have brought data, too"},
    {"server", "ss -tanp state syn-recv",
     "full sockets in SYN_RECV; with a process where they have been accepted"},
    {"server", "nstat -az TcpExtTCPFastOpenPassive TcpExtTCPFastOpenListenOverflow",
     "taken with data; found no place"},
    {"client", "nstat -az TcpExtTCPFastOpenActive TcpExtTCPFastOpenActiveFail",
     "the same, as the clients count"},
    {0},
};

const struct experiment experiment_fastopen_queue = {
    .name = "fastopen-queue",
    .question = "How many TCP Fast Open clients can connect with data in their SYN, and what "
                "happens to the others?",
    .claim = "TCP_FASTOPEN = q lets q clients wait with their data, and accept() makes room for "
             "the next.",
    .kernel = "A SYN with data and a valid cookie (or without one where tcp_fastopen allows it) "
              "makes a full socket in SYN_RECV in the accept queue, which can be accepted and read "
              "before the handshake is over (tcp_fastopen_create_child). The limit q is for those "
              "whose last ACK has not come (tcp_fastopen_queue_check), accepted or not; a RST "
              "gives the place back, too, for an accepted one after 60 s. The others get an "
              "ordinary handshake and send their data again.",
    .falsified = "More or fewer than q let in with data, a place that accept() gives back, or a "
                 "client that gets no connection.",
    .why_link = "The wire drops the clients' bare ACKs, so that handshakes stay unfinished until "
                "the experiment has read their states.",
    .time =
        "About 1 s, sometimes 3: the server must send its SYN-ACKs again before their ACKs arrive.",
    .drawing = (const char *const[]){"s listen(), TCP_FASTOPEN 3", "c connect()", "> SYN with data",
                                     "s: SYN_RECV", "< SYN-ACK", "c: ESTABLISHED",
                                     "> ACK x dropped by the wire", "s accept(), read()", ". 1 s",
                                     "< SYN-ACK", "> ACK", "s: ESTABLISHED", NULL},
    .knobs = knobs,
    .n_knobs = sizeof(knobs) / sizeof(*knobs),
    .premises = PREMISE_DATA | PREMISE_ON_TIME,
    .sysctls = (const char *const[]){"net.ipv4.tcp_fastopen=519", NULL},
    .check = check,
    .predict = predict,
    .run = run,
    .tell = tell,
    .by_hand = by_hand,
    .see_also = (const char *const[]){"accept-queue-full", "syn-queue-full", "handshake", NULL},
    .try_next = (const char *const[]){"tcplab-bench run fastopen-queue --set queue=1",
                                      "tcplab-bench run fastopen-queue --set queue=10",
                                      "tcplab-bench run fastopen-queue --set queue=0", NULL},
};
