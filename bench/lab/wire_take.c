/* The wire's entrance: what arrives in the rings is read, judged, kept and put into the queues. */
#include "bench/lab/wire_inside.h"
#include "common/process/clock.h"

#include <stdlib.h>
#include <string.h>

/* splitmix64 */
static uint64_t throw(struct wire_dice * dice)
{
    uint64_t z = dice->state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static bool throw_below(struct wire_dice *dice, uint32_t millionths)
{
    return throw(dice) % 1000000 < millionths;
}

/* CLOCK_REALTIME minus CLOCK_MONOTONIC, now: taken anew for each batch, since the first may be set
 * meanwhile. Of three readings the one that was least disturbed. */
static int64_t clock_offset(void)
{
    int64_t best_ns = INT64_MAX, offset_ns = 0;
    for (int i = 0; i < 3 && best_ns > NS_PER_US; i++) {
        struct timespec real;
        int64_t before_ns = clock_now_ns();
        clock_gettime(CLOCK_REALTIME, &real);
        int64_t took_ns = clock_now_ns() - before_ns;
        if (took_ns < best_ns) {
            best_ns = took_ns;
            offset_ns = real.tv_sec * NS_PER_S + real.tv_nsec - before_ns - took_ns / 2;
        }
    }
    return offset_ns;
}

/* Whatever happened to the clocks: not before the rings were last seen empty, not after now, and in
 * order. */
static int64_t entered_at(struct wire *w, int64_t at_ns, int64_t began_ns)
{
    if (at_ns < w->looked_ns)
        at_ns = w->looked_ns;
    if (at_ns < w->last_at_ns)
        at_ns = w->last_at_ns;
    if (at_ns > began_ns) { /* after the batch was begun, or never */
        int64_t now_ns = clock_now_ns();
        at_ns = at_ns < now_ns ? at_ns : now_ns;
    }
    w->last_at_ns = at_ns;
    return at_ns;
}

void wire_lose(struct wire *w)
{
    w->status.overflow++;
    w->status.kernel_lost++;
}

/* A frame in memory of its own, with its tag put back. NULL: it cannot be carried. */
static struct wire_frame *wire_copy(struct wire *w, const struct wire_port_frame *in)
{
    const uint32_t addresses = 12;
    uint32_t tag = in->tag[0] ? sizeof(in->tag) : 0;
    if (in->length < in->frame_length || in->length < addresses)
        return NULL; /* larger than the ring's slots: somebody forgot link_no_offloads() */
    struct wire_frame *f = malloc(sizeof(*f) + in->length + tag);
    if (!f)
        return NULL;
    *f = (struct wire_frame){.length = in->length + tag};
    memcpy(f->bytes, in->bytes, addresses);
    memcpy(f->bytes + addresses, in->tag, tag);
    memcpy(f->bytes + addresses + tag, in->bytes + addresses, in->length - addresses);
    return f;
}

static void keep(struct wire *w, struct segment *s, int64_t at_ns, enum segment_fate fate,
                 bool copy)
{
    s->at_ns = at_ns;
    s->copy = copy;
    atomic_store_explicit(&s->out_ns, 0, memory_order_relaxed);
    atomic_store_explicit(&s->fate, fate, memory_order_relaxed);
    w->status.last_ns = at_ns;
    if (s == &w->spare)
        w->status.overflow++;
    else
        wire_record_add(&w->record);
}

/* Sends a segment on its way; s NULL: it is not kept. */
static void enter(struct wire *w, struct wire_lane *lane, const struct wire_port_frame *in,
                  struct segment *s, int64_t at_ns, int64_t extra_ns)
{
    struct wire_frame *f = wire_copy(w, in);
    if (!f) {
        wire_lose(w);
        if (s)
            atomic_store_explicit(&s->fate, SEGMENT_LOST, memory_order_relaxed);
        return;
    }
    f->is_segment = true;
    f->segment = s;
    f->extra_ns = extra_ns;
    if (lane->hold)
        wire_queue_hold(&lane->queue, f);
    else
        wire_queue_put(&lane->queue, f, at_ns + lane->delay_ns);
}

static enum segment_fate judge(struct wire *w, struct wire_lane *lane, const struct segment *s,
                               struct fault_verdict *ret)
{
    *ret = (struct fault_verdict){0};
    bool lost = throw_below(&lane->loss_dice, lane->loss);
    bool doubled = throw_below(&lane->duplication_dice, lane->duplication);
    if (lane->cut)
        return SEGMENT_CUT;
    *ret = faults_apply(w->faults, s);
    ret->duplicate |= doubled;
    if (ret->drop)
        return SEGMENT_FAULT;
    return lost ? SEGMENT_LOST : SEGMENT_IN_TRANSIT;
}

static void wire_take_copy(struct wire *w, struct wire_lane *lane, const struct wire_port_frame *in,
                           const struct segment *original, int64_t at_ns, int64_t extra_ns)
{
    struct segment *kept = wire_record_next(&w->record), *s = kept ? kept : &w->spare;
    if (s != original)
        memcpy(s, original, sizeof(*s));
    keep(w, s, at_ns, SEGMENT_IN_TRANSIT, true);
    enter(w, lane, in, kept, at_ns, extra_ns);
}

static void wire_take_segment(struct wire *w, struct wire_lane *lane,
                              const struct wire_port_frame *in, struct segment *s, int64_t at_ns)
{
    struct fault_verdict verdict;
    enum segment_fate fate = judge(w, lane, s, &verdict);
    keep(w, s, at_ns, fate, false);
    if (fate != SEGMENT_IN_TRANSIT)
        return;
    enter(w, lane, in, s == &w->spare ? NULL : s, at_ns, verdict.delay_ns);
    if (verdict.duplicate)
        wire_take_copy(w, lane, in, s, at_ns, verdict.delay_ns + verdict.copy_delay_ns);
}

/* ARP and the like: at once, unless the cable is cut. */
static void other(struct wire *w, struct wire_lane *lane, const struct wire_port_frame *in)
{
    if (lane->cut)
        return;
    struct wire_frame *f = wire_copy(w, in);
    if (f)
        wire_queue_put_first(&lane->queue, f);
    else
        wire_lose(w);
}

static void see(struct wire *w, struct segment *s, int64_t at_ns)
{
    keep(w, s, at_ns, SEGMENT_DELIVERED, false);
    atomic_store_explicit(&s->out_ns, at_ns, memory_order_relaxed);
    w->status.forwarded++;
}

static void take(struct wire *w, enum direction direction, const struct wire_port_frame *in,
                 int64_t at_ns)
{
    struct wire_lane *lane = &w->lanes[direction];
    struct segment *s = wire_record_next(&w->record);
    if (!s)
        s = &w->spare;
    bool tap = !lane->out;
    int r = segment_read(in->bytes, in->length, in->frame_length, tap ? -1 : (int)direction,
                         w->server_tcp_port, s);
    if (r && !tap)
        other(w, lane, in);
    else if (!r && tap)
        see(w, s, at_ns);
    else if (!r)
        wire_take_segment(w, lane, in, s, at_ns);
}

unsigned wire_take_batch(struct wire *w)
{
    struct wire_port_frame head[2];
    bool has[2] = {false, false};
    int64_t began_ns = clock_now_ns(), offset_ns = clock_offset();
    unsigned n = 0;
    for (; n < WIRE_BATCH; n++) {
        for (int d = 0; d < 2; d++)
            has[d] = has[d] || (w->lanes[d].in && wire_port_peek(w->lanes[d].in, &head[d]));
        if (!has[0] && !has[1])
            break;
        int d = !has[0] || (has[1] && head[1].realtime_ns < head[0].realtime_ns);
        take(w, (enum direction)d, &head[d],
             entered_at(w, head[d].realtime_ns - offset_ns, began_ns));
        wire_port_next(w->lanes[d].in);
        has[d] = false;
    }
    if (n < WIRE_BATCH)
        w->looked_ns = began_ns;
    return n;
}
