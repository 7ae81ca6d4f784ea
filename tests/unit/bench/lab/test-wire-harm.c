/* The wire's loss, duplication, cuts and faults, with two hosts' real TCP on it. */
#include "tests/lib/frames.h"
#include "tests/lib/wire_lab.h"

#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/ioctl.h>

static void carry_to_server(size_t n)
{
    int listener = lab_listen(1), client = lab_connect(0), server = accept(listener, NULL, NULL);
    pid_t there = lab_send(client, n, 1);
    lab_receive(server, n, 1);
    lab_ended_well(there);
    close(client);
    close(server);
    close(listener);
}

Test(wire_harm, loss_is_recovered_from)
{
    lab_open(0);
    wire_set_loss(net.wire, TO_SERVER, 50000);
    wire_set_loss(net.wire, TO_CLIENT, 50000);
    carry_to_server(300000);
    lab_until(wire_status(net.wire).in_transit == 0);
    cr_assert_gt(lab_count(TO_SERVER, SEGMENT_LOST), 0);
    lab_until(lab_nstat(net.server, "TcpInSegs") ==
              (int64_t)lab_count(TO_SERVER, SEGMENT_DELIVERED));
    lab_close();
}

/* How many have entered at the client's end. */
static size_t entered(void)
{
    size_t n, originals = 0;
    const struct segment *s = wire_segments(net.wire, &n);
    for (size_t i = 0; i < n; i++)
        originals += s[i].direction == TO_SERVER && !s[i].copy;
    return originals;
}

/* Puts n segments of a connection that the server's host knows nothing of on the client's cable. It
 * is not the receiver of these frames and so does not answer. */
static void inject(unsigned n)
{
    struct frame f = frame_make(&(struct frame_args){.flags = SEGMENT_ACK, .payload = 100});
    f.bytes[5] = 0x77;
    lab_go(net.client);
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    const struct sockaddr_ll to = {.sll_family = AF_PACKET,
                                   .sll_ifindex = (int)if_nametoindex("eth0")};
    cr_assert_geq(fd, 0);
    size_t before = entered();
    for (unsigned i = 0; i < n; i++)
        cr_assert_eq(sendto(fd, f.bytes, f.length, 0, (const struct sockaddr *)&to, sizeof(to)),
                     (ssize_t)f.length);
    close(fd);
    lab_until(entered() == before + n && wire_status(net.wire).in_transit == 0);
}

enum { INJECTED = 2000 };

/* Which of the segments were lost and which doubled, with this seed. */
static void victims(uint64_t seed, uint32_t loss, uint32_t duplication, char ret[static INJECTED])
{
    size_t n, k = 0;
    lab_open_wire((struct wire_args){.seed = seed});
    wire_set_loss(net.wire, TO_SERVER, loss);
    wire_set_duplication(net.wire, TO_SERVER, duplication);
    inject(INJECTED);
    const struct segment *s = wire_segments(net.wire, &n);
    memset(ret, 0, INJECTED);
    for (size_t i = 0; i < n; i++) {
        if (s[i].copy) {
            cr_assert_gt(k, 0);
            cr_assert_eq(s[i].fate, SEGMENT_DELIVERED);
            ret[k - 1] |= 2;
            continue;
        }
        cr_assert(s[i].fate == SEGMENT_LOST || s[i].fate == SEGMENT_DELIVERED);
        cr_assert_eq(s[i].fate == SEGMENT_LOST, s[i].out_ns == 0);
        ret[k++] = s[i].fate == SEGMENT_LOST;
    }
    cr_assert_eq(k, INJECTED);
    wire_free(net.wire);
    net.wire = NULL;
}

static unsigned count_of(const char *marks, int mark)
{
    unsigned n = 0;
    for (int i = 0; i < INJECTED; i++)
        n += (marks[i] & mark) != 0;
    return n;
}

Test(wire_harm, the_seed_chooses_the_victims)
{
    static char first[INJECTED], again[INJECTED], other[INJECTED], without[INJECTED];
    lab_open_hosts(AF_INET);
    victims(7, 100000, 200000, first);
    victims(7, 100000, 200000, again);
    victims(8, 100000, 200000, other);
    victims(7, 100000, 0, without);
    cr_assert_eq(memcmp(first, again, INJECTED), 0, "the same seed, other victims");
    cr_assert_neq(memcmp(first, other, INJECTED), 0, "another seed, the same victims");
    for (int i = 0; i < INJECTED; i++)
        cr_assert_eq(first[i] & 1, without[i], "who is lost hangs on the duplication");
    /* Six standard deviations. */
    cr_assert_lt(abs((int)count_of(first, 1) - 200), 81, "%u lost of 2000 at 10 %%",
                 count_of(first, 1));
    cr_assert_lt(abs((int)count_of(first, 2) - 360), 104, "%u doubled of 1800 at 20 %%",
                 count_of(first, 2));
    lab_close();
}

