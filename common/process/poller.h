/* Runs an event loop, and polls for a while before it blocks, where that pays.
 *
 * A thread that blocks in epoll_wait() lets its CPU go idle, and the next event has to wake it. If
 * the event comes soon, the wake-up costs more than the wait. But polling pays only while the
 * thread has its CPU to itself: what it waits for may have to run on the same CPU. So the poller
 * - measures at the start what a wake-up costs, and polls for the time of two at most: the other
 *   end has to be woken, too, until it polls as well;
 * - begins after several waits in a row that were that short (before a very short one there was no
 *   wake-up: the CPU had something else to do);
 * - calls sched_yield() in each poll. Another thread that wants this CPU runs at once then, and the
 *   kernel counts an involuntary switch (__schedule() in kernel/sched/core.c): that poll has saved
 *   nothing;
 * - stops when more than every third poll found nothing or saved nothing, after three in a row at
 *   the latest, or after one that gave the CPU away for long. The pause until it tries again is
 *   64 times what it has lost in all. */
#pragma once

#include "common/process/loop_guard.h"

#include <stdbool.h>
#include <stdint.h>

struct poller {
    struct loop_guard guard; /* first: it is the loop's ev_userdata() */
    bool ended;
    bool looked;     /* the loop has looked for events since its prepare watchers ran */
    bool found;      /* and there were some */
    int64_t most_ns; /* of one poll; 0: never */
    int64_t wake_ns; /* what a wake-up costs */
    /* of waits without a poll */
    bool measures; /* this one */
    int64_t asked_ns;
    unsigned unmeasured;  /* how many of the next are not measured */
    unsigned short_waits; /* in a row */
    /* of polls */
    bool polling;
    int64_t credit_ns;
    int64_t lost_ns;  /* since it began: what polls cost in vain, less what the others saved */
    int64_t again_ns; /* no sooner */
    long switches;    /* involuntary ones of this thread */
    _Atomic int64_t polled_ns;
};

/* Prepares a loop that poller_run() is going to run, and guards it (loop_guard.h, which explains
 * `wake`). most_ns: of one poll; 0: the loop never polls; below 0: poller_run() chooses it by the
 * cost of a wake-up. `p` must live as long as the loop, and becomes its ev_userdata(). */
void poller_begin(struct poller *p, struct ev_loop *loop, int wake, int64_t most_ns);

/* Runs the loop in the calling thread until poller_end() is called in one of its callbacks, before
 * or meanwhile. With most_ns 0 that is ev_run(). */
void poller_run(struct ev_loop *loop);
void poller_end(struct ev_loop *loop);

/* Returns how long the loop has polled without finding anything, in ns. From any thread. */
int64_t poller_polled_ns(struct ev_loop *loop);

/* --- the decisions; they make no system call, and are here for their test --- */

/* After a wait without a poll, which ended at now_ns. */
void poller_waited(struct poller *p, int64_t waited_ns, int64_t now_ns);

/* After a poll that took that long. found: it ended with an event. alone: no other thread ran on
 * the CPU. */
void poller_polled(struct poller *p, int64_t took_ns, bool found, bool alone, int64_t now_ns);
