/* The ledger: every connection that the clients attempted is in exactly one row, which depends on
 * the state of both ends. */
#pragma once

#include "bench/observe/look.h"

#include <jansson.h>

#define LEDGER_ROWS(X)                                                               \
    X(accepted)    /* the server's program has it */                                 \
    X(queued)      /* in the accept queue */                                         \
    X(half_open)   /* the server has a request */                                    \
    X(ghost)       /* the client believes it is connected, the server has nothing */ \
    X(syn_sent)    /* no answer to the SYN yet */                                    \
    X(refused)     /* RST in answer to the SYN */                                    \
    X(reset)       /* RST after the SYN was answered */                              \
    X(timed_out)   /* the kernel or the client gave up */                            \
    X(unreachable) /* no answer to ARP, or an ICMP message */                        \
    X(closed)      /* ended by FINs */                                               \
    X(no_port)     /* connect() found no local port */                               \
    X(no_fd)       /* no descriptor or no memory for a socket */

enum ledger_row {
#define X(row) LEDGER_##row,
    LEDGER_ROWS(X)
#undef X
        LEDGER_N
};

extern const char *const ledger_names[LEDGER_N];

struct ledger_entry {
    bool has_id; /* false: no socket or no port, so no id */
    struct connection_id id;
    enum ledger_row row;
    size_t program; /* of the ledger_add*() calls, from 1 */
};

struct ledger {
    uint64_t attempted, rows[LEDGER_N];
    size_t programs;
    size_t n, size;
    struct ledger_entry *entries; /* in the order of the clients and of their attempts */
    char trouble[200];            /* why the rows do not add up; "" if they do */
};

/* Adds the connections of a client's report (its "connection_log" and "connections"). look: taken
 * at the moment that the ledger describes; it decides the row of each connection. server: the
 * server's address and port as in the look; an entry of the log may have a "peer" instead. Returns
 * 0, -EINVAL (not such a report) or -ENOMEM. If the counts do not add up, sets l->trouble. */
int ledger_add_client(struct ledger *l, const json_t *report, const struct look *look,
                      const struct connection_id *server);

/* Adds the connections of a client that left no report because it was killed. before: a look from
 * just before that; look: as above. Returns 0 or -ENOMEM. */
int ledger_add_unreported(struct ledger *l, const struct look *before, const struct look *look);

/* Call it after all clients: the rows are final then. Of several attempts from one port only the
 * last can have a socket. If a host has a socket that no client has attempted, sets l->trouble.
 * Returns 0 or -ENOMEM. */
int ledger_check(struct ledger *l, const struct look *look);

/* {"attempted": n, "accepted": n, ...}. Returns a new reference. */
json_t *ledger_json(const struct ledger *l);

/* The first connection in that row, or NULL. */
const struct connection_id *ledger_find(const struct ledger *l, enum ledger_row row);

void ledger_release(struct ledger *l);
