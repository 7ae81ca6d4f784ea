/* The frames in transit in one direction: held at the entrance, in the cable, or delayed longer
 * than the others. Only memory limits their number. */
#pragma once

#include "bench/lab/segment.h"

struct wire_frame {
    struct wire_frame *next;
    int64_t due_ns;   /* leaves the wire at this time or later */
    int64_t extra_ns; /* the delay of a fault, added when the frame enters the cable */
    uint64_t order;   /* decides between frames that are due at the same time */
    bool is_segment;
    struct segment *segment; /* its record; NULL: it is not recorded */
    uint32_t length;
    uint8_t bytes[];
};

struct wire_list {
    struct wire_frame *first,
        **end; /* end: where the next one is linked; NULL: the list is empty */
};

struct wire_queue {
    struct wire_list held;
    /* in order: a frame that is due waits for those before it, even if the delay was changed
     * since */
    struct wire_list cable;
    struct wire_frame **late; /* frames that may overtake: a heap, the next to leave on top */
    size_t n_late, room_late;
    uint64_t order;
    uint64_t segments, held_segments; /* all segments, and those of them that are held */
};

void wire_queue_free(struct wire_queue *q);

void wire_queue_hold(struct wire_queue *q, struct wire_frame *f);

/* Puts a frame into the cable: it leaves at due_ns, but not before the frames that entered earlier.
 * A frame with extra_ns leaves so much later, and others overtake it. */
void wire_queue_put(struct wire_queue *q, struct wire_frame *f, int64_t due_ns);

/* Puts a frame in front of all others: it leaves at once. */
void wire_queue_put_first(struct wire_queue *q, struct wire_frame *f);

/* Puts all held frames into the cable. */
void wire_queue_release(struct wire_queue *q, int64_t due_ns);

/* Puts the first `segments` held segments into the cable. */
void wire_queue_let(struct wire_queue *q, uint64_t segments, int64_t due_ns);

int64_t wire_queue_due(
    const struct wire_queue *q); /* when the next frame leaves; INT64_MAX: there is none */
unsigned wire_queue_take(struct wire_queue *q, int64_t now_ns, struct wire_frame **frames,
                         unsigned max);

/* Empties the queue. Returns a list of all frames that were in it; the caller frees them. */
struct wire_frame *wire_queue_take_all(struct wire_queue *q);
