#include "common/process/poller.h"
#include "common/process/clock.h"

#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#define POLLER_SHORT_WAITS   8  /* in a row, then it begins */
#define POLLER_UNMEASURED    15 /* waits after a very short one: the clock costs time, too */
#define POLLER_PAUSES        64 /* times what was lost: so no more than 1.5 % of the time is lost */
#define POLLER_MOST_PAUSE_NS NS_PER_S

/* of measuring */
#define POLLER_SAMPLES 8
#define POLLER_NAP_NS  (30 * NS_PER_US)
/* More than that was no wake-up alone: the CPU had something else to do. */
#define POLLER_MOST_WAKE_NS (50 * NS_PER_US)

/* libev calls these two around epoll_wait(), of which it still wants the errno. */
static void before_waiting(struct ev_loop *loop)
{
    struct poller *p = ev_userdata(loop);
    loop_guard_before_waiting(loop);
    p->measures = !p->polling && !p->unmeasured;
    if (p->measures)
        p->asked_ns = clock_now_ns();
    else if (p->unmeasured)
        p->unmeasured--;
}

static void after_waiting(struct ev_loop *loop)
{
    struct poller *p = ev_userdata(loop);
    int error = errno;
    if (p->measures) {
        int64_t now_ns = clock_now_ns();
        poller_waited(p, now_ns - p->asked_ns, now_ns);
    }
    p->looked = true;
    errno = error;
}

/* An iteration calls this before and after it looks for events. ev_break() has no effect in
 * after_waiting(). */
static void invoke(struct ev_loop *loop)
{
    struct poller *p = ev_userdata(loop);
    if (p->looked) {
        p->found = ev_pending_count(loop) > 0;
        if (p->polling)
            ev_break(loop, EVBREAK_ONE);
    }
    p->looked = false;
    ev_invoke_pending(loop);
}

void poller_begin(struct poller *p, struct ev_loop *loop, int wake, int64_t most_ns)
{
    *p = (struct poller){.most_ns = most_ns};
    loop_guard_begin(&p->guard, loop, wake);
}

void poller_waited(struct poller *p, int64_t waited_ns, int64_t now_ns)
{
    if (waited_ns < p->wake_ns / 2) {
        p->unmeasured = POLLER_UNMEASURED;
        return;
    }
    p->short_waits = waited_ns <= 2 * p->most_ns ? p->short_waits + 1 : 0;
    if (p->short_waits < POLLER_SHORT_WAITS || now_ns < p->again_ns)
        return;
    p->polling = true;
    p->credit_ns = 3 * p->most_ns;
    p->lost_ns = 0;
}

void poller_polled(struct poller *p, int64_t took_ns, bool found, bool alone, int64_t now_ns)
{
    bool good = found && alone;
    int64_t cost_ns = took_ns > p->most_ns ? took_ns : p->most_ns;
    p->credit_ns += good ? p->most_ns / 2 : -cost_ns;
    p->lost_ns += good ? -p->wake_ns : cost_ns;
    if (p->credit_ns > 3 * p->most_ns)
        p->credit_ns = 3 * p->most_ns;
    if (p->credit_ns > 0)
        return;
    int64_t pause_ns = POLLER_PAUSES * p->lost_ns;
    p->polling = false;
    p->short_waits = 0;
    p->again_ns = now_ns + (pause_ns < POLLER_MOST_PAUSE_NS ? pause_ns : POLLER_MOST_PAUSE_NS);
}

/* Whether no other thread has run on this CPU, in place of this one, since the last call. */
static bool is_alone(struct poller *p)
{
    struct rusage usage;
    long before = p->switches;
    getrusage(RUSAGE_THREAD, &usage);
    p->switches = usage.ru_nivcsw;
    return p->switches == before;
}

/* One iteration that does not wait. */
static bool look(struct poller *p, struct ev_loop *loop)
{
    ev_run(loop, EVRUN_NOWAIT);
    return p->found || p->ended;
}

static void poll_once(struct poller *p, struct ev_loop *loop)
{
    if (look(p, loop))
        return;
    int64_t from_ns = clock_now_ns(), took_ns;
    bool found;
    sched_yield();
    bool alone = is_alone(p);
    do
        took_ns = clock_now_ns() - from_ns;
    while (!(found = look(p, loop)) && took_ns < p->most_ns);
    atomic_store_explicit(&p->polled_ns,
                          p->polled_ns + (took_ns < p->most_ns ? took_ns : p->most_ns),
                          memory_order_relaxed);
    poller_polled(p, took_ns, found, alone, from_ns + took_ns);
    if (!found)
        ev_run(loop, EVRUN_ONCE);
}

/* How late a thread runs after a timer that woke its CPU, at best. */
static int64_t measure_wake(void)
{
    int slack = prctl(PR_GET_TIMERSLACK);
    int64_t best_ns = POLLER_MOST_WAKE_NS;
    prctl(PR_SET_TIMERSLACK, 1UL);
    for (int i = 0; i < POLLER_SAMPLES; i++) {
        int64_t due_ns = clock_now_ns() + POLLER_NAP_NS;
        const struct timespec due = {.tv_sec = due_ns / NS_PER_S, .tv_nsec = due_ns % NS_PER_S};
        if (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL))
            continue;
        int64_t late_ns = clock_now_ns() - due_ns;
        best_ns = late_ns < best_ns ? late_ns : best_ns;
    }
    prctl(PR_SET_TIMERSLACK, (unsigned long)slack);
    return best_ns;
}

void poller_run(struct ev_loop *loop)
{
    struct poller *p = ev_userdata(loop);
    if (!p->most_ns) {
        if (!p->ended)
            ev_run(loop, 0);
        return;
    }
    p->wake_ns = measure_wake();
    if (p->most_ns < 0)
        p->most_ns = 2 * p->wake_ns;
    ev_set_loop_release_cb(loop, before_waiting, after_waiting);
    ev_set_invoke_pending_cb(loop, invoke);
    while (!p->ended) {
        ev_run(loop, 0); /* until it is to poll */
        is_alone(p);
        while (p->polling && !p->ended)
            poll_once(p, loop);
    }
}

void poller_end(struct ev_loop *loop)
{
    struct poller *p = ev_userdata(loop);
    p->ended = true;
    ev_break(loop, EVBREAK_ALL);
}

int64_t poller_polled_ns(struct ev_loop *loop)
{
    return ((struct poller *)ev_userdata(loop))->polled_ns;
}
