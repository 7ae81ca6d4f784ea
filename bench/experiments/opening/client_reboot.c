/* A client that was rebooted calls again from the port that it had, and the server still has the
 * old connection.
 *
 * Textbooks say:  the SYN resets the old connection; or else the client cannot come back on that
 *                 port.
 * The kernel:     a SYN ends no ESTABLISHED connection, wherever its number is: it is answered by a
 *                 challenge ACK, which is where the old connection stands (tcp_validate_incoming(),
 *                 RFC 5961). The client, in SYN_SENT, cannot use such an ACK and answers with the
 *                 RST that ends the old connection (tcp_rcv_synsent_state_process()), and sends its
 *                 SYN again: from Linux 5.6 on after two timer ticks, before that after 1 s. That
 *                 SYN makes the new connection.
 * Falsified by:   a server that is not ESTABLISHED after the SYN; another answer; a client that
 *                 does not come in; an old connection that stays. */
#include "bench/trial/challenge_acks.h"
#include "bench/trial/segments.h"
#include "bench/trial/sockets.h"
#include "bench/trial/steps.h"
#include "common/process/clock.h"
#include "common/process/exit_code.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define CLIENT_PORT 9999
#define SYN_AGAIN_S 3.9 /* of kernels that do not send it sooner, and of a busy machine */

static const struct knob knobs[] = {
    KNOB_SYSCTL("timestamps", NULL, 0, 2, "net.ipv4.tcp_timestamps",
                "0: without; 2: without a random offset"),
    KNOB_DELAY("1ms"),
    KNOB_IPV6,
};

static int check(const struct knobs *k, const struct conditions *c, char **ret_message)
{
    return challenge_acks_check(c, 1, ret_message);
}

static void predict(const struct knobs *k, const struct conditions *c, struct prediction *p)
{
    double crossings_s = 4 * (double)knob(k, "delay") / 1e9;
    expect_exactly(p, "sockets", 1, &rule_syn_challenged, "server.ESTABLISHED_after_SYN");
    expect_exactly(p, "segments", 1, &rule_syn_challenged, "server.challenge_ACKs");
    expect_exactly(p, "number", 0, &rule_syn_challenged, "server.challenge_is_off_by");
    expect_exactly(p, "segments", 1, &rule_syn_sent_resets, "client.RSTs");
    expect_exactly(p, "number", 0, &rule_syn_sent_resets, "client.RST_is_off_by");
    expect_exactly(p, "errno", ECONNRESET, &rule_syn_sent_resets, "server.old_connection_error");
    expect_exactly(p, "errno", 0, &rule_syn_again_soon, "client.connect_error");
    expect_between(p, "s", crossings_s / 2, crossings_s / 2 + SYN_AGAIN_S, &rule_syn_again_soon,
                   "client.SYN_again");
    expect_exactly(p, "sockets", 1, &rule_syn_again_soon, "client.ESTABLISHED");
    expect_exactly(p, "sockets", 1, &rule_syn_again_soon, "server.ESTABLISHED");
    expect_exactly(p, "segments", 1, &rule_syn_challenged, "server.TcpExt.TCPSYNChallenge");
    expect_exactly(p, "segments", 1, &rule_syn_challenged, "server.TcpExt.TCPChallengeACK");
}

static bool has_forgotten(struct trial *t, int64_t number)
{
    return segments_count(t, TO_SERVER, SEGMENT_RST, SEGMENT_RST, FAULT_ANY_PAYLOAD) == number &&
           step_state(t, SIDE_CLIENT, SOCKDIAG_ESTABLISHED) == 0;
}

/* close() with SO_LINGER 0 deletes the connection and sends a RST. That one is lost: a host whose
 * power fails sends none. */
static void crash(struct trial *t, struct trial_socket *client)
{
    step_fault(t, &(struct fault){.direction = TO_SERVER,
                                  .flags_mask = SEGMENT_RST,
                                  .flags = SEGMENT_RST,
                                  .count = 1,
                                  .action = FAULT_DROP});
    sock_linger(client, 0);
    sock_close(client);
    step_need(t, has_forgotten, 1, "the client to lose its connection");
}

static bool challenge_is_on_its_way(struct trial *t, int64_t before)
{
    return segments_count(t, TO_CLIENT, SEGMENT_SYN | SEGMENT_RST | SEGMENT_ACK, SEGMENT_ACK,
                          FAULT_ANY_PAYLOAD) > before;
}

static struct trial_socket *connect_from_the_port(struct trial *t)
{
    struct trial_socket *s = sock_new(t, SIDE_CLIENT);
    int r = sock_bind(s, CLIENT_PORT);
    if (!r)
        r = sock_connect(s);
    if (r)
        step_fail(t, EXIT_CODE_FAILED, "the client's port %d: %s", CLIENT_PORT, strerror(r));
    return s;
}

/* The segments of the second life: the SYN, the answer, the RST to that, the SYN again. */
static void see_segments(struct trial *t, int64_t began_ns)
{
    const struct segment *old = NULL, *syn = NULL, *ack = NULL, *rst = NULL;
    int64_t acks = 0, resets = 0;
    bool again = false;
    SEGMENTS_EACH(a, t) {
        if (a->at_ns < began_ns) {
            old = a->direction == TO_SERVER && !(a->flags & SEGMENT_RST) ? a : old;
        } else if (a->direction == TO_SERVER && a->flags & SEGMENT_SYN) {
            if (syn && rst && !again)
                step_see(t, (double)(a->at_ns - syn->at_ns) / 1e9, "client.SYN_again");
            again = again || (syn && rst);
            syn = syn ? syn : a;
        } else if (a->direction == TO_CLIENT && !(a->flags & SEGMENT_SYN) && !again) {
            ack = a;
            acks++;
        } else if (a->direction == TO_SERVER && a->flags & SEGMENT_RST) {
            rst = a;
            resets++;
        }
    }
    step_see(t, (double)acks, "server.challenge_ACKs");
    step_see(t, (double)resets, "client.RSTs");
    if (ack && old)
        step_see(t, (double)(ack->acknowledged - old->sequence), "server.challenge_is_off_by");
    if (ack && rst)
        step_see(t, (double)(rst->sequence - ack->acknowledged), "client.RST_is_off_by");
}

