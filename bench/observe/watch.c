#include "bench/observe/watch.h"
#include "bench/observe/destroyed.h"
#include "bench/observe/timeline.h"
#include "common/clock.h"

#include <errno.h>
#include <stdlib.h>

#define WATCH_SHARE 5   /* a look may take one part in this many of the time */
#define WATCH_CALM  100 /* looks without a change */

struct watch {
    struct watch_args args;
    struct sockdiag *diag[2];
    struct destroyed *destroyed[2]; /* one, where both hosts are the same */
    struct look latest;
    struct timeline timeline;
    struct history *history;
    uint64_t deaths[2], unchanged;
    bool deaths_lost; /* more at once than the socket's buffer holds: the count is not known any more */
    int64_t due_ns, longest_gap_ns;
};

static bool watch_is_one_host(const struct watch *w)
{
    return w->args.server->network == w->args.client->network;
}

static int watch_open_host(struct watch *w, const struct host *host, enum side side, const char **ret_step)
{
    *ret_step = "network namespace";
    int r = host_enter(host);
    *ret_step = "sock_diag";
    if (!r)
        r = sockdiag_open(&w->diag[side]);
    if (!r && !(side == SIDE_CLIENT && watch_is_one_host(w)))
        r = destroyed_open(&w->destroyed[side]);
    return r;
}

int watch_new(const struct watch_args *args, struct watch **ret, const char **ret_step)
{
    struct watch *w = calloc(1, sizeof(*w));
    *ret_step = "memory";
    if (!w)
        return -ENOMEM;
    w->args = *args;
    w->history = history_new();
    int r = w->history ? watch_open_host(w, args->server, SIDE_SERVER, ret_step) : -ENOMEM;
    if (!r)
        r = watch_open_host(w, args->client, SIDE_CLIENT, ret_step);
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
    }
    look_release(&w->latest);
    timeline_release(&w->timeline);
    history_free(w->history);
    free(w);
}

/* Which side a dead socket was on is told by its ports; on one host both sides' deaths come from the same place. */
static int watch_on_death(const struct sockdiag_socket *socket, void *context)
{
    struct watch *w = context;
    struct connection_id id;
    enum side side = socket->source_port == w->args.port ? SIDE_SERVER : SIDE_CLIENT;
    if (!socket->destination_port || (side == SIDE_CLIENT && socket->destination_port != w->args.port))
        return 0; /* a listener, or none of ours */
    w->deaths[side]++;
    look_connection(side, socket, &id);
    return history_add_destroyed(w->history, &id);
}

static int watch_hear_deaths(struct watch *w, struct destroyed *d)
{
    int r = destroyed_read(d, watch_on_death, w);
    w->deaths_lost = w->deaths_lost || r == -ENOBUFS;
    return r == -ENOBUFS ? 0 : r;
}

/* Half as often where nothing has happened for a while, and never more than its share of the time. */
static int64_t watch_interval_ns(const struct watch *w, int64_t took_ns)
{
    int64_t interval_ns = w->unchanged > WATCH_CALM ? 2 * WATCH_INTERVAL_NS : WATCH_INTERVAL_NS;
    return took_ns * WATCH_SHARE > interval_ns ? took_ns * WATCH_SHARE : interval_ns;
}

int watch_look(struct watch *w)
{
    int64_t before_ns = w->latest.at_ns;
    int r = look_take(&w->latest, w->diag[SIDE_SERVER], w->diag[SIDE_CLIENT], w->args.family, w->args.port);
    for (int side = 0; side < 2 && !r; side++)
        if (w->destroyed[side])
            r = watch_hear_deaths(w, w->destroyed[side]);
    if (!r)
        r = history_add(w->history, &w->latest);
    int changed = r ? r : timeline_add(&w->timeline, &w->latest);
    if (changed < 0)
        return changed;
    w->unchanged = changed ? 0 : w->unchanged + 1;
    if (before_ns && w->latest.at_ns - before_ns > w->longest_gap_ns)
        w->longest_gap_ns = w->latest.at_ns - before_ns;
    w->due_ns = w->latest.at_ns + watch_interval_ns(w, clock_now_ns() - w->latest.at_ns);
    return 0;
}

void watch_begin(struct watch *w)
{
    timeline_release(&w->timeline);
    w->longest_gap_ns = 0;
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

json_t *watch_timeline(const struct watch *w, int64_t zero_ns)
{
    return timeline_json(&w->timeline, zero_ns);
}
