/* The client's event loops: orders, file tables of their own, and turns. */
#include "client/crew.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define CREW 5

struct trial {
    struct crew *crew;
    int to_open, failing; /* descriptors each opens; whose prepare() fails, or -1 */
    int result;
    int fds[CREW][100];
    atomic_int obeyed[CREW], left, let_go, order;
    int quiet;
};

static int trial_prepare(void *context, size_t i, struct ev_loop *loop)
{
    struct trial *t = context;
    for (int k = 0; k < t->to_open; k++)
        if ((t->fds[i][k] = open("/dev/null", O_RDONLY | O_CLOEXEC)) < 0)
            return -errno;
    return (int)i == t->failing ? -EIO : 0;
}

static void trial_obey(void *context, size_t i, int order, unsigned number)
{
    struct trial *t = context;
    t->order = order;
    if (atomic_exchange(&t->obeyed[i], (int)number) != (int)number)
        crew_say_quiet(t->crew);
}

static void trial_leave(void *context, size_t i)
{
    ((struct trial *)context)->left++;
}

/* Closed by its number, in the table where it was opened. */
static void trial_let_go(void *context, size_t i)
{
    struct trial *t = context;
    for (int k = 0; k < t->to_open && t->fds[i][k] > 0; k++)
        cr_expect_eq(close(t->fds[i][k]), 0);
    t->let_go++;
}

/* Three orders, each when all have obeyed the last. */
static void trial_quiet(void *context)
{
    struct trial *t = context;
    for (int i = 0; i < CREW; i++)
        if (t->obeyed[i] != t->quiet + 1)
            return;
    if (++t->quiet == 3)
        crew_end(t->crew);
    else
        crew_order(t->crew, 10 + t->quiet);
}

static int trial_new(struct trial *t, bool own_tables)
{
    const struct crew_args args = {.n = CREW,
                                   .at_once = CREW,
                                   .own_tables = own_tables,
                                   .context = t,
                                   .prepare = trial_prepare,
                                   .obey = trial_obey,
                                   .leave = trial_leave,
                                   .let_go = trial_let_go,
                                   .quiet = trial_quiet};
    return crew_new(&args, &t->crew);
}

static void check_orders(bool own_tables)
{
    struct trial t = {.to_open = 10, .failing = -1};
    cr_assert_eq(trial_new(&t, own_tables), 0);
    crew_order(t.crew, 10);
    crew_run(t.crew);
    cr_expect_eq(t.quiet, 3);
    cr_expect_eq(t.order, 12);
    cr_expect_eq(t.left, CREW);
    cr_expect_eq(t.let_go, 0, "not before crew_free()");
    crew_free(t.crew);
    cr_expect_eq(t.let_go, CREW);
}

Test(crew, orders_reach_all_and_each_says_when_it_is_quiet, .timeout = 20)
{
    check_orders(false);
    check_orders(true);
}

Test(crew, one_that_never_ran_is_freed, .timeout = 20)
{
    struct trial t = {.failing = -1};
    cr_assert_eq(trial_new(&t, true), 0);
    crew_free(t.crew);
    cr_expect_eq(t.left, CREW);
    cr_expect_eq(t.let_go, CREW);
    crew_free(NULL);
}

Test(crew, one_that_cannot_be_prepared_undoes_all, .timeout = 20)
{
    for (int i = 0; i < CREW; i++) {
        struct trial t = {.to_open = 3, .failing = i};
        cr_expect_eq(trial_new(&t, i % 2), -EIO);
        cr_expect_eq(t.let_go, i ? CREW : 1, "whoever had been asked: %d", t.let_go);
    }
}

Test(crew, tables_of_their_own_hold_more_than_one, .timeout = 20)
{
    const struct rlimit limit = {64, 64};
    struct trial shared = {.to_open = 30, .failing = -1}, own = shared;
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    cr_expect_eq(trial_new(&shared, false), -EMFILE);
    cr_assert_eq(trial_new(&own, true), 0);
    crew_free(own.crew);
}

