#include "bench/lab/wire_queue.h"

#include <stdlib.h>

static void list_add(struct wire_list *list, struct wire_frame *f)
{
    f->next = NULL;
    if (!list->first)
        list->end = &list->first;
    *list->end = f;
    list->end = &f->next;
}

static struct wire_frame *list_take(struct wire_list *list)
{
    struct wire_frame *f = list->first;
    if (f)
        list->first = f->next;
    return f;
}

static bool frame_before(const struct wire_frame *a, const struct wire_frame *b)
{
    return a->due_ns != b->due_ns ? a->due_ns < b->due_ns : a->order < b->order;
}

/* A binary heap, the next to leave on top. */
static void sift_up(struct wire_queue *q, size_t i)
{
    struct wire_frame *f = q->late[i];
    for (; i > 0 && frame_before(f, q->late[(i - 1) / 2]); i = (i - 1) / 2)
        q->late[i] = q->late[(i - 1) / 2];
    q->late[i] = f;
}

static struct wire_frame *take_late(struct wire_queue *q)
{
    struct wire_frame *top = q->late[0], *f = q->late[--q->n_late];
    size_t i = 0, child;
    while ((child = 2 * i + 1) < q->n_late) {
        if (child + 1 < q->n_late && frame_before(q->late[child + 1], q->late[child]))
            child++;
        if (!frame_before(q->late[child], f))
            break;
        q->late[i] = q->late[child];
        i = child;
    }
    q->late[i] = f;
    return top;
}

static bool put_late(struct wire_queue *q, struct wire_frame *f)
{
    if (q->n_late == q->room_late) {
        size_t room = q->room_late ? 2 * q->room_late : 64;
        struct wire_frame **late = reallocarray(q->late, room, sizeof(struct wire_frame *));
        if (!late)
            return false;
        q->late = late;
        q->room_late = room;
    }
    q->late[q->n_late] = f;
    sift_up(q, q->n_late++);
    return true;
}

static void send_off(struct wire_queue *q, struct wire_frame *f, int64_t due_ns)
{
    f->order = q->order++;
    f->due_ns = due_ns + f->extra_ns;
    /* Without memory for the heap it goes with the others: not lost, if they have to wait behind
     * it. */
    if (f->extra_ns == 0 || !put_late(q, f))
        list_add(&q->cable, f);
}

void wire_queue_put(struct wire_queue *q, struct wire_frame *f, int64_t due_ns)
{
    q->segments += f->is_segment;
    send_off(q, f, due_ns);
}

void wire_queue_put_first(struct wire_queue *q, struct wire_frame *f)
{
    q->segments += f->is_segment;
    f->order = q->order++;
    f->due_ns = 0;
    if (!put_late(q, f))
        list_add(&q->cable, f);
}

void wire_queue_hold(struct wire_queue *q, struct wire_frame *f)
{
    q->segments += f->is_segment;
    q->held_segments += f->is_segment;
    list_add(&q->held, f);
}

void wire_queue_release(struct wire_queue *q, int64_t due_ns)
{
    for (struct wire_frame *f; (f = list_take(&q->held));)
        send_off(q, f, due_ns);
    q->held_segments = 0;
}

void wire_queue_let(struct wire_queue *q, uint64_t segments, int64_t due_ns)
{
    for (; segments > 0 && q->held_segments > 0; segments--) { /* nothing else is held */
        send_off(q, list_take(&q->held), due_ns);
        q->held_segments--;
    }
}

static struct wire_frame *wire_queue_next(const struct wire_queue *q, bool *ret_late)
{
    struct wire_frame *late = q->n_late ? q->late[0] : NULL, *f = q->cable.first;
    *ret_late = late && (!f || frame_before(late, f));
    return *ret_late ? late : f;
}

int64_t wire_queue_due(const struct wire_queue *q)
{
    bool late;
    const struct wire_frame *f = wire_queue_next(q, &late);
    return f ? f->due_ns : INT64_MAX;
}

unsigned wire_queue_take(struct wire_queue *q, int64_t now_ns, struct wire_frame **frames,
                         unsigned max)
{
    unsigned n = 0;
    bool late;
    for (struct wire_frame *f; n < max && (f = wire_queue_next(q, &late)) && f->due_ns <= now_ns;
         n++) {
        frames[n] = late ? take_late(q) : list_take(&q->cable);
        q->segments -= f->is_segment;
    }
    return n;
}

struct wire_frame *wire_queue_take_all(struct wire_queue *q)
{
    wire_queue_release(q, 0);
    while (q->n_late)
        list_add(&q->cable, q->late[--q->n_late]);
    struct wire_frame *all = q->cable.first;
    q->cable = (struct wire_list){0};
    q->segments = 0;
    return all;
}

void wire_queue_free(struct wire_queue *q)
{
    for (struct wire_frame *f = wire_queue_take_all(q), *next; f; f = next) {
        next = f->next;
        free(f);
    }
    free(q->late);
    q->late = NULL;
    q->room_late = 0;
}
