/* The observer of a lab: looks at both hosts every few milliseconds, records each change in the
 * timeline, follows each connection, and receives the kernel's destroy events of sockets. */
#pragma once

#include "bench/lab/host.h"
#include "bench/observe/history.h"
#include "bench/observe/look.h"

#include <jansson.h>
#include <stdbool.h>

/* Time from one look to the next; twice that while nothing changes, and longer if a look takes
 * long: see observe/look_interval.h. */
#define WATCH_INTERVAL_NS 5000000

struct watch;

struct watch_args {
    const struct host *server, *client; /* may be the same */
    int family;
    uint16_t port;
};

/* Opens the observer's sockets in both hosts; the calling thread is in the client host afterwards.
 * Returns 0, or -errno and in *ret_step what failed. *ret: free with watch_free(). */
int watch_new(const struct watch_args *args, struct watch **ret, const char **ret_step);
void watch_free(struct watch *w);

/* Looks at both hosts now. Returns 0 or -errno. */
int watch_look(struct watch *w);

/* Waits until the next look is due, or a signal comes. During a long wait it reads the length of
 * the accept queue for the timeline; watch_latest() does not change. Returns 0 or -errno. */
int watch_wait(struct watch *w);

/* Starts the timeline and the count of gaps; call it after the set-up. */
void watch_begin(struct watch *w);

/* When the next look is due, by clock_now_ns(). */
int64_t watch_due_ns(const struct watch *w);

/* N where looks may now take 1/N of the time: see observe/look_interval.h. */
int64_t watch_parts(const struct watch *w);

/* The last look; valid until the next one. */
const struct look *watch_latest(const struct watch *w);
/* Copies the last look; release it with look_release(). Returns 0 or -ENOMEM. */
int watch_copy(const struct watch *w, struct look *ret);
/* What each connection has been through so far. Owned by w. */
const struct history *watch_history(const struct watch *w);

/* How many full sockets of a host the kernel has reported as destroyed. -1: not known, because more
 * were destroyed at once than fit into the netlink socket's buffer (some hundreds,
 * net.core.rmem_max), or because there were 2,000 in all, after which the observer leaves the
 * multicast group. */
int64_t watch_destroyed(const struct watch *w, enum side side);

/* How many looks in a row, up to the last one, found the same states as the look before. */
uint64_t watch_unchanged(const struct watch *w);

/* The longest time between two looks since watch_begin(): the time of a change is known to within
 * that. */
int64_t watch_longest_gap_ns(const struct watch *w);

/* Forgets which counters moved up to now. Returns 0 or -errno. */
int watch_count_anew(struct watch *w);
/* Reads them now, which a look does from time to time. Returns 0 or -errno. */
int watch_count(struct watch *w);
/* Which moved, and when that was seen: see observe/counter_history.h; first the server's, then the
 * client's. On loopback both are the server's. In a flood of connections they are not read. Returns
 * a new reference. */
json_t *watch_counters(const struct watch *w, int64_t zero_ns);

/* [{"t_ms", "server", "client", "queue", "limit"}]: one entry for each change; t_ms counts from
 * `zero_ns`. FIN_WAIT_2 counts full sockets and minisockets, "FIN_WAIT_2_minisockets" only
 * minisockets. Returns a new reference. */
json_t *watch_timeline(const struct watch *w, int64_t zero_ns);

/* The newest entry of the timeline, once: NULL where this function has returned it before, and
 * before watch_begin(). Returns a new reference. */
json_t *watch_newest(struct watch *w, int64_t zero_ns);
