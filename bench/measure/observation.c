/* The bench's sampler alone: watches a port of the network namespace that it is started in, as an
 * experiment does, until SIGTERM or until the time is over, and prints one JSON document of what
 * that cost. Driven by bench/measure/observation.
 *
 * Usage: measure-observation PORT SECONDS */
#include "bench/observe/watch.h"
#include "common/process/clock.h"
#include "common/report/document.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static volatile sig_atomic_t observation_ended;

static void end(int signal_number)
{
    observation_ended = 1;
}

static double observation_cpu_s(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

/* What is at the end, and how dear it was. */
static json_t *observation_document(const struct watch *w, uint64_t looks, double elapsed_s,
                                    double cpu_s)
{
    const struct look *look = watch_latest(w);
    json_t *timeline = watch_timeline(w, look->at_ns);
    json_t *document = json_object();
    json_object_set_new(document, "elapsed_s", document_real(elapsed_s));
    json_object_set_new(document, "cpu_s", document_real(cpu_s));
    json_object_set_new(document, "share_of_a_cpu", json_real(cpu_s / elapsed_s));
    json_object_set_new(document, "looks", json_integer((json_int_t)looks));
    json_object_set_new(document, "parts", json_integer(watch_parts(w)));
    json_object_set_new(document, "longest_gap_ms",
                        document_real((double)watch_longest_gap_ns(w) / 1e6));
    json_object_set_new(document, "next_look_ms",
                        document_real((double)(watch_due_ns(w) - look->at_ns) / 1e6));
    json_object_set_new(
        document, "sockets",
        json_integer((json_int_t)(look->side[SIDE_SERVER].n + look->side[SIDE_CLIENT].n)));
    json_object_set_new(document, "queue", json_integer(look->queue));
    json_object_set_new(document, "timeline_entries",
                        json_integer((json_int_t)json_array_size(timeline)));
    json_object_set_new(document, "destroyed", json_integer(watch_destroyed(w, SIDE_SERVER)));
    json_decref(timeline);
    return document;
}

/* Until it is told to end: that many looks. */
static int observation_go(struct watch *w, int64_t until_ns, uint64_t *ret_looks)
{
    int r = 0;
    for (*ret_looks = 0; !r && !observation_ended && clock_now_ns() < until_ns; ++*ret_looks) {
        r = watch_wait(w);
        r = r ? r : watch_look(w);
    }
    return r;
}

int main(int argc, char **argv)
{
    double seconds = argc == 3 ? strtod(argv[2], NULL) : 0;
    if (!(seconds > 0)) {
        fputs("usage: measure-observation PORT SECONDS\n", stderr);
        return 2;
    }
    const struct host host = {.name = "here",
                              .network = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC)};
    const struct watch_args args = {.server = &host,
                                    .client = &host,
                                    .family = AF_INET,
                                    .port = (uint16_t)strtoul(argv[1], NULL, 10)};
    struct watch *w;
    const char *step = "network namespace";
    uint64_t looks;
    int r = host.network < 0 ? -errno : watch_new(&args, &w, &step);
    if (r) {
        fprintf(stderr, "%s: %s\n", step, strerror(-r));
        return 77;
    }
    signal(SIGTERM, end);
    signal(SIGINT, end);
    double cpu_s = observation_cpu_s();
    int64_t began_ns = clock_now_ns();
    r = observation_go(w, began_ns + (int64_t)(seconds * 1e9), &looks);
    cpu_s = observation_cpu_s() - cpu_s;
    double elapsed_s = (double)(clock_now_ns() - began_ns) / 1e9;
    json_t *document = observation_document(w, looks, elapsed_s, cpu_s);
    json_dumpf(document, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(document);
    watch_free(w);
    if (r)
        fprintf(stderr, "looking at the sockets: %s\n", strerror(-r));
    return r != 0;
}
