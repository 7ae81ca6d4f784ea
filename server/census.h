/* Counts the sockets on the server's port in each TCP state. A dump of all sockets takes a time
 * that grows with their number (0.1 s for 100,000), so the census has its own thread, and rests so
 * long after each dump that it takes at most 1 % of a CPU. */
#pragma once

#include <ev.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct census;

/* Starts the thread. `loop` calls done() after each census. Returns 0, or -errno if the kernel has
 * no sock_diag or a thread cannot be made. */
int census_start(struct ev_loop *loop, int family, uint16_t port, void (*done)(void *context),
                 void *context, struct census **ret);

/* Begins a census; done() is called at its end. Returns false and does nothing if one is under way,
 * or if it is too early for the next. */
bool census_ask(struct census *c);

/* Returns the result of the last census as a new reference, and when it ended (by clock_now_ns()).
 * NULL: there is none yet. */
json_t *census_latest(const struct census *c, int64_t *ret_taken_ns);

/* Waits for the census that is under way, and ends the thread. Accepts NULL. Call it, like the
 * others, in the loop's thread. */
void census_stop(struct census *c);
