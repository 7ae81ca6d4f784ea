/* The history of each connection on both hosts, from the looks. */
#pragma once

#include "bench/observe/look.h"

/* One connection on one host. Times are by clock_now_ns(); 0: never. Looks are some ms apart: a
 * socket vanished between the last look that saw it and `missing_ns`. */
struct history_side {
    unsigned state;                    /* in the last look that saw it */
    int64_t first_ns[SOCKDIAG_STATES]; /* the first look that saw it in that state */
    int64_t last_ns[SOCKDIAG_STATES];  /* the last look that saw it in that state */
    /* the first look that no longer saw it; 0: it is still there, or never was */
    int64_t missing_ns;
    bool accepted; /* it once had a descriptor */
    bool held;     /* it had one in the last look that saw it */
    uint64_t look; /* number of the last look that saw it */
};

struct history_entry {
    struct connection_id id;
    struct history_side side[2];
};

/* A change: a look saw a connection on one host in another state than the look before. */
struct history_change {
    size_t entry; /* index into history_entries() */
    enum side side;
    unsigned state; /* 0: there is no socket any more */
    bool held;      /* the socket has a descriptor */
    /* the change happened between the beginning of the last look that did not see the new state (0:
     * there was none) and the end of the first look that did */
    int64_t not_ns, seen_ns;
};

/* It records the changes of the first so many connections. */
#define HISTORY_FOLLOWED 5000

struct history;
struct history *history_new(void); /* NULL without memory */
void history_free(struct history *h);

/* Adds a look. Returns 0 or -ENOMEM. */
int history_add(struct history *h, const struct look *look);
/* Adds a connection with a destroyed socket, which perhaps no look has seen. Returns 0 or
 * -ENOMEM. */
int history_add_destroyed(struct history *h, const struct connection_id *id);

/* Returns all connections, in the order in which they were first seen. Valid until the next
 * history_add*(). */
const struct history_entry *history_entries(const struct history *h, size_t *ret_n);
/* Returns all changes, in the order of the looks. Valid until the next history_add*(). */
const struct history_change *history_changes(const struct history *h, size_t *ret_n);
/* Returns the history of a connection, or NULL. Valid until the next history_add*(). */
const struct history_entry *history_find(const struct history *h, const struct connection_id *id);
