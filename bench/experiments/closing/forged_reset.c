/* Somebody who knows the four numbers of a connection, and cannot read it, sends a RST or a SYN in
 * the client's name.
 *
 * Textbooks say:  a RST whose sequence number is in the window ends the connection, and so does a
 *                 SYN in the window.
 * The kernel:     only a RST with exactly the next number does. Elsewhere in the window it is
 *                 answered by a challenge ACK, outside of it by nothing; a SYN is answered by a
 *                 challenge ACK wherever it is (tcp_validate_incoming(), RFC 5961). A connection
 *                 sends one such ACK in tcp_invalid_ratelimit (500 ms) (tcp_send_challenge_ack()).
 * Falsified by:   a connection that ends by another number; one that survives the exact number;
 *                 another number of challenge ACKs. */
#include "bench/trial/challenge_acks.h"
#include "bench/trial/segments.h"
#include "bench/trial/sockets.h"
#include "bench/trial/steps.h"
#include "common/process/exit_code.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BYTES   100
#define INSIDE  1000    /* beyond the next number; every window is larger */
#define OUTSIDE 1000000 /* before it */

enum { SEGMENT_IS_RST, SEGMENT_IS_SYN };
enum { NUMBER_EXACT, NUMBER_INSIDE, NUMBER_OUTSIDE };
static const char *const forged_segments[] = {"rst", "syn", NULL};
static const char *const numbers[] = {"exact", "inside", "outside", NULL};

static const struct knob knobs[] = {
    {"segment", "rst", &option_choice, "what is sent in the client's name",
     .choices = forged_segments},
    {"number", "inside", &option_choice,
     "the next sequence number, one in the window, or one outside of it", .choices = numbers},
    KNOB_COUNT("times", "2", 1, 20, "how often, one right after the other"),
    KNOB_SYSCTL("ratelimit", NULL, 0, 60000, "net.ipv4.tcp_invalid_ratelimit", "ms; 0: none"),
    KNOB_DELAY("1ms"),
    KNOB_IPV6,
};

static bool dies(const struct knobs *k)
{
    return knob(k, "segment") == SEGMENT_IS_RST && knob(k, "number") == NUMBER_EXACT;
}

static int64_t challenges(const struct knobs *k, const struct conditions *c)
{
    bool silent = knob(k, "segment") == SEGMENT_IS_RST && knob(k, "number") != NUMBER_INSIDE;
    return silent ? 0 : c->invalid_ratelimit ? 1 : knob(k, "times");
}

/* So short a limit may be over between two segments. */
static int check(const struct knobs *k, const struct conditions *c, char **ret_message)
{
    if (!c->invalid_ratelimit || c->invalid_ratelimit >= 200)
        return challenge_acks_check(c, challenges(k, c), ret_message);
    if (asprintf(ret_message,
                 "net.ipv4.tcp_invalid_ratelimit=%lld: it would be chance whether that is over "
                 "between two segments; write 0, or at least 200",
                 (long long)c->invalid_ratelimit) < 0)
        *ret_message = NULL;
    return -EINVAL;
}

static void predict(const struct knobs *k, const struct conditions *c, struct prediction *p)
{
    bool syn = knob(k, "segment") == SEGMENT_IS_SYN;
    int64_t n = challenges(k, c), times = knob(k, "times");
    const struct rule *rule = dies(k) ? &rule_reset_exact
                              : syn   ? &rule_syn_challenged
                                      : &rule_reset_challenged;
    expect_exactly(p, "sockets", !dies(k), rule, "server.ESTABLISHED_after");
    expect_exactly(p, "errno", dies(k) ? ECONNRESET : 0, rule, "server.error");
    expect_exactly(p, "sockets", 1, rule, "client.ESTABLISHED_after");
    expect_exactly(p, "segments", n, n ? &rule_challenge_limit : rule, "server.challenge_ACKs");
    expect_exactly(p, "segments", n, n ? &rule_challenge_limit : rule,
                   "server.TcpExt.TCPChallengeACK");
    expect_exactly(p, "segments", n ? times - n : 0, &rule_challenge_limit,
                   "server.TcpExt.TCPACKSkippedChallenge");
    expect_exactly(p, "segments", syn ? times : 0, &rule_syn_challenged,
                   "server.TcpExt.TCPSYNChallenge");
    if (!dies(k))
        expect_exactly(p, "bytes", BYTES, rule, "server.bytes_then");
}

