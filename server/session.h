/* One accepted connection, and the pool that all connections of one worker come from.
 *
 * A connection is in one of two states, named by what it waits for; session_end() is the only way
 * it dies.
 *   READING  for data or the peer's FIN; while an echo could not be sent whole, for room to send
 *            instead (it then reads nothing: back-pressure, at most SESSION_PENDING_MAX bytes are
 *            kept)
 *   HALF     our FIN is out (--close-how half); for the peer's
 * With --on-eof hold a connection whose peer has closed is kept as it is, in CLOSE_WAIT, and no
 * longer watched. */
#pragma once

#include "common/process/timer.h"
#include "server/settings.h"
#include "server/stats.h"

#include <ev.h>

#define SESSION_PENDING_MAX 65536

struct session;

struct session_list {
    struct session *first, *last;
};

struct session_pool {
    struct ev_loop *loop;
    struct stats *stats;
    int on_data, on_eof, close_how;
    int64_t close_after_ns;       /* OPTION_NEVER */
    void (*freed)(void *context); /* a descriptor was closed */
    /* epoll does not take a connection: it is reset and counts as closed_by_server */
    void (*unwatched)(void *context, int error);
    void *context;

    /* the pool's own */
    /* in order of accept, which is the order of the deadlines of --close-after */
    struct session_list open;
    struct session_list half; /* HALF: past its deadline */
    struct session *free;
    struct session_chunk *chunks;
    struct timer deadline;
    char *scratch; /* SESSION_PENDING_MAX */
};

/* The caller has set the members above from loop to context. 0 or -errno. */
int session_pool_start(struct session_pool *pool);

/* Takes over a non-blocking connection. Without memory it is closed at once and counts as
 * closed_by_server. */
void session_start(struct session_pool *pool, int fd);

/* Stops all watchers; the connections stay open for a last look at them. */
void session_pool_stop(struct session_pool *pool);

/* Closes what is open and frees all. The counts stay as they were at the stop. */
void session_pool_close(struct session_pool *pool);
