/* The floor under tcplab-client, tcplab-server and their peers: what the kernel's own work costs. A
 * thread plays both ends, one call after the other, each made when its answer is there already: no
 * event loop, no waiting, no wake-up of anybody. Threads share nothing but the kernel; each stays
 * on a CPU of its own and has its own listeners, several of them, so that the TIME_WAIT sockets of
 * FIN closes do not use up the ports towards one.
 *
 * Usage: tcplab-floor MODE [SECONDS [THREADS [HELD]]] MODE: crr-fin, crr-rst, crr-reuse (the same
 * socket again after connect(AF_UNSPEC), which sends a RST), cc-fin, cc-rst, cc-reuse, echo (on
 * HELD connections in all, in turn). Prints one JSON document. */
#include "common/process/clock.h"

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FLOOR_LISTENERS   16 /* a thread */
#define FLOOR_THREADS_MAX 64
#define FLOOR_HELD_MAX    10000
#define FLOOR_LOOK_EVERY  64 /* units of work between two looks at the clock */

enum floor_close { FLOOR_FIN, FLOOR_RST, FLOOR_REUSE };

static const struct floor_mode {
    const char *name;
    bool held, request; /* connections are held; a byte goes there and back */
    enum floor_close close;
} floor_modes[] = {
    {"crr-fin", false, true, FLOOR_FIN},     {"crr-rst", false, true, FLOOR_RST},
    {"crr-reuse", false, true, FLOOR_REUSE}, {"cc-fin", false, false, FLOOR_FIN},
    {"cc-rst", false, false, FLOOR_RST},     {"cc-reuse", false, false, FLOOR_REUSE},
    {"echo", true, true, FLOOR_FIN},
};

struct floor_thread {
    pthread_t id;
    const struct floor_mode *mode;
    pthread_barrier_t *start;
    double seconds;
    int cpu, held;
    int listener[FLOOR_LISTENERS];
    struct sockaddr_in address[FLOOR_LISTENERS];
    int64_t done; /* connections, or requests of echo */
    double elapsed_s;
};

/* A failed call ends the program: there is nothing to go on with. */
static int must(int result, const char *what)
{
    if (result < 0) {
        fprintf(stderr, "tcplab-floor: %s: %s\n", what, strerror(errno));
        exit(1);
    }
    return result;
}

static void floor_byte(int from, int to)
{
    char byte = 'x';
    must((int)send(from, &byte, 1, MSG_NOSIGNAL), "send");
    if (recv(to, &byte, 1, 0) != 1)
        must(-1, "recv");
}

