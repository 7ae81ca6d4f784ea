#include "server/worker.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

static void worker_on_accepted(void *context, int fd)
{
    struct worker *w = context;
    session_start(&w->pool, fd);
}

static void worker_on_freed(void *context)
{
    struct worker *w = context;
    acceptor_descriptor_freed(&w->acceptor);
}

static void worker_on_stop(struct ev_loop *loop, ev_async *async, int events)
{
    ev_break(loop, EVBREAK_ALL);
}

static void worker_on_hurry(struct ev_loop *loop, ev_async *async, int events)
{
    struct worker *w = async->data;
    acceptor_hurry(&w->acceptor);
}

int worker_init(struct worker *w, int listener, const struct settings *s, struct acceptor_share *share,
                void (*out_of_descriptors)(void *context, int error))
{
    w->listener = listener;
    w->loop = ev_loop_new(EVBACKEND_EPOLL | EVFLAG_NOENV);
    if (!w->loop)
        return -ENOMEM;
    ev_async_init(&w->stop, worker_on_stop);
    ev_async_start(w->loop, &w->stop);
    ev_async_init(&w->hurry, worker_on_hurry);
    w->hurry.data = w;
    ev_async_start(w->loop, &w->hurry);
    w->pool = (struct session_pool){.loop = w->loop,
                                    .stats = &w->stats,
                                    .on_data = s->on_data,
                                    .on_eof = s->on_eof,
                                    .close_how = s->close_how,
                                    .close_after_ns = s->close_after_ns,
                                    .freed = worker_on_freed,
                                    .context = w};
    int r = session_pool_start(&w->pool);
    if (r)
        return r;
    w->pooled = true;
    w->acceptor = (struct acceptor){.loop = w->loop,
                                    .share = share,
                                    .stats = &w->stats,
                                    .accepted = worker_on_accepted,
                                    .out_of_descriptors = out_of_descriptors,
                                    .context = w};
    r = acceptor_start(&w->acceptor, listener);
    w->accepting = !r;
    return r;
}

static void *worker_main(void *context)
{
    struct worker *w = context;
    ev_run(w->loop, 0);
    return NULL;
}

int worker_spawn(struct worker *w)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* the new thread inherits this: signals are the main thread's */
    int r = pthread_create(&w->thread, NULL, worker_main, w);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    w->threaded = !r;
    return -r;
}

void worker_hurry(struct worker *w)
{
    ev_async_send(w->loop, &w->hurry);
}

void worker_stop(struct worker *w)
{
    if (w->threaded) {
        ev_async_send(w->loop, &w->stop);
        pthread_join(w->thread, NULL);
        w->threaded = false;
    }
    if (w->accepting)
        acceptor_stop(&w->acceptor);
    w->accepting = false;
    if (w->pooled)
        session_pool_stop(&w->pool);
}

void worker_close(struct worker *w)
{
    worker_stop(w);
    if (w->pooled)
        session_pool_close(&w->pool);
    w->pooled = false;
    if (w->listener >= 0)
        close(w->listener);
    if (w->loop)
        ev_loop_destroy(w->loop);
    w->listener = -1;
    w->loop = NULL;
}
