/* What one dialer counts. Each has a single writer; anybody may read while it runs. */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

/* The rows of the report: each attempt ends in exactly one of them; pending are those that have not
 * ended. */
#define STATS_ROWS(X) \
    X(established)    \
    X(refused)        \
    X(reset)          \
    X(timed_out)      \
    X(unreachable)    \
    X(no_port)        \
    X(no_fd)

#define STATS_OTHERS(X)                                                   \
    X(attempted)                                                          \
    X(closed_by_peer) /* of the established: the peer's FIN came first */ \
    X(given_up)       /* timed out after they were established */         \
    X(requests)                                                           \
    X(replies)                                                            \
    X(bytes_sent)                                                         \
    X(bytes_received)                                                     \
    X(late_starts)                                                        \
    X(slot_late_starts) /* of those: due while all flows were in use */   \
    X(skipped_requests) /* of --every: due, and never sent */             \
    X(no_source)        /* of no_port: bind() found no such address on this machine */

/* An attempt's row; STATS_ROW_pending until there is one. */
enum stats_row {
    STATS_ROW_pending,
#define X(field) STATS_ROW_##field,
    STATS_ROWS(X)
#undef X
};

#define STATS_RUNGS  24  /* SYN retransmissions; the last also holds more */
#define STATS_ERRORS 134 /* errno values; the first holds those beyond */

struct stats {
#define X(field) _Atomic uint64_t field;
    STATS_ROWS(X)
    STATS_OTHERS(X)
#undef X
    _Atomic uint64_t rungs[STATS_RUNGS];
    _Atomic uint64_t errors[STATS_ERRORS];
    _Atomic int64_t last_established_ns, last_reply_ns; /* 0: none */
};

/* No other thread writes, so a plain load and store do; relaxed, because a reader only wants a
 * recent number. */
#define STATS_ADD(field, amount)                                                             \
    atomic_store_explicit(                                                                   \
        &(field), atomic_load_explicit(&(field), memory_order_relaxed) + (uint64_t)(amount), \
        memory_order_relaxed)
#define STATS_SET(field, value) atomic_store_explicit(&(field), (value), memory_order_relaxed)
#define STATS_GET(field)        atomic_load_explicit(&(field), memory_order_relaxed)

/* Adds `from` to `into`. */
void stats_add(struct stats *into, const struct stats *from);

/* Sets all to 0; for the writer. */
void stats_clear(struct stats *s);

/* The counter of a row; pending has none. */
_Atomic uint64_t *stats_row(struct stats *s, enum stats_row row);
const char *stats_row_name(enum stats_row row);

/* Attempts that have not ended in a row. */
uint64_t stats_pending(const struct stats *s);
