#include "server/session.h"
#include "common/process/clock.h"
#include "common/process/loop_guard.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum session_state { SESSION_READING, SESSION_HALF };

/* 256 bytes or less, including libev's share: a held connection must cost very little. */
struct session {
    ev_io io;
    struct session_pool *pool;
    struct session *next, *previous; /* in its list; next alone while free */
    int64_t accepted_ns;             /* with --close-after */
    char *pending;                   /* echo data that did not fit into the send buffer */
    uint32_t pending_length, pending_sent;
    uint8_t state;
    bool held; /* the peer's FIN is in, and --on-eof hold */
};

#define SESSION_CHUNK 256
struct session_chunk {
    struct session_chunk *next;
    struct session sessions[SESSION_CHUNK];
};

static void on_event(struct ev_loop *loop, ev_io *io, int events);

static void session_link(struct session_list *list, struct session *s)
{
    s->next = NULL;
    s->previous = list->last;
    *(list->last ? &list->last->next : &list->first) = s;
    list->last = s;
}

static void session_unlink(struct session_list *list, struct session *s)
{
    *(s->previous ? &s->previous->next : &list->first) = s->next;
    *(s->next ? &s->next->previous : &list->last) = s->previous;
}

static struct session *new (struct session_pool *pool)
{
    if (!pool->free) {
        struct session_chunk *chunk = malloc(sizeof(*chunk));
        if (!chunk)
            return NULL;
        chunk->next = pool->chunks;
        pool->chunks = chunk;
        for (int i = SESSION_CHUNK - 1; i >= 0; i--) {
            chunk->sessions[i].next = pool->free;
            pool->free = &chunk->sessions[i];
        }
    }
    struct session *s = pool->free;
    pool->free = s->next;
    *s = (struct session){.pool = pool};
    return s;
}

static void close_descriptor(int fd, bool reset)
{
    const struct linger now = {.l_onoff = 1, .l_linger = 0};
    if (reset)
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    close(fd);
}

/* The only way a connection ends; `counter` is its row in the report. */
static void end(struct session *s, _Atomic uint64_t *counter, bool reset)
{
    struct session_pool *pool = s->pool;
    ev_io_stop(pool->loop, &s->io);
    close_descriptor(s->io.fd, reset);
    session_unlink(s->state == SESSION_HALF ? &pool->half : &pool->open, s);
    free(s->pending);
    s->next = pool->free;
    pool->free = s;
    STATS_ADD(*counter, 1);
    pool->freed(pool->context);
}

static void fail(struct session *s, int error)
{
    struct stats *stats = s->pool->stats;
    bool reset = error == ECONNRESET || error == EPIPE || error == ECONNABORTED;
    end(s, reset ? &stats->reset_by_peer : &stats->timed_out, false);
}

static void watch(struct session *s, int events)
{
    ev_io_stop(s->pool->loop, &s->io);
    ev_io_set(&s->io, s->io.fd, events);
    ev_io_start(s->pool->loop, &s->io);
}

/* The peer's FIN has come. */
static void on_eof(struct session *s)
{
    struct session_pool *pool = s->pool;
    if (pool->on_eof == ON_EOF_HOLD) {
        ev_io_stop(pool->loop, &s->io);
        s->held = true;
    } else if (s->state == SESSION_HALF) {
        end(s, &pool->stats->closed_by_server, false);
    } else {
        end(s, &pool->stats->closed_by_peer, pool->close_how == CLOSE_HOW_RST);
    }
}

/* Keeps what send() did not take, and waits for room. */
static void keep(struct session *s, const char *data, size_t length)
{
    s->pending = malloc(length);
    if (!s->pending) {
        end(s, &s->pool->stats->closed_by_server, true);
        return;
    }
    memcpy(s->pending, data, length);
    s->pending_length = (uint32_t)length;
    s->pending_sent = 0;
    watch(s, EV_WRITE);
}

static void echo(struct session *s, const char *data, size_t length)
{
    ssize_t n = send(s->io.fd, data, length, MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN) {
        fail(s, errno);
        return;
    }
    size_t sent = n > 0 ? (size_t)n : 0;
    STATS_ADD(s->pool->stats->bytes_sent, sent);
    if (sent < length)
        keep(s, data + sent, length - sent);
}

static void flush(struct session *s)
{
    ssize_t n = send(s->io.fd, s->pending + s->pending_sent, s->pending_length - s->pending_sent,
                     MSG_NOSIGNAL);
    if (n < 0) {
        if (errno != EAGAIN)
            fail(s, errno);
        return;
    }
    STATS_ADD(s->pool->stats->bytes_sent, (uint64_t)n);
    s->pending_sent += (uint32_t)n;
    if (s->pending_sent < s->pending_length)
        return;
    free(s->pending);
    s->pending = NULL;
    watch(s, EV_READ);
}

