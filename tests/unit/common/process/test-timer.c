#include "common/process/clock.h"
#include "common/process/timer.h"

#include <criterion/criterion.h>

struct probe {
    struct timer timer;
    int64_t rang_ns;
    int rings;
};

static void ring(struct timer *timer)
{
    struct probe *p = (struct probe *)timer;
    p->rang_ns = clock_now_ns();
    p->rings++;
    ev_break(timer->loop, EVBREAK_ALL);
}

static struct ev_loop *loop;
static struct probe probe;

static void setup(void)
{
    loop = ev_loop_new(EVBACKEND_EPOLL);
    probe = (struct probe){0};
    cr_assert_eq(timer_open(&probe.timer, loop, ring), 0);
}

static void teardown(void)
{
    timer_close(&probe.timer);
    timer_close(&probe.timer);
    ev_loop_destroy(loop);
}

TestSuite(timer, .init = setup, .fini = teardown, .timeout = 20);

Test(timer, never_early_and_finer_than_a_millisecond)
{
    int64_t best_ns = INT64_MAX;
    for (int i = 0; i < 50; i++) {
        int64_t due_ns = clock_now_ns() + 300 * NS_PER_US;
        timer_set(&probe.timer, due_ns);
        ev_run(loop, 0);
        cr_assert_geq(probe.rang_ns, due_ns);
        if (probe.rang_ns - due_ns < best_ns)
            best_ns = probe.rang_ns - due_ns;
    }
    cr_expect_eq(probe.rings, 50);
    cr_expect_lt(best_ns, 500 * NS_PER_US, "at best %lld us late", (long long)(best_ns / 1000));
}

Test(timer, the_past_rings_at_once)
{
    timer_set(&probe.timer, -5);
    ev_run(loop, 0);
    cr_expect_eq(probe.rings, 1);
}

Test(timer, setting_again_replaces)
{
    int64_t due_ns = clock_now_ns() + 20 * NS_PER_MS;
    timer_set(&probe.timer, clock_now_ns() + 3600 * NS_PER_S);
    timer_set(&probe.timer, due_ns);
    ev_run(loop, 0);
    cr_expect_geq(probe.rang_ns, due_ns);
    cr_expect_eq(probe.rings, 1);
    timer_set(&probe.timer, due_ns); /* the same moment once more, after it rang */
    ev_run(loop, 0);
    cr_expect_eq(probe.rings, 2);
}

Test(timer, stopped_it_does_not_ring_nor_keep_the_loop)
{
    timer_set(&probe.timer, clock_now_ns() + NS_PER_MS);
    timer_stop(&probe.timer);
    ev_run(loop, 0); /* returns: nothing is left to wait for */
    cr_expect_eq(probe.rings, 0);
}
