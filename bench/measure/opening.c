/* How long it takes from the start of a process until 10,000 SYNs are out: tcplab-client beside a
 * plain C loop of non-blocking connects, in alternation, against a server that accepts nothing.
 *
 * Both are watched from outside, in the same way: by the kernel's count of ActiveOpens in a network
 * namespace that is theirs alone, read in a loop on the other core.
 *
 * Usage: measure-opening BUILD [ROUNDS] */
#include "bench/lab/namespace.h"
#include "common/kernel/counters.h"
#include "common/process/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define OPENING_CONNECTS 10000
#define OPENING_PORT     8888
#define OPENING_ROUNDS   11

static struct sockaddr_in opening_target(void)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons(OPENING_PORT),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

/* The floor: nothing but the two system calls. */
static void plain_loop(void)
{
    const struct sockaddr_in to = opening_target();
    for (int i = 0; i < OPENING_CONNECTS; i++) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0 ||
            (connect(fd, (const struct sockaddr *)&to, sizeof(to)) && errno != EINPROGRESS))
            _exit(1);
    }
    pause();
}

static void opening_client(const char *build)
{
    char path[4096];
    snprintf(path, sizeof(path), "%s/client/tcplab-client", build);
    int null = open("/dev/null", O_WRONLY);
    dup2(null, STDOUT_FILENO);
    execl(path, path, "-c", "10000", "-T", "60s", (char *)NULL);
    _exit(126);
}

static int64_t active_opens(void)
{
    struct counters *c;
    if (counters_read(&c))
        exit(1);
    int64_t n = counters_get(c, "Tcp.ActiveOpens", NULL);
    counters_free(c);
    return n;
}

/* One run: ms from fork() until all SYNs are out; ends the process. */
static double opening_round(const char *build)
{
    int64_t target = active_opens() + OPENING_CONNECTS;
    int64_t began_ns = clock_now_ns();
    pid_t pid = fork();
    if (pid == 0 && build)
        opening_client(build);
    if (pid == 0)
        plain_loop();
    while (active_opens() < target && waitpid(pid, NULL, WNOHANG) == 0)
        ;
    double ms = (double)(clock_now_ns() - began_ns) / 1e6;
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    return ms;
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

int main(int argc, char **argv)
{
    size_t rounds = argc > 2 ? strtoul(argv[2], NULL, 10) : OPENING_ROUNDS;
    const char *step;
    if (argc < 2 || rounds == 0) {
        fputs("usage: measure-opening BUILD [ROUNDS]\n", stderr);
        return 2;
    }
    bool user;
    if (namespace_enter(&user, &step)) {
        fprintf(stderr, "no private network: %s\n", step);
        return 77;
    }
    const struct sockaddr_in at = opening_target();
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(listener, (const struct sockaddr *)&at, sizeof(at)) || listen(listener, 4))
        return 1;
    double *plain = calloc(rounds, sizeof(double)), *client = calloc(rounds, sizeof(double)),
           *ratio = calloc(rounds, sizeof(double));
    for (size_t i = 0; i < rounds; i++) {
        plain[i] = opening_round(NULL);
        client[i] = opening_round(argv[1]);
        ratio[i] = client[i] / plain[i];
        printf("plain loop %.1f ms, tcplab-client %.1f ms, ratio %.2f\n", plain[i], client[i],
               ratio[i]);
    }
    printf("medians of %zu rounds: plain loop %.1f ms, tcplab-client %.1f ms, ratio %.2f\n", rounds,
           median(plain, rounds), median(client, rounds), median(ratio, rounds));
    free(plain);
    free(client);
    free(ratio);
    return 0;
}
