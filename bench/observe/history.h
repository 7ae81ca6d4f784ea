/* What became of each connection on both hosts, look after look. */
#pragma once

#include "bench/observe/look.h"

/* Of one connection on one host. Times on clock_now_ns()'s clock, 0: never. Looks are some ms
 * apart: a socket was gone somewhere between the last look that saw it and `missing_ns`. */
struct history_side {
    unsigned state;                    /* in the last look that saw it */
    int64_t first_ns[SOCKDIAG_STATES]; /* the first look that saw it in that state */
    int64_t last_ns[SOCKDIAG_STATES];  /* the last one */
    /* the first look that did not see it any more; 0: it is there, or never was */
    int64_t missing_ns;
    bool accepted; /* had a descriptor */
    bool held;     /* had one in that look */
    uint64_t look; /* number of the last look that saw it */
};

struct history_entry {
    struct connection_id id;
    struct history_side side[2];
};

/* That a look saw another state of a connection on one host than the look before. */
struct history_change {
    size_t entry; /* index into history_entries() */
    enum side side;
    unsigned state; /* 0: there is no socket any more */
    bool held;      /* the socket has a descriptor */
    /* the change came between the beginning of the last look without it (0: there was none) and the
     * end of the first one with it */
    int64_t not_ns, seen_ns;
};

/* Of so many connections, the first ones, the changes are kept. */
#define HISTORY_FOLLOWED 5000

struct history;
struct history *history_new(void); /* NULL without memory */
void history_free(struct history *h);

/* 0 or -ENOMEM. */
int history_add(struct history *h, const struct look *look);
/* which a look may never have seen */
int history_add_destroyed(struct history *h, const struct connection_id *id);

/* All connections ever seen, in the order in which they were first seen. Valid until the next
 * history_add*(). */
const struct history_entry *history_entries(const struct history *h, size_t *ret_n);
/* In the order of the looks; valid as history_entries(). */
const struct history_change *history_changes(const struct history *h, size_t *ret_n);
/* or NULL */
const struct history_entry *history_find(const struct history *h, const struct connection_id *id);