static void run(struct trial *t, const struct knobs *k)
{
    struct trial_socket *listener = sock_serve(t, 4), *client = connect_from_the_port(t);
    sock_need(client, POLLOUT, "the connection to be established");
    struct trial_socket *old = sock_accept(listener);
    crash(t, client);
    step_settle(t);
    step_clear_faults(t);
    step_count_anew(t);
    int64_t began_ns = clock_now_ns(),
            before = segments_count(t, TO_CLIENT, SEGMENT_SYN | SEGMENT_RST | SEGMENT_ACK,
                                    SEGMENT_ACK, FAULT_ANY_PAYLOAD);
    step_hold(t, TO_CLIENT, true);
    step_no_second_syn(t); /* a look that takes more than 1 s would make two challenges of one */
    client = connect_from_the_port(t);
    step_need(t, challenge_is_on_its_way, before, "the SYN to be answered");
    step_see_state(t, SIDE_SERVER, SOCKDIAG_ESTABLISHED, "server.ESTABLISHED_after_SYN");
    step_clear_faults(t);
    step_hold(t, TO_CLIENT, false);
    sock_need(client, POLLOUT, "connect() to end");
    step_see(t, sock_error(client), "client.connect_error");
    struct trial_socket *server = sock_try_accept(listener);
    server = server ? server : sock_accept(listener);
    step_see(t, sock_error(old), "server.old_connection_error");
    sock_close(old);
    step_settle(t);
    step_see_state(t, SIDE_CLIENT, SOCKDIAG_ESTABLISHED, "client.ESTABLISHED");
    step_see_state(t, SIDE_SERVER, SOCKDIAG_ESTABLISHED, "server.ESTABLISHED");
    step_see_counter(t, SIDE_SERVER, "TcpExt.TCPSYNChallenge", "server.TcpExt.TCPSYNChallenge");
    step_see_counter(t, SIDE_SERVER, "TcpExt.TCPChallengeACK", "server.TcpExt.TCPChallengeACK");
    step_take_stock(t);
    see_segments(t, began_ns);
    step_show(t, LEDGER_accepted, "the first life of the client, and the second");
}

static void tell(FILE *out, const struct trial *t, const struct knobs *k)
{
    fprintf(
        out,
        "The client lost its connection and sent nothing, so the server kept its end. When the "
        "client connected again, from the same port, its SYN reached the old connection. The SYN "
        "did not end it: the server answered with an ACK that has the old numbers. A socket in "
        "SYN_SENT cannot use such an ACK, and the client's kernel answered with a RST that had "
        "exactly the number that the ACK asked for. This RST ended the old connection with "
        "ECONNRESET, and the client's next SYN, sent %.0f ms after the first, opened the new one. "
        "connect() succeeded, and the client's program noticed nothing else.",
        1e3 * trial_observed(t, "client.SYN_again"));
}

static const struct by_hand by_hand[] = {
    {"server", "ss -tan 'sport = :8888'", "the old connection, ESTAB, until the RST comes"},
    {"server", "nstat -az TcpExtTCPSYNChallenge TcpExtTCPChallengeACK", "1 and 1"},
    {"client", "tcpdump -ni eth0 -S tcp port 8888",
     "[S], then [.] with an old number, [R], [S] again, [S.]"},
    {0},
};

const struct experiment experiment_client_reboot = {
    .name = "client-reboot",
    .question = "A rebooted client connects again from its old port: what if the server still has "
                "the old connection?",
    .claim = "The SYN resets the old connection; or the client cannot connect until the server has "
             "given up the old one.",
    .kernel = "Neither. A SYN ends no ESTABLISHED connection: it is answered by a challenge ACK "
              "(tcp_validate_incoming). The client in SYN_SENT answers that with a RST of exactly "
              "the right number (tcp_rcv_synsent_state_process), the old connection ends, and the "
              "SYN that the client sends again makes the new one.",
    .falsified = "A server that is not ESTABLISHED after the SYN, another answer than one ACK, an "
                 "old connection that stays, or a client that cannot connect.",
    .why_link = "The wire loses the RST that close() sends, so that the client vanishes silently, "
                "and holds the server's answer until the experiment has read the server's state.",
    .time = "Less than 1 s; before Linux 5.6 the SYN is sent again after 1 s.",
    .drawing = (const char *const[]){"s: ESTABLISHED", "c: CLOSE", "c connect()", "> SYN", "< ACK",
                                     "s: ESTABLISHED", "> RST", "s: CLOSE", "> SYN", "< SYN-ACK",
                                     "> ACK", "c: ESTABLISHED", "s: ESTABLISHED", NULL},
    .knobs = knobs,
    .n_knobs = sizeof(knobs) / sizeof(*knobs),
    .premises = PREMISE_WRITABLE,
    .check = check,
    .predict = predict,
    .run = run,
    .tell = tell,
    .by_hand = by_hand,
    .see_also = (const char *const[]){"keepalive-reboot", "forged-reset", "time-wait-reuse", NULL},
    .try_next = (const char *const[]){"tcplab-bench run client-reboot --set timestamps=0",
                                      "tcplab-bench run client-reboot --set delay=50ms",
                                      "tcplab-bench run forged-reset", NULL},
};
