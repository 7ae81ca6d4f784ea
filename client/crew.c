#include "client/crew.h"
#include "common/process/clock.h"
#include "common/process/poller.h"
#include "common/process/thread.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct crew_member {
    struct poller poller; /* first: it is the loop's ev_userdata() */
    struct crew *crew;
    size_t index;
    int wake_fd;
    ev_io wake;
    unsigned obeyed;      /* number of the last order */
    struct ev_loop *loop; /* NULL: no memory for it */
    pthread_t thread;
    int cpu; /* the CPU on which the thread stays; -1: any */
};

struct crew {
    struct crew_args args;
    struct crew_member *members;
    size_t n_spawned; /* threads; the first member has none */
    int quiet_fd;
    ev_io quiet;
    _Atomic int order; /* with its number: written before the threads are woken */
    _Atomic unsigned number;
    atomic_bool ending;
    _Atomic int error;       /* the first -errno of a prepare() */
    sem_t arrived, may_part; /* a thread is prepared, or has left its loop; it may end */
    sem_t turns;             /* how many more threads may run at once */
    bool left;
};

static void crew_signal(int fd)
{
    eventfd_write(fd, 1); /* fails only when 2^64 - 2 are unread */
}

static void take_turn(struct crew_member *m)
{
    struct crew *c = m->crew;
    if (!sem_trywait(&c->turns))
        return;
    int64_t from_ns = clock_now_ns();
    thread_await(&c->turns);
    c->args.waited(c->args.context, m->index, clock_now_ns() - from_ns);
}

static void end_turn(struct crew_member *m)
{
    sem_post(&m->crew->turns);
}

/* libev calls these two around epoll_wait(), and reads errno afterwards: they keep it. */
static void before_waiting(struct ev_loop *loop)
{
    loop_guard_before_waiting(loop);
    end_turn(ev_userdata(loop));
}

static void after_waiting(struct ev_loop *loop)
{
    int error = errno;
    take_turn(ev_userdata(loop));
    errno = error;
}

static void run_loop(struct crew_member *m)
{
    thread_stay(m->cpu);
    if (m->crew->args.at_once >= m->crew->args.n) {
        poller_run(m->loop);
        return;
    }
    ev_set_loop_release_cb(m->loop, before_waiting, after_waiting);
    take_turn(m);
    ev_run(m->loop, 0);
    end_turn(m);
}

static void on_wake(struct ev_loop *loop, ev_io *io, int events)
{
    struct crew_member *m = io->data;
    struct crew *c = m->crew;
    eventfd_t wakes;
    eventfd_read(io->fd, &wakes);
    unsigned number = c->number;
    if (c->ending) {
        poller_end(loop);
    } else if (number != m->obeyed) { /* otherwise the loop has woken itself (loop_guard.h) */
        m->obeyed = number;
        c->args.obey(c->args.context, m->index, c->order, number);
    }
}

static void on_quiet(struct ev_loop *loop, ev_io *io, int events)
{
    struct crew *c = io->data;
    eventfd_t words;
    eventfd_read(io->fd, &words);
    c->args.quiet(c->args.context);
}

static int prepare(struct crew_member *m)
{
    struct crew *c = m->crew;
    errno = 0;
    m->loop = ev_loop_new(EVBACKEND_EPOLL | EVFLAG_NOENV);
    if (!m->loop)
        return errno ? -errno : -ENOMEM;
    ev_io_init(&m->wake, on_wake, m->wake_fd, EV_READ);
    m->wake.data = m;
    ev_io_start(m->loop, &m->wake);
    poller_begin(&m->poller, m->loop, m->wake_fd, c->args.poll_ns);
    int error = c->args.prepare(c->args.context, m->index, m->loop);
    return error ? error : loop_guard_check(m->loop, false);
}

static void leave(struct crew_member *m)
{
    if (m->loop)
        m->crew->args.leave(m->crew->args.context, m->index);
}

static void let_go(struct crew_member *m)
{
    if (!m->loop)
        return;
    m->crew->args.let_go(m->crew->args.context, m->index);
    ev_loop_destroy(m->loop);
}

/* close_range() copies only the descriptors below the range; quiet_fd is older than wake_fd, so it
 * is lower. */
