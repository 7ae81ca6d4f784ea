#include "common/process/clock.h"
#include "common/process/loop_guard.h"
#include "common/process/timer.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
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

static struct ev_loop *loop;
static struct loop_guard guard;
static ev_io wake, late;
static int late_events, rings;

static void on_wake(struct ev_loop *of, ev_io *io, int events)
{
    eventfd_t wakes;
    eventfd_read(io->fd, &wakes);
}

static void on_late(struct ev_loop *of, ev_io *io, int events)
{
    late_events = events;
    ev_break(of, EVBREAK_ALL);
}

static void on_ring(struct timer *timer)
{
    rings++;
    ev_break(timer->loop, EVBREAK_ALL);
}

static void setup(void)
{
    refusal = 0;
    loop = ev_loop_new(EVBACKEND_EPOLL);
    ev_io_init(&wake, on_wake, eventfd(0, EFD_NONBLOCK), EV_READ);
    ev_io_init(&late, on_late, eventfd(0, EFD_NONBLOCK), EV_READ);
    ev_io_start(loop, &wake);
    loop_guard_begin(&guard, loop, wake.fd);
}

static void teardown(void)
{
    ev_loop_destroy(loop);
    close(wake.fd);
    close(late.fd);
}

/* a loop that is not woken waits for ever */
TestSuite(loop_guard, .init = setup, .fini = teardown, .timeout = 20);

Test(loop_guard, a_refused_descriptor_is_told_at_once_with_its_errno)
{
    static const int errors[] = {ENOSPC, ENOMEM};
    cr_assert_eq(loop_guard_check(loop, false), 0);
    for (size_t i = 0; i < 2; i++) {
        refusal = errors[i];
        ev_io_set(&late, late.fd, EV_READ);
        ev_io_start(loop, &late);
        ev_run(loop, 0);
        cr_expect(late_events & EV_ERROR);
        cr_expect_not(ev_is_active(&late));
        cr_expect_eq(loop_guard_error(loop), errors[i]);
    }
}

Test(loop_guard, a_start_is_told_what_is_not_watched)
{
    refusal = ENOSPC;
    cr_expect_eq(loop_guard_check(loop, false), -ENOSPC);
}

Test(loop_guard, so_it_is_of_the_descriptor_for_signals)
{
    cr_assert_eq(loop_guard_check(loop, false), 0);
    refusal = ENOMEM;
    cr_expect_eq(loop_guard_check(loop, false), 0, "nothing new is to be watched");
    cr_expect_eq(loop_guard_check(loop, true), -ENOMEM);
}

/* Also after it was stopped and would have rung meanwhile. */
Test(loop_guard, a_timer_needs_nothing_more)
{
    struct timer timer;
    cr_assert_eq(timer_open(&timer, loop, on_ring), 0);
    cr_assert_eq(loop_guard_check(loop, false), 0);
    refusal = ENOSPC;
    timer_set(&timer, clock_now_ns() - 1);
    timer_stop(&timer);
    ev_run(loop, EVRUN_NOWAIT);
    for (int i = 0; i < 3; i++) {
        timer_set(&timer, clock_now_ns() + NS_PER_MS);
        ev_run(loop, 0);
    }
    cr_expect_eq(rings, 3);
    cr_expect_eq(loop_guard_error(loop), 0);
    timer_close(&timer);
}

Test(loop_guard, the_reason_has_the_limit)
{
    char why[LOOP_GUARD_WHY_MAX], limit[32];
    FILE *file = fopen("/proc/sys/fs/epoll/max_user_watches", "re");
    cr_assert(file && fgets(limit, sizeof(limit), file));
    fclose(file);
    limit[strcspn(limit, "\n")] = '\0';
    loop_guard_why(ENOSPC, why);
    cr_expect(strstr(why, limit) && strstr(why, "sysctl fs.epoll.max_user_watches"), "%s", why);
    cr_expect_str_eq(loop_guard_why(ENOMEM, why), "Cannot allocate memory");
}
