#include "bench/trial/segments.h"
#include "bench/trial/steps_inside.h"
#include "common/process/clock.h"
#include "common/process/exit_code.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* Over loopback more than net.core.netdev_max_backlog (1000) segments at once would not all arrive;
 * and the timers that send the SYNs again fire in batches of 32 ms. */
#define STEP_MANY    500
#define STEP_RATE    "10000"
#define STEP_LONGEST "1h" /* every flood ends by itself */

#pragma GCC diagnostic ignored "-Wformat-nonliteral"

struct step_arguments {
    char *argv[PROCESS_ARGUMENTS];
    int n;
};

static void step_argument(struct step_arguments *a, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void step_argument(struct step_arguments *a, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (a->n < PROCESS_ARGUMENTS - 1 && vasprintf(&a->argv[a->n], format, arguments) >= 0)
        a->n++;
    va_end(arguments);
}

static void arguments_rest(struct step_arguments *a, va_list rest)
{
    const char *argument;
    while ((argument = va_arg(rest, const char *)))
        step_argument(a, "%s", argument);
}

/* As the report shows it: the program's name, without what only the bench needs. */
static void note_command(struct trial *t, const char *name, const struct step_arguments *a)
{
    char line[1024];
    int length = snprintf(line, sizeof(line), "%s", name);
    for (int i = 1; i < a->n && length < (int)sizeof(line); i++)
        if (strcmp(a->argv[i], "--json") && strcmp(a->argv[i], "--log-connections"))
            length += snprintf(line + length, sizeof(line) - (size_t)length, " %s", a->argv[i]);
    json_array_append_new(t->commands, json_string(line));
}

static struct process *step_start(struct trial *t, const struct host *host, const char *name,
                                  struct step_arguments *a)
{
    struct process *p = NULL;
    a->argv[a->n] = NULL;
    step_check(t, process_start(host, a->argv, &p), name);
    note_command(t, name, a);
    for (int i = 0; i < a->n; i++)
        free(a->argv[i]);
    return p;
}

static bool server_is_ready(struct trial *t, int64_t number)
{
    return process_is_ready(t->server);
}

void step_serve(struct trial *t, ...)
{
    struct step_arguments a = {.n = 0};
    va_list rest;
    if (t->failure)
        return;
    step_argument(&a, "%s", t->programs.server);
    step_argument(&a, "--listen");
    step_argument(&a, "%s", t->lab.server_address);
    if (knobs_have(t->knobs, "backlog")) {
        step_argument(&a, "--backlog");
        step_argument(&a, "%lld", (long long)knob(t->knobs, "backlog"));
    }
    va_start(rest, t);
    arguments_rest(&a, rest);
    va_end(rest);
    step_argument(&a, "--json");
    t->server = step_start(t, &t->lab.server, "tcplab-server", &a);
    if (!t->failure)
        step_need(t, server_is_ready, 0, "the server to listen");
    t->began_ns = clock_now_ns();
    watch_begin(t->watch);
    step_look(t); /* the first entry of the timeline: nobody has come yet */
}

static void connect_arguments(struct trial *t, int64_t n, struct step_arguments *a)
{
    step_argument(a, "%s", t->programs.client);
    step_argument(a, "-c");
    step_argument(a, "%lld", (long long)n);
    step_argument(a, "-T");
    step_argument(a, STEP_LONGEST);
    step_argument(a, "--json");
    step_argument(a, "--log-connections");
}

static void start_client(struct trial *t, struct step_arguments *a)
{
    if (t->n_clients == TRIAL_CLIENTS) {
        step_fail(t, EXIT_CODE_FAILED, "an experiment starts at most %d clients", TRIAL_CLIENTS);
        return;
    }
    step_argument(a, strchr(t->lab.server_address, ':') ? "[%s]:%d" : "%s:%d",
                  t->lab.server_address, LAB_PORT);
    struct process *p = step_start(t, &t->lab.client, "tcplab-client", a);
    if (p)
        t->clients[t->n_clients++] = (struct trial_client){.process = p};
}

void step_connect(struct trial *t, int64_t n, ...)
{
    struct step_arguments a = {.n = 0};
    va_list rest;
    if (t->failure || n == 0)
        return;
    connect_arguments(t, n, &a);
    va_start(rest, n);
    const char *first = va_arg(rest, const char *);
    if (!first) {
        step_argument(&a, "--hold");
        step_argument(&a, STEP_LONGEST);
    } else {
        step_argument(&a, "%s", first);
        arguments_rest(&a, rest);
    }
    va_end(rest);
    start_client(t, &a);
}

/* Asked in a loop: the count of what is held is cheap, the count of connections is not. */
static bool all_syns_are_held(struct trial *t, int64_t number)
{
    size_t n = wire_status(t->lab.wire).held[TO_SERVER];
    return n && segments_connections(t, TO_SERVER, SEGMENT_SYN) >= (size_t)number;
}

static bool all_syns_are_sent(struct trial *t, int64_t number)
{
    size_t n;
    history_entries(watch_history(t->watch), &n);
    return n >= (size_t)number;
}

void step_connect_together(struct trial *t, int64_t n)
{
    size_t before;
    if (t->failure)
        return;
    history_entries(watch_history(t->watch), &before);
    if (t->lab.loopback) {
        if (n > STEP_MANY)
            step_connect(t, n, "--hold", STEP_LONGEST, "--rate", STEP_RATE, NULL);
        else
            step_connect(t, n, NULL);
        step_need(t, all_syns_are_sent, (int64_t)before + n, "all clients to connect");
        return;
    }
    int64_t all = (int64_t)segments_connections(t, TO_SERVER, SEGMENT_SYN) + n;
    wire_hold(t->lab.wire, TO_SERVER, true);
    step_connect(t, n, NULL);
    step_need(t, all_syns_are_held, all, "all SYNs to be at the wire's entrance");
    wire_hold(t->lab.wire, TO_SERVER, false);
}

void step_accept(struct trial *t)
{
    if (!t->failure)
        process_signal(t->server, SIGUSR1);
}

/* What the client had is read from a look that is taken first: a killed client tells nothing. */
void step_kill_client(struct trial *t)
{
    if (t->failure || !t->n_clients)
        return;
    struct trial_client *c = &t->clients[t->n_clients - 1];
    c->before_kill = calloc(1, sizeof(*c->before_kill));
    if (!c->before_kill)
        step_check(t, -ENOMEM, "a look");
    else
        step_check(t, watch_copy(t->watch, c->before_kill), "a look");
    process_signal(c->process, SIGKILL);
}
