/* The wire with two hosts' real TCP on it: what it carries, when, and what it keeps. */
#include "tests/lib/wire_lab.h"

/* Best of a few: another process may take the CPU at any moment. */
static int64_t quickest_connect_ns(int tries)
{
    int64_t best_ns = INT64_MAX;
    for (int i = 0; i < tries; i++) {
        int64_t began_ns = clock_now_ns();
        int fd = lab_connect(0);
        int64_t took_ns = clock_now_ns() - began_ns;
        best_ns = took_ns < best_ns ? took_ns : best_ns;
        close(fd);
    }
    return best_ns;
}

static void check_delays(int64_t delay_ns)
{
    size_t n, late = 0;
    const struct segment *s = wire_segments(net.wire, &n);
    for (size_t i = 0; i < n; i++) {
        cr_assert_eq(s[i].fate, SEGMENT_DELIVERED);
        cr_assert_geq(s[i].out_ns, s[i].at_ns + delay_ns, "segment %zu is early", i);
        late += s[i].out_ns > s[i].at_ns + delay_ns + 10 * NS_PER_MS;
    }
    cr_assert_lt(late, n / 2, "%zu of %zu segments are late by more than 10 ms", late, n);
}

Test(wire, delay)
{
    static const int64_t delays_ms[] = {0, 3, 25};
    lab_open_hosts(AF_INET);
    for (size_t i = 0; i < 3; i++) {
        int64_t delay_ns = delays_ms[i] * NS_PER_MS;
        lab_open_wire((struct wire_args){.delay_ns = delay_ns});
        int listener = lab_listen(16);
        int64_t took_ns = quickest_connect_ns(8);
        cr_assert_geq(took_ns, 2 * delay_ns, "%lld ns with %lld ms one way", (long long)took_ns,
                      (long long)delays_ms[i]);
        cr_assert_lt(took_ns, 2 * delay_ns + 20 * NS_PER_MS, "%lld ns with %lld ms one way",
                     (long long)took_ns, (long long)delays_ms[i]);
        lab_settle();
        check_delays(delay_ns);
        close(listener);
        wire_free(net.wire);
        net.wire = NULL;
    }
    lab_close();
}

Test(wire, delay_of_one_direction)
{
    lab_open(0);
    int listener = lab_listen(16);
    wire_set_delay(net.wire, TO_CLIENT, 15 * NS_PER_MS);
    int64_t took_ns = quickest_connect_ns(8);
    cr_assert_geq(took_ns, 15 * NS_PER_MS);
    cr_assert_lt(took_ns, 30 * NS_PER_MS, "both ways would be 30 ms: %lld ns", (long long)took_ns);
    close(listener);
    lab_close();
}

/* Ones' complement sum, as of RFC 1071. */
static uint32_t sum(const uint8_t *bytes, size_t n, uint32_t so_far)
{
    for (size_t i = 0; i < n; i++)
        so_far += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
    return so_far;
}

static uint16_t fold(uint32_t total)
{
    while (total >> 16)
        total = (total & 0xffff) + (total >> 16);
    return (uint16_t)total;
}

/* A right checksum makes the sum over header and pseudo header 0xffff. */
static void check_checksum(const struct segment *s)
{
    bool v6 = s->id.family == AF_INET6;
    size_t tcp = v6 ? 54 : 34, addresses = v6 ? 22 : 26, length = s->frame_length - tcp;
    uint32_t total = 6 + (uint32_t)length;
    total = sum(s->snap + addresses, tcp - addresses, total);
    cr_assert_eq(fold(sum(s->snap + tcp, length, total)), 0xffff, "checksum of segment %u",
                 s->sequence);
}

static void check_frames(void)
{
    size_t n, whole = 0;
    const struct segment *s = wire_segments(net.wire, &n);
    for (size_t i = 0; i < n; i++) {
        cr_assert_leq(s[i].frame_length, 1514, "larger than the interface's MTU");
        if (s[i].snap_length < s[i].frame_length)
            continue;
        check_checksum(&s[i]);
        whole++;
    }
    cr_assert_gt(whole, 100);
}

