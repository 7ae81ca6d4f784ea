/* Frames on their way in one direction: held at the entrance, in the cable, or delayed beyond the
 * others. As many as memory has room for. */
#pragma once

#include "bench/lab/segment.h"

struct wire_frame {
    struct wire_frame *next;
    int64_t due_ns;   /* not out before */
    int64_t extra_ns; /* a fault's delay, to be added when the frame sets out */
    uint64_t order;   /* of frames that are due at the same time */
    bool is_segment;
    struct segment *segment; /* the record of it; NULL: none is kept */
    uint32_t length;
    uint8_t bytes[];
};

struct wire_list {
    struct wire_frame *first, **end; /* end: where the next one is hung; NULL: empty, as zeroed */
};

struct wire_queue {
    struct wire_list held;
    /* in order: whoever is due waits for those before, whatever the delay was set to since */
    struct wire_list cable;
    struct wire_frame **late; /* the others: a heap, the next to leave on top */
    size_t n_late, room_late;
    uint64_t order;
    uint64_t segments, held_segments; /* all, and of these the held */
};

void wire_queue_free(struct wire_queue *q);

void wire_queue_hold(struct wire_queue *q, struct wire_frame *f);

/* In order: due at due_ns, but not before those that went before; except with extra_ns, which lets
 * others overtake. */
void wire_queue_put(struct wire_queue *q, struct wire_frame *f, int64_t due_ns);

/* Overtakes: due at once. */
void wire_queue_put_first(struct wire_queue *q, struct wire_frame *f);

/* All that are held set out. */
void wire_queue_release(struct wire_queue *q, int64_t due_ns);

/* The first so many of them. */
void wire_queue_let(struct wire_queue *q, uint64_t segments, int64_t due_ns);

int64_t wire_queue_due(const struct wire_queue *q); /* of the next to leave; INT64_MAX: none */
unsigned wire_queue_take(struct wire_queue *q, int64_t now_ns, struct wire_frame **frames,
                         unsigned max);

/* Empties the queue: a list of all that were in it, which is the caller's. */
struct wire_frame *wire_queue_take_all(struct wire_queue *q);
