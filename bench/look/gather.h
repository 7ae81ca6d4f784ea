/* What the host's kernel tells of its TCP listeners during a window of time: sock_diag and
 * /proc/net, read only, no right needed. */
#pragma once

#include "bench/look/owners.h"
#include "common/kernel/counters.h"
#include "common/kernel/sockdiag.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GATHER_WAITS_MAX 100000 /* waits kept of one listener */
#define GATHER_ORPHAN_MS 2000   /* an orphan that waits so long for the FIN is one that piles up */

/* Of one listening socket. Connections cannot be told apart by listeners that share a port
 * (SO_REUSEPORT): their waits are those of the group. */
struct gather_listener {
    struct sockdiag_socket socket; /* as last seen */
    bool gone;                     /* not there at the end */
    uint32_t limit;                /* of the accept queue */
    uint32_t queue, queue_peak;
    /* full: above the limit; near: four fifths of what it holds, or more */
    uint64_t looks, looks_full, looks_near, looks_empty;
    uint32_t drops_before, drops; /* SK_MEMINFO_DROPS at the first look and the last */
    uint64_t half_open;           /* requests to its port, at the last look at them */
    /* how long connections had waited when they were looked at; each in several looks */
    uint32_t *waits_ms;
    size_t n_waits, size_waits;
    uint32_t oldest_ms;       /* at the last look; 0 without a waiting one */
    uint32_t oldest_first_ms; /* at the first look that saw any */
    int64_t oldest_ns;        /* when oldest_first_ms was looked at */
    uint64_t births;          /* connections that came into the queue while it was looked at */
    size_t group;             /* of listeners at one address and port: how many */
    struct owner owner;
};

/* Sockets that stay in CLOSE_WAIT. */
struct gather_close_wait {
    uint32_t inode;
    bool stayed;
    struct owner owner;
};

/* A destination of this host's own connections. */
struct gather_destination {
    struct sockdiag_socket socket; /* one of them: destination, destination_port, family */
    uint64_t ports;                /* local ports in use towards it */
};

struct gather_sockstat { /* /proc/net/sockstat, and its limits */
    int64_t in_use, orphans, time_wait;
    int64_t max_orphans, max_time_wait;
};

struct gather {
    /* set by the caller; 0 of each: nothing is known */
    size_t lookers;    /* that look at once: each takes so much less */
    const pid_t *pids; /* the processes of this network namespace: the caller's */
    size_t n_pids;
    int64_t began_ns, ended_ns;
    int64_t waits_ns;    /* when oldest_ms was looked at; 0: never */
    double waits_unix_s; /* when oldest_ms was looked at; 0: never */
    double cpu_s;        /* this program's own, in the window */
    uint64_t looks;
    struct gather_listener *listeners;
    size_t n_listeners, size_listeners;
    struct counters *before, *after;
    uint64_t states[SOCKDIAG_STATES]; /* at the end */
    uint64_t fin_wait_2_orphans;      /* in FIN_WAIT_2 for more than GATHER_ORPHAN_MS */
    struct gather_close_wait *close_waits;
    size_t n_close_waits, size_close_waits;
    bool close_waits_twice;                  /* looked at twice: "stayed" means something */
    struct gather_destination *destinations; /* those with the most ports, first */
    size_t n_destinations;
    bool looked_at_destinations;
    int64_t port_first, port_last, somaxconn;
    bool syncookies;
    struct gather_sockstat sockstat;
    bool owners_hidden; /* sockets of other users: their programs cannot be seen */
};

/* Looks until then on clock_now_ns()'s clock, or until stop() says so (NULL: never). 0; or -errno
 * and in *ret_step what could not be read. */
int gather_run(struct gather *g, int64_t until_ns, bool (*stop)(void), const char **ret_step);
void gather_release(struct gather *g);

/* Whether it drops SYNs or handshakes in the window. The listener's own count is not enough: each
 * segment that a request or listener throws away counts there, and so does the RST of a half-open
 * port scan (tcp_v4_rcv(), discard_and_relse); TcpExt.ListenDrops counts only what the listener
 * refused. */
bool gather_drops_now(const struct gather *g, const struct gather_listener *l);
bool gather_same_address(const struct gather_listener *a, const struct gather_listener *b);

/* How far a counter has moved in the window. */
int64_t gather_moved(const struct gather *g, const char *counter);
double gather_seconds(const struct gather *g);
/* Of a listener in the window. */
uint32_t gather_dropped(const struct gather_listener *l);
/* The wait that this part (0 to 1) of those seen does not exceed, in ms; 0 where none was seen. The
 * waits must be sorted, as gather_run() leaves them. */
uint32_t gather_wait_ms(const struct gather_listener *l, double part);
