#include "client/dialer.h"
#include "client/sources.h"
#include "common/process/clock.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* without descriptors or ports, where starts are not limited in number */
#define DIALER_PAUSE_NS (10 * NS_PER_MS)
/* a start of the schedule that is later than this counts as late */
#define DIALER_LATE_NS NS_PER_MS
#define DIALER_STEPS   1000 /* of a period of --every */

bool dialer_exhausted(const struct dialer *d)
{
    return d->started >= d->total;
}

/* Whether the dialer would use a free slot. */
static bool wants_more(const struct dialer *d)
{
    return d->dialing && !d->draining && !dialer_exhausted(d);
}

static bool may_start(const struct dialer *d)
{
    return d->free && wants_more(d);
}

bool dialer_reuses(const struct dialer *d)
{
    return d->settings->reuse && wants_more(d);
}

/* Whether nothing more is to start now. With hold, a wave has begun when all flows are in use. */
static bool has_begun_all(const struct dialer *d)
{
    return !wants_more(d) || (d->settings->workload == WORKLOAD_HOLD && !d->free);
}

/* With hold, the dialer is also quiet while all flows are held and the next wave is still to come.
 * A held connection may end by itself; its slot waits for dialer_resume(). */
static void check_quiet(struct dialer *d)
{
    bool begun = has_begun_all(d);
    if (begun && !d->connecting.first && !d->settled_ns && d->schedule_ns)
        d->settled_ns = clock_now_ns();
    if (d->active || ev_is_active(&d->more) || !(d->draining || (!d->pacing && begun)) ||
        d->quiet_epoch == d->epoch)
        return;
    if (d->settings->workload == WORKLOAD_HOLD)
        d->dialing = false;
    d->quiet_epoch = d->epoch;
    d->quiet(d->context);
}

void dialer_set_active(struct dialer *d, struct flow *f, bool active)
{
    if (f->active == active)
        return;
    f->active = active;
    d->active += active ? 1 : UINT64_MAX;
}

void dialer_give_back(struct dialer *d, struct flow *f)
{
    f->next = d->free;
    d->free = f;
    d->in_use--;
}

int dialer_keep(struct dialer *d, int fd)
{
    if (d->n_kept == d->kept_size) {
        size_t size = d->kept_size ? 2 * d->kept_size : 256;
        int *kept = realloc(d->kept, size * sizeof(*kept));
        if (!kept)
            return -ENOMEM;
        d->kept = kept;
        d->kept_size = size;
    }
    d->kept[d->n_kept++] = fd;
    return 0;
}

/* A run with a fixed number of attempts makes them all; one that repeats must not spin. */
void dialer_pause(struct dialer *d)
{
    if (d->total == SETTINGS_UNLIMITED)
        d->paused_until_ns = clock_now_ns() + DIALER_PAUSE_NS;
}

/* When the next start is intended. */
static int64_t next_due(struct dialer *d, int64_t now_ns)
{
    return d->settings->scheduled
               ? d->schedule_ns +
                     arrivals_due_ns(&d->arrivals, d->started * d->n_dialers + d->index)
               : now_ns;
}

static void count_lateness(struct dialer *d, int64_t intended_ns, int64_t now_ns)
{
    histogram_record(d->start_lateness, now_ns - intended_ns);
    if (now_ns - intended_ns <= DIALER_LATE_NS)
        return;
    STATS_ADD(d->stats.late_starts, 1);
    STATS_ADD(d->stats.slot_late_starts, intended_ns <= d->full_until_ns);
}

static void start_one(struct dialer *d, int64_t intended_ns, int64_t now_ns)
{
    struct flow *f = d->free;
    d->free = f->next;
    if (++d->in_use > d->most_in_use)
        d->most_in_use = d->in_use;
    if (d->start_lateness)
        count_lateness(d, intended_ns, now_ns);
    flow_start(f, d->started++ * d->n_dialers + d->index, d->settings->scheduled ? intended_ns : 0);
}

/* Starts what is due, at most *n in this iteration, and notes which. It connects all sockets that
 * wait to be used again now, because epoll would report them as hung up. Returns whether there is
 * more to start right now. */
