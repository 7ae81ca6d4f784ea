/* How long it takes to count the sockets of a network namespace: `ss -tan` beside the censuses of
 * common/kernel/sockdiag.h, and the cheaper questions that answer part of it, in alternation.
 *
 * By default among 38,000 sockets (both ends of 19,000 connections) and 50,000 TIME_WAIT, in a
 * namespace of its own. The target: a census takes at most 0.35 of the time of `ss -tan
 * >/dev/null`.
 *
 * Exits with 3 when it is missed. Usage: measure-census [CONNECTIONS [TIME_WAIT [ROUNDS]]] */
#include "bench/lab/namespace.h"
#include "common/kernel/counters.h"
#include "common/kernel/sockdiag.h"
#include "common/kernel/tally.h"
#include "common/process/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define CENSUS_CONNECTIONS 19000
#define CENSUS_TIME_WAIT   50000
#define CENSUS_ROUNDS      9
#define CENSUS_PORT        8888
#define CENSUS_ADDRESSES   16   /* 127.0.0.1 ...: each has ports of its own */
#define CENSUS_A_PROCESS   9000 /* connections whose both ends one holds */
#define CENSUS_TARGET      0.35

static int census_listener;

static void require(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(77);
}

static struct sockaddr_in address(size_t i)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons(CENSUS_PORT),
                                .sin_addr.s_addr =
                                    htonl(INADDR_LOOPBACK + (uint32_t)(i % CENSUS_ADDRESSES))};
}

/* The i-th connection; *ret_server: its other end. */
static int census_connect(size_t i, int *ret_server)
{
    const struct sockaddr_in to = address(i);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    require(fd >= 0 && connect(fd, (const struct sockaddr *)&to, sizeof(to)) == 0, "connect");
    *ret_server = accept4(census_listener, NULL, NULL, SOCK_CLOEXEC);
    require(*ret_server >= 0, "accept");
    return fd;
}

/* A process that holds n connections until its parent is gone. */
static void hold(size_t n)
{
    int said[2];
    char byte;
    require(pipe2(said, O_CLOEXEC) == 0, "pipe");
    pid_t pid = fork();
    require(pid >= 0, "fork");
    if (pid == 0) {
        int server;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (size_t i = 0; i < n; i++)
            census_connect(i, &server);
        if (write(said[1], "", 1) == 1)
            pause();
        _exit(1);
    }
    close(said[1]);
    require(read(said[0], &byte, 1) == 1, "connections");
    close(said[0]);
}

static void make_time_wait(size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int server, client = census_connect(i, &server);
        close(client);
        close(server);
    }
}

static void populate(size_t connections, size_t time_wait)
{
    const struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(CENSUS_PORT)};
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    census_listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    require(bind(census_listener, (const struct sockaddr *)&any, sizeof(any)) == 0 &&
                listen(census_listener, 128) == 0,
            "listen");
    for (size_t left = connections, n; left > 0; left -= n) {
        n = left < CENSUS_A_PROCESS ? left : CENSUS_A_PROCESS;
        hold(n);
    }
    make_time_wait(time_wait);
}

/* --- what is compared --- */

static struct sockdiag *census_diag;
static struct tally *census_peers;
static uint64_t census_found; /* by the last question */

static void count(const struct sockdiag_query *query, struct tally *peers)
{
    struct sockdiag_census census = {.peers = peers};
    int r = sockdiag_census(census_diag, query, NULL, &census);
    if (r) {
        errno = -r;
        require(false, "sock_diag");
    }
    census_found = 0;
    for (size_t i = 0; i < SOCKDIAG_STATES; i++)
        census_found += census.states[i];
}

static void census_ss(void)
{
    pid_t pid = fork();
    int status;
    if (pid == 0) {
        dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDOUT_FILENO);
        execlp("ss", "ss", "-tan", (char *)NULL);
        _exit(127);
    }
    require(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0, "ss (Debian: iproute2)");
    census_found = 0;
}

static void all(void)
{
    const struct sockdiag_query query = {.family = AF_INET, .states = SOCKDIAG_ALL};
    count(&query, NULL);
}

static void all_with_peers(void)
{
    const struct sockdiag_query query = {.family = AF_INET, .states = SOCKDIAG_ALL};
    count(&query, census_peers);
}

static void but_time_wait(void)
{
    const struct sockdiag_query query = {
        .family = AF_INET, .states = SOCKDIAG_ALL & ~SOCKDIAG_BIT(SOCKDIAG_TIME_WAIT)};
    count(&query, NULL);
}

static void census_time_wait(void)
{
    const struct sockdiag_query query = {.family = AF_INET,
                                         .states = SOCKDIAG_BIT(SOCKDIAG_TIME_WAIT)};
    count(&query, NULL);
}

