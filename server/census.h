/* How many sockets on the server's port are in each TCP state, counted beside the workers: a dump
 * of all sockets is linear in their number (100,000 take a tenth of a second), so it has a thread
 * of its own, and rests after each for so long that it takes at most 1 % of a processor's time. */
#pragma once

#include <ev.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct census;

/* done() is called from `loop` after each census. 0, or -errno where the kernel has no sock_diag,
 * or no thread is to be had. */
int census_start(struct ev_loop *loop, int family, uint16_t port, void (*done)(void *context),
                 void *context, struct census **ret);

/* Begins one, whose end done() tells. False, and nothing is begun: one is under way, or it is too
 * early for the next.
 */
bool census_ask(struct census *c);

/* The last that was taken, and when it ended (clock_now_ns()). New reference, or NULL: none yet. */
json_t *census_latest(const struct census *c, int64_t *ret_taken_ns);

/* Waits for the one under way. From the loop's thread, as the others. NULL is fine. */
void census_stop(struct census *c);
