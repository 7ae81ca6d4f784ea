#include "client/run.h"
#include "client/crew.h"
#include "client/dialer.h"
#include "client/load.h"
#include "client/report.h"
#include "client/view.h"
#include "common/kernel/counters.h"
#include "common/kernel/socket_options.h"
#include "common/process/clock.h"
#include "common/process/exit_code.h"
#include "common/process/loop_guard.h"
#include "common/process/poller.h"
#include "common/process/stop.h"
#include "common/process/thread.h"
#include "common/report/program.h"
#include "common/report/terminal.h"
#include "common/text/human.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#define RUN_DRAIN_NS NS_PER_S
/* a FIN is acknowledged within 40 ms, by the delayed ACK */
#define RUN_SETTLE_NS      (300 * NS_PER_MS)
#define RUN_SETTLE_STEP_NS (5 * NS_PER_MS)
/* on loopback, a server that closes has closed by then */
#define RUN_PEERS_FIN_NS (20 * NS_PER_MS)

enum run_phase {
    RUN_WAITING,
    RUN_DIALING,
    RUN_HOLDING,
    RUN_PACING,
    RUN_DRAINING,
    RUN_CLOSING,
    RUN_STAYING,
    RUN_SETTLING
};
enum run_order { ORDER_START, ORDER_MEASURE, ORDER_PACE, ORDER_DRAIN, ORDER_CLOSE, ORDER_RESUME };

/* What one thread of the crew works on. */
struct run_thread {
    struct run *run;
    struct dialer dialer;
    struct load load; /* load of its thread, from the order to start until nothing is under way */
};

struct run {
    struct run_args args;
    size_t n_threads;
    struct run_thread *threads;
    struct crew *crew;
    unsigned epoch; /* number of the last order */
    int64_t schedule_ns;
    int64_t measured_ns;  /* when counting begins: at the start, or after --warm-up */
    int64_t paced_ns;     /* when the requests of --every began; 0: not yet */
    int64_t dial_from_ns; /* before this moment, the time of dialing is in dialed_ns */
    int64_t dialed_ns;
    int64_t asked_until_ns; /* when the last request was allowed to begin; 0: they still are */
    enum run_phase phase;
    bool ending;             /* -d is over, or a signal came: no further wave */
    int64_t dialed_until_ns; /* when starting ended; 0: all were started */
    ev_timer tick;
    struct timer duration, step, warm_up;
    int64_t settle_until_ns;
    struct sockdiag *diag; /* NULL where the kernel has none */
    struct counters *counters_before;
    json_t *states_before_close, *socket_options;
    struct rusage usage, usage_before;
    int64_t polled_ns, polled_before_ns;
    int64_t finished_ns;
    int write_error;
};

static bool keeps_open(const struct run *r)
{
    return r->args.settings->close_how == CLOSE_HALF || r->args.settings->close_how == CLOSE_NONE;
}

static void give_order(struct run *r, enum run_order order)
{
    r->epoch = crew_order(r->crew, (int)order);
}

static void obey(void *context, size_t i, int order, unsigned epoch)
{
    struct run *r = context;
    struct dialer *d = &r->threads[i].dialer;
    struct load *load = &r->threads[i].load;
    int64_t polled_ns = poller_polled_ns(d->loop);
    if (order == ORDER_MEASURE)
        *load = (struct load){.open = false};
    if (order == ORDER_DRAIN || order == ORDER_CLOSE)
        load_end(load, polled_ns);
    else
        load_begin(load, polled_ns);
    switch ((enum run_order)order) {
    case ORDER_START:
        dialer_start(d, epoch, r->schedule_ns);
        break;
    case ORDER_MEASURE:
        dialer_measure(d, epoch, r->schedule_ns);
        break;
    case ORDER_PACE:
        dialer_pace(d, epoch, r->paced_ns);
        break;
    case ORDER_DRAIN:
        dialer_drain(d, epoch);
        break;
    case ORDER_CLOSE:
        dialer_close(d, epoch);
        break;
    case ORDER_RESUME:
        dialer_resume(d, epoch);
        break;
    }
}

static void on_waited(void *context, size_t i, int64_t ns)
{
    load_add_wait(&((struct run *)context)->threads[i].load, ns);
}

static void on_dialer_quiet(void *context)
{
    struct run_thread *t = context;
    load_end(&t->load, poller_polled_ns(t->dialer.loop));
    crew_say_quiet(t->run->crew);
}

