/* The ledger: every connection that the clients attempted stands in exactly one row, by what it is
 * on both hosts. */
#pragma once

#include "bench/observe/look.h"

#include <jansson.h>

#define LEDGER_ROWS(X)                                                             \
    X(accepted)  /* the server's program has it */                                 \
    X(queued)    /* in the accept queue */                                         \
    X(half_open) /* the server has a request */                                    \
    X(ghost)     /* the client believes it is connected, the server has nothing */ \
    X(syn_sent)                                                                    \
    X(refused)                                                                     \
    X(reset)                                                                       \
    X(timed_out)                                                                   \
    X(unreachable) /* no answer to ARP, or an ICMP message */                      \
    X(closed)                                                                      \
    X(no_port)                                                                     \
    X(no_fd)

enum ledger_row {
#define X(row) LEDGER_##row,
    LEDGER_ROWS(X)
#undef X
        LEDGER_N
};

extern const char *const ledger_names[LEDGER_N];

struct ledger_entry {
    bool has_id; /* there was a socket and a port */
    struct connection_id id;
    enum ledger_row row;
};

struct ledger {
    uint64_t attempted, rows[LEDGER_N];
    size_t n, size;
    struct ledger_entry *entries; /* in the order of the clients and of their attempts */
    char trouble[200];            /* why it does not balance; "" where it does */
};

/* Adds a client's report (with "connection_log" and "connections"), whose connections are judged by
 * the look that was taken while they still stood as the ledger shall show them. server: its address
 * and port as in the look; an entry of the log may have a "peer" instead. 0; or -EINVAL (no such
 * document) or -ENOMEM. What does not add up becomes *ledger's trouble. */
int ledger_add_client(struct ledger *l, const json_t *report, const struct look *look,
                      const struct connection_id *server);

/* A client that left no report (it was killed): its connections as that look shows them. */
int ledger_add_unreported(struct ledger *l, const struct look *before, const struct look *look);

/* After all clients, when the rows become final: of several attempts from one port only the last
 * can have a socket. Is there a socket on either host that no client has attempted? */
int ledger_check(struct ledger *l, const struct look *look);

/* {"attempted", "accepted", ...}: new reference. */
json_t *ledger_json(const struct ledger *l);

/* The first connection in that row, or NULL. */
const struct connection_id *ledger_find(const struct ledger *l, enum ledger_row row);

void ledger_release(struct ledger *l);
