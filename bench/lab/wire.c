#include "bench/lab/wire_inside.h"
#include "common/process/clock.h"
#include "common/process/thread.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* A slot holds a frame of the usual MTU, and the ring what can arrive while the thread waits for a
 * busy CPU. */
static const struct wire_port_args wire_cable_ring = {.slot_size = 2048, .slots = 16384};
/* A tap wants the headers only; loopback's frames may have 64 kB. */
static const struct wire_port_args wire_tap_ring = {.slot_size = 256, .slots = 65536};

static int open_port(const struct wire *w, const char *interface, bool tap, struct wire_port **ret,
                     const char **ret_step)
{
    struct wire_port_args args = tap ? wire_tap_ring : wire_cable_ring;
    args.interface = interface;
    return wire_port_new(&args, ret, ret_step);
}

static int open_ports(struct wire *w, const struct wire_args *args, const char **ret_step)
{
    bool tap = !args->client_side;
    int r = open_port(w, args->server_side, tap, &w->server_port, ret_step);
    if (!r && !tap)
        r = open_port(w, args->client_side, tap, &w->client_port, ret_step);
    w->lanes[TO_SERVER].in = tap ? w->server_port : w->client_port;
    w->lanes[TO_SERVER].out = tap ? NULL : w->server_port;
    w->lanes[TO_CLIENT].in = tap ? NULL : w->server_port;
    w->lanes[TO_CLIENT].out = w->client_port;
    return r;
}

static int start(struct wire *w)
{
    int r = thread_start(&w->thread, wire_carry, w);
    w->started = r == 0;
    return r;
}

static int wire_open(struct wire *w, const struct wire_args *args, const char **ret_step)
{
    *ret_step = "memory";
    w->faults = faults_new();
    if (!w->faults)
        return -ENOMEM;
    int r = wire_record_new(&w->record, args->segments_max ? args->segments_max : WIRE_SEGMENTS);
    if (r)
        return r;
    *ret_step = "eventfd";
    w->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (w->wake < 0)
        return -errno;
    r = open_ports(w, args, ret_step);
    if (r)
        return r;
    *ret_step = "thread";
    return start(w);
}

static void prepare_lane(struct wire_lane *lane, const struct wire_args *args, uint64_t number)
{
    lane->delay_ns = args->delay_ns;
    lane->loss_dice.state = args->seed * 4 + number;
    lane->duplication_dice.state = args->seed * 4 + number + 2;
}

int wire_new(const struct wire_args *args, struct wire **ret, const char **ret_step)
{
    struct wire *w = calloc(1, sizeof(*w));
    *ret_step = "memory";
    if (!w)
        return -ENOMEM;
    w->wake = -1;
    pthread_mutex_init(&w->lock, NULL);
    w->server_tcp_port = args->server_port;
    w->looked_ns = clock_now_ns();
    prepare_lane(&w->lanes[TO_SERVER], args, TO_SERVER);
    prepare_lane(&w->lanes[TO_CLIENT], args, TO_CLIENT);
    int r = wire_open(w, args, ret_step);
    if (r) {
        wire_free(w);
        return r;
    }
    *ret = w;
    return 0;
}

static void change(struct wire *w)
{
    pthread_mutex_lock(&w->lock);
}

static void changed(struct wire *w)
{
    pthread_mutex_unlock(&w->lock);
    eventfd_write(w->wake, 1);
}

void wire_free(struct wire *w)
{
    if (!w)
        return;
    if (w->started) {
        change(w);
        w->stop = true;
        changed(w);
        pthread_join(w->thread, NULL);
    }
    wire_port_free(w->server_port);
    wire_port_free(w->client_port);
    wire_queue_free(&w->lanes[TO_SERVER].queue);
    wire_queue_free(&w->lanes[TO_CLIENT].queue);
    wire_record_free(&w->record);
    faults_free(w->faults);
    if (w->wake >= 0)
        close(w->wake);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

void wire_set_delay(struct wire *w, enum direction direction, int64_t delay_ns)
{
    change(w);
    w->lanes[direction].delay_ns = delay_ns;
    changed(w);
}

void wire_set_loss(struct wire *w, enum direction direction, uint32_t millionths)
{
    change(w);
    w->lanes[direction].loss = millionths;
    changed(w);
}

void wire_set_duplication(struct wire *w, enum direction direction, uint32_t millionths)
{
    change(w);
    w->lanes[direction].duplication = millionths;
    changed(w);
}

/* Under the lock: what a direction has on its way is gone. */
static void drop_all(struct wire_lane *lane)
{
    for (struct wire_frame *f = wire_queue_take_all(&lane->queue), *next; f; f = next) {
        next = f->next;
        if (f->segment)
            atomic_store_explicit(&f->segment->fate, SEGMENT_CUT, memory_order_relaxed);
        free(f);
    }
}

void wire_cut(struct wire *w, enum direction direction, bool cut)
{
    change(w);
    w->lanes[direction].cut = cut;
    if (cut)
        drop_all(&w->lanes[direction]);
    changed(w);
}

void wire_hold(struct wire *w, enum direction direction, bool hold)
{
    struct wire_lane *lane = &w->lanes[direction];
    change(w);
    lane->hold = hold;
    if (!hold)
        wire_queue_release(&lane->queue, clock_now_ns() + lane->delay_ns);
    changed(w);
}

void wire_let(struct wire *w, enum direction direction, uint64_t segments)
{
    struct wire_lane *lane = &w->lanes[direction];
    change(w);
    wire_queue_let(&lane->queue, segments, clock_now_ns() + lane->delay_ns);
    changed(w);
}

int wire_add_fault(struct wire *w, const struct fault *fault)
{
    change(w);
    int id = faults_add(w->faults, fault);
    changed(w);
    return id;
}

void wire_clear_faults(struct wire *w)
{
    change(w);
    faults_clear(w->faults);
    changed(w);
}

uint64_t wire_faults_matched(struct wire *w, int id)
{
    change(w);
    uint64_t matched = faults_matched(w->faults, id);
    pthread_mutex_unlock(&w->lock);
    return matched;
}

/* The kernel puts frames into the rings as they are sent, and a machine with other work may let the
 * thread wait. */
static bool has_unread(const struct wire *w)
{
    struct pollfd fds[] = {
        {.fd = wire_port_fd(w->server_port), .events = POLLIN},
        {.fd = w->client_port ? wire_port_fd(w->client_port) : -1, .events = POLLIN},
    };
    return poll(fds, 2, 0) > 0 && (fds[0].revents | fds[1].revents) & POLLIN;
}

struct wire_status wire_status(const struct wire *wire)
{
    struct wire *w = (struct wire *)wire; /* only its lock is touched */
    /* asked first: what it takes meanwhile is in the counts */
    bool unread = has_unread(w);
    pthread_mutex_lock(&w->lock);
    struct wire_status status = w->status;
    status.unread = unread;
    status.in_transit = w->leaving;
    for (int d = 0; d < 2; d++) {
        status.held[d] = w->lanes[d].queue.held_segments;
        status.in_transit += w->lanes[d].queue.segments;
    }
    pthread_mutex_unlock(&w->lock);
    return status;
}

const struct segment *wire_segments(const struct wire *w, size_t *ret_n)
{
    *ret_n = atomic_load_explicit(&w->record.n, memory_order_acquire);
    return w->record.segments;
}
