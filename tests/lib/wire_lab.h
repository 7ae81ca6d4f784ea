/* Two hosts and the wire between them, for the tests of the wire; and main(), which enters a
 * private network while it has one thread (a Criterion test has two). */
#pragma once

#include "bench/lab/link.h"
#include "bench/lab/namespace.h"
#include "bench/lab/wire.h"
#include "common/process/clock.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define LAB_TCP_PORT   8888
#define LAB_PATIENCE_S 30 /* for a state that has to come */

static struct lab_network {
    int room, server, client; /* descriptors of network namespaces */
    int family;
    struct wire *wire;
} net;

#define lab_ok(call)                                         \
    do {                                                     \
        int r_ = (call);                                     \
        cr_assert_eq(r_, 0, "%s: %s", #call, strerror(-r_)); \
    } while (0)

/* Until the kernel or the wire is in this state; for a time it is not waited. */
#define lab_until(condition)                                                  \
    do {                                                                      \
        int64_t end_ = clock_now_ns() + LAB_PATIENCE_S * NS_PER_S;            \
        while (!(condition)) {                                                \
            cr_assert_lt(clock_now_ns(), end_, "never came: %s", #condition); \
            poll(NULL, 0, 1);                                                 \
        }                                                                     \
    } while (0)

static inline void lab_go(int network)
{
    cr_assert_eq(setns(network, CLONE_NEWNET), 0);
}

static inline int lab_new_network(void)
{
    const char *step;
    lab_ok(namespace_enter_another(&step));
    int fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    cr_assert_geq(fd, 0);
    return fd;
}

static inline const char *lab_address(bool server)
{
    if (net.family == AF_INET6)
        return server ? "2001:db8::1" : "2001:db8::2";
    return server ? "192.0.2.1" : "192.0.2.2";
}

static inline void lab_plug(int host, const char *name, bool server)
{
    lab_go(net.room);
    lab_ok(link_add_veth(name, server ? 0x11 : 0x12, "eth0", server ? 1 : 2, host));
    lab_ok(link_no_offloads(name));
    lab_ok(link_up(name));
    lab_go(host);
    lab_ok(link_no_offloads("eth0"));
    lab_ok(link_add_address("eth0", lab_address(server), net.family == AF_INET6 ? 64 : 24));
    lab_ok(link_up("eth0"));
    lab_ok(link_add_neighbour("eth0", lab_address(!server), server ? 2 : 1));
}

/* The hosts, without a wire yet. */
static inline void lab_open_hosts(int family)
{
    net.family = family;
    net.server = lab_new_network();
    net.client = lab_new_network();
    net.room = lab_new_network();
    lab_plug(net.server, "server0", true);
    lab_plug(net.client, "client0", false);
}

/* The sides and the port are filled in. */
static inline void lab_open_wire(struct wire_args args)
{
    const char *step = "";
    args.server_side = "server0";
    args.client_side = "client0";
    args.server_port = LAB_TCP_PORT;
    lab_go(net.room);
    int r = wire_new(&args, &net.wire, &step);
    cr_assert_eq(r, 0, "%s: %s", step, strerror(-r));
}

static inline void lab_open(int64_t delay_ns)
{
    lab_open_hosts(AF_INET);
    lab_open_wire((struct wire_args){.delay_ns = delay_ns, .seed = 1});
}

static inline void lab_close(void)
{
    wire_free(net.wire);
    close(net.room);
    close(net.server);
    close(net.client);
}

static inline socklen_t lab_target(struct sockaddr_storage *ret)
{
    memset(ret, 0, sizeof(*ret));
    if (net.family == AF_INET6) {
        struct sockaddr_in6 *six = (struct sockaddr_in6 *)ret;
        six->sin6_family = AF_INET6;
        six->sin6_port = htons(LAB_TCP_PORT);
        inet_pton(AF_INET6, lab_address(true), &six->sin6_addr);
        return sizeof(*six);
    }
    struct sockaddr_in *four = (struct sockaddr_in *)ret;
    four->sin_family = AF_INET;
    four->sin_port = htons(LAB_TCP_PORT);
    inet_pton(AF_INET, lab_address(true), &four->sin_addr);
    return sizeof(*four);
}

static inline int lab_listen(int backlog)
{
    struct sockaddr_storage at;
    socklen_t size = lab_target(&at);
    lab_go(net.server);
    int fd = socket(net.family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int)); /* after an earlier one */
    cr_assert_eq(bind(fd, (const struct sockaddr *)&at, size), 0, "%s", strerror(errno));
    cr_assert_eq(listen(fd, backlog), 0);
    return fd;
}

static inline int lab_connect(int flags)
{
    struct sockaddr_storage to;
    socklen_t size = lab_target(&to);
    lab_go(net.client);
    int fd = socket(net.family, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
    int r = connect(fd, (const struct sockaddr *)&to, size);
    cr_assert(r == 0 || (flags & SOCK_NONBLOCK && errno == EINPROGRESS), "connect: %s",
              strerror(errno));
    return fd;
}

#define LAB_QUIET_NS (60 * NS_PER_MS) /* longer than an ACK is delayed (TCP_DELACK_MIN, 40 ms) */

static inline bool lab_is_quiet(void)
{
    struct wire_status s = wire_status(net.wire);
    return !s.unread && !s.in_transit && clock_now_ns() - s.last_ns >= LAB_QUIET_NS;
}

/* Nothing is on its way, nor will be of the hosts' own accord: an empty wire may be one between a
 * segment's arrival and its answer. And nothing was lost that should not have been. */
static inline void lab_settle(void)
{
    lab_until(lab_is_quiet());
    cr_assert_eq(wire_status(net.wire).kernel_lost, 0);
}

static inline bool lab_is(const struct segment *s, enum direction direction, uint8_t flags)
{
    const uint8_t all = SEGMENT_FIN | SEGMENT_SYN | SEGMENT_RST | SEGMENT_ACK;
    return s->direction == direction && (s->flags & all) == flags;
}

/* How many are kept of this direction with this fate (-1: any). */
static inline size_t lab_count(enum direction direction, int fate)
{
    size_t n, found = 0;
    const struct segment *s = wire_segments(net.wire, &n);
    for (size_t i = 0; i < n; i++)
        found += s[i].direction == direction && (fate < 0 || s[i].fate == fate);
    return found;
}

/* A counter of the host, as nstat has it. */
static inline int64_t lab_nstat(int host, const char *name)
{
    char command[64], line[256];
    int64_t value = -1;
    lab_go(host);
    snprintf(command, sizeof(command), "nstat -asz %s", name);
    FILE *pipe = popen(command, "re");
    cr_assert_not_null(pipe);
    while (fgets(line, sizeof(line), pipe))
        if (strncmp(line, name, strlen(name)) == 0)
            value = atoll(line + strlen(name));
    pclose(pipe);
    cr_assert_geq(value, 0, "nstat knows no %s", name);
    return value;
}

/* All segments that a host has sent: OutSegs leaves out those with nothing but bytes sent before
 * (__tcp_transmit_skb(), net/ipv4/tcp_output.c), which a busy machine makes at any time. */
static inline int64_t lab_sent(int host)
{
    return lab_nstat(host, "TcpOutSegs") + lab_nstat(host, "TcpRetransSegs");
}

/* Bytes that look random, different at every place of a stream; the receiver knows them too. */
static inline void lab_fill(uint8_t *bytes, size_t n, uint64_t at, uint64_t stream)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t z = (at + i + (stream << 40)) * 0x9e3779b97f4a7c15u;
        bytes[i] = (uint8_t)((z ^ z >> 29) * 0xbf58476d1ce4e5b9u >> 56);
    }
}

