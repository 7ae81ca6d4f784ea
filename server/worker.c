#include "server/worker.h"
#include "common/process/thread.h"
#include "common/report/terminal.h"

#include <errno.h>
#include <linux/close_range.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define WORKER_MUCH_ROOM 8 /* free descriptors of a table that count as much room: an eighth */

int worker_share_open(struct worker_share *share)
{
    share->news = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (share->news < 0)
        return -errno;
    worker_share_keep(share, share->news);
    return 0;
}

void worker_share_keep(struct worker_share *share, int fd)
{
    if (fd >= share->first_free)
        share->first_free = fd + 1;
}

void worker_share_close(struct worker_share *share)
{
    if (share->news >= 0)
        close(share->news);
    share->news = -1;
}

void worker_hurry_all(struct worker_share *share)
{
    eventfd_write(share->news, 1);
}

void worker_stop_all(struct worker_share *share)
{
    share->ending = true;
    eventfd_write(share->news, 1);
}

static void on_accepted(void *context, int fd)
{
    struct worker *w = context;
    session_start(&w->pool, fd);
}

static void on_freed(void *context)
{
    struct worker *w = context;
    acceptor_descriptor_freed(&w->acceptor);
}

static void on_unwatched(void *context, int error)
{
    struct worker *w = context;
    char why[LOOP_GUARD_WHY_MAX];
    if (!atomic_exchange(&w->share->told_unwatched, true))
        terminal_notice("a connection cannot be watched and is reset: %s",
                        loop_guard_why(error, why));
}

/* Edge-triggered: epoll reports the event once to this worker, and the eventfd stays readable for
 * the others. */
static void on_news(struct ev_loop *loop, ev_io *io, int events)
{
    struct worker *w = io->data;
    struct epoll_event event;
    epoll_wait(io->fd, &event, 1, 0);
    if (w->share->ending)
        poller_end(loop);
    if (w->first->turn == w)
        acceptor_return(&w->acceptor);
    if (!w->share->acceptors.delay_ns)
        acceptor_hurry(&w->acceptor);
}

static void on_starved(void *context, int error)
{
    struct worker *w = context;
    char why[160] = "", reason[LOOP_GUARD_WHY_MAX];
    if (error == EMFILE && w->share->settings->max_descriptors) {
        terminal_notice(
            "accept() fails with EMFILE: all %llu descriptors of --max-descriptors are in use. The "
            "connections stay in the queue and accepting goes on when descriptors come free",
            (unsigned long long)w->share->settings->max_descriptors);
        return;
    }
    if (w->successor_error)
        snprintf(why, sizeof(why), ", and a thread with another file table cannot be had: %s",
                 strerror(-w->successor_error));
    terminal_notice("cannot accept: %s%s%s. The connections stay in the queue and accepting goes "
                    "on when descriptors come free",
                    loop_guard_why(error, reason),
                    error == EMFILE   ? " (ulimit -n)"
                    : error == ENFILE ? " (sysctl fs.file-max)"
                                      : "",
                    why);
}

/* Stops all watchers. Call it in the worker's thread, or before it has one. */
static void end_watching(struct worker *w)
{
    if (w->accepting)
        acceptor_stop(&w->acceptor);
    w->accepting = false;
    if (w->pooled)
        session_pool_stop(&w->pool);
}

static void worker_free(struct worker *w)
{
    end_watching(w);
    if (w->pooled)
        session_pool_close(&w->pool);
    w->pooled = false;
    if (w->listener >= 0)
        close(w->listener);
    if (w->news.fd > 0)
        close(w->news.fd);
    if (w->loop)
        ev_loop_destroy(w->loop);
    w->news.fd = 0;
    w->listener = -1;
    w->loop = NULL;
}

void worker_run(struct worker *w)
{
    thread_stay(w->cpu);
    acceptor_begin(&w->acceptor);
    if (!w->share->ending) /* otherwise loop_guard_check() may have read the event */
        poller_run(w->loop);
}

static void *worker_main(void *context)
{
    struct worker *w = context;
    worker_run(w);
    end_watching(w);
    sem_post(&w->rested);
    thread_await(&w->released);
    worker_free(w);
    return NULL;
}

/* CLOSE_RANGE_UNSHARE copies only the descriptors below: a copy of the whole table would keep the
 * connections of the previous worker open. */
static void *main_of_successor(void *context)
{
    struct worker *w = context;
    int r = close_range((unsigned)w->share->first_free, ~0U, CLOSE_RANGE_UNSHARE) ? -errno : 0;
    bool unshared = !r;
    if (!r)
        r = worker_init(w, w->share, w->listener);
    if (r) {
        w->listener = unshared ? w->listener : -1; /* the listener of the previous worker */
        worker_free(w);
    }
    w->start_error = r;
    sem_post(&w->opened);
    if (!r)
        worker_main(w);
    /* pthread_join() does not wait until the kernel has closed a thread's own table */
    if (unshared)
        close_range(0, ~0U, 0);
    return NULL;
}

