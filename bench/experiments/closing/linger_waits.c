/* SO_LINGER with a time: close() waits for the peer's kernel, whatever O_NONBLOCK says.
 *
 * Textbooks say:  close() waits until all has been acknowledged, at most for the linger time; then
 *                 it fails with EWOULDBLOCK, and what has not been sent is thrown away. A
 *                 non-blocking socket does not wait.
 * The kernel:     inet_release() passes the linger time on without a look at O_NONBLOCK, and
 *                 sk_stream_wait_close() waits until this end's FIN is acknowledged. When the time
 *                 is over close() gives 0 like any other, and the kernel goes on to deliver what is
 *                 left (__tcp_close()).
 * Falsified by:   a close() that is back early although nothing is acknowledged, or that waits on
 *                 although all is; one that fails; data that does not come in the end. */
#include "bench/model/lateness.h"
#include "bench/model/retransmit.h"
#include "bench/trial/closing_state.h"
#include "bench/trial/sockets.h"
#include "bench/trial/steps.h"
#include "common/process/clock.h"

#include <errno.h>
#include <stdio.h>

#define BYTES      1000
#define PATIENCE_S 40 /* for data that is sent again */

enum data { DATA_LOST, DATA_ARRIVES };

static const char *const data_choices[] = {"lost", "arrives", NULL};

static const struct knob knobs[] = {
    KNOB_COUNT("linger", "1", 1, 10, "SO_LINGER's time, in seconds"),
    {"data", "lost", &option_choice,
     "whether the wire loses what the client has sent, until close() is back",
     .choices = data_choices},
    KNOB_YES_NO("blocking", "no", "whether the socket blocks (no: O_NONBLOCK)"),
    KNOB_DELAY("10ms"),
    KNOB_IPV6,
};

#define ACK_DELAYED_S 0.2 /* at most, by the server's kernel */

/* How long close() takes. A tick that has begun counts as a whole one. */
static struct span close_takes(const struct knobs *k, const struct conditions *c)
{
    double linger = (double)knob(k, "linger"), there_and_back = 2 * (double)knob(k, "delay") / 1e9;
    double tick = c->hz > 0 ? 1.0 / c->hz : 0.01;
    if (knob(k, "data") == DATA_LOST)
        return (struct span){linger - tick, lateness_span(c->hz, linger).hi + CLOSING_STATE_LOOK_S};
    return (struct span){there_and_back, there_and_back + ACK_DELAYED_S + CLOSING_STATE_LOOK_S};
}

/* Until when the connection must live: the wire lets the data through after the linger time, and
 * the kernel sends it at the next firing of the RTO. */
static int check(const struct knobs *k, const struct conditions *c, char **ret_message)
{
    const double linger = (double)knob(k, "linger"), rtt = 2 * (double)knob(k, "delay") / 1e9;
    const struct retransmit with_owner = {.conditions = c, .rtt = {rtt, rtt}},
                            orphan = {.conditions = c, .rtt = {rtt, rtt}, .orphan = true};
    int n = 1;
    while (retransmit_firing(&with_owner, n).lo <= linger)
        n++;
    const double needed = retransmit_firing(&with_owner, n).hi;
    const bool owned = retransmit_gives_up(&with_owner).lo <= needed;
    if (knob(k, "data") != DATA_LOST)
        return 0;
    if (needed > PATIENCE_S) {
        if (asprintf(ret_message,
                     "net.ipv4.tcp_rto_min_us=%lld: the data would be sent again after %.0f s "
                     "only, and the experiment waits %d s for it; write a smaller value",
                     (long long)c->rto_min_us, needed, PATIENCE_S) < 0)
            *ret_message = NULL;
        return -EINVAL;
    }
    if (!owned && retransmit_gives_up(&orphan).lo > needed)
        return 0;
    if (asprintf(ret_message,
                 "net.ipv4.%s=%lld: the kernel would give the connection up before the wire lets "
                 "its data through; write a larger value%s",
                 owned ? "tcp_retries2" : "tcp_orphan_retries",
                 (long long)(owned ? c->retries2 : c->orphan_retries),
                 owned ? "" : ", or 0, which means 8") < 0)
        *ret_message = NULL;
    return -EINVAL;
}

static void predict(const struct knobs *k, const struct conditions *c, struct prediction *p)
{
    bool lost = knob(k, "data") == DATA_LOST;
    expect_span(p, close_takes(k, c), lost ? &rule_linger_time : &rule_linger_acknowledged,
                "client.close_took");
    expect_exactly(p, "errno", 0, &rule_linger_result, "client.close");
    expect_exactly(p, "sockets", lost, lost ? &rule_linger_result : &rule_linger_acknowledged,
                   "client.FIN_WAIT_1_after_close");
    expect_exactly(p, "sockets", !lost, lost ? &rule_linger_result : &rule_linger_acknowledged,
                   "client.FIN_WAIT_2_after_close");
    expect_exactly(p, "bytes", BYTES, &rule_close_after_reading, "server.bytes_received");
    expect_exactly(p, "errno", 0, &rule_close_after_reading, "server.then_recv");
}

