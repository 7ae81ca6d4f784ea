#include "bench/observe/watch.h"
#include "bench/observe/counter_history.h"
#include "bench/observe/destroyed.h"
#include "bench/observe/look_interval.h"
#include "bench/observe/opens.h"
#include "bench/observe/timeline.h"
#include "common/process/clock.h"
#include "common/process/thread.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#define WATCH_CALM   100  /* looks without a change */
#define WATCH_DEATHS 2000 /* that are listened to */
/* openings: more than an experiment's clients can make, both ends counted */
#define WATCH_FLOOD 20000
/* between looks: from there on the queue alone is looked at meanwhile, */
#define WATCH_FAR_NS   (50 * NS_PER_MS)
#define WATCH_QUEUE_NS (10 * NS_PER_MS) /* as often, */
/* or so that it takes one part in this many of the time */
#define WATCH_QUEUE_PARTS 200
/* The counters are read when the sockets changed, or after so long; at most one part in so many of
 * the time goes into it. */
#define WATCH_COUNTERS_NS    (50 * NS_PER_MS)
#define WATCH_COUNTERS_PARTS 50

struct watch {
    struct watch_args args;
    struct sockdiag *diag[2];       /* one, the server's, where both hosts are the same */
    struct destroyed *destroyed[2]; /* likewise; NULL once there were too many to hear */
    struct opens *opens;            /* the server's; NULL: this kernel does not tell */
    bool flooded;
    struct counter_history *counters[2]; /* likewise; NULL: they cannot be read */
    int64_t counters_read_ns, counters_due_ns;
    struct look latest;
    struct timeline timeline;
    bool begun;
    size_t told; /* entries: watch_newest() */
    struct history *history;
    uint64_t deaths[2], unchanged;
    /* more at once than the socket's buffer holds: the count is not known any more */
    bool deaths_lost;
    int64_t due_ns, longest_gap_ns;
};

static bool is_one_host(const struct watch *w)
{
    return w->args.server->network == w->args.client->network;
}

static int open_host(struct watch *w, const struct host *host, enum side side,
                     const char **ret_step)
{
    *ret_step = "network namespace";
    int r = host_enter(host);
    *ret_step = "sock_diag";
    if (r || (side == SIDE_CLIENT && is_one_host(w)))
        return r;
    r = sockdiag_open(&w->diag[side]);
    if (!r && side == SIDE_SERVER && opens_open(&w->opens))
        w->opens = NULL;
    if (!r && counter_history_open(&w->counters[side]))
        w->counters[side] = NULL;
    return r ? r : destroyed_open(&w->destroyed[side]);
}

int watch_new(const struct watch_args *args, struct watch **ret, const char **ret_step)
{
    struct watch *w = calloc(1, sizeof(*w));
    *ret_step = "memory";
    if (!w)
        return -ENOMEM;
    w->args = *args;
    w->history = history_new();
    int r = w->history ? open_host(w, args->server, SIDE_SERVER, ret_step) : -ENOMEM;
    if (!r)
        r = open_host(w, args->client, SIDE_CLIENT, ret_step);
    if (r)
        watch_free(w);
    else
        *ret = w;
    return r;
}

void watch_free(struct watch *w)
{
    if (!w)
        return;
    for (int side = 0; side < 2; side++) {
        sockdiag_close(w->diag[side]);
        destroyed_close(w->destroyed[side]);
        counter_history_close(w->counters[side]);
    }
    opens_close(w->opens);
    look_release(&w->latest);
    timeline_release(&w->timeline);
    history_free(w->history);
    free(w);
}

/* Which side a dead socket was on is told by its ports; on one host both sides' deaths come from
 * the same place. */
static int on_death(const struct sockdiag_socket *socket, void *context)
{
    struct watch *w = context;
    struct connection_id id;
    enum side side = socket->source_port == w->args.port ? SIDE_SERVER : SIDE_CLIENT;
    if (!socket->destination_port ||
        (side == SIDE_CLIENT && socket->destination_port != w->args.port))
        return 0; /* a listener, or none of ours */
    w->deaths[side]++;
    look_connection(side, socket, &id);
    int r = history_add_destroyed(w->history, &id);
    /* events may come as fast as they are read */
    bool enough = w->deaths[SIDE_SERVER] + w->deaths[SIDE_CLIENT] > WATCH_DEATHS;
    return !r && enough ? -ECANCELED : r;
}

/* As long as somebody listens, each death costs the kernel a message that a worker thread delivers:
 * under load that is a good part of the connection's own cost. */
static void stop_hearing(struct watch *w)
{
    for (int side = 0; side < 2; side++) {
        destroyed_close(w->destroyed[side]);
        w->destroyed[side] = NULL;
    }
    w->deaths_lost = true;
}

static int hear_deaths(struct watch *w)
{
    int r = 0;
    for (int side = 0; side < 2 && !r; side++) {
        r = w->destroyed[side] ? destroyed_read(w->destroyed[side], on_death, w) : 0;
        w->deaths_lost = w->deaths_lost || r == -ENOBUFS;
        r = r == -ENOBUFS ? 0 : r;
    }
    if (r == -ECANCELED)
        stop_hearing(w);
    return r == -ECANCELED ? 0 : r;
}

/* Half as often where nothing has happened for a while, and never more than its share of the
 * time. */
static int64_t interval_ns(const struct watch *w, int64_t took_ns)
{
    int64_t usual_ns = w->unchanged > WATCH_CALM ? 2 * WATCH_INTERVAL_NS : WATCH_INTERVAL_NS;
    return look_interval_ns(usual_ns, took_ns, watch_parts(w));
}