static int start_thread(struct worker *w, void *(*run)(void *context))
{
    sem_init(&w->opened, 0, 0);
    sem_init(&w->rested, 0, 0);
    sem_init(&w->released, 0, 0);
    int r = thread_start(&w->thread, run, w);
    w->threaded = !r;
    return r;
}

int worker_spawn(struct worker *w)
{
    return start_thread(w, worker_main);
}

static int make_successor(struct worker *w, struct worker *last)
{
    struct worker *next = calloc(1, sizeof(*next));
    if (!next)
        return -ENOMEM;
    next->share = w->share;
    next->listener = w->listener;
    next->cpu = w->cpu;
    next->first = w->first;
    int r = start_thread(next, main_of_successor);
    if (!r) {
        thread_await(&next->opened);
        r = next->start_error;
        if (r)
            pthread_join(next->thread, NULL);
    }
    if (r)
        free(next);
    else
        last->successor = next;
    return r;
}

static uint64_t room(const struct worker *w)
{
    uint64_t open = stats_open(&w->stats);
    return w->capacity > open ? w->capacity - open : 0;
}

/* Returns NULL if none has room. */
static struct worker *with_most_room(const struct worker *first)
{
    struct worker *most = NULL;
    for (struct worker *w = (struct worker *)first; w; w = w->successor)
        if (room(w) > (most ? room(most) : 0))
            most = w;
    return most;
}

/* Makes a new worker, unless another one has much room. If a table is full without a connection, a
 * new one does not help: it would be full, too. */
static struct worker *choose_next(struct worker *w)
{
    struct worker *most = with_most_room(w->first), *last = w;
    if (most && room(most) >= most->capacity / WORKER_MUCH_ROOM)
        return most;
    while (last->successor)
        last = last->successor;
    if (!w->successor_error && (w == w->first || w->capacity))
        w->successor_error = make_successor(w, last);
    return last->successor ? last->successor : most;
}

/* Passes the turn to another worker, which may use it before this function returns. */
static bool on_full(void *context)
{
    struct worker *w = context;
    if (w->share->settings->max_descriptors)
        return false;
    w->capacity = stats_open(&w->stats);
    struct worker *next = choose_next(w);
    if (!next)
        return false;
    acceptor_leave(&w->acceptor);
    w->first->turn = next;
    eventfd_write(w->share->news, 1);
    if (!atomic_exchange(&w->share->told, true))
        terminal_notice(
            "the file table is full (ulimit -n): going on with another one, in another thread");
    return true;
}

static int watch_news(struct worker *w)
{
    struct epoll_event edge = {.events = EPOLLIN | EPOLLET};
    int fd = epoll_create1(EPOLL_CLOEXEC);
    if (fd < 0)
        return -errno;
    ev_io_init(&w->news, on_news, fd, EV_READ);
    w->news.data = w;
    ev_io_start(w->loop, &w->news);
    return epoll_ctl(fd, EPOLL_CTL_ADD, w->share->news, &edge) ? -errno : 0;
}

int worker_init(struct worker *w, struct worker_share *share, int listener)
{
    const struct settings *s = share->settings;
    w->share = share;
    w->listener = listener;
    if (!w->first)
        w->turn = w->first = w;
    errno = 0;
    w->loop = ev_loop_new(EVBACKEND_EPOLL | EVFLAG_NOENV);
    if (!w->loop)
        return errno ? -errno : -ENOMEM;
    poller_begin(&w->poller, w->loop, share->news, s->poll_ns);
    w->pool = (struct session_pool){.loop = w->loop,
                                    .stats = &w->stats,
                                    .on_data = s->on_data,
                                    .on_eof = s->on_eof,
                                    .close_how = s->close_how,
                                    .close_after_ns = s->close_after_ns,
                                    .freed = on_freed,
                                    .unwatched = on_unwatched,
                                    .context = w};
    int r = watch_news(w);
    if (!r)
        r = session_pool_start(&w->pool);
    if (r)
        return r;
    w->pooled = true;
    w->acceptor = (struct acceptor){.loop = w->loop,
                                    .share = &share->acceptors,
                                    .stats = &w->stats,
                                    .accepted = on_accepted,
                                    .table_full = on_full,
                                    .out_of_descriptors = on_starved,
                                    .away = w != w->first,
                                    .context = w};
    r = acceptor_open(&w->acceptor, listener);
    w->accepting = !r;
    return r ? r : loop_guard_check(w->loop, false);
}

void worker_rest(struct worker *w)
{
    for (; w; w = w->successor) /* set, if at all, before the worker waits */
        if (w->threaded)
            thread_await(&w->rested);
        else
            end_watching(w);
}

static void release(struct worker *w)
{
    if (w->threaded)
        sem_post(&w->released);
    else
        worker_free(w);
}

void worker_close(struct worker *w)
{
    for (struct worker *each = w; each; each = each->successor)
        release(each); /* all of them first, so that they close at the same time */
    for (struct worker *each = w, *next; each; each = next) {
        next = each->successor;
        if (each->threaded)
            pthread_join(each->thread, NULL);
        each->threaded = false;
        if (each != w)
            free(each);
    }
    w->successor = NULL;
}
