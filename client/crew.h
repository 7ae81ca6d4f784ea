/* The event loops of a run, a thread each; the first is the calling thread's. Orders go to all of
 * them, and each says when it has come to rest.
 *
 * The threads share the process' file table, or each takes a table of its own: RLIMIT_NOFILE limits
 * a table, not a process, so together they hold more. A descriptor is then a number in one table
 * only. Therefore
 * - what passes between threads goes through eventfds made before any thread took its table: same
 *   number in each;
 * - all else a loop needs is opened in its thread by prepare(), and closed there by let_go();
 * - a new table keeps of the old one only those eventfds and the standard streams: a copy of
 *   anything else would keep it open after it was closed (somebody may wait for the end of
 *   --ready-fd);
 * - a table ends with its thread, and with it the connections, so the threads stay until
 *   crew_free(). */
#pragma once

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct crew;

struct crew_args {
    size_t n; /* loops, at least 1 */
    /* of the loops that many run at the same time, at least 1; the others wait for their turn.
     * Loops that only hold further tables would else leave the CPUs to nobody: with 50 of them
     * runnable, a server beside them had too little time to accept. */
    size_t at_once;
    bool own_tables;
    /* each loop's thread stays on a CPU of its own; the first one's as well, from crew_run() on */
    bool own_cpus;
    void *context; /* goes to each of these, with the loop's number, from 0 */

    /* In the loop's own thread, in this order. leave(): the loop has ended. let_go(): what is open
     * is closed now. The last two come also after a prepare() that failed, but not where there was
     * no memory for a loop. */
    int (*prepare)(void *context, size_t i, struct ev_loop *loop); /* 0 or -errno */
    void (*obey)(void *context, size_t i, int order, unsigned number);
    void (*waited)(void *context, size_t i, int64_t ns); /* it had work, and others had the turn */
    void (*leave)(void *context, size_t i);
    void (*let_go)(void *context, size_t i);

    /* In the first thread: somebody has called crew_say_quiet() since. */
    void (*quiet)(void *context);
};

/* Starts the threads and returns when all are prepared. 0 or -errno (then all is undone). */
int crew_new(const struct crew_args *args, struct crew **ret);

/* The first thread's. */
struct ev_loop *crew_loop(const struct crew *c);

/* From the first thread. obey() gets the last order, and how many there were, once or several
 * times; of orders in quick succession a thread may see but the last. Returns the number. */
unsigned crew_order(struct crew *c, int order);

/* From any thread. */
void crew_say_quiet(struct crew *c);

/* Runs the first loop until crew_end(); returns when all threads have left their loops. Everything
 * they counted can be read then, and their descriptors are still open. */
void crew_run(struct crew *c);
void crew_end(struct crew *c);

/* Has each thread let go, and ends it. Accepts NULL. */
void crew_free(struct crew *c);
