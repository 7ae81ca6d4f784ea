#include "server/acceptor.h"
#include "common/options/options.h"
#include "common/process/clock.h"
#include "common/process/loop_guard.h"
#include "server/listener.h"

#include <errno.h>
#include <sys/socket.h>
#include <time.h>

#define ACCEPTOR_BATCH    64        /* then the loop gets its turn */
#define ACCEPTOR_SAMPLE   NS_PER_MS /* without a delay it reads the queue at most this often */
#define ACCEPTOR_PAUSE_NS (100 * NS_PER_MS) /* without descriptors, if no connection of ours ends */

static void sample(struct acceptor *a, int64_t now_ns)
{
    struct listener_queue queue;
    a->sampled_ns = now_ns;
    if (!listener_queue(a->io.fd, &queue) && queue.length > STATS_GET(a->stats->queue_peak))
        STATS_SET(a->stats->queue_peak, queue.length);
}

/* accept() takes the descriptor first and the connection second, so what could not be accepted is
 * still queued. */
static void acceptor_pause(struct acceptor *a, int error)
{
    ev_io_stop(a->loop, &a->io);
    a->starved = error;
    timer_set(&a->wake, clock_now_ns() + ACCEPTOR_PAUSE_NS);
    if (!atomic_exchange(&a->share->told, true))
        a->out_of_descriptors(a->context, error);
}

/* accept() without a descriptor fails even when nobody waits. */
static bool nobody_waits(struct acceptor *a)
{
    struct listener_queue queue;
    return !listener_queue(a->io.fd, &queue) && !queue.length;
}

/* Accepts one connection. Returns whether to try another. */
static bool take(struct acceptor *a, int64_t now_ns)
{
    int fd = accept4(a->io.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        if (!STATS_GET(a->stats->first_ns))
            STATS_SET(a->stats->first_ns, now_ns);
        STATS_SET(a->stats->last_ns, now_ns);
        STATS_ADD(a->stats->accepted, 1);
        a->accepted(a->context, fd);
        return true;
    }
    int error = errno;
    if (error == EAGAIN || (error == EMFILE && (nobody_waits(a) || a->table_full(a->context))))
        return false;
    STATS_ADD(a->stats->accept_errors, 1);
    if (error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM) {
        acceptor_pause(a, error);
        return false;
    }
    return true; /* the error of one connection, e.g. ECONNABORTED: accept(2) says to go on */
}

static void eager(struct acceptor *a)
{
    int64_t now_ns = clock_now_ns();
    if (now_ns - a->sampled_ns >= ACCEPTOR_SAMPLE)
        sample(a, now_ns);
    for (int i = 0; i < ACCEPTOR_BATCH && take(a, now_ns); i++)
        ;
}

static void rest(struct acceptor *a, int64_t until_ns)
{
    ev_io_stop(a->loop, &a->io);
    timer_set(&a->wake, until_ns);
}

/* Takes a turn of the common pace, or waits for the next one. */
static void paced(struct acceptor *a)
{
    int64_t now_ns = clock_now_ns(), due_ns = a->share->next_ns;
    if (now_ns < due_ns ||
        !atomic_compare_exchange_strong(&a->share->next_ns, &due_ns, now_ns + a->share->delay_ns)) {
        rest(a, due_ns);
        return;
    }
    sample(a, now_ns);
    take(a, now_ns);
    if (!a->starved && !a->away)
        rest(a, now_ns + a->share->delay_ns);
}

static void on_readable(struct ev_loop *loop, ev_io *io, int events)
{
    struct acceptor *a = (struct acceptor *)io;
    if (events & EV_ERROR) {
        STATS_ADD(a->stats->accept_errors, 1);
        ev_io_set(io, io->fd, EV_READ); /* a start before the loop continues is a new one, too */
        acceptor_pause(a, loop_guard_error(loop));
    } else if (a->share->delay_ns)
        paced(a);
    else
        eager(a);
}

static void on_wake(struct timer *timer)
{
    struct acceptor *a = (struct acceptor *)((char *)timer - offsetof(struct acceptor, wake));
    a->starved = 0;
    ev_io_start(a->loop, &a->io);
}

/* The whole loop does nothing during a stall, like a program that collects garbage, forks, or waits
 * for a disk. A signal ends the stall. */
static void on_stall(struct timer *timer)
{
    struct acceptor *a = (struct acceptor *)((char *)timer - offsetof(struct acceptor, stall));
    int64_t until_ns = clock_now_ns() + a->share->stall_ns;
    const struct timespec until = {.tv_sec = until_ns / NS_PER_S, .tv_nsec = until_ns % NS_PER_S};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
    a->stall_next_ns += a->share->stall_every_ns;
    timer_set(&a->stall, a->stall_next_ns);
}

static void begin_stalls(struct acceptor *a)
{
    if (!a->share->stall_ns || a->stall_next_ns)
        return;
    a->stall_next_ns = clock_now_ns() + a->share->stall_every_ns / 2;
    timer_set(&a->stall, a->stall_next_ns);
}

void acceptor_begin(struct acceptor *a)
{
    begin_stalls(a);
    if (a->away)
        return;
    if (!a->share->delay_ns)
        ev_io_start(a->loop, &a->io);
    else if (a->share->delay_ns != OPTION_NEVER)
        timer_set(&a->wake, a->share->next_ns);
}

int acceptor_open(struct acceptor *a, int fd)
{
    ev_io_init(&a->io, on_readable, fd, EV_READ);
    int r = timer_open(&a->wake, a->loop, on_wake);
    return r || !a->share->stall_ns ? r : timer_open(&a->stall, a->loop, on_stall);
}

void acceptor_hurry(struct acceptor *a)
{
    if (a->starved || a->away)
        return; /* the end of the pause comes anyway, and so does its turn */
    timer_stop(&a->wake);
    ev_io_start(a->loop, &a->io);
}

void acceptor_leave(struct acceptor *a)
{
    ev_io_stop(a->loop, &a->io);
    a->away = true;
}

void acceptor_return(struct acceptor *a)
{
    if (!a->away)
        return;
    a->away = false;
    acceptor_begin(a);
}

void acceptor_descriptor_freed(struct acceptor *a)
{
    if (!a->starved)
        return;
    timer_stop(&a->wake);
    on_wake(&a->wake);
}

void acceptor_stop(struct acceptor *a)
{
    ev_io_stop(a->loop, &a->io);
    timer_close(&a->wake);
    timer_close(&a->stall);
    a->starved = 0; /* descriptors that become free from now on wake nobody */
}