static void notice_flood(struct watch *w)
{
    uint64_t opens;
    w->flooded = w->flooded || (w->opens && !opens_read(w->opens, &opens) && opens > WATCH_FLOOD);
}

/* In a flood every read would delay the next look. */
static int look_at_counters(struct watch *w, bool changed)
{
    int64_t now_ns = clock_now_ns(), cpu_ns = thread_cpu_ns();
    int r = 0;
    if (w->flooded || now_ns < w->counters_due_ns ||
        (!changed && now_ns - w->counters_read_ns < WATCH_COUNTERS_NS))
        return 0;
    for (int side = 0; side < 2 && !r; side++)
        r = w->counters[side] ? counter_history_look(w->counters[side], clock_now_ns()) : 0;
    w->counters_read_ns = now_ns;
    w->counters_due_ns = now_ns + WATCH_COUNTERS_PARTS * (thread_cpu_ns() - cpu_ns);
    return r;
}

int watch_look(struct watch *w)
{
    int64_t before_ns = w->latest.at_ns, cpu_ns = thread_cpu_ns();
    int r = look_take(&w->latest, w->diag[SIDE_SERVER],
                      w->diag[is_one_host(w) ? SIDE_SERVER : SIDE_CLIENT], w->args.family,
                      w->args.port);
    if (!r)
        r = hear_deaths(w);
    if (!r)
        r = history_add(w->history, &w->latest);
    int changed = r ? r : timeline_add(&w->timeline, &w->latest);
    if (changed < 0)
        return changed;
    w->unchanged = changed ? 0 : w->unchanged + 1;
    notice_flood(w);
    if (before_ns && w->latest.at_ns - before_ns > w->longest_gap_ns)
        w->longest_gap_ns = w->latest.at_ns - before_ns;
    w->due_ns = w->latest.at_ns + interval_ns(w, thread_cpu_ns() - cpu_ns);
    return look_at_counters(w, changed);
}

/* Reads only the queue, which takes almost no time with any number of sockets. The entry that it
 * adds to the timeline has the states of the last look. */
static int look_at_queue(struct watch *w)
{
    struct look look = w->latest; /* borrows its sockets */
    int r = look_take_queue(&look, w->diag[SIDE_SERVER], w->args.family, w->args.port);
    if (!r)
        r = timeline_add(&w->timeline, &look);
    return r < 0 ? r : 0;
}

int watch_wait(struct watch *w)
{
    bool far = w->due_ns - w->latest.at_ns > WATCH_FAR_NS;
    int64_t now_ns = clock_now_ns(), queue_ns = WATCH_QUEUE_NS;
    int r = 0;
    while (!r && now_ns < w->due_ns) {
        int64_t rest_ns = far && w->due_ns - now_ns > queue_ns ? queue_ns : w->due_ns - now_ns;
        const struct timespec rest = {.tv_sec = rest_ns / NS_PER_S, .tv_nsec = rest_ns % NS_PER_S};
        if (ppoll(NULL, 0, &rest, NULL) && errno == EINTR)
            return 0; /* the caller handles the signal first */
        now_ns = clock_now_ns();
        if (!far || now_ns >= w->due_ns)
            continue;
        int64_t cpu_ns = thread_cpu_ns();
        r = look_at_queue(w);
        queue_ns = look_interval_ns(WATCH_QUEUE_NS, thread_cpu_ns() - cpu_ns, WATCH_QUEUE_PARTS);
    }
    return r;
}

void watch_begin(struct watch *w)
{
    timeline_release(&w->timeline);
    w->begun = true;
    w->told = 0;
    w->longest_gap_ns = 0;
}

int64_t watch_parts(const struct watch *w)
{
    return look_interval_parts(w->latest.side[SIDE_SERVER].n + w->latest.side[SIDE_CLIENT].n,
                               w->flooded);
}

int64_t watch_due_ns(const struct watch *w)
{
    return w->due_ns;
}

const struct look *watch_latest(const struct watch *w)
{
    return &w->latest;
}

int watch_copy(const struct watch *w, struct look *ret)
{
    return look_copy(&w->latest, ret);
}

const struct history *watch_history(const struct watch *w)
{
    return w->history;
}

int64_t watch_destroyed(const struct watch *w, enum side side)
{
    return w->deaths_lost ? -1 : (int64_t)w->deaths[side];
}

uint64_t watch_unchanged(const struct watch *w)
{
    return w->unchanged;
}

int64_t watch_longest_gap_ns(const struct watch *w)
{
    return w->longest_gap_ns;
}

int watch_count_anew(struct watch *w)
{
    int r = 0;
    for (int side = 0; side < 2 && !r; side++)
        r = w->counters[side] ? counter_history_restart(w->counters[side]) : 0;
    return r;
}

int watch_count(struct watch *w)
{
    w->counters_due_ns = 0;
    return look_at_counters(w, true);
}

json_t *watch_counters(const struct watch *w, int64_t zero_ns)
{
    static const char *const sides[] = {"server", "client"};
    json_t *array = json_array();
    for (int side = 0; side < 2; side++)
        if (w->counters[side])
            counter_history_json(w->counters[side], sides[side], zero_ns, array);
    return array;
}

json_t *watch_timeline(const struct watch *w, int64_t zero_ns)
{
    return timeline_json(&w->timeline, zero_ns);
}

json_t *watch_newest(struct watch *w, int64_t zero_ns)
{
    if (!w->begun || w->told == w->timeline.n)
        return NULL;
    w->told = w->timeline.n;
    return timeline_entry_json(&w->timeline, w->told - 1, zero_ns);
}
