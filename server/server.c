#include "server/server.h"
#include "common/kernel/counters.h"
#include "common/kernel/socket_options.h"
#include "common/process/clock.h"
#include "common/process/loop_guard.h"
#include "common/process/stop.h"
#include "common/process/thread.h"
#include "common/report/program.h"
#include "common/report/terminal.h"
#include "common/sysctl/sysctl_guard.h"
#include "common/text/human.h"
#include "server/census.h"
#include "server/listener.h"
#include "server/report.h"
#include "server/view.h"

#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct server {
    struct server_args args;
    struct endpoint at; /* with the port that was bound */
    struct document_output *output;
    struct worker_share share;
    size_t n_workers;
    struct worker *workers;
    struct sockdiag *diag; /* NULL where the kernel has none */
    struct counters *counters_before;
    int64_t somaxconn;     /* -1: cannot be read here */
    struct census *census; /* NULL: no interval documents, or no memory for it */
    bool document_due;     /* an interval document waits for the census under way */
    int64_t started_ns;
    int64_t delay_ended_ns; /* when SIGUSR1 ended --accept-delay; 0: it did not */
    ev_timer tick, end;
    ev_signal usr1;
    int write_error;
};

/* On loopback a SYN arrives on its client's CPU, and a listener of that CPU saves the kernel work.
 * Elsewhere it arrives on the CPU of the interface's interrupt, perhaps always the same one, and
 * one listener would get all connections: there the hash is better. The hash is also used with an
 * accept delay, so that the queues are like those of other servers. With one thread for each CPU,
 * each thread also stays on its CPU: a wake-up on another CPU costs more than an echo. */
static bool prefers_cpus(const struct server *s)
{
    return s->n_workers > 1 && !s->args.settings->accept_delay_ns && endpoint_is_loopback(&s->at);
}

static int open_listeners(struct server *s, const char **ret_step)
{
    const struct settings *settings = s->args.settings;
    *ret_step = "bind";
    int r = s->n_workers > 1 ? listener_check_free(&s->at) : 0;
    for (size_t i = 0; i < s->n_workers && r >= 0; i++) {
        r = listener_open(settings, &s->at, s->n_workers > 1, ret_step);
        s->workers[i].listener = r;
        if (r >= 0 && prefers_cpus(s))
            listener_prefer_cpu(r, thread_cpu(i));
        if (prefers_cpus(s) && s->n_workers == thread_cpus())
            s->workers[i].cpu = thread_cpu(i);
        worker_share_keep(&s->share, r);
    }
    return r < 0 ? r : 0;
}

/* Opens listeners and eventfds first, so that few descriptors are below first_free. */
static int open_workers(struct server *s, const char **ret_step)
{
    int r = open_listeners(s, ret_step);
    if (r)
        return r;
    *ret_step = "event loop";
    r = worker_share_open(&s->share);
    for (size_t i = 0; i < s->n_workers && !r; i++)
        r = worker_init(&s->workers[i], &s->share, s->workers[i].listener);
    return r ? r : loop_guard_check(s->workers[0].loop, true);
}

int server_start(const struct server_args *args, struct server **ret, const char **ret_step)
{
    const struct settings *settings = args->settings;
    struct server *s = calloc(1, sizeof(*s));
    char value[SYSCTL_VALUE_MAX];
    *ret_step = "memory";
    if (!s || !(s->workers = calloc(settings->threads, sizeof(*s->workers)))) {
        free(s);
        return -ENOMEM;
    }
    s->args = *args;
    s->at = args->at;
    s->n_workers = settings->threads;
    for (size_t i = 0; i < s->n_workers; i++)
        s->workers[i] = (struct worker){.listener = -1, .cpu = -1};
    s->somaxconn = sysctl_read("net.core.somaxconn", value) ? -1 : atoll(value);
    if (sockdiag_open(&s->diag))
        s->diag = NULL;
    *ret_step = "kernel counters (/proc/net/netstat)";
    int r = counters_read(&s->counters_before);
    s->started_ns = clock_now_ns();
    s->share =
        (struct worker_share){.settings = settings,
                              .acceptors = {.delay_ns = settings->accept_delay_ns,
                                            .stall_ns = settings->stall.stall_ns,
                                            .stall_every_ns = settings->stall.every_ns,
                                            .next_ns = s->started_ns + settings->accept_delay_ns},
                              .news = -1};
    if (!r)
        r = open_workers(s, ret_step);
    if (r) {
        server_free(s);
        return r;
    }
    *ret = s;
    return 0;
}