/* Whoever reads a pipe until its end must not wait for the threads. */
Test(crew, tables_of_their_own_keep_no_copy_of_what_was_open, .timeout = 20)
{
    int below[2], above[2], moved;
    struct trial t = {.failing = -1};
    cr_assert_eq(pipe2(below, O_CLOEXEC), 0);
    cr_assert_eq(pipe2(above, O_CLOEXEC), 0);
    moved = fcntl(above[1], F_DUPFD_CLOEXEC, 200);
    close(above[1]);
    cr_assert_eq(trial_new(&t, true), 0);
    close(below[1]);
    close(moved);
    struct pollfd ends[] = {{below[0], POLLIN, 0}, {above[0], POLLIN, 0}};
    cr_expect_eq(poll(ends, 2, 0), 2);
    cr_expect(ends[0].revents & POLLHUP);
    cr_expect(ends[1].revents & POLLHUP);
    crew_free(t.crew);
}

/* --- turns --- */

enum { LOOPS = 4, TURNS_EACH = 200 };

static struct bee {
    struct ev_loop *loop;
    ev_idle work; /* always more to do: a loop like that never lets go by itself */
    int turns;
} bees[LOOPS];

static struct hive {
    struct crew *crew;
    _Atomic int inside, most, done, waited;
} hive;

/* Yields while it is in, so that who may not be in has every opportunity. */
static void on_work(struct ev_loop *loop, ev_idle *idle, int events)
{
    struct bee *b = idle->data;
    int inside = ++hive.inside;
    if (inside > hive.most)
        hive.most = inside;
    for (int i = 0; i < 20; i++)
        sched_yield();
    hive.inside--;
    if (++b->turns == TURNS_EACH && ++hive.done == LOOPS)
        crew_end(hive.crew);
}

static int hive_prepare(void *context, size_t i, struct ev_loop *loop)
{
    struct bee *b = &bees[i];
    *b = (struct bee){.loop = loop};
    ev_idle_init(&b->work, on_work);
    b->work.data = b;
    return 0;
}

static void obey(void *context, size_t i, int order, unsigned number)
{
    ev_idle_start(bees[i].loop, &bees[i].work);
}

static void leave(void *context, size_t i)
{
    ev_idle_stop(bees[i].loop, &bees[i].work);
}

static void let_go(void *context, size_t i)
{
}

static void quiet(void *context)
{
}

static void on_waited(void *context, size_t i, int64_t ns)
{
    cr_assert_geq(ns, 0);
    hive.waited++;
}

static void run_hive(size_t at_once)
{
    const struct crew_args args = {.n = LOOPS,
                                   .at_once = at_once,
                                   .prepare = hive_prepare,
                                   .obey = obey,
                                   .waited = on_waited,
                                   .leave = leave,
                                   .let_go = let_go,
                                   .quiet = quiet};
    hive = (struct hive){0};
    cr_assert_eq(crew_new(&args, &hive.crew), 0);
    crew_order(hive.crew, 1);
    crew_run(hive.crew);
    crew_free(hive.crew);
    for (int i = 0; i < LOOPS; i++)
        cr_assert_geq(bees[i].turns, TURNS_EACH, "loop %d had %d turns", i, bees[i].turns);
}

Test(crew, one_at_a_time, .timeout = 20)
{
    run_hive(1);
    cr_assert_eq(hive.most, 1);
    cr_assert_gt(hive.waited, 0);
}

Test(crew, two_at_a_time, .timeout = 20)
{
    run_hive(2);
    cr_assert_leq(hive.most, 2);
    cr_assert_gt(hive.waited, 0);
}

Test(crew, all_at_once, .timeout = 20)
{
    run_hive(LOOPS);
    cr_assert_gt(hive.most, 1);
    cr_assert_eq(hive.waited, 0, "nobody has to wait");
}
