/* The wire's thread: frames come in from the rings (wire_take.c), wait in the queues, and leave.
 *
 * It stays on the CPU on which it starts. The kernel hands a frame that is sent here to the
 * receiving host by the queue of the CPU that sends; on two CPUs the second half of a burst could
 * overtake the first. */
#include "bench/lab/wire_inside.h"
#include "common/process/clock.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define WIRE_CHECK_NS   (10 * NS_PER_MS) /* how often the kernel is asked for its losses */
#define WIRE_TURN_NS    (500 * NS_PER_US)
#define WIRE_BATCHES_IN 16 /* for each one that goes out */

/* The time is taken before the frames are handed over: an answer to them must not seem to come
 * before. */
static void stamp(struct wire_frame **frames, unsigned n, int64_t now_ns)
{
    for (unsigned i = 0; i < n; i++)
        if (frames[i]->segment)
            atomic_store_explicit(&frames[i]->segment->out_ns, now_ns, memory_order_relaxed);
}

static void has_left(struct wire *w, const struct wire_frame *f, enum segment_fate fate)
{
    w->leaving -= f->is_segment;
    if (fate == SEGMENT_DELIVERED)
        w->status.forwarded += f->is_segment;
    else if (fate == SEGMENT_LOST)
        wire_lose(w);
    if (!f->segment)
        return;
    if (fate != SEGMENT_DELIVERED)
        atomic_store_explicit(&f->segment->out_ns, 0, memory_order_relaxed);
    atomic_store_explicit(&f->segment->fate, fate, memory_order_release);
}

/* A host that is gone, or whose interface is down, is at the end of a cut cable. Anything else is a
 * loss of the wire's. */
static enum segment_fate fate_of(int error)
{
    return error == -ENETDOWN || error == -ENXIO || error == -ENODEV ? SEGMENT_CUT : SEGMENT_LOST;
}

/* Sends all of the batch, the frame that cannot be sent excepted. */
static void wire_send(struct wire *w, struct wire_lane *lane, struct wire_frame **frames,
                      unsigned n)
{
    int64_t now_ns = clock_now_ns();
    stamp(frames, n, now_ns);
    for (unsigned i = 0; i < n;) {
        int error = 0;
        unsigned sent = wire_port_send(lane->out, frames + i, n - i, &error);
        pthread_mutex_lock(&w->lock);
        w->status.last_ns = clock_now_ns();
        for (unsigned end = i + sent; i < end; i++)
            has_left(w, frames[i], SEGMENT_DELIVERED);
        if (i < n)
            has_left(w, frames[i++], fate_of(error));
        pthread_mutex_unlock(&w->lock);
    }
    for (unsigned i = 0; i < n; i++)
        free(frames[i]);
}

static bool let_out(struct wire *w, struct wire_lane *lane)
{
    struct wire_frame *frames[WIRE_BATCH];
    pthread_mutex_lock(&w->lock);
    unsigned n = wire_queue_take(&lane->queue, clock_now_ns(), frames, WIRE_BATCH);
    for (unsigned i = 0; i < n; i++)
        w->leaving += frames[i]->is_segment;
    pthread_mutex_unlock(&w->lock);
    if (n)
        wire_send(w, lane, frames, n);
    return n > 0;
}

/* What the kernel lost before the wire saw it: asked for when there is time, and at least every
 * WIRE_CHECK_NS. */
static void check_losses(struct wire *w, int64_t now_ns)
{
    uint64_t lost =
        wire_port_lost(w->server_port) + (w->client_port ? wire_port_lost(w->client_port) : 0);
    pthread_mutex_lock(&w->lock);
    w->status.overflow += lost - w->port_lost;
    w->status.kernel_lost += lost - w->port_lost;
    w->port_lost = lost;
    pthread_mutex_unlock(&w->lock);
    w->checked_ns = now_ns;
    w->unchecked = false;
}

