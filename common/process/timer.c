#include "common/process/timer.h"
#include "common/process/clock.h"

#include <errno.h>
#include <sys/timerfd.h>
#include <unistd.h>

static void timer_on_expiry(struct ev_loop *loop, ev_io *io, int events)
{
    struct timer *t = (struct timer *)io;
    uint64_t expirations;
    if (read(io->fd, &expirations, sizeof(expirations)) != sizeof(expirations))
        return; /* set again meanwhile */
    ev_io_stop(loop, io);
    t->ring(t);
}

int timer_open(struct timer *t, struct ev_loop *loop, void (*ring)(struct timer *timer))
{
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (fd < 0)
        return -errno;
    *t = (struct timer){.loop = loop, .ring = ring};
    ev_io_init(&t->io, timer_on_expiry, fd, EV_READ);
    return 0;
}

void timer_set(struct timer *t, int64_t due_ns)
{
    if (due_ns <= 0)
        due_ns = 1; /* zero would disarm */
    if (ev_is_active(&t->io) && t->due_ns == due_ns)
        return;
    t->due_ns = due_ns;
    struct itimerspec at = {
        .it_value = {.tv_sec = due_ns / NS_PER_S, .tv_nsec = due_ns % NS_PER_S}};
    timerfd_settime(t->io.fd, TFD_TIMER_ABSTIME, &at, NULL);
    ev_io_start(t->loop, &t->io);
}

void timer_stop(struct timer *t)
{
    if (t->loop)
        ev_io_stop(t->loop, &t->io);
}

void timer_close(struct timer *t)
{
    if (!t->loop)
        return;
    ev_io_stop(t->loop, &t->io);
    close(t->io.fd);
    t->loop = NULL;
}
