#include "bench/observe/history.h"

#include <errno.h>
#include <stdlib.h>

/* Entries in one growing array, found through an open hash table of their indices. */
struct history {
    struct history_entry *entries;
    size_t n, size;
    uint32_t *slots; /* index + 1; 0: free */
    size_t n_slots;  /* a power of two, more than twice n */
    /* Indices of the entries that the last look saw, and room for those of the next: only of them
     * one can be missing now. */
    uint32_t *present, *next;
    size_t n_present, n_next;
    uint64_t looks;
    int64_t last_ns; /* when the last look began */
    struct history_change *changes;
    size_t n_changes, size_changes;
};

struct history *history_new(void)
{
    return calloc(1, sizeof(struct history));
}

void history_free(struct history *h)
{
    if (!h)
        return;
    free(h->entries);
    free(h->slots);
    free(h->present);
    free(h->next);
    free(h->changes);
    free(h);
}

static uint32_t *history_slot(const struct history *h, const struct connection_id *id)
{
    size_t i = connection_id_hash(id) & (h->n_slots - 1);
    while (h->slots[i] && !connection_id_same(&h->entries[h->slots[i] - 1].id, id))
        i = (i + 1) & (h->n_slots - 1);
    return &h->slots[i];
}

static int grow_list(uint32_t **list, size_t size)
{
    uint32_t *bigger = reallocarray(*list, size, sizeof(*bigger));
    if (!bigger)
        return -ENOMEM;
    *list = bigger;
    return 0;
}

static int grow(struct history *h)
{
    size_t size = h->size ? 2 * h->size : 256;
    struct history_entry *entries = realloc(h->entries, size * sizeof(*entries));
    if (!entries)
        return -ENOMEM;
    h->entries = entries;
    if (grow_list(&h->present, size) || grow_list(&h->next, size))
        return -ENOMEM;
    uint32_t *slots = calloc(4 * size, sizeof(*slots));
    if (!slots)
        return -ENOMEM;
    free(h->slots);
    h->slots = slots;
    h->n_slots = 4 * size;
    h->size = size;
    for (size_t i = 0; i < h->n; i++)
        *history_slot(h, &h->entries[i].id) = (uint32_t)i + 1;
    return 0;
}

/* The entry of a connection, made where there is none; NULL without memory. */
static struct history_entry *get(struct history *h, const struct connection_id *id)
{
    if (h->n == h->size && grow(h))
        return NULL;
    uint32_t *slot = history_slot(h, id);
    if (!*slot) {
        h->entries[h->n] = (struct history_entry){.id = *id};
        *slot = (uint32_t)++h->n;
    }
    return &h->entries[*slot - 1];
}

static int note_change(struct history *h, size_t entry, enum side side, const struct look *look)
{
    const struct history_side *hs = &h->entries[entry].side[side];
    bool gone = hs->look != h->looks;
    if (entry >= HISTORY_FOLLOWED)
        return 0;
    if (h->n_changes == h->size_changes) {
        size_t size = h->size_changes ? 2 * h->size_changes : 256;
        struct history_change *bigger = reallocarray(h->changes, size, sizeof(*bigger));
        if (!bigger)
            return -ENOMEM;
        h->changes = bigger;
        h->size_changes = size;
    }
    h->changes[h->n_changes++] = (struct history_change){.entry = entry,
                                                         .side = side,
                                                         .state = gone ? 0 : hs->state,
                                                         .held = !gone && hs->held,
                                                         .not_ns = h->last_ns,
                                                         .seen_ns = look->until_ns};
    return 0;
}

static int add_side(struct history *h, const struct look *look, enum side side)
{
    struct connection_id id;
    int r;
    for (size_t i = 0; i < look->side[side].n; i++) {
        const struct sockdiag_socket *s = &look->side[side].sockets[i];
        bool held = s->inode;
        look_connection(side, s, &id);
        struct history_entry *e = get(h, &id);
        if (!e)
            return -ENOMEM;
        if (e->side[SIDE_SERVER].look != h->looks && e->side[SIDE_CLIENT].look != h->looks)
            h->next[h->n_next++] = (uint32_t)(e - h->entries);
        struct history_side *hs = &e->side[side];
        unsigned state = s->state < SOCKDIAG_STATES ? s->state : 0;
        bool same = hs->look && hs->look + 1 == h->looks && state == hs->state && held == hs->held;
        hs->state = state;
        hs->held = held;
        if (!hs->first_ns[hs->state])
            hs->first_ns[hs->state] = look->at_ns;
        hs->last_ns[hs->state] = look->at_ns;
        hs->accepted = hs->accepted || held;
        hs->missing_ns = 0;
        hs->look = h->looks;
        if (!same && (r = note_change(h, (size_t)(e - h->entries), side, look)))
            return r;
    }
    return 0;
}

static int note_missing(struct history *h, const struct look *look)
{
    int r = 0;
    for (size_t i = 0; i < h->n_present; i++)
        for (int side = 0; side < 2 && !r; side++) {
            struct history_side *hs = &h->entries[h->present[i]].side[side];
            if (!hs->look || hs->look == h->looks || hs->missing_ns)
                continue;
            hs->missing_ns = look->at_ns;
            r = note_change(h, h->present[i], (enum side)side, look);
        }
    return r;
}

int history_add(struct history *h, const struct look *look)
{
    h->looks++;
    h->n_next = 0;
    int r = add_side(h, look, SIDE_SERVER);
    if (!r)
        r = add_side(h, look, SIDE_CLIENT);
    if (!r)
        r = note_missing(h, look);
    if (r)
        return r;
    h->last_ns = look->at_ns;
    uint32_t *last = h->present;
    h->present = h->next;
    h->n_present = h->n_next;
    h->next = last;
    return 0;
}

int history_add_destroyed(struct history *h, const struct connection_id *id)
{
    return get(h, id) ? 0 : -ENOMEM;
}

const struct history_entry *history_entries(const struct history *h, size_t *ret_n)
{
    *ret_n = h->n;
    return h->entries;
}

const struct history_change *history_changes(const struct history *h, size_t *ret_n)
{
    *ret_n = h->n_changes;
    return h->changes;
}

const struct history_entry *history_find(const struct history *h, const struct connection_id *id)
{
    uint32_t i = h->n_slots ? *history_slot(h, id) : 0;
    return i ? &h->entries[i - 1] : NULL;
}
