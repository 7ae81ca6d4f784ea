/* The counts of one worker. Only the worker writes them; any thread may read them meanwhile. */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

/* Each accepted connection is in exactly one of closed_by_peer, closed_by_server, reset_by_peer,
 * timed_out and open. `open` is not stored: stats_open() subtracts the others from accepted. */
#define STATS_FIELDS(X)                                                             \
    X(accepted)                                                                     \
    X(closed_by_peer)                                                               \
    X(closed_by_server)                                                             \
    X(reset_by_peer)                                                                \
    X(timed_out)     /* the kernel gave up: keepalive, user timeout, unreachable */ \
    X(accept_errors) /* accept() calls that failed */                               \
    X(bytes_received)                                                               \
    X(bytes_sent)                                                                   \
    X(queue_peak) /* longest accept queue seen; the sum over several listeners is an upper bound */

struct stats {
#define X(field) _Atomic uint64_t field;
    STATS_FIELDS(X)
#undef X
    _Atomic int64_t first_ns, last_ns; /* first and last accept(); 0: none */
};

/* No other thread writes, so a plain load and store are enough. They are relaxed, because a reader
 * needs only a recent number. */
#define STATS_ADD(field, amount)                                                           \
    atomic_store_explicit(&(field),                                                        \
                          atomic_load_explicit(&(field), memory_order_relaxed) + (amount), \
                          memory_order_relaxed)
#define STATS_SET(field, value) atomic_store_explicit(&(field), (value), memory_order_relaxed)
#define STATS_GET(field)        atomic_load_explicit(&(field), memory_order_relaxed)

/* Adds the counts of `from` to `into`. */
static inline void stats_add(struct stats *into, const struct stats *from)
{
#define X(field) STATS_ADD(into->field, STATS_GET(from->field));
    STATS_FIELDS(X)
#undef X
    int64_t first = STATS_GET(from->first_ns), last = STATS_GET(from->last_ns);
    if (first && (!into->first_ns || first < into->first_ns))
        into->first_ns = first;
    if (last > into->last_ns)
        into->last_ns = last;
}

static inline uint64_t stats_open(const struct stats *s)
{
    return s->accepted - s->closed_by_peer - s->closed_by_server - s->reset_by_peer - s->timed_out;
}