static int take_table(const struct crew_member *m)
{
    unsigned quiet = (unsigned)m->crew->quiet_fd, wake = (unsigned)m->wake_fd;
    if (close_range(wake + 1, ~0U, CLOSE_RANGE_UNSHARE))
        return -errno;
    if (quiet + 1 < wake)
        close_range(quiet + 1, wake - 1, 0);
    if (STDERR_FILENO + 1 < quiet)
        close_range(STDERR_FILENO + 1, quiet - 1, 0);
    return 0;
}

static void *thread_main(void *context)
{
    struct crew_member *m = context;
    struct crew *c = m->crew;
    int none = 0, error = c->args.own_tables ? take_table(m) : 0;
    if (!error)
        error = prepare(m);
    if (error)
        atomic_compare_exchange_strong(&c->error, &none, error);
    sem_post(&c->arrived);
    if (!error && !c->ending) /* otherwise loop_guard_check() may have read the event */
        run_loop(m);
    leave(m);
    sem_post(&c->arrived);
    thread_await(&c->may_part);
    let_go(m);
    return NULL;
}

static void await_arrivals(struct crew *c)
{
    for (size_t i = 0; i < c->n_spawned; i++)
        thread_await(&c->arrived);
}

static int spawn(struct crew *c)
{
    int error = 0;
    for (size_t i = 1; i < c->args.n && !error; i++) {
        error = thread_start(&c->members[i].thread, thread_main, &c->members[i]);
        c->n_spawned += !error;
    }
    await_arrivals(c);
    return error ? error : c->error;
}

static int open_eventfds(struct crew *c)
{
    c->quiet_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (c->quiet_fd < 0)
        return -errno;
    for (size_t i = 0; i < c->args.n; i++) {
        c->members[i].wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
        if (c->members[i].wake_fd < 0)
            return -errno;
    }
    return 0;
}

int crew_new(const struct crew_args *args, struct crew **ret)
{
    struct crew *c = calloc(1, sizeof(*c));
    if (!c || !(c->members = calloc(args->n, sizeof(*c->members)))) {
        free(c);
        return -ENOMEM;
    }
    c->args = *args;
    c->quiet_fd = -1;
    sem_init(&c->arrived, 0, 0);
    sem_init(&c->may_part, 0, 0);
    sem_init(&c->turns, 0, (unsigned)args->at_once);
    for (size_t i = 0; i < args->n; i++)
        c->members[i] = (struct crew_member){
            .crew = c, .index = i, .wake_fd = -1, .cpu = args->own_cpus ? thread_cpu(i) : -1};
    int error = open_eventfds(c);
    if (!error)
        error = prepare(&c->members[0]);
    if (!error) {
        ev_io_init(&c->quiet, on_quiet, c->quiet_fd, EV_READ);
        c->quiet.data = c;
        ev_io_start(c->members[0].loop, &c->quiet);
        error = spawn(c);
    }
    if (error) {
        crew_free(c);
        return error;
    }
    *ret = c;
    return 0;
}

struct ev_loop *crew_loop(const struct crew *c)
{
    return c->members[0].loop;
}

static void crew_wake(const struct crew *c)
{
    for (size_t i = 0; i < c->args.n; i++)
        crew_signal(c->members[i].wake_fd);
}

unsigned crew_order(struct crew *c, int order)
{
    c->order = order;
    unsigned number = ++c->number;
    crew_wake(c);
    return number;
}

void crew_say_quiet(struct crew *c)
{
    crew_signal(c->quiet_fd);
}

void crew_end(struct crew *c)
{
    c->ending = true;
    crew_wake(c);
}

static void all_leave(struct crew *c)
{
    leave(&c->members[0]);
    await_arrivals(c);
    c->left = true;
}

void crew_run(struct crew *c)
{
    run_loop(&c->members[0]);
    all_leave(c);
}

void crew_free(struct crew *c)
{
    if (!c)
        return;
    if (!c->left) {
        crew_end(c);
        all_leave(c);
    }
    for (size_t i = 0; i < c->n_spawned; i++)
        sem_post(&c->may_part);
    let_go(&c->members[0]);
    for (size_t i = 1; i <= c->n_spawned; i++)
        pthread_join(c->members[i].thread, NULL);
    for (size_t i = 0; i < c->args.n; i++)
        if (c->members[i].wake_fd >= 0)
            close(c->members[i].wake_fd);
    if (c->quiet_fd >= 0)
        close(c->quiet_fd);
    sem_destroy(&c->arrived);
    sem_destroy(&c->may_part);
    sem_destroy(&c->turns);
    free(c->members);
    free(c);
}
