/* connect() to a host that is not there: who says so decides how long it takes.
 *
 * Textbooks say:  it takes two minutes; an ICMP error is only remembered meanwhile (a "soft"
 *                 error).
 * The kernel:     in SYN_SENT an ICMP "host unreachable" is not soft: it ends connect() at once
 *                 (tcp_v4_err()). On the client's own network the address must be found first.
 *                 After three ARP requests (or neighbour solicitations) of 1 s each
 *                 (neigh_timer_handler()) the client's kernel sends itself that ICMP message
 *                 (ipv4_link_failure()). Only silence lasts until the SYNs are used up: see
 *                 syn-retries.
 * Falsified by:   another error; a connect() that goes on after the ICMP message; one that ends
 *                 before 3 s on its own network, or well after; a SYN that leaves without an
 *                 address. */
#include "bench/model/ladder.h"
#include "bench/model/lateness.h"
#include "bench/model/opening.h"
#include "bench/trial/segments.h"
#include "bench/trial/sockets.h"
#include "bench/trial/steps.h"
#include "common/process/clock.h"
#include "common/process/exit_code.h"

#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ETHERNET   14
#define ICMP_BYTES 8 /* before the packet that it is about */
/* tcp_ld_RTO_revert() in tcp_v4_err(): seen with two, and never with three */
#define SYNS_AGAIN 3
#define AT_ONCE_S  0.9 /* before the SYN would be sent again */
#define ASKED      3   /* mcast_solicit requests, retrans_time apart, as every interface has them */
#define PATIENCE_S 10

enum { DEAD_ROUTER, DEAD_NEIGHBOUR, DEAD_SILENT };
static const char *const ways[] = {"router", "neighbour", "silent", NULL};

static const struct knob knobs[] = {
    {"dead", "neighbour", &option_choice,
     "router: one says that the host is unreachable; neighbour: nobody on the client's own network "
     "has the address; silent: the SYN is lost and nobody says so",
     .choices = ways},
    KNOB_SYSCTL("syn_retries", "3", 1, 127, "net.ipv4.tcp_syn_retries",
                "matters where nobody says anything"),
    KNOB_SYSCTL("linear_timeouts", NULL, 0, 127, "net.ipv4.tcp_syn_linear_timeouts",
                "more waits of 1 s before they double"),
    KNOB_IPV6,
};

/* From the first request until the last one has not been answered. */
static struct span not_found(const struct conditions *c)
{
    struct span s = lateness_span(c->hz, 1);
    for (int i = 1; i < ASKED; i++)
        s = lateness_then(s, c->hz, 1);
    return s;
}

static struct span ends(const struct knobs *k, const struct conditions *c)
{
    if (knob(k, "dead") == DEAD_ROUTER)
        return (struct span){0, AT_ONCE_S};
    return knob(k, "dead") == DEAD_NEIGHBOUR ? not_found(c) : opening_syn_gives_up(c, 0);
}

static const struct rule *rule_of(const struct knobs *k)
{
    static const struct rule *const ends_by[] = {&rule_icmp_ends_connect, &rule_neighbour_fails,
                                                 &rule_syn_gives_up};
    return ends_by[knob(k, "dead")];
}

static int check(const struct knobs *k, const struct conditions *c, char **ret_message)
{
    int r = 0;
    double firing_s, lasts_s = opening_syn_gives_up(c, 0).lo;
    bool silent = knob(k, "dead") == DEAD_SILENT;
    if (silent && lasts_s > EXPERIMENT_LONGEST_S)
        r = asprintf(ret_message,
                     "with these knobs connect() gives up after %.0f s only, and a run lasts %d s "
                     "at most; write fewer syn_retries",
                     lasts_s, EXPERIMENT_LONGEST_S);
    else if (silent && opening_syn_is_chance(c, 0, &firing_s))
        r = asprintf(
            ret_message,
            "%lld linear timeouts are too many for syn_retries=%lld: each is a little late, and it "
            "is chance how many have been when the time is over; write at most 10",
            (long long)c->syn_linear_timeouts, (long long)c->syn_retries);
    else if (knob(k, "dead") == DEAD_NEIGHBOUR && lasts_s < not_found(c).hi + 1)
        r = asprintf(ret_message,
                     "with these knobs connect() gives up after %.0f s, when the address may not "
                     "have been given up yet; write syn_retries=2 or more",
                     lasts_s);
    else if (knob(k, "dead") == DEAD_NEIGHBOUR &&
             c->syn_retries + c->syn_linear_timeouts < SYNS_AGAIN)
        r = asprintf(
            ret_message,
            "syn_retries=%lld: the ICMP message takes a doubling of the timeout back, which can "
            "make the SYN's last timeout fire before connect() has its error; write %d or more",
            (long long)c->syn_retries, SYNS_AGAIN - (int)c->syn_linear_timeouts);
    else
        return 0;
    if (r < 0)
        *ret_message = NULL;
    return -EINVAL;
}