static void server_port(void)
{
    const struct sockdiag_query query = {
        .family = AF_INET, .states = SOCKDIAG_ALL, .source_port = CENSUS_PORT};
    count(&query, NULL);
}

static void other_port(void)
{
    const struct sockdiag_query query = {
        .family = AF_INET, .states = SOCKDIAG_ALL_BUT_LISTEN, .source_port = 1};
    count(&query, NULL);
}

static void listeners(void)
{
    const struct sockdiag_query query = {
        .family = AF_INET, .states = SOCKDIAG_BIT(SOCKDIAG_LISTEN), .source_port = CENSUS_PORT};
    count(&query, NULL);
}

static void census_tcp_info(void)
{
    struct tcp_info info;
    socklen_t length = sizeof(info);
    require(getsockopt(census_listener, IPPROTO_TCP, TCP_INFO, &info, &length) == 0, "TCP_INFO");
    census_found = 1;
}

static void census_read(const char *path)
{
    char text[8192];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    require(fd >= 0, path);
    while (read(fd, text, sizeof(text)) > 0)
        ;
    close(fd);
    census_found = 0;
}

static void sockstat(void)
{
    census_read("/proc/thread-self/net/sockstat");
}

static void snmp(void)
{
    census_read("/proc/thread-self/net/snmp");
}

static void census_counters(void)
{
    struct counters *c;
    require(counters_read(&c) == 0, "counters");
    counters_free(c);
    census_found = 0;
}

static const struct census_way {
    const char *name;
    void (*ask)(void);
} census_ways[] = {
    {"ss -tan >/dev/null", census_ss}, /* the first is what the others are measured by */
    {"census", all},                   /* the second has the target */
    {"census with peers", all_with_peers},
    {"census but TIME_WAIT", but_time_wait},
    {"census of TIME_WAIT", census_time_wait},
    {"census of the server's port", server_port},
    {"census of a port nobody has", other_port},
    {"listeners only", listeners},
    {"TCP_INFO of one's own listener", census_tcp_info},
    {"/proc/net/sockstat", sockstat},
    {"/proc/net/snmp", snmp},
    {"all counters", census_counters},
};
#define CENSUS_WAYS (sizeof(census_ways) / sizeof(*census_ways))

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

static double time_ms(const struct census_way *way)
{
    int64_t began_ns = clock_now_ns();
    way->ask();
    return (double)(clock_now_ns() - began_ns) / 1e6;
}

int main(int argc, char **argv)
{
    size_t connections = argc > 1 ? strtoul(argv[1], NULL, 10) : CENSUS_CONNECTIONS;
    size_t time_wait = argc > 2 ? strtoul(argv[2], NULL, 10) : CENSUS_TIME_WAIT;
    size_t rounds = argc > 3 ? strtoul(argv[3], NULL, 10) : CENSUS_ROUNDS;
    uint64_t found[CENSUS_WAYS];
    const char *step;
    bool user;
    if (argc > 4 || rounds == 0) {
        fputs("usage: measure-census [CONNECTIONS [TIME_WAIT [ROUNDS]]]\n", stderr);
        return 2;
    }
    if (namespace_enter(&user, &step)) {
        fprintf(stderr, "no private network: %s\n", step);
        return 77;
    }
    populate(connections, time_wait);
    census_peers = tally_new();
    double *ms[CENSUS_WAYS], *ratio = calloc(rounds, sizeof(double));
    require(census_peers && ratio && sockdiag_open(&census_diag) == 0, "sock_diag");
    for (size_t w = 0; w < CENSUS_WAYS; w++)
        require((ms[w] = calloc(rounds, sizeof(double))) != NULL, "memory");
    for (size_t i = 0; i < rounds; i++)
        for (size_t w = 0; w < CENSUS_WAYS; w++) {
            ms[w][i] = time_ms(&census_ways[w]);
            found[w] = census_found;
        }
    for (size_t i = 0; i < rounds; i++)
        ratio[i] = ms[1][i] / ms[0][i];
    double reached = median(ratio, rounds);
    printf("%zu sockets and %zu TIME_WAIT made, medians of %zu rounds\n", 2 * connections,
           time_wait, rounds);
    printf("%-32s %10s %10s\n", "", "ms", "sockets");
    for (size_t w = 0; w < CENSUS_WAYS; w++) {
        printf("%-32s %10.3f %10llu\n", census_ways[w].name, median(ms[w], rounds),
               (unsigned long long)found[w]);
        free(ms[w]);
    }
    printf("census / ss: %.2f, target at most %.2f\n", reached, CENSUS_TARGET);
    free(ratio);
    tally_free(census_peers);
    sockdiag_close(census_diag);
    return reached <= CENSUS_TARGET ? 0 : 3;
}
