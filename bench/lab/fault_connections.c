#include "bench/lab/fault_connections.h"

#include <stdlib.h>
#include <string.h>

#define FAULT_CONNECTIONS_FIRST 256 /* slots; a power of two */

/* Open addressing: from its hash on, the first slot that is free or its own. */
struct fault_connections {
    struct fault_connection *slots;
    size_t n_slots, n;
};

struct fault_connections *fault_connections_new(void)
{
    struct fault_connections *c = calloc(1, sizeof(*c));
    if (!c)
        return NULL;
    c->slots = calloc(FAULT_CONNECTIONS_FIRST, sizeof(*c->slots));
    c->n_slots = FAULT_CONNECTIONS_FIRST;
    if (!c->slots) {
        free(c);
        return NULL;
    }
    return c;
}

void fault_connections_free(struct fault_connections *c)
{
    if (!c)
        return;
    fault_connections_forget_matches(c);
    free(c->slots);
    free(c);
}

void fault_connections_forget_matches(struct fault_connections *c)
{
    for (size_t i = 0; i < c->n_slots; i++) {
        free(c->slots[i].matches);
        c->slots[i].matches = NULL;
        c->slots[i].n_matches = 0;
    }
}

static struct fault_connection *fault_connections_slot(struct fault_connection *slots,
                                                       size_t n_slots,
                                                       const struct connection_id *id)
{
    size_t i = connection_id_hash(id) & (n_slots - 1);
    while (slots[i].used && !connection_id_same(&slots[i].id, id))
        i = (i + 1) & (n_slots - 1);
    return &slots[i];
}

static bool grow(struct fault_connections *c)
{
    size_t n_slots = c->n_slots * 2;
    struct fault_connection *slots = calloc(n_slots, sizeof(*slots));
    if (!slots)
        return false;
    for (size_t i = 0; i < c->n_slots; i++)
        if (c->slots[i].used)
            *fault_connections_slot(slots, n_slots, &c->slots[i].id) = c->slots[i];
    free(c->slots);
    c->slots = slots;
    c->n_slots = n_slots;
    return true;
}

struct fault_connection *fault_connections_find(struct fault_connections *c,
                                                const struct connection_id *id)
{
    struct fault_connection *slot = fault_connections_slot(c->slots, c->n_slots, id);
    if (slot->used)
        return slot;
    if (c->n >= c->n_slots / 2) {
        if (!grow(c))
            return NULL;
        slot = fault_connections_slot(c->slots, c->n_slots, id);
    }
    slot->used = true;
    slot->id = *id;
    c->n++;
    return slot;
}

static void connection_restart(struct fault_connection *connection)
{
    connection->seen[TO_SERVER] = connection->seen[TO_CLIENT] = false;
    if (connection->matches)
        memset(connection->matches, 0, connection->n_matches * sizeof(*connection->matches));
}

struct fault_connection *fault_connections_learn(struct fault_connections *c,
                                                 const struct segment *s)
{
    struct fault_connection *connection = fault_connections_find(c, &s->id);
    if (!connection)
        return NULL;
    enum direction d = s->direction;
    bool asks = !(s->flags & SEGMENT_ACK);
    if (asks && connection->seen[d] && connection->initial[d] != s->sequence)
        connection_restart(connection);
    /* Of two that ask each other (simultaneous open) the first is the opener. */
    if (asks && !connection->seen[TO_SERVER] && !connection->seen[TO_CLIENT])
        connection->opener = d;
    connection->seen[d] = true;
    connection->initial[d] = s->sequence;
    return connection;
}

uint64_t *fault_connection_matches(struct fault_connection *connection, size_t rule)
{
    if (rule >= connection->n_matches) {
        uint64_t *matches = reallocarray(connection->matches, rule + 1, sizeof(*matches));
        if (!matches)
            return NULL;
        memset(matches + connection->n_matches, 0,
               (rule + 1 - connection->n_matches) * sizeof(*matches));
        connection->matches = matches;
        connection->n_matches = rule + 1;
    }
    return &connection->matches[rule];
}

bool fault_connection_ends_handshake(const struct fault_connection *connection,
                                     const struct segment *s)
{
    const uint8_t flags = SEGMENT_SYN | SEGMENT_FIN | SEGMENT_RST | SEGMENT_ACK;
    enum direction d = s->direction, other = d == TO_SERVER ? TO_CLIENT : TO_SERVER;
    return connection->seen[TO_SERVER] && connection->seen[TO_CLIENT] && d == connection->opener &&
           s->payload == 0 && (s->flags & flags) == SEGMENT_ACK &&
           s->sequence == connection->initial[d] + 1 &&
           s->acknowledged == connection->initial[other] + 1;
}