static void carry_data(size_t n)
{
    int listener = lab_listen(1), client = lab_connect(0), server = accept(listener, NULL, NULL);
    pid_t there = lab_send(client, n, 1), back = lab_send(server, n, 2);
    lab_receive(server, n, 1);
    lab_receive(client, n, 2);
    lab_ended_well(there);
    lab_ended_well(back);
    close(client);
    close(server);
    close(listener);
}

Test(wire, data_intact)
{
    lab_open(0);
    carry_data(3000001);
    wire_set_delay(net.wire, TO_SERVER, 2 * NS_PER_MS);
    carry_data(1000001);
    lab_settle();
    cr_assert_eq(wire_status(net.wire).overflow, 0);
    check_frames();
    lab_close();
}

Test(wire, ipv6)
{
    lab_open_hosts(AF_INET6);
    lab_open_wire((struct wire_args){.delay_ns = NS_PER_MS});
    carry_data(300000);
    lab_settle();
    check_delays(NS_PER_MS);
    check_frames();
    size_t n;
    const struct segment *s = wire_segments(net.wire, &n);
    cr_assert_eq(s[0].id.family, AF_INET6);
    cr_assert(lab_is(&s[0], TO_SERVER, SEGMENT_SYN));
    cr_assert(lab_is(&s[1], TO_CLIENT, SEGMENT_SYN | SEGMENT_ACK));
    cr_assert(lab_is(&s[2], TO_SERVER, SEGMENT_ACK));
    lab_close();
}

/* A second wire, as a tap at the server's plug, sees what arrives there: the same frames in the
 * same order. */
static void check_arrivals(struct wire *tap)
{
    size_t n_arrived, n, k = 0;
    lab_until(wire_status(tap).forwarded >= lab_count(TO_SERVER, SEGMENT_DELIVERED));
    const struct segment *arrived = wire_segments(tap, &n_arrived),
                         *s = wire_segments(net.wire, &n);
    int64_t out_ns = 0;
    for (size_t i = 0; i < n; i++) {
        if (s[i].direction != TO_SERVER)
            continue;
        cr_assert_geq(s[i].out_ns, out_ns, "segment %zu overtook", i);
        out_ns = s[i].out_ns;
        cr_assert_lt(k, n_arrived);
        cr_assert_eq(arrived[k].snap_length, s[i].snap_length, "segment %zu", i);
        cr_assert_eq(memcmp(arrived[k].snap, s[i].snap, s[i].snap_length), 0,
                     "segment %zu is not the one sent", i);
        cr_assert_geq(arrived[k].at_ns, s[i].out_ns);
        k++;
    }
    cr_assert_eq(k, n_arrived);
}

Test(wire, order)
{
    const char *step;
    struct wire *tap;
    lab_open(20 * NS_PER_MS);
    lab_go(net.server);
    lab_ok(wire_new(&(struct wire_args){.server_side = "eth0", .server_port = LAB_TCP_PORT}, &tap,
                    &step));
    int listener = lab_listen(16), client = lab_connect(0), server = accept(listener, NULL, NULL);
    pid_t there = lab_send(client, 1000000, 1);
    wire_set_delay(net.wire, TO_SERVER, NS_PER_MS); /* those behind would overtake those before */
    lab_receive(server, 1000000, 1);
    lab_ended_well(there);
    lab_settle();
    check_arrivals(tap);
    cr_assert_eq(wire_status(tap).kernel_lost, 0);
    wire_free(tap);
    lab_close();
}

Test(wire, entries_are_in_order_of_time)
{
    size_t n;
    lab_open(0);
    carry_data(1000000);
    lab_settle();
    const struct segment *s = wire_segments(net.wire, &n);
    for (size_t i = 1; i < n; i++)
        cr_assert_geq(s[i].at_ns, s[i - 1].at_ns);
    cr_assert_leq(s[n - 1].out_ns, wire_status(net.wire).last_ns);
    cr_assert_leq(wire_status(net.wire).last_ns, clock_now_ns());
    lab_close();
}

enum { BURST = 200 };

