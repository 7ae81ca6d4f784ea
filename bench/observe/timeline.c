#include "bench/observe/timeline.h"
#include "common/report/document.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct timeline_state {
    uint64_t states[2][SOCKDIAG_STATES], minisockets[2];
    uint32_t queue, limit, listening;
};

struct timeline_entry {
    int64_t at_ns;
    struct timeline_state state;
};

static struct timeline_state timeline_state(const struct look *look)
{
    struct timeline_state s;
    memset(&s, 0, sizeof(s)); /* compared bytewise */
    for (int side = 0; side < 2; side++) {
        memcpy(s.states[side], look->side[side].states, sizeof(s.states[side]));
        s.minisockets[side] = look->side[side].minisockets;
    }
    s.queue = look->queue;
    s.limit = look->limit;
    s.listening = look->listening;
    return s;
}

static int grow(struct timeline *t)
{
    size_t size = t->size ? 2 * t->size : 64;
    struct timeline_entry *entries = realloc(t->entries, size * sizeof(*entries));
    if (!entries)
        return -ENOMEM;
    t->entries = entries;
    t->size = size;
    return 0;
}

int timeline_add(struct timeline *t, const struct look *look)
{
    const struct timeline_state now = timeline_state(look);
    if (t->n && !memcmp(&t->entries[t->n - 1].state, &now, sizeof(now)))
        return 0;
    if (t->n == TIMELINE_MOST)
        t->n--;
    if (t->n == t->size && grow(t))
        return -ENOMEM;
    t->entries[t->n++] = (struct timeline_entry){.at_ns = look->at_ns, .state = now};
    return 1;
}

static json_t *timeline_side(const struct timeline_state *s, enum side side)
{
    struct sockdiag_census census = {0};
    memcpy(census.states, s->states[side], sizeof(census.states));
    if (side == SIDE_SERVER)
        census.states[SOCKDIAG_LISTEN] = s->listening;
    json_t *states = sockdiag_states_json(&census);
    if (s->minisockets[side])
        json_object_set_new(states, "FIN_WAIT_2_minisockets",
                            json_integer((json_int_t)s->minisockets[side]));
    return states;
}

json_t *timeline_entry_json(const struct timeline *t, size_t i, int64_t zero_ns)
{
    const struct timeline_entry *e = &t->entries[i];
    return json_pack("{s:o, s:o, s:o, s:I, s:I}", "t_ms",
                     document_real((double)(e->at_ns - zero_ns) / 1e6), "server",
                     timeline_side(&e->state, SIDE_SERVER), "client",
                     timeline_side(&e->state, SIDE_CLIENT), "queue", (json_int_t)e->state.queue,
                     "limit", (json_int_t)e->state.limit);
}

json_t *timeline_json(const struct timeline *t, int64_t zero_ns)
{
    json_t *timeline = json_array();
    for (size_t i = 0; i < t->n; i++)
        json_array_append_new(timeline, timeline_entry_json(t, i, zero_ns));
    return timeline;
}

void timeline_release(struct timeline *t)
{
    free(t->entries);
    *t = (struct timeline){0};
}