static bool start_due(struct dialer *d, int *n)
{
    int64_t now_ns = clock_now_ns();
    if (d->full)
        d->full_until_ns = now_ns;
    while (may_start(d)) {
        int64_t due_ns = next_due(d, now_ns);
        if (d->settings->scheduled && d->settings->duration_ns != OPTION_NEVER &&
            !d->settings->every_ns && due_ns - d->schedule_ns >= d->settings->duration_ns)
            return false; /* -r 20 -d 1s is 20 starts, not 21 */
        int64_t at_ns = due_ns > d->paused_until_ns ? due_ns : d->paused_until_ns;
        if (at_ns > now_ns) {
            timer_set(&d->due, at_ns);
            return false;
        }
        if (*n == DIALER_BATCH && !ev_is_active(&d->free->io))
            return true;
        if (*n < DIALER_BATCH)
            d->looking[(*n)++] = d->free;
        start_one(d, due_ns, now_ns);
        if (d->settings->scheduled)
            now_ns = clock_now_ns();
    }
    return false;
}

/* While the later connections of a batch start, the earlier ones may get their reply. Reading it
 * now, before epoll_wait(), gives 5 to 11 % more connections a second on loopback. The last one had
 * no time yet. Slots of connections that have ended are free at once. */
static bool dial(struct dialer *d)
{
    for (int n = 0, looked = 0;; looked = n) {
        bool more = start_due(d, &n);
        if (d->free || n == DIALER_BATCH)
            return more;
        while (looked < n - 1)
            flow_look(d->looking[looked++]);
        if (!may_start(d))
            return false;
    }
}

/* When the i-th request of --every is due. The period has a thousand steps, and a share of the
 * connections in each: a wake-up for each single request would cost more than the request. */
static int64_t nth_request_ns(const struct dialer *d, uint64_t i)
{
    const struct settings *s = d->settings;
    uint64_t step = i * DIALER_STEPS / d->n_flows;
    return d->schedule_ns + (int64_t)((double)step / DIALER_STEPS * (double)s->every_ns) +
           s->every_ns / DIALER_STEPS * (int64_t)d->index / (int64_t)d->n_dialers;
}

/* The flows take turns, in the order of their places. */
int64_t dialer_request_ns(const struct dialer *d, const struct flow *f, uint64_t i)
{
    return nth_request_ns(d, i * d->n_flows + (uint64_t)(f - d->flows));
}

uint64_t dialer_requests_due(const struct dialer *d, const struct flow *f)
{
    return (d->due_requests + d->n_flows - 1 - (uint64_t)(f - d->flows)) / d->n_flows;
}

/* Sends the requests that are due, including those that were due when the run ended. Returns
 * whether more are due right now. */
static bool ask(struct dialer *d)
{
    int64_t now_ns = clock_now_ns(), end_ns = d->schedule_ns + d->settings->duration_ns;
    if (d->draining && d->drained_ns < end_ns)
        end_ns = d->drained_ns;
    for (int i = 0;; i++) {
        int64_t due_ns = nth_request_ns(d, d->due_requests);
        if (due_ns >= end_ns)
            return false;
        if (due_ns > now_ns) {
            timer_set(&d->due, due_ns);
            return false;
        }
        if (i == DIALER_BATCH)
            return true;
        flow_ask(&d->flows[d->due_requests++ % d->n_flows]);
    }
}

static void set_timeout(struct dialer *d)
{
    if (!d->timeout.due_ns && d->connecting.first)
        timer_set(&d->timeout, d->connecting.first->started_ns + d->settings->connect_timeout_ns);
}

/* Runs before the loop waits for events: it uses free slots and counts what the callbacks did. A
 * flow's own callback starts nothing, so a connection that fails at once cannot recurse. */
static void on_prepare(struct ev_loop *loop, ev_prepare *prepare, int events)
{
    struct dialer *d = prepare->data;
    if (d->pacing ? ask(d) : dial(d))
        ev_idle_start(loop, &d->more);
    else
        ev_idle_stop(loop, &d->more);
    if (d->dialing && !d->draining)
        d->full = !d->free && !dialer_exhausted(d);
    set_timeout(d);
    check_quiet(d);
}

static void on_more(struct ev_loop *loop, ev_idle *idle, int events)
{
}

static void on_due(struct timer *timer)
{
    /* on_prepare() does the work */
}

