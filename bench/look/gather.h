/* Asks the kernel about the TCP listeners of this host during a window of time. It reads sock_diag
 * and /proc/net, changes nothing, and needs no privilege. */
#pragma once

#include "bench/look/owners.h"
#include "common/kernel/counters.h"
#include "common/kernel/sockdiag.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GATHER_WAITS_MAX 100000 /* waits that are recorded for one listener */
#define GATHER_ORPHAN_MS \
    2000 /* an orphan that waits longer than this for the FIN counts as one that piles up */

struct gather_peer {
    uint8_t address[16];
    uint16_t port;
};

/* One listening socket. The kernel does not report which of several listeners on one port
 * (SO_REUSEPORT) has a connection, so their waits are those of the group. */
struct gather_listener {
    struct sockdiag_socket socket; /* as the last look saw it */
    bool gone;                     /* it vanished before the end */
    uint32_t limit;                /* of the accept queue */
    uint32_t queue, queue_peak;
    /* full: the queue was above its limit; near: it had four fifths of what it holds, or more */
    uint64_t looks, looks_full, looks_near, looks_empty;
    uint32_t drops_before, drops; /* SK_MEMINFO_DROPS at the first look and the last */
    uint64_t half_open;           /* half-open requests to its port, in the last look at them */
    /* how long connections had waited at each look; a connection is in several looks */
    uint32_t *waits_ms;
    size_t n_waits, size_waits;
    uint32_t oldest_ms; /* the longest wait in the last look; 0: no connection waited */
    struct gather_peer oldest;
    /* who was the oldest at a look, and since then waited at each look; and when that look was */
    struct gather_peer first;
    bool first_waits,
        accepted; /* accepted: its queue became shorter since the last look at waits */
    int64_t first_since_ns;
    uint64_t births; /* connections that looks saw enter the queue */
    size_t group;    /* how many listeners have this address and port */
    uint32_t next;   /* the next one at this port, and 1; 0: none */
    struct owner owner;
};

/* A socket that has been in CLOSE_WAIT for the whole window. */
struct gather_close_wait {
    uint32_t inode;
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
    int64_t waits_ns;    /* when the last look at waits was; 0: never */
    double waits_unix_s; /* when the last look at waits was; 0: never */
    double cpu_s;        /* CPU time of this program in the window */
    uint64_t looks;
    struct gather_listener *listeners;
    size_t n_listeners, size_listeners;
    struct counters *before, *after;
    bool counted_states;              /* there were few enough sockets to look at all */
    uint64_t states[SOCKDIAG_STATES]; /* at the end */
    uint64_t fin_wait_2_orphans;      /* orphans in FIN_WAIT_2 for more than GATHER_ORPHAN_MS */
    struct gather_close_wait *close_waits; /* sorted by their owners */
    size_t n_close_waits, size_close_waits;
    struct gather_destination *destinations; /* those with the most ports, first */
    size_t n_destinations;
    int64_t port_first, port_last, somaxconn;
    bool syncookies;
    struct gather_sockstat sockstat;
    bool owners_hidden; /* of some listener no program can be seen */
};

/* Looks until until_ns by clock_now_ns(), or until stop() returns true (may be NULL). Returns 0; or
 * -errno and in *ret_step what could not be read. Call gather_release() in both cases. */
int gather_run(struct gather *g, int64_t until_ns, bool (*stop)(void), const char **ret_step);
void gather_release(struct gather *g);

/* Whether the listener dropped SYNs or handshakes in the window. Its own count of drops does not
 * prove this, because it counts each segment that a request or the listener discards, also the RST
 * of a half-open port scan (tcp_v4_rcv(), discard_and_relse). TcpExt.ListenDrops counts only SYNs
 * and handshakes that a listener refused. */
bool gather_drops_now(const struct gather *g, const struct gather_listener *l);
bool gather_same_address(const struct gather_listener *a, const struct gather_listener *b);

/* Returns how far a counter has moved in the window. */
int64_t gather_moved(const struct gather *g, const char *counter);
double gather_seconds(const struct gather *g);
/* Returns the drops of a listener in the window. */
uint32_t gather_dropped(const struct gather_listener *l);
/* Returns the wait in ms that `part` (0 to 1) of the recorded waits do not exceed; 0 if there are
 * none. The waits must be sorted, as gather_run() leaves them. */
uint32_t gather_wait_ms(const struct gather_listener *l, double part);