static void settle(struct run *r)
{
    unsigned unsettled = SOCKDIAG_BIT(SOCKDIAG_FIN_WAIT_1) | SOCKDIAG_BIT(SOCKDIAG_CLOSING) |
                         SOCKDIAG_BIT(SOCKDIAG_LAST_ACK);
    if (clock_now_ns() < r->settle_until_ns - RUN_SETTLE_NS + RUN_PEERS_FIN_NS)
        unsettled |= SOCKDIAG_BIT(SOCKDIAG_FIN_WAIT_2);
    json_t *states = view_states(r->diag, &r->args.target, unsettled);
    bool settled = !states || json_object_size(states) == 0 || clock_now_ns() >= r->settle_until_ns;
    json_decref(states);
    if (settled)
        crew_end(r->crew);
    else
        timer_set(&r->step, clock_now_ns() + RUN_SETTLE_STEP_NS);
}

static void finish(struct run *r)
{
    r->phase = RUN_SETTLING;
    r->settle_until_ns = clock_now_ns() + RUN_SETTLE_NS;
    settle(r);
}

static void run_close(struct run *r)
{
    int workload = r->args.settings->workload;
    r->phase = RUN_CLOSING;
    if (workload == WORKLOAD_HOLD || workload == WORKLOAD_ECHO) {
        json_decref(r->states_before_close);
        r->states_before_close = view_states(r->diag, &r->args.target, SOCKDIAG_ALL_BUT_LISTEN);
    }
    give_order(r, ORDER_CLOSE);
}

static bool exhausted(const struct run *r)
{
    for (size_t i = 0; i < r->n_threads; i++)
        if (!dialer_exhausted(&r->threads[i].dialer))
            return false;
    return true;
}

static void closed(struct run *r)
{
    const struct settings *s = r->args.settings;
    if (s->workload == WORKLOAD_HOLD && !r->ending && !exhausted(r)) {
        r->phase = RUN_DIALING;
        if (!s->scheduled) /* a schedule continues while connections are held */
            r->dial_from_ns = clock_now_ns();
        give_order(r, ORDER_RESUME);
    } else if (keeps_open(r) && !r->ending && s->duration_given) {
        r->phase = RUN_STAYING; /* end() continues from here */
    } else {
        finish(r);
    }
}

/* 0: not all are settled. */
static int64_t run_settled_ns(const struct run *r)
{
    int64_t latest_ns = 0;
    for (size_t i = 0; i < r->n_threads; i++) {
        int64_t ns = r->threads[i].dialer.settled_ns;
        if (!ns)
            return 0;
        latest_ns = ns > latest_ns ? ns : latest_ns;
    }
    return latest_ns;
}

/* When the dialing that began at dial_from_ns ended, or now. */
static int64_t dialing_until_ns(const struct run *r)
{
    int64_t settled_ns = run_settled_ns(r), until_ns = settled_ns ? settled_ns : clock_now_ns();
    return until_ns > r->dial_from_ns ? until_ns : r->dial_from_ns;
}

static void end_dialing(struct run *r)
{
    int64_t until_ns = dialing_until_ns(r);
    r->dialed_ns += until_ns - r->dial_from_ns;
    r->dial_from_ns = until_ns;
}

/* All connections are open: -d and the requests of --every begin now. */
static void pace(struct run *r)
{
    r->phase = RUN_PACING;
    r->paced_ns = clock_now_ns();
    timer_set(&r->duration, r->paced_ns + r->args.settings->duration_ns);
    give_order(r, ORDER_PACE);
}

/* All dialers have finished the last order. */
static void on_all_quiet(struct run *r)
{
    switch (r->phase) {
    case RUN_DIALING:
        end_dialing(r);
        if (r->args.settings->workload == WORKLOAD_HOLD) {
            r->phase = RUN_HOLDING;
            timer_set(&r->step, clock_now_ns() + r->args.settings->hold_ns);
            return;
        }
        if (r->args.settings->every_ns) {
            pace(r);
        } else {
            r->asked_until_ns = clock_now_ns();
            run_close(r);
        }
        return;
    case RUN_DRAINING:
        run_close(r);
        return;
    case RUN_CLOSING:
        closed(r);
        return;
    default:
        return; /* a late answer to an earlier order */
    }
}