/* Of these segments, to the server: the earliest and the latest time of leaving. */
static void leaving(uint8_t flags, int64_t *ret_first_ns, int64_t *ret_last_ns)
{
    size_t n, found = 0;
    const struct segment *s = wire_segments(net.wire, &n);
    *ret_first_ns = INT64_MAX;
    *ret_last_ns = 0;
    for (size_t i = 0; i < n; i++) {
        if (!lab_is(&s[i], TO_SERVER, flags))
            continue;
        found++;
        *ret_first_ns = s[i].out_ns < *ret_first_ns ? s[i].out_ns : *ret_first_ns;
        *ret_last_ns = s[i].out_ns > *ret_last_ns ? s[i].out_ns : *ret_last_ns;
    }
    cr_assert_eq(found, BURST);
}

Test(wire, hold_makes_a_burst)
{
    const int64_t delay_ns = 100 * NS_PER_MS;
    int64_t syn_first_ns, syn_last_ns, ack_first_ns, ack_last_ns;
    lab_open(delay_ns);
    lab_listen(BURST);
    wire_hold(net.wire, TO_SERVER, true);
    for (int i = 0; i < BURST; i++)
        lab_connect(SOCK_NONBLOCK);
    lab_until(wire_status(net.wire).held[TO_SERVER] == BURST);
    cr_assert_eq(wire_status(net.wire).in_transit, BURST);
    cr_assert_eq(wire_status(net.wire).held[TO_CLIENT], 0);
    cr_assert_eq(lab_nstat(net.server, "TcpInSegs"), 0);
    int64_t released_ns = clock_now_ns();
    wire_hold(net.wire, TO_SERVER, false);
    cr_assert_eq(wire_status(net.wire).held[TO_SERVER], 0);
    lab_until(lab_count(TO_SERVER, SEGMENT_DELIVERED) == 2 * BURST);
    leaving(SEGMENT_SYN, &syn_first_ns, &syn_last_ns);
    leaving(SEGMENT_ACK, &ack_first_ns, &ack_last_ns);
    cr_assert_geq(syn_first_ns, released_ns + delay_ns);
    cr_assert_geq(ack_first_ns, syn_first_ns + 2 * delay_ns);
    cr_assert_lt(syn_last_ns, ack_first_ns, "the first third ACK came before the last SYN");
    lab_close();
}

/* While it holds, the first of those held pass, and what comes meanwhile is held behind them. */
Test(wire, let_passes_some_in_order)
{
    size_t n;
    lab_open(NS_PER_MS);
    lab_listen(BURST);
    wire_hold(net.wire, TO_SERVER, true);
    for (int i = 0; i < 4; i++)
        lab_connect(SOCK_NONBLOCK);
    lab_until(wire_status(net.wire).held[TO_SERVER] == 4);
    wire_let(net.wire, TO_SERVER, 0);
    wire_let(net.wire, TO_SERVER, 1);
    lab_until(lab_count(TO_SERVER, SEGMENT_DELIVERED) == 1);
    /* three SYNs, and the ACK of the one that passed */
    lab_until(wire_status(net.wire).held[TO_SERVER] == 4);
    const struct segment *s = wire_segments(net.wire, &n);
    cr_expect_eq(s[0].fate, SEGMENT_DELIVERED, "not the first one");
    wire_let(net.wire, TO_SERVER, 2);
    lab_until(lab_count(TO_SERVER, SEGMENT_DELIVERED) == 3);
    lab_until(wire_status(net.wire).held[TO_SERVER] == 4);
    wire_let(net.wire, TO_SERVER, 100);
    lab_until(wire_status(net.wire).held[TO_SERVER] == 1); /* of the fourth SYN */
    wire_hold(net.wire, TO_SERVER, false);
    lab_until(lab_count(TO_SERVER, SEGMENT_DELIVERED) == 8);
    cr_expect_eq(wire_status(net.wire).held[TO_SERVER], 0);
    lab_close();
}

