/* The event loops of a run, a thread each; the first runs in the calling thread. An order goes to
 * all of them, and each reports when it has carried the order out.
 *
 * The threads share the process' file table, or each has its own: RLIMIT_NOFILE limits a table and
 * not a process, so several tables hold more. A descriptor is then a number in only one table.
 * Therefore
 * - threads signal each other through eventfds that are made before any thread has its own table,
 *   so that they have the same number in each;
 * - prepare() opens everything else that a loop needs in the loop's thread, and let_go() closes it
 *   there;
 * - a new table keeps only these eventfds and the standard streams of the old one: a copy of
 *   another descriptor would keep its file open after it is closed (a script may wait for the end
 *   of --ready-fd);
 * - a table ends with its thread, and the connections end with the table, so the threads stay until
 *   crew_free(). */
#pragma once

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct crew;

struct crew_args {
    size_t n; /* loops, at least 1 */
    /* how many loops run at the same time, at least 1; the others wait for their turn. Without this
     * limit a server on the same machine gets too little CPU time to accept when 50 loops, most of
     * which exist only for their file tables, are runnable. */
    size_t at_once;
    bool own_tables;
    /* each loop's thread stays on its own CPU; the first loop's from crew_run() on */
    bool own_cpus;
    int64_t poll_ns; /* most_ns of poller_begin(); loops that take turns never poll */
    void *context;   /* goes to each of these, with the loop's number, from 0 */

    /* Called in the loop's own thread, in this order. leave(): the loop has ended. let_go(): close
     * everything now. The last two are also called after a prepare() that failed, but not if there
     * was no memory for the loop. */
    int (*prepare)(void *context, size_t i, struct ev_loop *loop); /* Returns 0 or -errno */
    void (*obey)(void *context, size_t i, int order, unsigned number);
    void (*waited)(void *context, size_t i, int64_t ns); /* it had work and waited for its turn */
    void (*leave)(void *context, size_t i);
    void (*let_go)(void *context, size_t i);

    /* Called in the first thread after crew_say_quiet(). */
    void (*quiet)(void *context);
};

/* Starts the threads and returns when all are prepared. Returns 0, or -errno and undoes it all. */
int crew_new(const struct crew_args *args, struct crew **ret);

/* The first thread's. */
struct ev_loop *crew_loop(const struct crew *c);

/* Call it in the first thread. Each thread calls obey() with the last order and the number of
 * orders so far, once or several times; of orders in quick succession a thread may see only the
 * last. Returns the number. */
unsigned crew_order(struct crew *c, int order);

/* Makes the first thread call quiet(). From any thread. */
void crew_say_quiet(struct crew *c);

/* Runs the first loop until crew_end(); returns when all threads have left their loops. Then
 * their counts can be read, and their descriptors are still open. */
void crew_run(struct crew *c);
void crew_end(struct crew *c);

/* Makes each thread call let_go(), and ends it. Accepts NULL. */
void crew_free(struct crew *c);