static struct report_context server_context(const struct server *s)
{
    return (struct report_context){.head = s->args.head,
                                   .settings = s->args.settings,
                                   .at = &s->at,
                                   .somaxconn = s->somaxconn,
                                   .elapsed_ns = clock_now_ns() - s->started_ns,
                                   .delay_ended_ns =
                                       s->delay_ended_ns ? s->delay_ended_ns - s->started_ns : 0};
}

static void take_view(struct server *s, struct view *v)
{
    view_take(v, s->workers, s->n_workers, s->diag, endpoint_family(&s->at), endpoint_port(&s->at));
}

struct server_figures {
    const struct endpoint *at;
    const struct view *view;
};

static void put_metrics(FILE *out, const void *context)
{
    const struct server_figures *f = context;
    report_metrics(out, f->at, f->view);
}

static int write_metrics(struct server *s, const struct view *v)
{
    const struct server_figures figures = {&s->at, v};
    return openmetrics_file_write(s->args.metrics, put_metrics, &figures);
}

int server_metrics(struct server *s)
{
    struct view v;
    if (!s->args.metrics->path)
        return 0;
    take_view(s, &v);
    return write_metrics(s, &v);
}

static void event(struct server *s, json_t *document)
{
    if (s->write_error || stop_count()) { /* a reader that does not read must not delay the end */
        json_decref(document);
        return;
    }
    s->write_error = document_output_event(s->output, document);
    if (s->write_error)
        ev_feed_event(s->workers[0].loop, &s->end, 0); /* nobody reads any more */
}

static void interval_document(struct server *s)
{
    struct view v;
    s->document_due = false;
    take_view(s, &v);
    if (s->census)
        v.states = census_latest(s->census, &v.states_ns);
    struct report_context context = server_context(s);
    event(s, report_interval(&context, &v));
    view_release(&v);
}

static void on_census(void *context)
{
    struct server *s = context;
    if (s->document_due)
        interval_document(s);
}

/* Writes one document for each tick: when its census has ended; with the earlier census if it is
 * too early for another; and at the next tick at the latest. */
static void on_tick_document(struct server *s)
{
    if (s->document_due)
        interval_document(s);
    s->document_due = true;
    if (!s->census || !census_ask(s->census))
        interval_document(s);
}

static void on_tick(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct server *s = timer->data;
    struct view v;
    char accepted[HUMAN_MAX], open[HUMAN_MAX], queue[HUMAN_MAX], capacity[HUMAN_MAX],
        drops[HUMAN_MAX];
    if (document_output_wants_events(s->output))
        on_tick_document(s);
    server_metrics(s);
    if (!terminal_wants_progress())
        return;
    take_view(s, &v);
    terminal_progress(
        "%.0f s  accepted %s  open %s  queue %s of %s  dropped %s",
        (double)(clock_now_ns() - s->started_ns) / 1e9,
        human_count((int64_t)v.total.accepted, accepted),
        human_count((int64_t)stats_open(&v.total), open), human_count((int64_t)v.queue_now, queue),
        human_count((int64_t)v.queue_capacity, capacity), human_count((int64_t)v.drops, drops));
    view_release(&v);
}

static void on_end(struct ev_loop *loop, ev_timer *timer, int events)
{
    poller_end(loop);
}

static void on_stop(void *context)
{
    struct server *s = context;
    poller_end(s->workers[0].loop);
}

static void mask_usr1(int how)
{
    sigset_t usr1;
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    sigprocmask(how, &usr1, NULL);
}

void server_hold_usr1(void)
{
    mask_usr1(SIG_BLOCK);
}

static void on_usr1(struct ev_loop *loop, ev_signal *usr1, int events)
{
    struct server *s = usr1->data;
    if (!s->share.acceptors.delay_ns)
        return;
    s->share.acceptors.delay_ns = 0;
    s->delay_ended_ns = clock_now_ns();
    worker_hurry_all(&s->share);
    terminal_notice("accepting from now on (SIGUSR1)");
}