Test(wire_harm, all_or_nothing)
{
    lab_open(0);
    inject(100);
    cr_assert_eq(lab_count(TO_SERVER, SEGMENT_DELIVERED), 100);
    wire_set_loss(net.wire, TO_SERVER, 1000000);
    inject(200);
    cr_assert_eq(lab_count(TO_SERVER, SEGMENT_LOST), 200);
    wire_set_loss(net.wire, TO_SERVER, 0);
    wire_set_duplication(net.wire, TO_SERVER, 1000000);
    inject(100);
    cr_assert_eq(lab_count(TO_SERVER, SEGMENT_DELIVERED), 300);
    lab_close();
}

Test(wire_harm, duplicates_arrive)
{
    lab_open(NS_PER_MS);
    wire_set_duplication(net.wire, TO_SERVER, 1000000);
    carry_to_server(50000);
    lab_settle();
    size_t n, copies = 0;
    const struct segment *s = wire_segments(net.wire, &n);
    for (size_t i = 0; i < n; i++)
        copies += s[i].copy;
    cr_assert_eq(2 * copies, lab_count(TO_SERVER, -1));
    cr_assert_eq(lab_nstat(net.server, "TcpInSegs"), (int64_t)(2 * copies));
    lab_until(lab_sent(net.client) == (int64_t)copies);
    lab_close();
}

Test(wire_harm, cut_and_mended)
{
    lab_open(0);
    int listener = lab_listen(4);
    wire_cut(net.wire, TO_SERVER, true);
    int client = lab_connect(SOCK_NONBLOCK);
    lab_until(lab_count(TO_SERVER, SEGMENT_CUT) == 1);
    cr_assert_eq(lab_nstat(net.server, "TcpInSegs"), 0);
    wire_cut(net.wire, TO_SERVER, false);
    struct pollfd up = {.fd = client, .events = POLLOUT};
    cr_assert_eq(poll(&up, 1, LAB_PATIENCE_S * 1000), 1, "the SYN is sent again and arrives");
    cr_assert_geq(accept(listener, NULL, NULL), 0);
    cr_assert_eq(lab_count(TO_CLIENT, SEGMENT_CUT), 0);
    lab_close();
}

Test(wire_harm, cut_takes_what_is_on_its_way)
{
    lab_open(60 * NS_PER_S);
    lab_listen(4);
    lab_connect(SOCK_NONBLOCK);
    lab_until(wire_status(net.wire).in_transit == 1);
    wire_hold(net.wire, TO_SERVER, true);
    lab_connect(SOCK_NONBLOCK);
    lab_until(wire_status(net.wire).held[TO_SERVER] == 1);
    wire_cut(net.wire, TO_CLIENT, true);
    cr_assert_geq(wire_status(net.wire).in_transit, 2, "the other direction is whole");
    wire_cut(net.wire, TO_SERVER, true);
    cr_assert_eq(wire_status(net.wire).in_transit, 0);
    cr_assert_eq(wire_status(net.wire).held[TO_SERVER], 0);
    cr_assert_geq(lab_count(TO_SERVER, SEGMENT_CUT), 2);
    cr_assert_eq(lab_count(TO_SERVER, SEGMENT_CUT), lab_count(TO_SERVER, -1));
    lab_close();
}

/* The ACK that ends the handshake is lost three times: the server sends its SYN-ACK again after 1,
 * 2 and 4 s. */
Test(wire_harm, handshake_acks_of_each_connection)
{
    enum { CONNECTIONS = 5, LOST = 3 };
    int fds[CONNECTIONS];
    lab_open(0);
    int id = wire_add_fault(net.wire, &(struct fault){.direction = TO_SERVER,
                                                      .handshake_ack = true,
                                                      .count = LOST,
                                                      .per_connection = true});
    cr_assert_gt(id, 0);
    /* above half a backlog of half-open ones the kernel gives up on them earlier */
    int listener = lab_listen(64);
    int64_t began_ns = clock_now_ns();
    for (int i = 0; i < CONNECTIONS; i++)
        fds[i] = lab_connect(0);
    for (int i = 0; i < CONNECTIONS; i++)
        cr_assert_geq(accept(listener, NULL, NULL), 0);
    cr_assert_geq(clock_now_ns() - began_ns, 7 * NS_PER_S,
                  "before the third SYN-ACK was sent again");
    lab_settle();
    cr_assert_eq(wire_faults_matched(net.wire, id), CONNECTIONS * LOST);
    cr_assert_eq(lab_count(TO_SERVER, SEGMENT_FAULT), CONNECTIONS * LOST);
    cr_assert_eq(lab_count(TO_CLIENT, -1), CONNECTIONS * (LOST + 1));
    for (int i = 0; i < CONNECTIONS; i++)
        close(fds[i]);
    lab_close();
}

