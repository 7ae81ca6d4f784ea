#include "common/process/clock.h"
#include "common/process/poller.h"
#include "common/process/timer.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What the kernel says from now on; libev calls this one. */
static int refusal;

int epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event)
{
    if (!refusal)
        return (int)syscall(SYS_epoll_ctl, epoll, operation, fd, event);
    errno = refusal;
    return -1;
}

/* --- the decisions --- */

#define WAKE_NS (10 * NS_PER_US)
#define MOST_NS (20 * NS_PER_US)

static struct poller fresh(void)
{
    return (struct poller){.most_ns = MOST_NS, .wake_ns = WAKE_NS};
}

/* It waits n times, each for so long. */
static void waits(struct poller *p, int n, int64_t ns, int64_t now_ns)
{
    for (int i = 0; i < n; i++)
        poller_waited(p, ns, now_ns);
}

/* Eight short waits in a row, one of which may last two of its polls. */
Test(poller, begins_where_waits_are_as_short_as_a_wake_up)
{
    const struct {
        int64_t ns;
        bool begins;
    } cases[] = {{WAKE_NS / 2 - 1, false},
                 {WAKE_NS / 2, true},
                 {WAKE_NS, true},
                 {2 * MOST_NS, true},
                 {2 * MOST_NS + 1, false}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct poller p = fresh();
        waits(&p, 7, cases[i].ns, 0);
        cr_expect_not(p.polling);
        waits(&p, 1, cases[i].ns, 0);
        cr_expect_eq(p.polling, cases[i].begins, "%lld ns", (long long)cases[i].ns);
    }
}

/* Where both ends share a CPU, two looks at the clock for each wait would be felt. */
Test(poller, a_very_short_wait_leaves_the_next_15_unmeasured)
{
    struct poller p = fresh();
    waits(&p, 1, WAKE_NS / 2 - 1, 0);
    cr_expect_eq(p.unmeasured, 15);
    waits(&p, 1, WAKE_NS / 2, 0);
    cr_expect_eq(p.short_waits, 1);
}

/* A load of 1000 a second has a long wait for each start, and an idle server nothing else. */
Test(poller, a_long_wait_begins_the_row_anew_and_a_very_short_one_does_not_count)
{
    struct poller p = fresh();
    for (int i = 0; i < 1000; i++) {
        waits(&p, 7, WAKE_NS, 0);
        waits(&p, 1, NS_PER_MS, 0);
    }
    cr_expect_not(p.polling);
    for (int i = 0; i < 8; i++) {
        waits(&p, 100, WAKE_NS / 4, 0);
        cr_expect_not(p.polling);
        waits(&p, 1, WAKE_NS, 0);
    }
    cr_expect(p.polling);
}

static struct poller polling(void)
{
    struct poller p = fresh();
    waits(&p, 8, WAKE_NS, 0);
    cr_assert(p.polling);
    return p;
}

Test(poller, stops_after_three_polls_in_vain)
{
    struct poller p = polling();
    for (int i = 0; i < 1000; i++)
        poller_polled(&p, 5 * NS_PER_US, true, true, 0);
    for (int i = 0; i < 3; i++) {
        cr_expect(p.polling);
        poller_polled(&p, MOST_NS + NS_PER_US, false, true, 0);
    }
    cr_expect_not(p.polling);
}

/* So it does when each finds something, but only because another thread ran here: both ends on one
 * CPU. */
Test(poller, stops_where_it_has_no_cpu_to_itself)
{
    struct poller p = polling();
    for (int i = 0; i < 3; i++) {
        cr_expect(p.polling);
        poller_polled(&p, 5 * NS_PER_US, true, false, 0);
    }
    cr_expect_not(p.polling);
}

/* Three milliseconds of a busy loop. */
Test(poller, stops_at_once_when_it_gave_its_cpu_away_for_long)
{
    struct poller p = polling();
    poller_polled(&p, 3 * NS_PER_MS, true, false, 0);
    cr_expect_not(p.polling);
}

Test(poller, goes_on_while_two_of_three_find_something)
{
    struct poller p = polling(), q = polling();
    for (int i = 0; i < 1000; i++) {
        poller_polled(&p, MOST_NS, false, true, 0);
        poller_polled(&p, 5 * NS_PER_US, true, true, 0);
        poller_polled(&p, 5 * NS_PER_US, true, true, 0);
    }
    cr_expect(p.polling);
    for (int i = 0; i < 4; i++) {
        poller_polled(&q, MOST_NS, false, true, 0);
        poller_polled(&q, 5 * NS_PER_US, true, true, 0);
    }
    poller_polled(&q, MOST_NS, false, true, 0);
    cr_expect_not(q.polling, "every second is not enough");
}

/* When it begins again, after a stop at that time, in us after it. */
static int64_t pause_of(struct poller *p, int64_t stopped_ns)
{
    cr_assert_not(p->polling);
    for (int64_t us = 0;; us += 10) {
        waits(p, 8, WAKE_NS, stopped_ns + us * NS_PER_US);
        if (p->polling)
            return us;
    }
}