/* A process that sends n bytes. */
static inline pid_t lab_send(int fd, size_t n, uint64_t stream)
{
    uint8_t bytes[4096];
    pid_t pid = fork();
    cr_assert_geq(pid, 0);
    if (pid)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (size_t sent = 0; sent < n; sent += sizeof(bytes)) {
        lab_fill(bytes, sizeof(bytes), sent, stream);
        size_t size = n - sent < sizeof(bytes) ? n - sent : sizeof(bytes);
        for (size_t at = 0; at < size;) {
            ssize_t r = send(fd, bytes + at, size - at, 0);
            if (r <= 0)
                _exit(1);
            at += (size_t)r;
        }
    }
    _exit(0);
}

static inline void lab_receive(int fd, size_t n, uint64_t stream)
{
    uint8_t bytes[65536], wanted[65536];
    for (size_t at = 0; at < n;) {
        ssize_t r = recv(fd, bytes, sizeof(bytes) < n - at ? sizeof(bytes) : n - at, 0);
        cr_assert_gt(r, 0, "after %zu of %zu bytes: %s", at, n, strerror(errno));
        lab_fill(wanted, (size_t)r, at, stream);
        cr_assert_eq(memcmp(bytes, wanted, (size_t)r), 0, "other bytes than were sent, after %zu",
                     at);
        at += (size_t)r;
    }
}

static inline void lab_ended_well(pid_t pid)
{
    int status;
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    cr_assert_eq(status, 0, "the sender failed");
}

int main(int argc, char **argv)
{
    const char *step;
    bool user;
    int r = namespace_enter(&user, &step);
    if (r) {
        fprintf(stderr, "no private network (%s: %s): needs root or user namespaces\n", step,
                strerror(-r));
        return 77; /* meson: skipped */
    }
    struct criterion_test_set *tests = criterion_initialize();
    int failed = criterion_handle_args(argc, argv, true) && !criterion_run_all_tests(tests);
    criterion_finalize(tests);
    return failed;
}
