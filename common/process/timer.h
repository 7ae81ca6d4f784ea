/* A one-shot timer for a libev loop, with the kernel's high resolution (timerfd). libev's own
 * timers have the resolution of epoll_wait(), whole milliseconds: too coarse for 10,000 starts a
 * second or an accept delay of 250us. */
#pragma once

#include <ev.h>
#include <stdint.h>

struct timer {
    ev_io io;
    struct ev_loop *loop;
    int64_t due_ns; /* 0: it is not set */
    void (*ring)(struct timer *timer);
};

/* Makes the timerfd; the loop calls ring(). Returns 0 or -errno. The loop watches it from now on,
 * set or not (common/process/loop_guard.h says why), but it keeps the loop running only while it is
 * set. */
int timer_open(struct timer *t, struct ev_loop *loop, void (*ring)(struct timer *timer));

/* Sets the timer to `due_ns` by clock_now_ns(); it replaces an earlier time. If that is past, the
 * timer rings at once. */
void timer_set(struct timer *t, int64_t due_ns);
void timer_stop(struct timer *t);  /* does nothing if it is not set or was never opened */
void timer_close(struct timer *t); /* accepts a zeroed timer that was never opened */
