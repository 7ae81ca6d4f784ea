/* One event loop: a listener, its acceptor, and the connections it accepted. The first runs in the calling thread,
 * the others in threads of their own. */
#pragma once

#include "server/acceptor.h"
#include "server/session.h"
#include "server/settings.h"
#include "server/stats.h"

#include <pthread.h>

struct worker {
    struct ev_loop *loop;
    int listener; /* -1 until opened */
    bool accepting, pooled, threaded;
    struct acceptor acceptor;
    struct session_pool pool;
    struct stats stats;
    ev_async stop, hurry;
    pthread_t thread;
};

/* Prepares a worker around an open listener, which it owns from then on. 0 or -errno. */
int worker_init(struct worker *w, int listener, const struct settings *s, struct acceptor_share *share,
                void (*out_of_descriptors)(void *context, int error));

/* Runs the loop in a new thread, signals blocked. 0 or -errno. */
int worker_spawn(struct worker *w);

/* The shared delay_ns has become 0: its acceptor is told. From any thread. */
void worker_hurry(struct worker *w);

/* Ends the loop (and waits for the thread). Listener and connections stay open, nothing is watched any more. */
void worker_stop(struct worker *w);

/* Closes and frees all that worker_init() made. */
void worker_close(struct worker *w);
