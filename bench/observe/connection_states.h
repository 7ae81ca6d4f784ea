/* Finds when one end of a connection changed its state, from what the looks saw and from the
 * segments that explain it. Pure. */
#pragma once

#include "bench/observe/history.h"

struct connection_state {
    int64_t at_ns;
    unsigned state; /* enum sockdiag_state; 0: no socket */
    bool held;      /* the socket has a descriptor */
    /* as in struct history_change; seen_ns 0: no look saw this state, it follows from the
     * segments */
    int64_t not_ns, seen_ns;
};

struct connection_story {
    enum side side;
    /* the changes of this connection on this host, in the order of time */
    const struct history_change *const *changes;
    size_t n_changes;
    const struct segment *const *segments; /* the segments of this connection; none over loopback */
    size_t n_segments;
    bool cookies; /* a SYN-ACK may leave no request behind */
};

/* Follows the states of RFC 9293's figure 5 from a state that one look saw to the state that a
 * later look saw. If the segments between the looks lead from the first to the second, each change,
 * also to a state in between, has the time of its segment; else it has the time of the look. If no
 * look saw the connection, because it was too short, all states follow from the segments, if these
 * lead to its end. Writes at most max states to ret. Returns how many. */
size_t connection_states(const struct connection_story *story, struct connection_state *ret,
                         size_t max);
