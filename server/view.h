/* The state of the server at one moment: its own counts, and what the kernel reports about its
 * port. */
#pragma once

#include "common/kernel/sockdiag.h"
#include "server/worker.h"

#include <jansson.h>

struct view {
    struct stats total; /* the sum over all workers */
    /* file tables that hold connections: one, and one for each successor (server/worker.h) */
    uint64_t file_tables;
    uint32_t queue_limit; /* of each listener */
    uint64_t queue_now;   /* the sum over all listeners, as the next two */
    uint64_t queue_capacity;
    int64_t polled_ns; /* the sum over all event loops */
    uint64_t drops;    /* SK_MEMINFO_DROPS: see common/kernel/sockdiag.h */
    json_t *states,
        *peers; /* set by view_census(); states also from the last census (server/census.h) */
    int64_t states_ns; /* when the states were counted, by clock_now_ns() */
};

/* Reads counts, queues and drops. It is cheap: one system call for each listener, and a dump of
 * only the listeners. d NULL: drops are 0. */
void view_take(struct view *v, const struct worker *workers, size_t n, struct sockdiag *d,
               int family, uint16_t port);

/* Adds states and peers. It dumps all sockets on the port, so its time grows with their number.
 * Returns 0 or -errno. */
int view_census(struct view *v, struct sockdiag *d, int family, uint16_t port);

void view_release(struct view *v);
