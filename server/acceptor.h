/* Decides when the server calls accept(): at once, once each DUR, or never. While it does not
 * accept, it does not watch the listener: the process sleeps and the kernel's accept queue fills.
 *
 * The accept queue gets shorter only by accept(), so its length right before an accept() is a local
 * peak. The acceptor reads the length there. So the peak of a paced or resting acceptor is exact.
 * An eager one reads the length at most once a millisecond, and its peak is the longest that it
 * read. */
#pragma once

#include "common/process/timer.h"
#include "server/stats.h"

#include <ev.h>
#include <stdbool.h>

/* What the acceptors of a server share: when the next paced accept() is due, so that N threads
 * together accept at most one connection each DUR; and whether the user knows that descriptors ran
 * out. */
struct acceptor_share {
    _Atomic int64_t delay_ns; /* 0: eager; OPTION_NEVER: never */
    _Atomic int64_t next_ns;
    /* each event loop stands still for stall_ns each stall_every_ns, the first time after half of
     * that; 0: never */
    int64_t stall_ns, stall_every_ns;
    atomic_bool told; /* out_of_descriptors() was called */
};

struct acceptor {
    ev_io io;
    /* rings at the end of the rest between two paced accepts, or of a pause without descriptors */
    struct timer wake;
    struct timer stall;
    int64_t stall_next_ns; /* when the next one is due; 0: acceptor_begin() has not been called */
    struct ev_loop *loop;
    struct acceptor_share *share;
    struct stats *stats;
    int64_t sampled_ns;
    int starved; /* errno that paused it: EMFILE, ENFILE, ENOBUFS, ENOMEM, ENOSPC; 0: not paused */
    bool away;   /* another acceptor accepts instead */
    void (*accepted)(void *context, int fd); /* takes over fd */
    /* accept() failed with EMFILE. Returns true if it has called acceptor_leave(); false: it
     * pauses */
    bool (*table_full)(void *context);
    void (*out_of_descriptors)(void *context, int error); /* at the first pause of a run */
    void *context;
};

/* Prepares an acceptor. fd: a non-blocking listener, which stays the caller's. The caller has set
 * loop, share, stats, context and the callbacks; all else is zero. Returns 0 or -errno. */
int acceptor_open(struct acceptor *a, int fd);

/* Begins to accept, unless it is away. */
void acceptor_begin(struct acceptor *a);

/* Begins to accept at once: call it in the loop's thread when delay_ns has become 0. */
void acceptor_hurry(struct acceptor *a);

/* acceptor_leave() stops accepting until acceptor_return() is called; that does nothing if the
 * acceptor is not away. */
void acceptor_leave(struct acceptor *a);
void acceptor_return(struct acceptor *a);

/* Call it when a descriptor was closed: an acceptor that paused for want of one continues. */
void acceptor_descriptor_freed(struct acceptor *a);

/* Stops accepting for good and closes the timer. */
void acceptor_stop(struct acceptor *a);
