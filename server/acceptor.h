/* When connections are accepted: at once, one each DUR, or never. Not accepting means that the
 * listener is not watched: the process sleeps and the kernel's accept queue fills.
 *
 * The accept queue shrinks only when accept() takes from it, so its length right before an accept()
 * is a local peak: that is where the queue is read. For a paced or resting acceptor the peak is
 * therefore exact; an eager one under flood reads it at most once a millisecond and its peak is the
 * longest that it saw. */
#pragma once

#include "common/process/timer.h"
#include "server/stats.h"

#include <ev.h>
#include <stdbool.h>

/* What the acceptors of a server share: when the next paced accept is due, so that N threads
 * together still accept at most one connection each DUR; and what is said only once. */
struct acceptor_share {
    _Atomic int64_t delay_ns; /* 0: eager; OPTION_NEVER: never */
    _Atomic int64_t next_ns;
    atomic_bool told; /* out_of_descriptors() was called */
};

struct acceptor {
    ev_io io;
    /* end of the rest between two paced accepts, or of a pause without descriptors */
    struct timer wake;
    struct ev_loop *loop;
    struct acceptor_share *share;
    struct stats *stats;
    int64_t sampled_ns;
    int starved; /* errno that paused it: EMFILE, ENFILE, ENOBUFS, ENOMEM, ENOSPC; 0: not paused */
    bool away;   /* another accepts in its place */
    void (*accepted)(void *context, int fd); /* owns fd from then on */
    /* EMFILE, and somebody waits. True: acceptor_leave() was called. False: it pauses */
    bool (*table_full)(void *context);
    void (*out_of_descriptors)(void *context, int error); /* the first pause of a run */
    void *context;
};

/* fd: a non-blocking listener, not owned. The caller has set the other fields named above, but
 * sampled_ns and starved. 0 or -errno. */
int acceptor_open(struct acceptor *a, int fd);

/* Accepts from now on, unless it is away. */
void acceptor_begin(struct acceptor *a);

/* delay_ns has become 0: accepts from now on. In the loop's thread. */
void acceptor_hurry(struct acceptor *a);

/* Accepts no more, until acceptor_return(), which does nothing where it was not away. */
void acceptor_leave(struct acceptor *a);
void acceptor_return(struct acceptor *a);

/* A descriptor came free: an acceptor that paused for want of one goes on. */
void acceptor_descriptor_freed(struct acceptor *a);

/* Stops for good. */
void acceptor_stop(struct acceptor *a);
