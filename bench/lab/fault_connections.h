/* The connections whose SYNs the faults have seen: their initial sequence numbers, and how often
 * each rule has matched.
 */
#pragma once

#include "bench/lab/segment.h"

struct fault_connection {
    struct connection_id id;
    bool used;
    bool seen[2];          /* a SYN of that direction */
    enum direction opener; /* the direction of the SYN that asked */
    uint32_t initial[2];   /* sequence number of that direction's SYN */
    uint64_t *matches;     /* by rule; as many as n_matches */
    size_t n_matches;
};

struct fault_connections;
struct fault_connections *fault_connections_new(void); /* NULL without memory */
void fault_connections_free(struct fault_connections *c);

/* From a segment with SYN. A SYN that asks with another sequence number on the same addresses and
 * ports is a new connection, whose matches count from zero. A pointer is good until the next call.
 * NULL without memory. */
struct fault_connection *fault_connections_learn(struct fault_connections *c,
                                                 const struct segment *s);

/* Connections whose SYN was not seen are entered too, without sequence numbers: their matches can
 * be counted. NULL without memory. */
struct fault_connection *fault_connections_find(struct fault_connections *c,
                                                const struct connection_id *id);

/* A rule's count of this connection. NULL without memory. */
uint64_t *fault_connection_matches(struct fault_connection *connection, size_t rule);

/* A pure ACK of the opener, one past both SYNs. */
bool fault_connection_ends_handshake(const struct fault_connection *connection,
                                     const struct segment *s);

void fault_connections_forget_matches(struct fault_connections *c);