static void announce(struct server *s)
{
    const struct settings *settings = s->args.settings;
    char at[ENDPOINT_TEXT_MAX], rule[REPORT_RULE_MAX], every[HUMAN_MAX];
    struct view v;
    take_view(s, &v);
    struct report_context context = server_context(s);
    terminal_notice("listening on %s; %s%s", endpoint_format(&s->at, at),
                    report_rule(settings->backlog, s->somaxconn, v.queue_limit, rule),
                    s->n_workers > 1 ? ", at each listener" : "");
    char fastopen[SYSCTL_VALUE_MAX];
    if (settings->fastopen != OPTION_NEVER && !sysctl_read("net.ipv4.tcp_fastopen", fastopen) &&
        !(strtol(fastopen, NULL, 0) & 2))
        terminal_notice("--fastopen has no effect: net.ipv4.tcp_fastopen is %s, and servers need "
                        "its bit 2; add --sysctl net.ipv4.tcp_fastopen=3",
                        fastopen);
    if (settings->accept_delay_ns == OPTION_NEVER)
        terminal_notice("never accepting; ^C ends and reports");
    else if (settings->accept_delay_ns)
        terminal_notice("accepting one connection every %s; ^C ends and reports",
                        human_ns(settings->accept_delay_ns, every));
    json_t *options = listener_options_json(s->workers[0].listener, settings);
    socket_options_notice_clamps(options);
    json_decref(options);
    if (document_output_wants_events(s->output))
        event(s, report_ready(&context, &v));
    view_release(&v);
    program_say_ready((int)settings->ready_fd);
}

static int spawn_workers(struct server *s, const char **ret_step)
{
    int r = 0;
    *ret_step = "starting a thread";
    for (size_t i = 1; i < s->n_workers && !r; i++)
        r = worker_spawn(&s->workers[i]);
    return r;
}

/* A full file table does not matter from here on: the timers that end here free the descriptors
 * that the counters and sysctls need. */
static void end_serving(struct server *s)
{
    worker_stop_all(&s->share);
    for (size_t i = 0; i < s->n_workers; i++)
        worker_rest(&s->workers[i]);
    census_stop(s->census);
    s->census = NULL;
    mask_usr1(SIG_BLOCK); /* without a watcher it would end the process */
    ev_signal_stop(s->workers[0].loop, &s->usr1);
    terminal_progress_end();
}

int server_run(struct server *s, struct document_output *output, const char **ret_step)
{
    const struct settings *settings = s->args.settings;
    struct ev_loop *loop = s->workers[0].loop;
    double interval = (double)settings->interval_ns / 1e9;
    s->output = output;
    stop_attach(loop, on_stop, s);
    ev_now_update(loop);
    ev_timer_init(&s->tick, on_tick, interval, interval);
    ev_timer_init(&s->end, on_end, (double)settings->duration_ns / 1e9, 0);
    s->tick.data = s;
    ev_timer_start(loop, &s->tick);
    ev_signal_init(&s->usr1, on_usr1, SIGUSR1);
    s->usr1.data = s;
    ev_signal_start(loop, &s->usr1);
    mask_usr1(SIG_UNBLOCK); /* what was sent before arrives now */
    if (settings->duration_ns != OPTION_NEVER)
        ev_timer_start(loop, &s->end);

    if (document_output_wants_events(output) &&
        census_start(loop, endpoint_family(&s->at), endpoint_port(&s->at), on_census, s,
                     &s->census))
        s->census = NULL; /* the documents have no states then */
    int r = spawn_workers(s, ret_step);
    if (!r) {
        announce(s);
        worker_run(&s->workers[0]);
    }
    end_serving(s);
    return r;
}

json_t *server_report(struct server *s)
{
    struct view v;
    struct counters *after;
    take_view(s, &v);
    int r = s->diag ? view_census(&v, s->diag, endpoint_family(&s->at), endpoint_port(&s->at))
                    : -EPROTONOSUPPORT;
    if (r)
        terminal_notice("cannot ask the kernel for the sockets on this port (NETLINK_SOCK_DIAG): "
                        "%s; the report goes without states and peers",
                        strerror(-r));
    write_metrics(s, &v);
    struct report_context context = server_context(s);
    if (!counters_read(&after)) {
        context.counters = counters_delta(s->counters_before, after, NULL);
        counters_free(after);
    }
    context.options = listener_options_json(s->workers[0].listener, s->args.settings);
    json_t *document = report_final(&context, &v);
    view_release(&v);
    json_decref(context.counters);
    json_decref(context.options);
    return document;
}

void server_free(struct server *s)
{
    if (!s)
        return;
    stop_detach();
    for (size_t i = 0; i < s->n_workers; i++)
        worker_close(&s->workers[i]);
    worker_share_close(&s->share);
    sockdiag_close(s->diag);
    counters_free(s->counters_before);
    free(s->workers);
    free(s);
}