static void on_quiet(void *context)
{
    struct run *r = context;
    for (size_t i = 0; i < r->n_threads; i++)
        if (r->threads[i].dialer.quiet_epoch != r->epoch)
            return;
    on_all_quiet(r);
}

/* A timer has ended: of --hold, of the wait for unfinished work, or of one step of waiting for
 * FINs. */
static void on_step(struct timer *timer)
{
    struct run *r = (struct run *)((char *)timer - offsetof(struct run, step));
    if (r->phase == RUN_WAITING) {
        r->phase = RUN_DIALING;
        r->schedule_ns = r->measured_ns = r->dial_from_ns = clock_now_ns();
        if (r->args.settings->warm_up_ns)
            timer_set(&r->warm_up, r->schedule_ns + r->args.settings->warm_up_ns);
        if (r->args.settings->duration_ns != OPTION_NEVER && !r->args.settings->every_ns)
            timer_set(&r->duration, r->schedule_ns + r->args.settings->duration_ns);
        give_order(r, ORDER_START);
    } else if (r->phase == RUN_HOLDING || r->phase == RUN_DRAINING) {
        run_close(r);
    } else if (r->phase == RUN_SETTLING) {
        settle(r);
    }
}

static int64_t run_polled_ns(const struct run *r)
{
    int64_t ns = 0;
    for (size_t i = 0; i < r->n_threads; i++)
        ns += poller_polled_ns(r->threads[i].dialer.loop);
    return ns;
}

/* The end of --warm-up. */
static void on_warm_up(struct timer *timer)
{
    struct run *r = (struct run *)((char *)timer - offsetof(struct run, warm_up));
    struct counters *now;
    if (r->phase != RUN_DIALING)
        return;
    if (!counters_read(&now)) {
        counters_free(r->counters_before);
        r->counters_before = now;
    }
    getrusage(RUSAGE_SELF, &r->usage_before);
    r->polled_before_ns = run_polled_ns(r);
    r->measured_ns = r->dial_from_ns = clock_now_ns();
    r->dialed_ns = 0;
    give_order(r, ORDER_MEASURE);
}

/* -d is over, or a signal has come. */
static void end(void *context)
{
    struct run *r = context;
    r->ending = true;
    timer_stop(&r->duration);
    timer_stop(&r->warm_up);
    if (r->phase == RUN_DIALING) {
        r->dialed_until_ns = clock_now_ns();
        end_dialing(r);
    }
    if (r->phase == RUN_DIALING || r->phase == RUN_PACING)
        r->asked_until_ns = clock_now_ns();
    if ((r->phase == RUN_DIALING && r->args.settings->workload != WORKLOAD_HOLD) ||
        r->phase == RUN_PACING) {
        r->phase = RUN_DRAINING;
        timer_set(&r->step, clock_now_ns() + RUN_DRAIN_NS);
        give_order(r, ORDER_DRAIN);
    } else if (r->phase == RUN_DIALING || r->phase == RUN_HOLDING) {
        timer_stop(&r->step);
        run_close(r);
    } else if (r->phase == RUN_STAYING || r->phase == RUN_WAITING) {
        finish(r);
    }
}

static void on_duration(struct timer *timer)
{
    end((char *)timer - offsetof(struct run, duration));
}

static void event(struct run *r, json_t *document)
{
    if (r->write_error || stop_count()) { /* a reader that does not read must not delay the end */
        json_decref(document);
        return;
    }
    r->write_error = document_output_event(r->args.output, document);
    if (r->write_error)
        end(r); /* nobody reads any more */
}

static void run_total(const struct run *r, struct stats *total)
{
    *total = (struct stats){0};
    for (size_t i = 0; i < r->n_threads; i++)
        stats_add(total, &r->threads[i].dialer.stats);
}

static double elapsed_s(const struct run *r)
{
    int64_t until_ns = r->finished_ns ? r->finished_ns : clock_now_ns();
    return r->schedule_ns ? (double)(until_ns - r->measured_ns) / 1e9 : 0;
}

/* The times that the rates divide by: how long connections were started, until all were settled or
 * nothing more was started; and how long requests were sent. What succeeds while unfinished work is
 * finished counts, and so does its time. Each start of --rate has its period, also the last one: 7
 * a second are 7 in 1 s, not in 6/7 s. */
