/* One accepted connection, and the pool that all connections of one worker come from.
 *
 * A connection is in one of two states. session_end() is the only way in which it ends.
 *   READING  waits for data or the peer's FIN; or, while a part of an echo is not sent, for room in
 *            the send buffer (it reads nothing then, and keeps at most SESSION_PENDING_MAX bytes:
 *            back-pressure)
 *   HALF     has sent its FIN (--close-how half), and waits for the peer's
 * With --on-eof hold the server keeps a connection whose peer has closed in CLOSE_WAIT, and no
 * longer watches it. */
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
    void (*freed)(void *context); /* is called when a descriptor was closed */
    /* is called when epoll_ctl() refuses a connection, which is then reset and counts as
     * closed_by_server */
    void (*unwatched)(void *context, int error);
    void *context;

    /* the pool's own */
    /* in the order of accept(), which is the order of the deadlines of --close-after */
    struct session_list open;
    struct session_list half; /* HALF: past its deadline */
    struct session *free;
    struct session_chunk *chunks;
    struct timer deadline;
    char *scratch; /* SESSION_PENDING_MAX */
};

/* Prepares the pool. The caller has set its members from loop to context. Returns 0 or -errno. */
int session_pool_start(struct session_pool *pool);

/* Takes over a non-blocking connection. Without memory it closes the connection at once, which
 * counts as closed_by_server. */
void session_start(struct session_pool *pool, int fd);

/* Stops all watchers. The connections stay open, so that the final report can show their states. */
void session_pool_stop(struct session_pool *pool);

/* Closes all connections and frees the memory. The counts stay as they were when the pool
 * stopped. */
void session_pool_close(struct session_pool *pool);