/* --- the forger --- */

static uint32_t sum_of(const void *bytes, size_t length)
{
    const uint8_t *b = bytes;
    uint32_t sum = 0;
    for (size_t i = 0; i + 1 < length; i += 2)
        sum += (uint32_t)b[i] << 8 | b[i + 1];
    return sum;
}

/* With the addresses, which the header does not have (RFC 9293, 3.1). */
static uint16_t checksum(const struct connection_id *id, const struct tcphdr *h)
{
    size_t length = id->family == AF_INET ? 4 : 16;
    uint32_t sum = sum_of(id->client, length) + sum_of(id->server, length) + IPPROTO_TCP +
                   (uint32_t)sizeof(*h) + sum_of(h, sizeof(*h));
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return htons((uint16_t)~sum);
}

static void forge(struct trial *t, const struct trial_socket *client, bool syn, uint32_t number,
                  int64_t times)
{
    struct connection_id id;
    struct endpoint to; /* without a port: with IPv6 that would be the protocol */
    sock_connection_id(client, &id);
    endpoint_from_bytes(id.family, id.server, 0, &to);
    struct tcphdr h = {.source = htons(id.client_port),
                       .dest = htons(id.server_port),
                       .seq = htonl(number),
                       .doff = sizeof(h) / 4,
                       .syn = syn,
                       .rst = !syn,
                       .window = htons(1000)};
    h.check = checksum(&id, &h);
    int r = host_enter(&t->lab.client),
        fd = r ? -1 : socket(id.family, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_TCP);
    r = r ? -r : fd < 0 ? errno : 0;
    for (int64_t i = 0; i < times && !r; i++)
        r = sendto(fd, &h, sizeof(h), 0, (const struct sockaddr *)&to.address, to.length) < 0
                ? errno
                : 0;
    if (r)
        step_fail(t, EXIT_CODE_CANNOT, "a raw socket on the client's host: %s", strerror(r));
    if (fd >= 0)
        close(fd);
}

/* --- the steps --- */

/* What the server expects next of its client: nothing but the handshake has been sent. */
static uint32_t next_number(const struct trial *t)
{
    SEGMENTS_EACH(s, t)
        if (s->direction == TO_SERVER && s->flags & SEGMENT_SYN)
            return s->sequence + 1;
    return 0;
}

static int64_t acks_of_server(const struct trial *t)
{
    return segments_count(t, TO_CLIENT, SEGMENT_SYN | SEGMENT_RST | SEGMENT_ACK, SEGMENT_ACK,
                          FAULT_NO_PAYLOAD);
}

static void run(struct trial *t, const struct knobs *k)
{
    static const int32_t offsets[] = {
        [NUMBER_EXACT] = 0, [NUMBER_INSIDE] = INSIDE, [NUMBER_OUTSIDE] = -OUTSIDE};
    struct trial_socket *server, *client = sock_connection(sock_serve(t, 4), &server);
    step_settle(t);
    step_count_anew(t);
    if (t->failure)
        return;
    int64_t before = acks_of_server(t);
    step_hold(t, TO_SERVER, true);
    forge(t, client, knob(k, "segment") == SEGMENT_IS_SYN,
          next_number(t) + (uint32_t)offsets[knob(k, "number")], knob(k, "times"));
    step_let(t, TO_SERVER, knob(k, "times"));
    step_hold(t, TO_SERVER, false);
    step_settle(t);
    step_see_state(t, SIDE_SERVER, SOCKDIAG_ESTABLISHED, "server.ESTABLISHED_after");
    step_see_state(t, SIDE_CLIENT, SOCKDIAG_ESTABLISHED, "client.ESTABLISHED_after");
    step_see_counter(t, SIDE_SERVER, "TcpExt.TCPChallengeACK", "server.TcpExt.TCPChallengeACK");
    step_see_counter(t, SIDE_SERVER, "TcpExt.TCPACKSkippedChallenge",
                     "server.TcpExt.TCPACKSkippedChallenge");
    step_see_counter(t, SIDE_SERVER, "TcpExt.TCPSYNChallenge", "server.TcpExt.TCPSYNChallenge");
    step_see(t, (double)(acks_of_server(t) - before), "server.challenge_ACKs");
    step_see(t, sock_error(server), "server.error");
    if (!dies(k)) {
        int error;
        sock_send(client, BYTES);
        step_see(t, (double)sock_receive_all(server, BYTES, &error), "server.bytes_then");
    }
    step_take_stock(t);
    step_show(t, LEDGER_accepted, "the handshake, and what was sent in the client's name");
}