/* What is kept, against the two hosts' own counters; one segment is lost and sent again. */
Test(wire, counts_as_the_hosts_do)
{
    lab_open(NS_PER_MS);
    wire_add_fault(net.wire, &(struct fault){.direction = TO_CLIENT,
                                             .payload = FAULT_WITH_PAYLOAD,
                                             .count = 1,
                                             .action = FAULT_DROP});
    carry_data(500000);
    lab_connect(SOCK_NONBLOCK); /* to a port where nobody listens any more: RST */
    lab_until(lab_count(TO_CLIENT, -1) && wire_status(net.wire).in_transit == 0);
    lab_until(lab_sent(net.client) == (int64_t)lab_count(TO_SERVER, -1));
    lab_until(lab_sent(net.server) == (int64_t)lab_count(TO_CLIENT, -1));
    lab_settle();
    lab_until(lab_nstat(net.server, "TcpInSegs") ==
              (int64_t)lab_count(TO_SERVER, SEGMENT_DELIVERED));
    lab_until(lab_nstat(net.client, "TcpInSegs") ==
              (int64_t)lab_count(TO_CLIENT, SEGMENT_DELIVERED));
    cr_assert_eq(lab_nstat(net.server, "TcpInCsumErrors"), 0);
    cr_assert_eq(lab_nstat(net.client, "TcpInErrs"), 0);
    cr_assert_eq(wire_status(net.wire).forwarded,
                 lab_count(TO_SERVER, SEGMENT_DELIVERED) + lab_count(TO_CLIENT, SEGMENT_DELIVERED));
    lab_close();
}

Test(wire, more_than_can_be_kept)
{
    size_t n;
    lab_open_hosts(AF_INET);
    lab_open_wire((struct wire_args){.segments_max = 10});
    carry_data(100000);
    lab_settle();
    wire_segments(net.wire, &n);
    struct wire_status status = wire_status(net.wire);
    cr_assert_eq(n, 10);
    cr_assert_gt(status.forwarded, 100);
    cr_assert_eq(status.overflow, status.forwarded - 10);
    cr_assert_eq(status.kernel_lost, 0);
    lab_close();
}

Test(wire, tap_on_loopback)
{
    const char *step = "";
    size_t n;
    net.family = AF_INET;
    net.room = net.client = net.server = lab_new_network();
    lab_ok(link_add_address("lo", lab_address(true), 32));
    lab_ok(wire_new(&(struct wire_args){.server_side = "lo", .server_port = LAB_TCP_PORT},
                    &net.wire, &step));
    int listener = lab_listen(4), client = lab_connect(0), server = accept(listener, NULL, NULL);
    lab_ended_well(lab_send(client, 5, 0));
    lab_receive(server, 5, 0);
    close(client);
    close(server);
    lab_until(wire_status(net.wire).forwarded >= 7 &&
              (int64_t)wire_status(net.wire).forwarded == lab_sent(net.server));
    const struct segment *s = wire_segments(net.wire, &n);
    cr_assert_eq(lab_nstat(net.server, "TcpInSegs"), (int64_t)n);
    cr_assert(lab_is(&s[0], TO_SERVER, SEGMENT_SYN));
    cr_assert(lab_is(&s[1], TO_CLIENT, SEGMENT_SYN | SEGMENT_ACK));
    cr_assert(lab_is(&s[2], TO_SERVER, SEGMENT_ACK));
    cr_assert_eq(s[3].payload, 5);
    for (size_t i = 0; i < n; i++)
        cr_assert(s[i].fate == SEGMENT_DELIVERED && s[i].out_ns == s[i].at_ns);
    wire_free(net.wire);
}

Test(wire, refused)
{
    const char *step = "";
    struct wire *w = NULL;
    lab_open_hosts(AF_INET);
    lab_go(net.room);
    cr_assert_eq(wire_new(&(struct wire_args){.server_side = "none0"}, &w, &step), -ENODEV);
    cr_assert_str_eq(step, "packet socket");
    cr_assert_eq(
        wire_new(&(struct wire_args){.server_side = "server0", .client_side = "none0"}, &w, &step),
        -ENODEV);
    cr_assert_eq(wire_new(&(struct wire_args){.server_side = "server0", .segments_max = SIZE_MAX},
                          &w, &step),
                 -ENOMEM);
    cr_assert_null(w);
    wire_free(NULL);
    lab_close();
}

/* Freed with frames on their way and others held. */
Test(wire, freed_in_the_middle)
{
    lab_open(60 * NS_PER_S);
    lab_listen(4);
    lab_connect(SOCK_NONBLOCK);
    lab_until(wire_status(net.wire).in_transit == 1);
    wire_hold(net.wire, TO_SERVER, true);
    lab_connect(SOCK_NONBLOCK);
    lab_until(wire_status(net.wire).held[TO_SERVER] == 1);
    lab_close();
}
