/* One event loop with a listener, its acceptor, and the connections that it accepted. The first
 * worker runs in the main thread, each other one in its own thread.
 *
 * A file table holds RLIMIT_NOFILE descriptors. For more connections a worker has successors:
 * threads with their own file tables that accept from the same listener. Only one of them accepts
 * at a time, so that a connection wakes only one thread. When the table of this one is full, it
 * passes the turn to the one with the most room, or to a new successor if none has much. A
 * descriptor is a number in one table: only the worker itself may use the descriptors of its
 * connections, its loop and its timers. */
#pragma once

#include "common/process/poller.h"
#include "server/acceptor.h"
#include "server/session.h"
#include "server/settings.h"
#include "server/stats.h"

#include <pthread.h>
#include <semaphore.h>

/* What the workers of a server share. A write to `news` wakes each worker once, which then looks at
 * the other members; nobody reads it. `news` and the listeners have numbers below first_free, so
 * each table has them under the same numbers. */
struct worker_share {
    const struct settings *settings;
    struct acceptor_share acceptors;
    int news; /* eventfd; -1 until opened */
    int first_free;
    atomic_bool ending;
    atomic_bool told;           /* the user knows that there is another file table */
    atomic_bool told_unwatched; /* the user knows that a connection was reset */
};

struct worker {
    struct worker_share *share;
    struct poller poller;
    struct ev_loop *loop;
    int listener; /* -1 until opened */
    int cpu;      /* on which its thread and its successors' stay; -1: any */
    bool accepting, pooled, threaded;
    struct acceptor acceptor;
    struct session_pool pool;
    struct stats stats;
    ev_io news; /* an epoll that has the eventfd, edge-triggered */
    pthread_t thread;
    sem_t opened, rested, released; /* steps of a thread; `opened` only of a successor */
    /* the worker whose successor this is; of another worker itself */
    struct worker *first;
    _Atomic(struct worker *) turn;      /* in the first: which of them accepts */
    _Atomic(struct worker *) successor; /* NULL: none. Set once, by the one that accepts */
    /* connections that its table holds, known once it was full; 0: not known */
    _Atomic uint64_t capacity;
    int start_error;     /* -errno if this successor could not be made; valid after `opened` */
    int successor_error; /* -errno if another successor could not be made; it is not tried again */
};

/* Makes the eventfd. The caller has set settings and acceptors, and called worker_share_keep() for
 * the listeners. Returns 0 or -errno; call worker_share_close() in both cases. */
int worker_share_open(struct worker_share *share);
void worker_share_close(struct worker_share *share);

/* Makes sure that each file table has this descriptor, a listener. Call it before the first worker
 * is made. */
void worker_share_keep(struct worker_share *share, int fd);

/* Prepares a worker for an open listener, and takes over the listener. Returns 0 or -errno. */
int worker_init(struct worker *w, struct worker_share *share, int listener);

/* Runs the loop in the calling thread. */
void worker_run(struct worker *w);

/* Runs the loop in a new thread that blocks all signals. Returns 0 or -errno. */
int worker_spawn(struct worker *w);

/* Call it when the shared delay_ns has become 0: all workers begin to accept at once. */
void worker_hurry_all(struct worker_share *share);

/* Tells all threads to leave their loops; worker_rest() waits for them. The caller ends the loop of
 * its own thread with poller_end(). */
void worker_stop_all(struct worker_share *share);

/* Waits until the worker and its successors watch nothing any more; call it after
 * worker_stop_all(). Listener and connections stay open. */
void worker_rest(struct worker *w);

/* Closes and frees the worker and its successors. Call it after worker_rest(), or if worker_spawn()
 * was not called. */
void worker_close(struct worker *w);
