#include "common/process/loop_guard.h"

#include <errno.h>
#include <sys/eventfd.h>

/* Runs right before epoll_wait(). A pending event is now a descriptor that epoll_ctl() has refused
 * since the callbacks ran, and errno is still from that call. Only a later epoll_ctl() for a
 * descriptor that epoll had before (epoll_modify() in ev_epoll.c) may have changed errno. */
void loop_guard_before_waiting(struct ev_loop *loop)
{
    struct loop_guard *w = ev_userdata(loop);
    int error = errno;
    if (!ev_pending_count(loop))
        return;
    w->error = error == EEXIST || error == ENOENT ? ENOSPC : error;
    eventfd_write(w->wake, 1);
}

void loop_guard_begin(struct loop_guard *w, struct ev_loop *loop, int wake)
{
    *w = (struct loop_guard){.wake = wake};
    ev_set_userdata(loop, w);
    ev_set_loop_release_cb(loop, loop_guard_before_waiting, NULL);
}

static void on_async(struct ev_loop *loop, ev_async *async, int events)
{
}

int loop_guard_check(struct ev_loop *loop, bool signals)
{
    struct loop_guard *w = ev_userdata(loop);
    ev_async any; /* the first has libev open its descriptor */
    ev_async_init(&any, on_async);
    if (signals)
        ev_async_start(loop, &any);
    ev_run(loop, EVRUN_NOWAIT);
    ev_async_stop(loop, &any);
    return -w->error;
}

int loop_guard_error(struct ev_loop *loop)
{
    return ((struct loop_guard *)ev_userdata(loop))->error;
}