Test(wire_harm, a_delayed_segment_is_overtaken)
{
    const int64_t delay_ns = 300 * NS_PER_MS;
    lab_open(0);
    cr_assert_gt(wire_add_fault(net.wire, &(struct fault){.direction = TO_SERVER,
                                                          .payload = FAULT_WITH_PAYLOAD,
                                                          .count = 1,
                                                          .action = FAULT_DELAY,
                                                          .delay_ns = delay_ns}),
                 0);
    carry_to_server(5000);
    lab_settle();
    size_t n;
    int64_t first_ns = 0;
    const struct segment *s = wire_segments(net.wire, &n);
    for (size_t i = 0; i < n; i++) {
        if (s[i].direction != TO_SERVER || !s[i].payload)
            continue;
        if (!first_ns) {
            first_ns = s[i].out_ns;
            cr_assert_geq(first_ns, s[i].at_ns + delay_ns);
        } else if (s[i].at_ns < first_ns) {
            cr_assert_lt(s[i].out_ns, first_ns, "was not overtaken");
        }
    }
    cr_assert_gt(first_ns, 0);
    lab_close();
}

Test(wire_harm, a_late_copy_holds_nobody_up)
{
    const int64_t delay_ns = 300 * NS_PER_MS;
    lab_open(0);
    cr_assert_gt(wire_add_fault(net.wire, &(struct fault){.direction = TO_SERVER,
                                                          .payload = FAULT_WITH_PAYLOAD,
                                                          .count = 1,
                                                          .action = FAULT_COPY_LATE,
                                                          .delay_ns = delay_ns}),
                 0);
    carry_to_server(5000);
    lab_settle();
    size_t n, copies = 0, original = 0;
    const struct segment *s = wire_segments(net.wire, &n);
    for (size_t i = 0; i < n; i++) {
        if (!s[i].copy)
            continue;
        copies++;
        original = i - 1;
        cr_assert_eq(s[i].sequence, s[original].sequence);
        cr_assert_eq(s[i].at_ns, s[original].at_ns);
        cr_assert_geq(s[i].out_ns, s[i].at_ns + delay_ns);
    }
    cr_assert_eq(copies, 1);
    for (size_t i = original + 1; i < n; i++)
        if (s[i].direction == TO_SERVER && s[i].at_ns > s[original].at_ns)
            cr_assert_geq(s[i].out_ns, s[original].out_ns, "the original was late as well");
    lab_close();
}

Test(wire_harm, faults_of_the_wire)
{
    lab_open(0);
    cr_assert_eq(wire_add_fault(net.wire, &(struct fault){.flags = SEGMENT_SYN}), -EINVAL);
    int doubled = wire_add_fault(net.wire, &(struct fault){.action = FAULT_DUPLICATE, .count = 10});
    inject(100);
    cr_assert_eq(lab_count(TO_SERVER, SEGMENT_DELIVERED), 110);
    cr_assert_eq(wire_faults_matched(net.wire, doubled), 10);
    int dropped = wire_add_fault(net.wire, &(struct fault){.first = 21, .count = 30});
    inject(100);
    cr_assert_eq(lab_count(TO_SERVER, SEGMENT_DELIVERED), 180);
    cr_assert_eq(lab_count(TO_SERVER, SEGMENT_FAULT), 30);
    cr_assert_eq(wire_faults_matched(net.wire, dropped), 30);
    wire_clear_faults(net.wire);
    cr_assert_eq(wire_faults_matched(net.wire, dropped), 0);
    inject(100);
    cr_assert_eq(lab_count(TO_SERVER, SEGMENT_DELIVERED), 280);
    lab_close();
}

/* A host that is gone is at the end of a cut cable; and the wire's thread does not turn in circles
 * over it. */
Test(wire_harm, the_servers_end_is_gone)
{
    struct timespec before, after;
    clockid_t clock = CLOCK_PROCESS_CPUTIME_ID;
    lab_open(0);
    lab_go(net.room);
    struct ifreq down = {.ifr_name = "server0"};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    cr_assert_eq(ioctl(fd, SIOCSIFFLAGS, &down), 0);
    close(fd);
    inject(10);
    cr_assert_eq(lab_count(TO_SERVER, SEGMENT_CUT), 10);
    cr_assert_eq(wire_status(net.wire).overflow, 0);
    clock_gettime(clock, &before);
    poll(NULL, 0, 200);
    clock_gettime(clock, &after);
    int64_t used_ns = (after.tv_sec - before.tv_sec) * NS_PER_S + after.tv_nsec - before.tv_nsec;
    cr_assert_lt(used_ns, 100 * NS_PER_MS, "%lld ms of CPU in 200 ms of idleness",
                 (long long)(used_ns / NS_PER_MS));
    lab_close();
}