/* One recv() for each event: remaining data makes the descriptor readable again, and others get
 * their turn. */
static void session_read(struct session *s)
{
    struct session_pool *pool = s->pool;
    ssize_t n = recv(s->io.fd, pool->scratch, SESSION_PENDING_MAX, 0);
    if (n > 0) {
        STATS_ADD(pool->stats->bytes_received, (uint64_t)n);
        if (pool->on_data == ON_DATA_ECHO && s->state == SESSION_READING)
            echo(s, pool->scratch, (size_t)n);
    } else if (n == 0) {
        on_eof(s);
    } else if (errno != EAGAIN) {
        fail(s, errno);
    }
}

static void on_event(struct ev_loop *loop, ev_io *io, int events)
{
    struct session *s = (struct session *)io;
    if (events & EV_ERROR) {
        s->pool->unwatched(s->pool->context, loop_guard_error(loop));
        end(s, &s->pool->stats->closed_by_server, true);
    } else if (s->pending)
        flush(s);
    else
        session_read(s);
}

/* --close-after: the server closes first. */
static void close_first(struct session *s)
{
    struct session_pool *pool = s->pool;
    if (s->held || pool->close_how != CLOSE_HOW_HALF) {
        end(s, s->held ? &pool->stats->closed_by_peer : &pool->stats->closed_by_server,
            pool->close_how == CLOSE_HOW_RST);
        return;
    }
    shutdown(s->io.fd, SHUT_WR);
    free(s->pending);
    s->pending = NULL;
    session_unlink(&pool->open, s);
    s->state = SESSION_HALF;
    session_link(&pool->half, s);
    if (pool->on_data != ON_DATA_IGNORE)
        watch(s, EV_READ);
}

static void on_deadline(struct timer *timer)
{
    struct session_pool *pool =
        (struct session_pool *)((char *)timer - offsetof(struct session_pool, deadline));
    int64_t due_ns = clock_now_ns() - pool->close_after_ns;
    while (pool->open.first && pool->open.first->accepted_ns <= due_ns)
        close_first(pool->open.first);
    if (pool->open.first)
        timer_set(&pool->deadline, pool->open.first->accepted_ns + pool->close_after_ns);
}

int session_pool_start(struct session_pool *pool)
{
    pool->scratch = malloc(SESSION_PENDING_MAX);
    return pool->scratch ? timer_open(&pool->deadline, pool->loop, on_deadline) : -ENOMEM;
}

void session_start(struct session_pool *pool, int fd)
{
    struct session *s = new (pool);
    if (!s) {
        close(fd);
        STATS_ADD(pool->stats->closed_by_server, 1);
        return;
    }
    ev_io_init(&s->io, on_event, fd, EV_READ);
    session_link(&pool->open, s);
    if (pool->close_after_ns != OPTION_NEVER) {
        s->accepted_ns = clock_now_ns();
        if (pool->open.first == s)
            timer_set(&pool->deadline, s->accepted_ns + pool->close_after_ns);
    }
    if (pool->on_data == ON_DATA_IGNORE)
        return;
    ev_io_start(pool->loop, &s->io);
    session_read(s); /* the request has often arrived already: this saves one wake-up */
}

static void list_each(struct session_list *list, void (*visit)(struct session *s))
{
    for (struct session *s = list->first, *next; s; s = next) {
        next = s->next;
        visit(s);
    }
}

/* A connection that nobody watched (held, or never read) may have died meanwhile; who looks at the
 * counts wants to know.
 */
static void take_stock(struct session *s)
{
    struct tcp_info info = {0};
    socklen_t length = sizeof(info);
    int error = 0;
    ev_io_stop(s->pool->loop, &s->io);
    if (!s->held && s->pool->on_data != ON_DATA_IGNORE)
        return;
    if (getsockopt(s->io.fd, IPPROTO_TCP, TCP_INFO, &info, &length) || info.tcpi_state != TCP_CLOSE)
        return;
    length = sizeof(error);
    getsockopt(s->io.fd, SOL_SOCKET, SO_ERROR, &error, &length);
    fail(s, error ? error : ECONNRESET);
}

void session_pool_stop(struct session_pool *pool)
{
    timer_close(&pool->deadline);
    list_each(&pool->open, take_stock);
    list_each(&pool->half, take_stock);
}

static void drop(struct session *s)
{
    close_descriptor(s->io.fd, s->pool->close_how == CLOSE_HOW_RST);
    free(s->pending);
}

void session_pool_close(struct session_pool *pool)
{
    list_each(&pool->open, drop);
    list_each(&pool->half, drop);
    for (struct session_chunk *chunk = pool->chunks, *next; chunk; chunk = next) {
        next = chunk->next;
        free(chunk);
    }
    free(pool->scratch);
    pool->chunks = NULL;
    pool->scratch = NULL;
}
