/* What the lab's wire carries, and what it adds.
 *
 * 1. Segments a second, with no delay set: small sends with TCP_NODELAY from several connections at
 *    once, across the wire. Both hosts' TCP runs on the same CPUs as the wire, so this is what a
 *    lab can do, not the wire alone.
 * 2. The time it adds: one byte there and one byte back over the wire, and over a veth pair that
 *    joins two hosts directly, in alternation. What is added, of the medians, is halved: a round
 *    trip crosses the wire twice.
 *
 * Exits with 3 when a target is missed. Usage: measure-wire [ROUNDS] */
#include "bench/lab/lab.h"
#include "bench/lab/link.h"
#include "bench/lab/namespace.h"
#include "common/process/clock.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define WIRE_ROUNDS        7
#define WIRE_FLOOD_NS      (1500 * NS_PER_MS)
#define WIRE_FLOOD_SEND    32 /* bytes */
#define WIRE_FLOWS         4
#define WIRE_PINGS         3000
#define WIRE_TARGET_RATE   100000.0
#define WIRE_TARGET_ADD_US 100.0

/* Two hosts, by the wire or directly. */
struct wire_pair {
    struct lab lab; /* lab.wire NULL: directly */
    struct sockaddr_in server;
};

static void require(int r, const char *what)
{
    if (r) {
        fprintf(stderr, "%s: %s\n", what, strerror(-r));
        exit(77);
    }
}

static void direct_end(const struct host *h, const char *own, const char *other,
                       uint8_t other_ethernet)
{
    require(host_enter(h), "host");
    require(link_no_offloads("eth0"), "offloads");
    require(link_add_address("eth0", own, 24), "address");
    require(link_up("eth0"), "link up");
    require(link_add_neighbour("eth0", other, other_ethernet), "neighbour");
}

static struct wire_pair open_pair(bool by_wire)
{
    struct wire_pair p = {.lab.room.network = -1};
    const char *step = "";
    p.server = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(LAB_PORT)};
    inet_pton(AF_INET, "192.0.2.1", &p.server.sin_addr);
    if (by_wire) {
        require(lab_open(&(struct lab_args){0}, &p.lab, &step), step);
        return p;
    }
    require(host_new("client", &p.lab.client), "client");
    require(host_new("server", &p.lab.server), "server");
    require(link_add_veth("eth0", 1, "eth0", 2, p.lab.client.network), "veth");
    direct_end(&p.lab.server, "192.0.2.1", "192.0.2.2", 2);
    direct_end(&p.lab.client, "192.0.2.2", "192.0.2.1", 1);
    return p;
}

/* One descriptor of a connection that has Nagle's algorithm off. */
static int no_delay(int fd)
{
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    /* everywhere there, and paces nothing */
    setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "reno", 4);
    return fd;
}

static void serve(int fd, bool echo)
{
    char bytes[65536];
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (ssize_t n; (n = recv(fd, bytes, sizeof(bytes), 0)) > 0;)
        if (echo && send(fd, bytes, (size_t)n, 0) != n)
            break;
    _exit(0);
}

/* A process of the host's that takes every connection, each in a process of its own. */
static pid_t start_server(const struct wire_pair *p, bool echo)
{
    require(host_enter(&p->lab.server), "server");
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(listener, (const struct sockaddr *)&p->server, sizeof(p->server)) ||
        listen(listener, 16))
        require(-1, "listener");
    pid_t pid = fork();
    if (pid) {
        close(listener);
        return pid;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGCHLD, SIG_IGN);
    for (int fd; (fd = accept(listener, NULL, NULL)) >= 0; close(fd))
        if (fork() == 0)
            serve(no_delay(fd), echo);
    _exit(1);
}

static int wire_connect(const struct wire_pair *p)
{
    require(host_enter(&p->lab.client), "client");
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(fd, (const struct sockaddr *)&p->server, sizeof(p->server)))
        require(-1, "connect");
    return no_delay(fd);
}

static void close_pair(struct wire_pair *p, pid_t server)
{
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
    lab_close(&p->lab);
}

static pid_t start_flood(const struct wire_pair *p)
{
    static const char bytes[WIRE_FLOOD_SEND];
    int fd = wire_connect(p);
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        while (send(fd, bytes, sizeof(bytes), 0) > 0)
            ;
        _exit(0);
    }
    close(fd);
    return pid;
}

struct wire_rate {
    double per_second;
    double cpu_us; /* of the wire, a segment: on a busy machine this says more than the rate */
    uint64_t lost;
};

