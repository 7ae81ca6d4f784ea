/* The observer of a lab: looks at both hosts every few milliseconds, keeps what changed as the
 * timeline, follows each connection, and listens to the deaths of sockets. */
#pragma once

#include "bench/lab/host.h"
#include "bench/observe/history.h"
#include "bench/observe/look.h"

#include <jansson.h>

/* of looks; twice that while nothing happens, more where looks are dear: observe/look_interval.h */
#define WATCH_INTERVAL_NS 5000000

struct watch;

struct watch_args {
    const struct host *server, *client; /* may be the same */
    int family;
    uint16_t port;
};

/* Opens its sockets in both hosts; the calling thread is in the client host afterwards. 0; or
 * -errno and in *ret_step what failed. */
int watch_new(const struct watch_args *args, struct watch **ret, const char **ret_step);
void watch_free(struct watch *w);

/* Takes a look now. 0 or -errno. */
int watch_look(struct watch *w);

/* Waits until the next look is due, or a signal comes. Where that is long, the queue alone is
 * looked at meanwhile, for the timeline: watch_latest() stays as it is. 0 or -errno. */
int watch_wait(struct watch *w);

/* Starts the timeline and the count of gaps; call it after the set-up. */
void watch_begin(struct watch *w);

/* When the next look is due, on clock_now_ns()'s clock: see watch_wait(). */
int64_t watch_due_ns(const struct watch *w);

/* One part in how many of the time a look may take now: see observe/look_interval.h. */
int64_t watch_parts(const struct watch *w);

const struct look *watch_latest(const struct watch *w);
/* A copy of it, for look_release(). 0 or -ENOMEM. */
int watch_copy(const struct watch *w, struct look *ret);
const struct history *watch_history(const struct watch *w);

/* How many full sockets of a host the kernel has reported as gone; -1: not known, for more went at
 * once than it could report (some hundreds, net.core.rmem_max), or so many in all (2,000) that it
 * is not asked to report them any more. */
int64_t watch_destroyed(const struct watch *w, enum side side);

/* How many times in a row the last look found the same states as the one before. */
uint64_t watch_unchanged(const struct watch *w);

/* The longest time between two looks since watch_look() was first called: what is known of a moment
 * is known to within that. */
int64_t watch_longest_gap_ns(const struct watch *w);

/* [{"t_ms", "server", "client", "queue", "limit"}]: an entry where something changed; t_ms since
 * `zero_ns`. FIN_WAIT_2 counts full sockets and minisockets, "FIN_WAIT_2_minisockets" the latter of
 * them. New reference. */
json_t *watch_timeline(const struct watch *w, int64_t zero_ns);