static struct report_times run_times(const struct run *r, const struct stats *total)
{
    int64_t established_ns = STATS_GET(total->last_established_ns),
            reply_ns = STATS_GET(total->last_reply_ns);
    int64_t until_ns = r->phase == RUN_DIALING ? dialing_until_ns(r) : r->dial_from_ns;
    int64_t asked_until_ns = r->asked_until_ns ? r->asked_until_ns : clock_now_ns();
    struct report_times times = {
        .elapsed_s = elapsed_s(r),
        .connects_s = (double)(r->dialed_ns - r->dial_from_ns +
                               (established_ns > until_ns ? established_ns : until_ns)) /
                      1e9,
        .requests_s = (double)((reply_ns > asked_until_ns ? reply_ns : asked_until_ns) -
                               (r->args.settings->every_ns ? r->paced_ns : r->measured_ns)) /
                      1e9};
    const struct settings *s = r->args.settings;
    double scheduled_s =
        s->scheduled ? (double)arrivals_fill_ns(&s->arrivals, STATS_GET(total->attempted)) / 1e9
                     : 0;
    if (times.connects_s < scheduled_s)
        times.connects_s = scheduled_s;
    if (!STATS_GET(total->requests))
        times.requests_s = 0;
    return times;
}

static void draw_progress(struct run *r, const struct stats *total)
{
    char established[HUMAN_MAX], waiting[HUMAN_MAX], failed[HUMAN_MAX], queue[3 * HUMAN_MAX];
    uint64_t pending = stats_pending(total);
    uint64_t settled = STATS_GET(total->attempted) - pending;
    uint64_t good = STATS_GET(total->established);
    view_server_queue(r->diag, &r->args.target, queue, sizeof(queue));
    terminal_progress("%.1f s  established %s  waiting %s  failed %s%s", elapsed_s(r),
                      human_count((int64_t)good, established),
                      human_count((int64_t)pending, waiting),
                      human_count((int64_t)(settled > good ? settled - good : 0), failed), queue);
}

/* A second signal must not leave an unfinished file there. */
static int write_metrics(struct run *r, const struct report_metrics *m)
{
    stop_hold();
    int code = openmetrics_file_write(r->args.metrics, report_metrics, m);
    stop_release();
    return code;
}

int run_metrics(struct run *r)
{
    struct stats total;
    if (!r->args.metrics->path)
        return 0;
    struct histogram *connects = histogram_new(), *requests = histogram_new();
    int code = connects && requests ? 0 : EXIT_CODE_FAILED;
    run_total(r, &total);
    for (size_t i = 0; i < r->n_threads && !code; i++) {
        histogram_merge_live(connects, r->threads[i].dialer.connect_latency);
        histogram_merge_live(requests, r->threads[i].dialer.request_latency);
    }
    const struct report_metrics m = {&r->args.target, &total, connects, requests};
    if (!code)
        code = write_metrics(r, &m);
    histogram_free(connects);
    histogram_free(requests);
    return code;
}

static void on_tick(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct run *r = timer->data;
    struct stats total;
    run_total(r, &total);
    if (terminal_wants_progress())
        draw_progress(r, &total);
    if (document_output_wants_events(r->args.output))
        event(r, report_interval(r->args.head, &total, run_times(r, &total)));
    run_metrics(r);
}

/* An equal share; the first ones get one more if the number does not divide. */
static uint64_t share(uint64_t whole, uint64_t index, uint64_t n)
{
    return whole == SETTINGS_UNLIMITED ? whole : whole / n + (index < whole % n);
}

static int prepare(void *context, size_t i, struct ev_loop *loop)
{
    struct run *r = context;
    const struct settings *s = r->args.settings;
    uint64_t n_logged = !s->log_connections ? 0 : s->total < LOG_MAX ? s->total : LOG_MAX;
    struct run_thread *t = &r->threads[i];
    t->run = r;
    t->dialer = (struct dialer){
        .loop = loop,
        .settings = s,
        .target = r->args.target,
        .n_flows = share(s->connections < s->total ? s->connections : s->total, i, r->n_threads),
        .total = share(s->total, i, r->n_threads),
        .n_logged = share(n_logged, i, r->n_threads),
        .index = i,
        .n_dialers = r->n_threads,
        .quiet = on_dialer_quiet,
        .context = t};
    return dialer_init(&t->dialer);
}

static void leave(void *context, size_t i)
{
    dialer_stop(&((struct run *)context)->threads[i].dialer);
}

static void let_go(void *context, size_t i)
{
    dialer_hang_up(&((struct run *)context)->threads[i].dialer);
}