/* After three polls in vain; after the slice of a busy loop; after one that took for ever. */
Test(poller, what_it_loses_is_a_small_part_of_the_time)
{
    static const struct {
        int polls;
        int64_t took_ns, pause_us;
    } cases[] = {{3, MOST_NS, 64 * 60}, {1, 3 * NS_PER_MS, 64 * 3000}, {1, NS_PER_S, 1000000}};
    struct poller p = polling();
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        int64_t stopped_ns = (int64_t)(i + 1) * 10 * NS_PER_S;
        for (int n = 0; n < cases[i].polls; n++)
            poller_polled(&p, cases[i].took_ns, false, true, stopped_ns);
        cr_expect_eq(pause_of(&p, stopped_ns), cases[i].pause_us);
    }
}

/* 400 wake-ups of 10 us are more than 3 ms. */
Test(poller, what_it_saved_before_shortens_the_pause)
{
    struct poller p = polling();
    for (int i = 0; i < 400; i++)
        poller_polled(&p, 5 * NS_PER_US, true, true, 0);
    poller_polled(&p, 3 * NS_PER_MS, true, false, NS_PER_S);
    cr_expect_eq(pause_of(&p, NS_PER_S), 0);
}

/* --- the loop --- */

static struct ev_loop *loop;
static struct poller poller;
static ev_io wake, late;
static struct timer timer;
static int64_t period_ns, latest_ns;
static int rings, late_events;

static void on_wake(struct ev_loop *of, ev_io *io, int events)
{
    eventfd_t wakes;
    eventfd_read(io->fd, &wakes);
}

static void on_late(struct ev_loop *of, ev_io *io, int events)
{
    late_events = events;
    poller_end(of);
}

/* The second end of an echo, that answers after period_ns. */
static void on_ring(struct timer *t)
{
    rings++;
    if (poller_polled_ns(t->loop) || clock_now_ns() > latest_ns)
        poller_end(t->loop);
    timer_set(t, clock_now_ns() + period_ns);
}

static void setup(void)
{
    refusal = rings = 0;
    loop = ev_loop_new(EVBACKEND_EPOLL);
    ev_io_init(&wake, on_wake, eventfd(0, EFD_NONBLOCK), EV_READ);
    ev_io_init(&late, on_late, eventfd(0, EFD_NONBLOCK), EV_READ);
    ev_io_start(loop, &wake);
    cr_assert_eq(timer_open(&timer, loop, on_ring), 0);
}

static void teardown(void)
{
    timer_close(&timer);
    ev_loop_destroy(loop);
    close(wake.fd);
    close(late.fd);
}

TestSuite(poller_loop, .init = setup, .fini = teardown, .timeout = 60);

/* Runs a loop with an event each period until it has polled, at most for so long. */
static void run(int64_t most_ns, int64_t every_ns, int64_t for_ns)
{
    poller_begin(&poller, loop, wake.fd, most_ns);
    period_ns = every_ns;
    latest_ns = clock_now_ns() + for_ns;
    timer_set(&timer, clock_now_ns() + period_ns);
    poller_run(loop);
}

Test(poller_loop, polls_when_the_next_event_comes_soon)
{
    run(2 * NS_PER_MS, 100 * NS_PER_US, 50 * NS_PER_S);
    cr_expect_gt(poller_polled_ns(loop), 0);
    cr_expect_lt(poller_polled_ns(loop), 3 * NS_PER_MS, "the end of a poll ended the loop");
}

Test(poller_loop, does_not_poll_while_events_are_rare)
{
    run(-1, 5 * NS_PER_MS, 200 * NS_PER_MS);
    cr_expect_eq(poller_polled_ns(loop), 0);
    cr_expect_gt(rings, 1);
}

Test(poller_loop, never_polls_with_0)
{
    run(0, 50 * NS_PER_US, 100 * NS_PER_MS);
    cr_expect_eq(poller_polled_ns(loop), 0);
    cr_expect_gt(rings, 1);
}

Test(poller_loop, does_not_begin_where_the_end_came_before)
{
    static const int64_t most[] = {0, -1};
    for (int i = 0; i < 2; i++) {
        poller_begin(&poller, loop, wake.fd, most[i]);
        poller_end(loop);
        timer_set(&timer, 1);
        poller_run(loop);
        cr_expect_eq(rings, 0);
    }
}

static void on_refused(struct timer *t)
{
    poller.polling = true;
    poller.credit_ns = NS_PER_S;
    refusal = ENOSPC;
    ev_io_start(loop, &late);
}

/* loop_guard.h */
Test(poller_loop, a_refused_descriptor_is_told_while_it_polls)
{
    timer.ring = on_refused;
    poller_begin(&poller, loop, wake.fd, -1);
    timer_set(&timer, 1);
    poller_run(loop);
    cr_expect(late_events & EV_ERROR);
    cr_expect_eq(loop_guard_error(loop), ENOSPC);
}
