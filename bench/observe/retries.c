#include "bench/observe/retries.h"

#include <stdint.h>
#include <stdlib.h>

#define RETRIES_FLAGS (SEGMENT_SYN | SEGMENT_ACK | SEGMENT_FIN | SEGMENT_RST)

/* Of one connection: how many so far, and when the first one was sent. */
struct retries_slot {
    const struct connection_id *id; /* NULL: free */
    int64_t first_ns, nth_ns;       /* nth_ns 0: not yet */
    int64_t answer_ns;              /* its answer arrived; 0: not yet, or nobody asked */
    uint32_t sequence;              /* of the first: another one is the tuple's next connection */
    int seen;
};

struct retries_table {
    struct retries_slot *slots;
    size_t n_slots;
};

static bool matches(const struct segment *s, enum direction direction, unsigned flags)
{
    return s->direction == direction && (s->flags & RETRIES_FLAGS) == flags && !s->copy;
}

/* A table that is at most half full, for as many connections as there are matching segments. */
static bool retries_open(struct retries_table *t, const struct segment *segments, size_t n,
                         enum direction direction, unsigned flags)
{
    size_t matching = 0;
    for (size_t i = 0; i < n; i++)
        matching += matches(&segments[i], direction, flags);
    t->n_slots = 16;
    while (t->n_slots < 2 * matching)
        t->n_slots *= 2;
    t->slots = calloc(t->n_slots, sizeof(*t->slots));
    return t->slots != NULL;
}

static struct retries_slot *retries_slot(const struct retries_table *t,
                                         const struct connection_id *id)
{
    size_t i = connection_id_hash(id) & (t->n_slots - 1);
    while (t->slots[i].id && !connection_id_same(t->slots[i].id, id))
        i = (i + 1) & (t->n_slots - 1);
    return &t->slots[i];
}

static void add(const struct retries_table *t, const struct segment *s, int n)
{
    struct retries_slot *slot = retries_slot(t, &s->id);
    if (!slot->id)
        *slot = (struct retries_slot){.id = &s->id, .first_ns = s->at_ns, .sequence = s->sequence};
    if (s->sequence != slot->sequence)
        return;
    if (slot->seen++ == n)
        slot->nth_ns = s->at_ns;
}

size_t retries_find(const struct segment *segments, size_t n_segments, enum direction direction,
                    unsigned flags, int n, double *ret_first_s, double *ret_last_s)
{
    struct retries_table t;
    size_t found = 0;
    if (!retries_open(&t, segments, n_segments, direction, flags))
        return SIZE_MAX;
    for (size_t i = 0; i < n_segments; i++)
        if (matches(&segments[i], direction, flags))
            add(&t, &segments[i], n);
    for (size_t i = 0; i < t.n_slots; i++) {
        if (t.slots[i].seen <= n)
            continue;
        double s = (double)(t.slots[i].nth_ns - t.slots[i].first_ns) / 1e9;
        if (!found || s < *ret_first_s)
            *ret_first_s = s;
        if (!found || s > *ret_last_s)
            *ret_last_s = s;
        found++;
    }
    free(t.slots);
    return found;
}

/* A segment of either direction, in the order of their sending. */
static void add_or_answer(const struct retries_table *t, const struct segment *s,
                          enum direction direction, unsigned flags)
{
    if (s->copy || s->fate != SEGMENT_DELIVERED)
        return;
    if (matches(s, direction, flags)) {
        add(t, s, 1);
    } else if (s->direction != direction && (s->flags & SEGMENT_ACK)) {
        struct retries_slot *slot = retries_slot(t, &s->id);
        if (slot->id && !slot->answer_ns)
            slot->answer_ns = s->out_ns;
    }
}

size_t retries_in_vain(const struct segment *segments, size_t n_segments, enum direction direction,
                       unsigned flags)
{
    struct retries_table t;
    size_t found = 0;
    if (!retries_open(&t, segments, n_segments, direction, flags))
        return SIZE_MAX;
    for (size_t i = 0; i < n_segments; i++)
        add_or_answer(&t, &segments[i], direction, flags);
    for (size_t i = 0; i < t.n_slots; i++)
        found += t.slots[i].nth_ns && t.slots[i].nth_ns < t.slots[i].answer_ns;
    free(t.slots);
    return found;
}

size_t retries_connections(const struct segment *segments, size_t n_segments,
                           enum direction direction, unsigned flags)
{
    double first, last;
    return retries_find(segments, n_segments, direction, flags, 0, &first, &last);
}