/* On loopback the server's listener of the same CPU answers (SO_INCOMING_CPU), so no thread on
 * another CPU has to be woken. Loops that take turns do not need a CPU each. */
static bool owns_cpus(const struct run_args *args)
{
    size_t n = args->settings->threads;
    return n > 1 && n == args->n_loops && n == thread_cpus() && endpoint_is_loopback(&args->target);
}

int run_new(const struct run_args *args, struct run **ret)
{
    struct run *r = calloc(1, sizeof(*r));
    if (!r || !(r->threads = calloc(args->n_loops, sizeof(*r->threads)))) {
        free(r);
        return -ENOMEM;
    }
    r->args = *args;
    r->n_threads = args->n_loops;
    const struct crew_args crew = {.n = args->n_loops,
                                   .at_once = args->settings->threads,
                                   .own_tables = args->own_tables,
                                   .own_cpus = owns_cpus(args),
                                   .poll_ns = args->settings->poll_ns,
                                   .context = r,
                                   .prepare = prepare,
                                   .obey = obey,
                                   .waited = on_waited,
                                   .leave = leave,
                                   .let_go = let_go,
                                   .quiet = on_quiet};
    int error = counters_read(&r->counters_before);
    if (!error)
        error = crew_new(&crew, &r->crew);
    if (!error)
        error = timer_open(&r->duration, crew_loop(r->crew), on_duration);
    if (!error)
        error = timer_open(&r->step, crew_loop(r->crew), on_step);
    if (!error && args->settings->warm_up_ns)
        error = timer_open(&r->warm_up, crew_loop(r->crew), on_warm_up);
    if (!error)
        error = loop_guard_check(crew_loop(r->crew), true);
    if (error) {
        run_free(r);
        return error;
    }
    if (sockdiag_open(&r->diag))
        r->diag = NULL;
    r->socket_options = view_socket_options(args->settings, &args->target);
    *ret = r;
    return 0;
}

static void announce(struct run *r)
{
    socket_options_notice_clamps(r->socket_options);
    if (document_output_wants_events(r->args.output))
        event(r, report_ready(r->args.head, &r->args.target));
    program_say_ready((int)r->args.settings->ready_fd);
}

/* When to begin, on clock_now_ns()'s clock. */
static int64_t begin_ns(const struct settings *s)
{
    struct timespec wall;
    clock_gettime(CLOCK_REALTIME, &wall);
    int64_t now_ns = clock_now_ns();
    return s->start_at_ns ? s->start_at_ns - (wall.tv_sec * NS_PER_S + wall.tv_nsec) + now_ns
                          : now_ns;
}

void run_go(struct run *r)
{
    double interval = (double)r->args.settings->interval_ns / 1e9;
    struct ev_loop *loop = crew_loop(r->crew);
    ev_now_update(loop);
    ev_timer_init(&r->tick, on_tick, interval, interval);
    r->tick.data = r;
    ev_timer_start(loop, &r->tick);
    stop_attach(loop, end, r);
    announce(r);
    timer_set(&r->step, r->ending ? clock_now_ns() : begin_ns(r->args.settings));
    crew_run(r->crew);
    stop_detach();
    r->finished_ns = clock_now_ns();
    getrusage(RUSAGE_SELF, &r->usage);
    timersub(&r->usage.ru_utime, &r->usage_before.ru_utime, &r->usage.ru_utime);
    timersub(&r->usage.ru_stime, &r->usage_before.ru_stime, &r->usage.ru_stime);
    r->polled_ns = run_polled_ns(r) - r->polled_before_ns;
    terminal_progress_end();
    run_metrics(r);
}

/* Also during --warm-up. */
static uint64_t begun(const struct run *r)
{
    uint64_t n = 0;
    for (size_t i = 0; i < r->n_threads; i++)
        n += r->threads[i].dialer.started;
    return n;
}

/* Starts that were due before the end of the dialing and never made, because all -c connections
 * were busy. */
static uint64_t missed_starts(const struct run *r)
{
    const struct settings *s = r->args.settings;
    int64_t dialed_ns = r->dialed_until_ns - r->schedule_ns;
    if (!s->scheduled || !r->dialed_until_ns)
        return 0;
    if (s->duration_ns != OPTION_NEVER && dialed_ns > s->duration_ns)
        dialed_ns = s->duration_ns;
    uint64_t due = arrivals_before(&s->arrivals, dialed_ns);
    if (due > s->total)
        due = s->total;
    return due > begun(r) ? due - begun(r) : 0;
}

