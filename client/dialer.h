/* N connections kept going by one event loop: starts them (as fast as possible, or on a schedule),
 * gives up on those that take too long, and ends them. One dialer a thread; a dialer's flows never
 * leave its thread.
 *
 *   dialing ──► quiet: nothing is under way and nothing more may start (hold: every attempt is
 *               settled; echo, crr, cc: all that was allowed is done); calls quiet()
 *   dialer_drain():  nothing new begins, what is under way is finished ──► quiet
 *   dialer_close():  ends all connections ──► quiet; one that was still connecting stays "pending"
 *                    in the report
 *   dialer_pace():   echo with --every: requests on all connections, one each DUR and connection;
 *                    sends each when it is due, even without the replies to earlier ones
 *   dialer_resume(): the next wave of hold */
#pragma once

#include "client/flow.h"
#include "client/log.h"
#include "client/settings.h"
#include "client/stats.h"
#include "common/kernel/endpoint.h"
#include "common/kernel/socket_options.h"
#include "common/process/timer.h"
#include "common/report/histogram.h"

#include <ev.h>
#include <stdbool.h>

#define DIALER_BATCH 64 /* starts an iteration; then events get their turn */

struct dialer {
    /* set by the caller before dialer_init() */
    struct ev_loop *loop;
    const struct settings *settings;
    struct endpoint target;
    uint64_t n_flows;  /* its share of -c */
    uint64_t total;    /* its share of -n, or SETTINGS_UNLIMITED */
    uint64_t n_logged; /* how many of its attempts are logged at most; 0: there is no log */
    /* its place in the schedule: starts index, index + n_dialers, ... of the whole */
    uint64_t index, n_dialers;
    void (*quiet)(void *context);
    void *context;

    /* read by others while it runs */
    struct stats stats;
    atomic_uint quiet_epoch; /* the number of the last order that was carried out */
    /* when all that it may start (of this wave) was settled; 0: not yet */
    _Atomic int64_t settled_ns;

    /* read by others while it runs only by histogram_merge_live() */
    struct histogram *connect_latency, *request_latency;

    /* read by others when it has stopped */
    struct histogram *start_lateness; /* NULL without --rate */
    /* the last dialing ended with starts left, because all flows were in use */
    bool full;
    uint64_t most_in_use; /* flows at once */
    struct log *log;      /* NULL: there is none */

    /* its own, and its flows' */
    struct flow *flows, *free;
    struct flow_list connecting; /* in order of start, which is the order of the timeouts */
    uint64_t started, in_use;    /* in_use: flows with a connection, or an attempt at one */
    uint64_t active;             /* flows that are connecting or in the middle of a request */
    uint64_t n_sources;
    bool no_address; /* EADDRNOTAVAIL means: no address to connect from, and not: no port */
    struct socket_option options[SOCKET_OPTIONS_ALIVE];
    unsigned epoch; /* number of the order it works on */
    bool dialing, draining;
    /* --every: all is open, and requests are sent on their schedule */
    bool pacing;
    uint64_t due_requests;              /* of that schedule, up to now */
    struct flow *looking[DIALER_BATCH]; /* started in this iteration */
    struct arrivals arrivals;           /* of --rate, as far as this dialer has come */
    int64_t schedule_ns;                /* intended time of the whole run's first start */
    ev_prepare prepare;
    ev_idle more;         /* keeps the loop from sleeping while there is more to dial */
    struct timer due;     /* the next start or request of the schedule, or the end of a pause */
    struct timer timeout; /* the oldest connecting flow's */
    int64_t paused_until_ns;
    int64_t drained_ns;    /* when draining began */
    int64_t full_until_ns; /* until then all flows were in use when a start was due */
    char *payload;         /* settings->size bytes */
    /* descriptors of ended flows that stay open to the end (--close half, none) */
    int *kept;
    size_t n_kept, kept_size;
};

/* Allocates memory, in the loop's thread. Returns 0 or -errno; dialer_stop(), dialer_hang_up() and
 * dialer_free() may be called in both cases. */
int dialer_init(struct dialer *d);

/* The orders; call them in the loop's thread. Each has a number: when the order is carried out, the
 * dialer sets quiet_epoch to this number and calls quiet(). schedule_ns: the time of the first
 * start, by clock_now_ns(). */
void dialer_start(struct dialer *d, unsigned epoch, int64_t schedule_ns);
void dialer_drain(struct dialer *d, unsigned epoch);
void dialer_close(struct dialer *d, unsigned epoch);
void dialer_resume(struct dialer *d, unsigned epoch);

/* The end of --warm-up: all figures begin anew. What is under way counts, with what becomes of
 * it. */
void dialer_measure(struct dialer *d, unsigned epoch, int64_t schedule_ns);

void dialer_pace(struct dialer *d, unsigned epoch, int64_t schedule_ns);

/* Whether the total is used up. */
bool dialer_exhausted(const struct dialer *d);

/* Stops all watchers; connections and descriptors that are kept stay open. In the loop's thread. */
void dialer_stop(struct dialer *d);

/* Closes them, in the loop's thread as well: the descriptors belong to its file table. */
void dialer_hang_up(struct dialer *d);

/* Frees the memory. In any thread. */
void dialer_free(struct dialer *d);

/* --- for flows --- */

/* Frees the flow's slot. */
void dialer_give_back(struct dialer *d, struct flow *f);
/* The flow has begun or ended being active. */
void dialer_set_active(struct dialer *d, struct flow *f, bool active);
/* Keeps a descriptor open until dialer_hang_up(). Returns 0, or -ENOMEM: the caller closes it. */
int dialer_keep(struct dialer *d, int fd);
/* Descriptors or ports have run out: starts nothing for a while. */
void dialer_pause(struct dialer *d);
/* Whether a connection that ends now shall give its socket to the next one (--reuse, and there are
 * more to start). */
bool dialer_reuses(const struct dialer *d);

/* With --every: how many requests have been due on this flow, and when the i-th was due (from
 * 0). */
uint64_t dialer_requests_due(const struct dialer *d, const struct flow *f);
int64_t dialer_request_ns(const struct dialer *d, const struct flow *f, uint64_t i);
