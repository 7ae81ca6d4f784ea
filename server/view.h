/* The server as it stands at one moment: its own counts, and what the kernel says of its port. */
#pragma once

#include "common/kernel/sockdiag.h"
#include "server/worker.h"

#include <jansson.h>

struct view {
    struct stats total; /* of all workers */
    /* that hold connections: one, and one for each successor (server/worker.h) */
    uint64_t file_tables;
    uint32_t queue_limit; /* of each listener */
    uint64_t queue_now;   /* of all listeners together, as the next two */
    uint64_t queue_capacity;
    uint64_t drops;         /* SK_MEMINFO_DROPS, see common/kernel/sockdiag.h */
    json_t *states, *peers; /* only after view_census(), and states from a census of before */
    int64_t states_ns;      /* when they were counted, on clock_now_ns()'s clock */
};

/* Counts, queues and drops: cheap, a system call a listener and one listeners-only dump. d may be
 * NULL (no drops then). */
void view_take(struct view *v, const struct worker *workers, size_t n, struct sockdiag *d,
               int family, uint16_t port);

/* Adds states and peers: a dump of all sockets on the port, linear in their number. 0 or -errno. */
int view_census(struct view *v, struct sockdiag *d, int family, uint16_t port);

void view_release(struct view *v);
