#include "common/process/timer.h"
#include "common/process/clock.h"

#include <errno.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* The timerfd's own time. */
static void arm(struct timer *t, int64_t due_ns)
{
    const struct itimerspec at = {
        .it_value = {.tv_sec = due_ns / NS_PER_S, .tv_nsec = due_ns % NS_PER_S}};
    timerfd_settime(t->io.fd, TFD_TIMER_ABSTIME, &at, NULL);
}

static void unset(struct timer *t)
{
    t->due_ns = 0;
    ev_unref(t->loop);
}

static void on_expiry(struct ev_loop *loop, ev_io *io, int events)
{
    struct timer *t = (struct timer *)io;
    uint64_t expirations;
    if (read(io->fd, &expirations, sizeof(expirations)) != sizeof(expirations))
        return; /* set again meanwhile, or stopped */
    unset(t);
    t->ring(t);
}

int timer_open(struct timer *t, struct ev_loop *loop, void (*ring)(struct timer *timer))
{
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (fd < 0)
        return -errno;
    *t = (struct timer){.loop = loop, .ring = ring};
    ev_io_init(&t->io, on_expiry, fd, EV_READ);
    ev_io_start(loop, &t->io);
    ev_unref(loop);
    return 0;
}

void timer_set(struct timer *t, int64_t due_ns)
{
    if (due_ns <= 0)
        due_ns = 1; /* zero would disarm */
    if (t->due_ns == due_ns)
        return;
    if (!t->due_ns)
        ev_ref(t->loop);
    t->due_ns = due_ns;
    arm(t, due_ns);
}

void timer_stop(struct timer *t)
{
    if (!t->due_ns)
        return;
    arm(t, 0);
    unset(t);
}

void timer_close(struct timer *t)
{
    if (!t->loop)
        return;
    timer_stop(t);
    ev_ref(t->loop);
    ev_io_stop(t->loop, &t->io);
    close(t->io.fd);
    t->loop = NULL;
}
