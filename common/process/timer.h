/* A one-shot timer with the kernel's high resolution, for a libev loop. libev's own timers end with
 * epoll_wait()'s whole milliseconds, too coarse for 10,000 starts a second or an accept delay of
 * 250us. */
#pragma once

#include <ev.h>
#include <stdint.h>

struct timer {
    ev_io io;
    struct ev_loop *loop;
    int64_t due_ns; /* 0: it is not set */
    void (*ring)(struct timer *timer);
};

/* Makes the timerfd; ring is called from the loop. 0 or -errno. It is watched from here on, set or
 * not (common/process/loop_guard.h); it keeps the loop alive only while it is set. */
int timer_open(struct timer *t, struct ev_loop *loop, void (*ring)(struct timer *timer));

/* Rings at `due_ns` on clock_now_ns()'s clock, at once when that is past. Replaces an earlier
 * time. */
void timer_set(struct timer *t, int64_t due_ns);
void timer_stop(struct timer *t);  /* also one that is not set, or was never opened */
void timer_close(struct timer *t); /* a zeroed timer that was never opened is fine */