static void floor_listen(struct floor_thread *t)
{
    for (int i = 0; i < FLOOR_LISTENERS; i++) {
        socklen_t size = sizeof(t->address[i]);
        t->address[i] =
            (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        t->listener[i] = must(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
        must(bind(t->listener[i], (struct sockaddr *)&t->address[i], size), "bind");
        must(listen(t->listener[i], FLOOR_HELD_MAX), "listen");
        must(getsockname(t->listener[i], (struct sockaddr *)&t->address[i], &size), "getsockname");
    }
}

static int floor_socket(enum floor_close how)
{
    int fd = must(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
    if (how == FLOOR_RST) {
        const struct linger now = {.l_onoff = 1};
        must(setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now)), "setsockopt SO_LINGER");
    }
    return fd;
}

/* Connects and accepts: on loopback the handshake is over when connect() returns. */
static int floor_open(const struct floor_thread *t, int client, int which)
{
    const struct sockaddr *to = (const struct sockaddr *)&t->address[which];
    must(connect(client, to, sizeof(t->address[which])), "connect");
    return must(accept4(t->listener[which], NULL, NULL, SOCK_CLOEXEC), "accept");
}

static void connections(struct floor_thread *t, int64_t end_ns)
{
    const struct floor_mode *mode = t->mode;
    const struct sockaddr nobody = {.sa_family = AF_UNSPEC};
    int client = -1;
    do {
        for (int i = 0; i < FLOOR_LOOK_EVERY; i++) {
            if (client < 0)
                client = floor_socket(mode->close);
            int server = floor_open(t, client, i % FLOOR_LISTENERS);
            if (mode->request) {
                floor_byte(client, server);
                floor_byte(server, client);
            }
            if (mode->close == FLOOR_REUSE) {
                must(connect(client, &nobody, sizeof(nobody)), "connect to nobody");
            } else {
                close(client);
                client = -1;
            }
            close(server);
        }
        t->done += FLOOR_LOOK_EVERY;
    } while (clock_now_ns() < end_ns);
    if (client >= 0)
        close(client);
}

static void echo(struct floor_thread *t, int (*pair)[2], int64_t end_ns)
{
    int next = 0;
    do {
        for (int i = 0; i < FLOOR_LOOK_EVERY; i++) {
            floor_byte(pair[next][0], pair[next][1]);
            floor_byte(pair[next][1], pair[next][0]);
            next = next + 1 < t->held ? next + 1 : 0;
        }
        t->done += FLOOR_LOOK_EVERY;
    } while (clock_now_ns() < end_ns);
}

static void *run(void *arg)
{
    struct floor_thread *t = arg;
    cpu_set_t cpu;
    CPU_ZERO(&cpu);
    CPU_SET(t->cpu, &cpu);
    must(sched_setaffinity(0, sizeof(cpu), &cpu), "sched_setaffinity");
    floor_listen(t);
    int(*pair)[2] = calloc((size_t)t->held + 1, sizeof(*pair));
    if (!pair)
        must(-1, "calloc");
    for (int i = 0; t->mode->held && i < t->held; i++) {
        pair[i][0] = floor_socket(FLOOR_FIN);
        pair[i][1] = floor_open(t, pair[i][0], i % FLOOR_LISTENERS);
    }
    pthread_barrier_wait(t->start);

    int64_t began_ns = clock_now_ns();
    int64_t end_ns = began_ns + (int64_t)(t->seconds * 1e9);
    if (t->mode->held)
        echo(t, pair, end_ns);
    else
        connections(t, end_ns);
    t->elapsed_s = (double)(clock_now_ns() - began_ns) / 1e9;
    free(pair);
    return NULL;
}

/* The n-th of the CPUs that this process may use, round and round. */
static int floor_cpu(int n)
{
    cpu_set_t allowed;
    must(sched_getaffinity(0, sizeof(allowed), &allowed), "sched_getaffinity");
    n %= CPU_COUNT(&allowed);
    int cpu = 0;
    while (!CPU_ISSET(cpu, &allowed) || n-- > 0)
        cpu++;
    return cpu;
}

static const struct floor_mode *find_mode(const char *name)
{
    for (size_t i = 0; i < sizeof(floor_modes) / sizeof(floor_modes[0]); i++)
        if (!strcmp(name, floor_modes[i].name))
            return &floor_modes[i];
    return NULL;
}

static int usage(void)
{
    fprintf(stderr, "usage: tcplab-floor crr-fin|crr-rst|crr-reuse|cc-fin|cc-rst|cc-reuse|echo "
                    "[SECONDS [THREADS [HELD]]]\n");
    return 2;
}

int main(int argc, char **argv)
{
    const struct floor_mode *mode = argc > 1 ? find_mode(argv[1]) : NULL;
    double seconds = argc > 2 ? strtod(argv[2], NULL) : 2;
    int threads = argc > 3 ? atoi(argv[3]) : 1;
    int held = argc > 4 ? atoi(argv[4]) : 64;
    if (!mode || argc > 5 || !(seconds > 0) || threads < 1 || threads > FLOOR_THREADS_MAX ||
        held < threads || held > FLOOR_HELD_MAX)
        return usage();

    static struct floor_thread thread[FLOOR_THREADS_MAX];
    pthread_barrier_t start;
    pthread_barrier_init(&start, NULL, (unsigned)threads);
    for (int i = 0; i < threads; i++) {
        thread[i] = (struct floor_thread){.mode = mode,
                                          .start = &start,
                                          .seconds = seconds,
                                          .cpu = floor_cpu(i),
                                          .held = held / threads};
        errno = pthread_create(&thread[i].id, NULL, run, &thread[i]);
        must(errno ? -1 : 0, "pthread_create");
    }
    int64_t done = 0;
    double rate = 0;
    for (int i = 0; i < threads; i++) {
        pthread_join(thread[i].id, NULL);
        done += thread[i].done;
        rate += (double)thread[i].done / thread[i].elapsed_s;
    }
    printf("{\"mode\": \"%s\", \"threads\": %d, \"held\": %d, \"%s\": %lld, \"%s_per_s\": %.0f}\n",
           mode->name, threads, mode->held ? held / threads * threads : 0,
           mode->held ? "requests" : "connections", (long long)done,
           mode->held ? "requests" : "connections", rate);
    return 0;
}