static void clear_errors(const struct wire *w, const struct pollfd *fds)
{
    if (fds[1].revents & POLLERR)
        wire_port_clear_error(w->server_port);
    if (w->client_port && fds[2].revents & POLLERR)
        wire_port_clear_error(w->client_port);
}

/* Until a frame arrives, one is due or a setting has changed. */
static void wire_sleep(struct wire *w)
{
    struct pollfd fds[] = {
        {.fd = w->wake, .events = POLLIN},
        {.fd = wire_port_fd(w->server_port), .events = POLLIN},
        {.fd = w->client_port ? wire_port_fd(w->client_port) : -1, .events = POLLIN},
    };
    pthread_mutex_lock(&w->lock);
    int64_t due_ns = wire_queue_due(&w->lanes[TO_SERVER].queue),
            other_ns = wire_queue_due(&w->lanes[TO_CLIENT].queue);
    pthread_mutex_unlock(&w->lock);
    due_ns = due_ns < other_ns ? due_ns : other_ns;
    if (w->unchecked && w->checked_ns + WIRE_CHECK_NS < due_ns)
        due_ns = w->checked_ns + WIRE_CHECK_NS;
    int64_t wait_ns = due_ns - clock_now_ns();
    if (wait_ns < 0)
        return;
    const struct timespec timeout = {.tv_sec = wait_ns / NS_PER_S, .tv_nsec = wait_ns % NS_PER_S};
    eventfd_t changes;
    if (ppoll(fds, 3, due_ns == INT64_MAX ? NULL : &timeout, NULL) <= 0)
        return;
    if (fds[0].revents)
        eventfd_read(w->wake, &changes);
    clear_errors(w, fds);
}

static void stay_on_this_cpu(void)
{
    cpu_set_t here;
    int cpu = sched_getcpu();
    CPU_ZERO(&here);
    if (cpu >= 0 && cpu < CPU_SETSIZE)
        CPU_SET(cpu, &here);
    /* where that is refused, order holds as long as nothing is moved */
    sched_setaffinity(0, sizeof(here), &here);
}

/* struct sched_attr of sched_setattr(2), in its first version; the C library has none. */
struct wire_schedule {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime_ns, deadline_ns, period_ns;
};

/* Short turns on the CPU, which Linux 6.12 and later give back by an earlier start: on a busy
 * machine frames are less late. Not a greater share of it, so nobody's permission is needed; and
 * nothing hangs on it. */
static void take_short_turns(void)
{
    struct wire_schedule schedule = {.size = sizeof(schedule)};
    if (syscall(SYS_sched_getattr, 0, &schedule, sizeof(schedule), 0))
        return;
    schedule.size = sizeof(schedule);
    schedule.runtime_ns = WIRE_TURN_NS;
    syscall(SYS_sched_setattr, 0, &schedule, 0);
}

/* Much at once: the rings are finite, and the queues are not. Whether there was anything. */
static bool take_in(struct wire *w, bool *ret_stop)
{
    unsigned all = 0, n = WIRE_BATCH;
    for (int i = 0; i < WIRE_BATCHES_IN && n == WIRE_BATCH; i++) {
        pthread_mutex_lock(&w->lock);
        n = wire_take_batch(w);
        *ret_stop = w->stop;
        pthread_mutex_unlock(&w->lock);
        all += n;
    }
    return all > 0;
}

void *wire_carry(void *wire)
{
    struct wire *w = wire;
    stay_on_this_cpu();
    take_short_turns();
    prctl(PR_SET_TIMERSLACK, 1UL); /* ns */
    prctl(PR_SET_NAME, "tcplab-wire");
    for (bool stop = false; !stop;) {
        bool busy = take_in(w, &stop);
        for (int d = 0; d < 2; d++)
            if (w->lanes[d].out)
                busy |= let_out(w, &w->lanes[d]);
        w->unchecked |= busy;
        int64_t now_ns = clock_now_ns();
        if (w->unchecked && now_ns - w->checked_ns >= WIRE_CHECK_NS)
            check_losses(w, now_ns);
        else if (!busy && !stop)
            wire_sleep(w);
    }
    return NULL;
}