static void run(struct trial *t, const struct knobs *k)
{
    const struct fault lose = {
        .direction = TO_SERVER, .payload = FAULT_WITH_PAYLOAD, .action = FAULT_DROP};
    struct trial_socket *listener = sock_serve(t, 4), *server,
                        *client = sock_connection(listener, &server);
    int error;
    step_settle(t);
    if (knob(k, "data") == DATA_LOST)
        step_fault(t, &lose);
    if (knob(k, "blocking"))
        sock_set_blocking(client);
    sock_linger(client, (int)knob(k, "linger"));
    sock_send(client, BYTES);
    int64_t before_ns = clock_now_ns();
    int r = sock_close(client);
    step_see(t, (double)(clock_now_ns() - before_ns) / 1e9, "client.close_took");
    step_see(t, r, "client.close");
    step_look(t);
    step_see_state(t, SIDE_CLIENT, SOCKDIAG_FIN_WAIT_1, "client.FIN_WAIT_1_after_close");
    step_see_state(t, SIDE_CLIENT, SOCKDIAG_FIN_WAIT_2, "client.FIN_WAIT_2_after_close");
    step_clear_faults(t);
    step_see(t, (double)sock_receive_all(server, 2 * BYTES, &error), "server.bytes_received");
    step_see(t, error, "server.then_recv");
    step_settle(t);
    step_take_stock(t);
    step_show(t, LEDGER_closed,
              knob(k, "data") == DATA_LOST ? "left to the kernel when close() was back"
                                           : "acknowledged before close() was back");
}

static void tell(FILE *out, const struct trial *t, const struct knobs *k)
{
    const char *socket = knob(k, "blocking") ? "blocking" : "non-blocking";
    double took = trial_observed(t, "client.close_took");
    int bytes = (int)trial_observed(t, "server.bytes_received");
    if (knob(k, "data") == DATA_LOST)
        fprintf(out,
                "Nothing that the client had sent was acknowledged: close() of its %s socket "
                "returned after %.2f s, with SO_LINGER of %d s, and its result was 0, which means "
                "success. The socket was left in FIN_WAIT_1, without a descriptor, and its kernel "
                "continued to send: when the wire let the data through, all %d bytes arrived. So "
                "the result of close() says nothing about the data.",
                socket, took, (int)knob(k, "linger"), bytes);
    else
        fprintf(out,
                "close() of the client's %s socket waited until the server's kernel had "
                "acknowledged the FIN, %.2f s, and no longer. The server's program had read none "
                "of the %d bytes by then: an acknowledgement says only that they have arrived.",
                socket, took, bytes);
}

static const struct by_hand by_hand[] = {
    {"client", "strace -T -e trace=close,setsockopt ./your-program",
     "<1.000731> after close(): it has waited"},
    {"client", "ss -tanoe state fin-wait-1", "timer:(on,...): the kernel still sends"},
    {0},
};

const struct experiment experiment_linger_waits = {
    .name = "linger-waits",
    .question = "How long does close() wait after SO_LINGER with a time, and what does its result "
                "say about the data?",
    .claim = "It waits until all has been acknowledged, or fails with EWOULDBLOCK when the time is "
             "over, and throws the rest away. A non-blocking socket does not wait.",
    .kernel = "close() waits for the FIN's acknowledgement (sk_stream_wait_close), and ignores "
              "O_NONBLOCK (inet_release). When the time is over it returns 0 like any other "
              "close(), and the kernel continues to deliver the remaining data (__tcp_close).",
    .falsified = "A close() that is back early although nothing is acknowledged, or late although "
                 "all is, one that fails, or data that does not come in the end.",
    .why_link = "The wire can lose the data for as long as close() waits.",
    .time = "About the linger time, and until the data is sent again after it: with 1 s, 2 s.",
    .drawing =
        (const char *const[]){"c send()", "> DATA x lost", "c close(), SO_LINGER 1 s", "> FIN",
                              "c: FIN_WAIT_1", "> DATA x lost", ". 1 s", "c close(): 0", "> DATA",
                              "< ACK", "c: FIN_WAIT_2", "s recv(): the data", NULL},
    .knobs = knobs,
    .n_knobs = sizeof(knobs) / sizeof(*knobs),
    .premises = PREMISE_DATA | PREMISE_WRITABLE,
    .check = check,
    .predict = predict,
    .run = run,
    .tell = tell,
    .by_hand = by_hand,
    .see_also = (const char *const[]){"linger-reset", "fin-wait-1-stuck", "close-by-client", NULL},
    .try_next = (const char *const[]){"tcplab-bench run linger-waits --set data=arrives",
                                      "tcplab-bench run linger-waits --set blocking=yes",
                                      "tcplab-bench run fin-wait-1-stuck", NULL},
};