static void predict(const struct knobs *k, const struct conditions *c, struct prediction *p)
{
    bool silent = knob(k, "dead") == DEAD_SILENT;
    expect_exactly(p, "errno", silent ? ETIMEDOUT : EHOSTUNREACH, rule_of(k),
                   "client.connect_error");
    expect_end(p, ends(k, c), rule_of(k), "client.ended");
    expect_exactly(p, "segments", silent ? 1 + opening_syn_retransmits(c, 0) : 0, rule_of(k),
                   knob(k, "dead") == DEAD_ROUTER ? "client.SYNs_after_ICMP"
                                                  : "client.SYNs_on_the_wire");
    expect_exactly(p, "connections", 1, rule_of(k),
                   silent ? "ledger.timed_out" : "ledger.unreachable");
    expect_exactly(p, "connections", 1, &rule_attempt_fails, "client.Tcp.AttemptFails");
    expect_exactly(p, "connections", silent, &rule_abort_on_timeout_counter,
                   "client.TcpExt.TCPAbortOnTimeout");
}

static int64_t syns_on_the_wire(const struct trial *t)
{
    return segments_count(t, TO_SERVER, SEGMENT_SYN, SEGMENT_SYN, FAULT_ANY_PAYLOAD);
}

static bool syn_was_sent(struct trial *t, int64_t number)
{
    return syns_on_the_wire(t) >= number;
}

/* The ICMP message that a router sends about this packet: how many bytes. */
static size_t unreachable(const struct segment *syn, bool ipv6,
                          uint8_t packet[static ICMP_BYTES + SEGMENT_SNAP])
{
    size_t length = ICMP_BYTES + (size_t)syn->snap_length - ETHERNET;
    uint32_t sum = 0;
    packet[0] = ipv6 ? ICMP6_DST_UNREACH : ICMP_DEST_UNREACH;
    packet[1] = ipv6 ? ICMP6_DST_UNREACH_ADDR : ICMP_HOST_UNREACH;
    memcpy(packet + ICMP_BYTES, syn->snap + ETHERNET, length - ICMP_BYTES);
    if (ipv6) /* the kernel makes that checksum */
        return length;
    for (size_t i = 0; i < length; i += 2)
        sum += (uint32_t)packet[i] << 8 | packet[i + 1];
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    packet[2] = (uint8_t)(~sum >> 8);
    packet[3] = (uint8_t)~sum;
    return length;
}

