/* One event loop: a listener, its acceptor, and the connections it accepted. The first runs in the
 * calling thread, the others in threads of their own.
 *
 * More connections than a file table holds (RLIMIT_NOFILE): a worker and its successors, threads
 * with a file table of their own, accept from one listener, but one of them at a time, so that a
 * connection wakes one thread only. When its table is full, the turn goes to the one that has most
 * room again, or to another successor if none has much. Descriptors are numbers in one table: only
 * the worker itself may use those of its connections, its loop and its timers. */
#pragma once

#include "common/process/loop_guard.h"
#include "server/acceptor.h"
#include "server/session.h"
#include "server/settings.h"
#include "server/stats.h"

#include <pthread.h>
#include <semaphore.h>

/* What the workers of a server share. `news` tells all of them to look at the rest; nobody reads
 * it, each is woken once for each time it is written. It and the listeners are below first_free and
 * so in every table, under the same numbers. */
struct worker_share {
    const struct settings *settings;
    struct acceptor_share acceptors;
    int news; /* eventfd; -1 until opened */
    int first_free;
    atomic_bool ending;
    atomic_bool told;           /* that there is another file table */
    atomic_bool told_unwatched; /* that a connection was reset */
};

struct worker {
    struct worker_share *share;
    struct loop_guard guard;
    struct ev_loop *loop;
    int listener; /* -1 until opened */
    int cpu;      /* on which its thread stays, and its successors'; -1: wherever */
    bool accepting, pooled, threaded;
    struct acceptor acceptor;
    struct session_pool pool;
    struct stats stats;
    ev_io news; /* an epoll with the eventfd in it, edge-triggered */
    pthread_t thread;
    sem_t opened, rested, released; /* steps of a thread: the first of a successor only */
    /* whose successor this is; the worker itself when it is none */
    struct worker *first;
    _Atomic(struct worker *) turn;      /* in the first: who of them accepts */
    _Atomic(struct worker *) successor; /* NULL: none. Set once, by who has the turn */
    /* connections that fit into its table, found out when it was full; 0: unknown */
    _Atomic uint64_t capacity;
    int start_error;     /* of a successor that could not be, until `opened`: -errno */
    int successor_error; /* why another could not be: -errno; not tried again */
};

/* Makes the eventfd. The caller has set settings and acceptors, and kept the listeners. 0 or
 * -errno; closed by worker_share_close() in either case. */
int worker_share_open(struct worker_share *share);
void worker_share_close(struct worker_share *share);

/* A descriptor, a listener, that is to be in every file table. Before the first worker. */
void worker_share_keep(struct worker_share *share, int fd);

/* Prepares a worker around an open listener, which it owns from then on. 0 or -errno. */
int worker_init(struct worker *w, struct worker_share *share, int listener);

/* Runs the loop in the calling thread. */
void worker_run(struct worker *w);

/* Runs the loop in a new thread, signals blocked. 0 or -errno. */
int worker_spawn(struct worker *w);

/* The shared delay_ns has become 0: all workers accept from now on. */
void worker_hurry_all(struct worker_share *share);

/* Ends the loops. Each is waited for in worker_rest(), but for the one that runs in the calling
 * thread: ev_break(). */
void worker_stop_all(struct worker_share *share);

/* After worker_stop_all(): waits until the worker and its successors watch nothing any more.
 * Listener and connections stay open. */
void worker_rest(struct worker *w);

/* Closes and frees all that worker_init() made, and the successors. After worker_rest(), or without
 * worker_spawn(). */
void worker_close(struct worker *w);
