#include "server/view.h"
#include "common/kernel/tally.h"
#include "common/process/clock.h"
#include "server/listener.h"

#include <errno.h>
#include <sys/stat.h>

struct view_listeners {
    struct view *view;
    const struct worker *workers;
    size_t n;
};

/* Only our own listeners: another process may share the port. The inode of a descriptor is the one
 * sock_diag reports.
 */
static int add_drops(const struct sockdiag_socket *socket, void *context)
{
    struct view_listeners *l = context;
    struct stat st;
    for (size_t i = 0; i < l->n; i++)
        if (!fstat(l->workers[i].listener, &st) && st.st_ino == socket->inode)
            l->view->drops += socket->drops;
    return 0;
}

/* A worker and its successors accept from one listener, so they have seen one queue. */
static void add_worker(struct view *v, const struct worker *w)
{
    struct stats sum = {0};
    uint64_t peak = 0;
    for (; w; w = w->successor) {
        uint64_t seen = STATS_GET(w->stats.queue_peak);
        stats_add(&sum, &w->stats);
        peak = seen > peak ? seen : peak;
        v->file_tables += w != w->first;
        v->polled_ns += poller_polled_ns(w->loop);
    }
    STATS_SET(sum.queue_peak, peak);
    stats_add(&v->total, &sum);
}

void view_take(struct view *v, const struct worker *workers, size_t n, struct sockdiag *d,
               int family, uint16_t port)
{
    *v = (struct view){.file_tables = 1};
    for (size_t i = 0; i < n; i++) {
        struct listener_queue queue = {0};
        listener_queue(workers[i].listener, &queue);
        add_worker(v, &workers[i]);
        v->queue_limit = queue.limit;
        v->queue_now += queue.length;
        v->queue_capacity += listener_capacity(queue.limit);
    }
    if (v->total.queue_peak < v->queue_now) /* since the last accept it has only grown */
        v->total.queue_peak = v->queue_now;
    const struct sockdiag_query query = {.family = family,
                                         .states = SOCKDIAG_BIT(SOCKDIAG_LISTEN),
                                         .source_port = port,
                                         .want_drops = 1};
    struct view_listeners listeners = {v, workers, n};
    if (d)
        sockdiag_dump(d, &query, add_drops, &listeners);
}

int view_census(struct view *v, struct sockdiag *d, int family, uint16_t port)
{
    const struct sockdiag_query query = {
        .family = family, .states = SOCKDIAG_ALL, .source_port = port};
    struct sockdiag_census census = {.peers = tally_new()};
    int r = census.peers ? sockdiag_census(d, &query, NULL, &census) : -ENOMEM;
    if (!r) {
        v->states = sockdiag_states_json(&census);
        v->peers = tally_to_json(census.peers);
        v->states_ns = clock_now_ns();
    }
    tally_free(census.peers);
    return r;
}

void view_release(struct view *v)
{
    json_decref(v->states);
    json_decref(v->peers);
    v->states = v->peers = NULL;
}