/* Connections that -n or -c asks for and that were never started. For a schedule without an end
 * they are missed starts. */
static uint64_t never_started(const struct run *r)
{
    const struct settings *s = r->args.settings;
    uint64_t wanted = s->total != SETTINGS_UNLIMITED ? s->total : s->scheduled ? 0 : s->connections;
    return wanted > begun(r) ? wanted - begun(r) : 0;
}

static uint64_t most_in_use(const struct run *r)
{
    uint64_t most = 0;
    for (size_t i = 0; i < r->n_threads; i++)
        most += r->threads[i].dialer.most_in_use;
    return most;
}

/* The busiest thread. */
static const struct load *run_busiest(const struct run *r)
{
    const struct load *busiest = &r->threads[0].load;
    for (size_t i = 1; i < r->n_threads; i++)
        if (load_busy(&r->threads[i].load) > load_busy(busiest))
            busiest = &r->threads[i].load;
    return busiest;
}

static bool full(const struct run *r)
{
    for (size_t i = 0; i < r->n_threads; i++)
        if (r->threads[i].dialer.full)
            return true;
    return false;
}

static json_t *run_log(const struct run *r, bool *ret_truncated)
{
    struct log **logs = calloc(r->n_threads, sizeof(struct log *));
    if (!logs)
        return NULL;
    for (size_t i = 0; i < r->n_threads; i++)
        logs[i] = r->threads[i].dialer.log;
    json_t *log = log_to_json(logs, r->n_threads, r->schedule_ns, ret_truncated);
    free(logs);
    if (*ret_truncated)
        terminal_notice("the log has the first %zu attempts; there were more than it holds",
                        json_array_size(log));
    return log;
}

json_t *run_report(struct run *r)
{
    bool log_truncated = false;
    struct stats total;
    struct counters *after;
    struct dialer *first = &r->threads[0].dialer;
    json_t *counters = NULL,
           *states = view_states(r->diag, &r->args.target, SOCKDIAG_ALL_BUT_LISTEN);
    run_total(r, &total);
    for (size_t i = 1; i < r->n_threads; i++) {
        histogram_merge(first->connect_latency, r->threads[i].dialer.connect_latency);
        histogram_merge(first->request_latency, r->threads[i].dialer.request_latency);
        if (first->start_lateness)
            histogram_merge(first->start_lateness, r->threads[i].dialer.start_lateness);
    }
    if (!counters_read(&after)) {
        counters = counters_delta(r->counters_before, after, NULL);
        counters_free(after);
    }
    /* Comes after the counters are read, because it can take a second. */
    json_t *log = r->args.settings->log_connections ? run_log(r, &log_truncated) : NULL;
    const struct report_figures figures = {.settings = r->args.settings,
                                           .target = &r->args.target,
                                           .total = &total,
                                           .connect_latency = first->connect_latency,
                                           .request_latency = first->request_latency,
                                           .start_lateness = first->start_lateness,
                                           .states = states,
                                           .states_before_close = r->states_before_close,
                                           .socket_options = r->socket_options,
                                           .counters = counters,
                                           .log = log,
                                           .log_truncated = log_truncated,
                                           .usage = &r->usage,
                                           .polled_ns = r->polled_ns,
                                           .event_loops = r->args.n_loops,
                                           .file_tables = r->args.own_tables ? r->args.n_loops : 1,
                                           .load = run_busiest(r),
                                           .slots_full = full(r),
                                           .most_in_use = most_in_use(r),
                                           .missed_starts = missed_starts(r),
                                           .never_started = never_started(r),
                                           .times = run_times(r, &total)};
    json_t *document = report_final(r->args.head, &figures);
    json_decref(states);
    json_decref(counters);
    json_decref(log);
    return document;
}

void run_free(struct run *r)
{
    if (!r)
        return;
    timer_close(&r->duration);
    timer_close(&r->warm_up);
    timer_close(&r->step);
    crew_free(r->crew);
    for (size_t i = 0; i < r->n_threads; i++)
        dialer_free(&r->threads[i].dialer);
    sockdiag_close(r->diag);
    counters_free(r->counters_before);
    json_decref(r->states_before_close);
    json_decref(r->socket_options);
    free(r->threads);
    free(r);
}