static void tell(FILE *out, const struct trial *t, const struct knobs *k)
{
    static const char *const where[] = {"with exactly the next sequence number",
                                        "with a sequence number inside of the window",
                                        "with a sequence number outside of the window"};
    long long times = knob(k, "times"),
              acks = (long long)trial_observed(t, "server.challenge_ACKs");
    bool syn = knob(k, "segment") == SEGMENT_IS_SYN;
    fprintf(out, "%lld %s in the client's name, %s, %s. ", times,
            syn ? (times == 1 ? "SYN" : "SYNs") : (times == 1 ? "RST" : "RSTs"),
            where[knob(k, "number")], times == 1 ? "came" : "came one right after the other");
    if (dies(k)) {
        fprintf(out, "The first ended the connection at the server, whose program got ECONNRESET. "
                     "The client does not know that, and is ESTABLISHED.");
        return;
    }
    if (acks)
        fprintf(out,
                "The server answered with %lld challenge ACK%s, which gives the number that it "
                "expects, and kept the connection. A client that had sent the segment itself would "
                "now answer with the right number; a client that had not drops the ACK. ",
                acks, acks == 1 ? "" : "s");
    else
        fprintf(out, "The server dropped them without an answer. ");
    if (acks && acks < times)
        fprintf(out, "One connection sends only one such ACK in %lld ms. ",
                (long long)t->conditions.invalid_ratelimit);
    fprintf(out, "Then the client's %d bytes arrived as usual.", BYTES);
}

static const struct by_hand by_hand[] = {
    {"server", "nstat -az TcpExtTCPChallengeACK TcpExtTCPACKSkippedChallenge TcpExtTCPSYNChallenge",
     "challenge ACKs sent, and those that tcp_invalid_ratelimit kept back; SYNs among the "
     "segments"},
    {"server", "tcpdump -ni eth0 -S 'tcp[tcpflags] & tcp-rst != 0'", "the RST's number"},
    {"server", "sysctl net.ipv4.tcp_invalid_ratelimit", "500 ms by default"},
    {0},
};

const struct experiment experiment_forged_reset = {
    .name = "forged-reset",
    .question = "What must an attacker know to end a connection with a RST or a SYN?",
    .claim = "A RST ends a connection if its sequence number is anywhere in the window, and so "
             "does a SYN.",
    .kernel = "Only a RST with exactly the next number does (or at the edge of what SACK has "
              "reported, or one less than the next after a FIN). The kernel answers other RSTs "
              "in the window, and SYNs with any number, with a challenge ACK, and ignores RSTs "
              "outside of the window (tcp_validate_incoming). A connection sends one such ACK in "
              "tcp_invalid_ratelimit, 500 ms (tcp_send_challenge_ack).",
    .falsified = "A connection that ends by another number, or survives the exact one; another "
                 "number of challenge ACKs.",
    .why_link =
        "The wire holds the forged segments until all have been sent, so that they come together.",
    .time = "Less than 1 s: nobody waits for anything.",
    .drawing =
        (const char *const[]){"c: ESTABLISHED", "s: ESTABLISHED", "> RST number + 1000", "< ACK",
                              "> RST x within 500 ms: no answer", "s: ESTABLISHED", "> DATA", NULL},
    .knobs = knobs,
    .n_knobs = sizeof(knobs) / sizeof(*knobs),
    .premises = PREMISE_DATA | PREMISE_WRITABLE,
    .check = check,
    .predict = predict,
    .run = run,
    .tell = tell,
    .by_hand = by_hand,
    .see_also = (const char *const[]){"client-reboot", "time-wait-assassination", NULL},
    .try_next = (const char *const[]){"tcplab-bench run forged-reset --set number=exact",
                                      "tcplab-bench run forged-reset --set segment=syn",
                                      "tcplab-bench run forged-reset --set ratelimit=0", NULL},
};
