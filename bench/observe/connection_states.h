/* When one end of a connection changed its state: what looks saw, placed at the segments that
 * explain it. Pure. */
#pragma once

#include "bench/observe/history.h"

struct connection_state {
    int64_t at_ns;
    unsigned state; /* enum sockdiag_state; 0: no socket */
    bool held;      /* the socket has a descriptor */
    /* as in struct history_change; seen_ns 0: no look saw this state, the segments tell it */
    int64_t not_ns, seen_ns;
};

struct connection_story {
    enum side side;
    /* of this connection on this host, in the order of time */
    const struct history_change *const *changes;
    size_t n_changes;
    const struct segment *const *segments; /* of this connection; none over loopback */
    size_t n_segments;
    bool cookies; /* a SYN-ACK may leave no request behind */
};

/* The states of RFC 9293's figure 5, from one that a look saw to the next that another one saw: if
 * the segments between the looks lead from the one to the other, each change stands at its segment,
 * those between them as well. Else it stands at the look. Without any look (the connection was too
 * short) the segments tell all, if they lead to its end. Writes to ret, at most max; returns how
 * many. */
size_t connection_states(const struct connection_story *story, struct connection_state *ret,
                         size_t max);