static void on_timeout(struct timer *timer)
{
    struct dialer *d = (struct dialer *)((char *)timer - offsetof(struct dialer, timeout));
    int64_t due_ns = clock_now_ns() - d->settings->connect_timeout_ns;
    while (d->connecting.first && d->connecting.first->started_ns <= due_ns)
        flow_time_out(d->connecting.first);
}

int dialer_init(struct dialer *d)
{
    d->n_sources = sources_count(d->settings);
    d->arrivals.shape = d->settings->arrivals;
    d->no_address = !d->n_sources && !endpoint_has_source(&d->target);
    socket_options_alive(&d->settings->keepalive, d->settings->user_timeout_ns, d->options);
    d->connect_latency = histogram_new();
    d->request_latency = histogram_new();
    d->start_lateness = d->settings->scheduled ? histogram_new() : NULL;
    d->flows = calloc(d->n_flows, sizeof(*d->flows));
    d->payload = malloc(d->settings->size);
    if (!d->connect_latency || !d->request_latency ||
        (d->settings->scheduled && !d->start_lateness) || !d->flows || !d->payload)
        return -ENOMEM;
    if (d->n_logged && log_new(d->n_logged, &d->log))
        return -ENOMEM;
    memset(d->payload, 'x', d->settings->size);
    d->in_use = d->n_flows;
    for (uint64_t i = d->n_flows; i-- > 0;) {
        d->flows[i].dialer = d;
        dialer_give_back(d, &d->flows[i]);
    }
    ev_prepare_init(&d->prepare, on_prepare);
    ev_idle_init(&d->more, on_more);
    d->prepare.data = d;
    /* started here, because an order may come before one that was sent earlier */
    ev_prepare_start(d->loop, &d->prepare);
    int r = timer_open(&d->due, d->loop, on_due);
    return r ? r : timer_open(&d->timeout, d->loop, on_timeout);
}

void dialer_start(struct dialer *d, unsigned epoch, int64_t schedule_ns)
{
    d->epoch = epoch;
    d->schedule_ns = schedule_ns;
    d->dialing = true;
}

void dialer_drain(struct dialer *d, unsigned epoch)
{
    d->epoch = epoch;
    d->draining = true;
    d->drained_ns = clock_now_ns();
}

void dialer_close(struct dialer *d, unsigned epoch)
{
    int64_t now_ns = clock_now_ns();
    d->epoch = epoch;
    d->dialing = false;
    for (uint64_t i = 0; i < d->n_flows; i++) {
        flow_count_unanswered(&d->flows[i], now_ns);
        flow_close(&d->flows[i]);
    }
}

void dialer_pace(struct dialer *d, unsigned epoch, int64_t schedule_ns)
{
    d->epoch = epoch;
    d->schedule_ns = schedule_ns;
    d->pacing = true;
}

void dialer_measure(struct dialer *d, unsigned epoch, int64_t schedule_ns)
{
    dialer_start(d, epoch, schedule_ns); /* this order may have come before the order to start */
    stats_clear(&d->stats);
    histogram_clear(d->connect_latency);
    histogram_clear(d->request_latency);
    if (d->start_lateness)
        histogram_clear(d->start_lateness);
    for (uint64_t i = 0; i < d->n_flows; i++)
        flow_carry(&d->flows[i]);
}

void dialer_resume(struct dialer *d, unsigned epoch)
{
    d->epoch = epoch;
    d->settled_ns = 0;
    d->dialing = true;
}

void dialer_stop(struct dialer *d)
{
    timer_close(&d->due);
    timer_close(&d->timeout);
    ev_prepare_stop(d->loop, &d->prepare);
    ev_idle_stop(d->loop, &d->more);
}

void dialer_hang_up(struct dialer *d)
{
    for (size_t i = 0; i < d->n_kept; i++)
        close(d->kept[i]);
    for (uint64_t i = 0; d->flows && i < d->n_flows; i++)
        if (d->flows[i].open)
            close(d->flows[i].io.fd);
}

void dialer_free(struct dialer *d)
{
    histogram_free(d->connect_latency);
    histogram_free(d->request_latency);
    histogram_free(d->start_lateness);
    log_free(d->log);
    free(d->flows);
    free(d->payload);
    free(d->kept);
}