/* The server's host has the other end of the wire, so it plays the router. */
static void answer_unreachable(struct trial *t)
{
    uint8_t packet[ICMP_BYTES + SEGMENT_SNAP] = {0};
    struct endpoint to;
    size_t n;
    if (t->failure)
        return;
    const struct segment *syn = wire_segments(t->lab.wire, &n); /* nothing came before it */
    bool ipv6 = t->lab.family == AF_INET6;
    size_t length = unreachable(syn, ipv6, packet);
    endpoint_from_bytes(t->lab.family, syn->id.client, 0, &to);
    int r = host_enter(&t->lab.server);
    int fd =
        r ? -1
          : socket(t->lab.family, SOCK_RAW | SOCK_CLOEXEC, ipv6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
    if (fd < 0 ||
        sendto(fd, packet, length, 0, (const struct sockaddr *)&to.address, to.length) < 0)
        step_fail(t, EXIT_CODE_CANNOT, "an ICMP message of the server's host: %s",
                  strerror(r ? -r : errno));
    if (fd >= 0)
        close(fd);
}

static void run(struct trial *t, const struct knobs *k)
{
    sock_begin(t);
    step_cut(t, knob(k, "dead") == DEAD_SILENT);
    if (knob(k, "dead") == DEAD_ROUTER)
        step_fault(t, &(struct fault){
                          .direction = TO_SERVER, .flags_mask = SEGMENT_SYN, .flags = SEGMENT_SYN});
    struct trial_socket *client = sock_new(t, SIDE_CLIENT);
    if (knob(k, "dead") == DEAD_NEIGHBOUR)
        sock_connect_at(client, t->lab.family == AF_INET6 ? "2001:db8::99" : "192.0.2.99",
                        LAB_PORT);
    else
        sock_connect(client);
    int64_t zero_ns = client ? client->connected_ns : 0, before = 0;
    if (knob(k, "dead") == DEAD_ROUTER) {
        step_need(t, syn_was_sent, 1, "the SYN");
        before = syns_on_the_wire(t);
        zero_ns = clock_now_ns();
        answer_unreachable(t);
    }
    sock_wait(client, POLLOUT, 1.2 * ends(k, &t->conditions).hi + PATIENCE_S, "connect() to fail");
    sock_see_end(client, zero_ns, "client.ended");
    step_see(t, sock_error(client), "client.connect_error");
    step_settle(t);
    step_see(t, (double)(syns_on_the_wire(t) - before),
             knob(k, "dead") == DEAD_ROUTER ? "client.SYNs_after_ICMP" : "client.SYNs_on_the_wire");
    step_take_stock(t);
}

static void tell(FILE *out, const struct trial *t, const struct knobs *k)
{
    double first_s = trial_observed(t, "client.ended_first");
    if (knob(k, "dead") == DEAD_ROUTER)
        fprintf(out,
                "The SYN was lost, and a router answered it with ICMP: host unreachable. "
                "connect() failed with EHOSTUNREACH within %.2f s of that and sent no second "
                "SYN. On an established connection the same message would not have ended it.",
                first_s);
    else if (knob(k, "dead") == DEAD_NEIGHBOUR)
        fprintf(out,
                "The address belongs to the client's own network, and no host has it. The client's "
                "kernel asked for its Ethernet address %d times, 1 s apart, while the SYN waited, "
                "and no SYN left the host. After %.2f s connect() failed with EHOSTUNREACH, an "
                "error from the client's own kernel.",
                ASKED, first_s);
    else
        fprintf(out,
                "The SYN was lost and nobody reported that. connect() sent it %.0f times and "
                "failed with ETIMEDOUT after %.2f s: only this takes two minutes with the default "
                "tcp_syn_retries, 6.",
                trial_observed(t, "client.SYNs_on_the_wire"), first_s);
}

static const struct by_hand by_hand[] = {
    {"client", "time nc -vz 192.0.2.99 8888", "No route to host, after about 3 s"},
    {"client", "ip neigh show 192.0.2.99", "INCOMPLETE while it is asked for, FAILED then"},
    {"client", "tcpdump -ni eth0 'arp or icmp or tcp port 8888'",
     "who-has three times; or SYN and ICMP"},
    {"client", "sysctl net.ipv4.neigh.eth0.mcast_solicit net.ipv4.neigh.eth0.retrans_time_ms",
     "3 times 1000 ms"},
    {0},
};

const struct experiment experiment_dead_host = {
    .name = "dead-host",
    .question = "How long does connect() to a missing host take?",
    .claim = "Two minutes, until the SYNs are used up; an ICMP error is only remembered meanwhile.",
    .kernel = "It depends on who reports the error. An ICMP \"host unreachable\" from a router "
              "ends connect() at once with EHOSTUNREACH (tcp_v4_err). On the client's own network, "
              "if the Ethernet address is not known yet, nobody answers ARP, and after three "
              "requests of 1 s each (neigh_timer_handler) the client's own kernel reports the same "
              "error (ipv4_link_failure). Only without any answer does connect() continue until "
              "the SYNs are used up.",
    .falsified = "Another error, a connect() that goes on after the ICMP message, one that ends at "
                 "another time, or a SYN that leaves the host although its address was not found.",
    .why_link = "On the wire an address may be unknown, and the server's host can answer as a "
                "router would.",
    .time = "About 3 s. With dead=router less than 1 s; with dead=silent as long as syn-retries.",
    .drawing = (const char *const[]){"c connect()", "c: SYN_SENT",
                                     "> SYN x no Ethernet address to send it to", ". 3 s",
                                     "c EHOSTUNREACH", NULL},
    .knobs = knobs,
    .n_knobs = sizeof(knobs) / sizeof(*knobs),
    .check = check,
    .predict = predict,
    .run = run,
    .tell = tell,
    .by_hand = by_hand,
    .see_also = (const char *const[]){"syn-retries", "closed-port", "keepalive-dead-peer", NULL},
    .try_next = (const char *const[]){"tcplab-bench run dead-host --set dead=router",
                                      "tcplab-bench run dead-host --set dead=silent",
                                      "tcplab-bench run closed-port", NULL},
};