/* Of this process: the wire's thread, the rest sleeps. */
static double wire_cpu_us(void)
{
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (double)(used.tv_sec * NS_PER_S + used.tv_nsec) / (double)NS_PER_US;
}

static struct wire_rate wire_flood(void)
{
    struct wire_pair p = open_pair(true);
    pid_t server = start_server(&p, false), flows[WIRE_FLOWS];
    for (int i = 0; i < WIRE_FLOWS; i++)
        flows[i] = start_flood(&p);
    poll(NULL, 0, 100); /* the start is not measured */
    int64_t began_ns = clock_now_ns();
    double used_us = wire_cpu_us();
    uint64_t before = wire_status(p.lab.wire).forwarded;
    poll(NULL, 0, (int)(WIRE_FLOOD_NS / NS_PER_MS));
    struct wire_status status = wire_status(p.lab.wire);
    double segments = (double)(status.forwarded - before),
           cpu_us = (wire_cpu_us() - used_us) / segments;
    double seconds = (double)(clock_now_ns() - began_ns) / (double)NS_PER_S;
    for (int i = 0; i < WIRE_FLOWS; i++) {
        kill(flows[i], SIGKILL);
        waitpid(flows[i], NULL, 0);
    }
    close_pair(&p, server);
    return (struct wire_rate){segments / seconds, cpu_us, status.kernel_lost};
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, size_t n)
{
    qsort(values, n, sizeof(*values), by_value);
    return values[n / 2];
}

/* The median time there and back, in us. */
static double ping(bool by_wire)
{
    static double us[WIRE_PINGS];
    struct wire_pair p = open_pair(by_wire);
    pid_t server = start_server(&p, true);
    int fd = wire_connect(&p);
    char byte = 0;
    for (int i = 0; i < WIRE_PINGS; i++) {
        int64_t began_ns = clock_now_ns();
        if (send(fd, &byte, 1, 0) != 1 || recv(fd, &byte, 1, 0) != 1)
            require(-1, "ping");
        us[i] = (double)(clock_now_ns() - began_ns) / (double)NS_PER_US;
    }
    close(fd);
    close_pair(&p, server);
    return median(us, WIRE_PINGS);
}

int main(int argc, char **argv)
{
    size_t rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : WIRE_ROUNDS;
    const char *step;
    bool user;
    if (argc > 2 || rounds == 0) {
        fputs("usage: measure-wire [ROUNDS]\n", stderr);
        return 2;
    }
    require(namespace_enter(&user, &step), "no private network");
    double *rate = calloc(rounds, sizeof(double)), *wire = calloc(rounds, sizeof(double)),
           *direct = calloc(rounds, sizeof(double)), *added = calloc(rounds, sizeof(double)),
           *cpu = calloc(rounds, sizeof(double));
    uint64_t lost = 0;
    printf("%5s  %10s  %14s  %18s  %18s  %16s\n", "round", "segments/s", "CPU us/segment",
           "there and back, us", "direct veth, us", "added, one way, us");
    for (size_t i = 0; i < rounds; i++) {
        struct wire_rate flood = wire_flood();
        rate[i] = flood.per_second;
        cpu[i] = flood.cpu_us;
        lost += flood.lost;
        direct[i] = ping(false);
        wire[i] = ping(true);
        added[i] = (wire[i] - direct[i]) / 2;
        printf("%5zu  %10.0f  %14.2f  %18.1f  %18.1f  %16.1f\n", i + 1, rate[i], cpu[i], wire[i],
               direct[i], added[i]);
    }
    double median_rate = median(rate, rounds), median_added = median(added, rounds);
    printf("%5s  %10.0f  %14.2f  %18.1f  %18.1f  %16.1f\n", "", median_rate, median(cpu, rounds),
           median(wire, rounds), median(direct, rounds), median_added);
    printf("target  at least %.0f segments/s, none lost: %s (%llu lost); less than %.0f us added "
           "one way: %s\n",
           WIRE_TARGET_RATE, median_rate >= WIRE_TARGET_RATE && !lost ? "met" : "MISSED",
           (unsigned long long)lost, WIRE_TARGET_ADD_US,
           median_added < WIRE_TARGET_ADD_US ? "met" : "MISSED");
    free(rate);
    free(cpu);
    free(wire);
    free(direct);
    free(added);
    return median_rate >= WIRE_TARGET_RATE && !lost && median_added < WIRE_TARGET_ADD_US ? 0 : 3;
}
