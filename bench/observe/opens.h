/* How many connections a host has opened and accepted, by its own counters. Reading them takes
 * microseconds, with any number of connections. */
#pragma once

#include <stdint.h>

struct opens;

/* Of the calling thread's network namespace, even if the thread enters another one later. Returns 0
 * or -errno. */
int opens_open(struct opens **ret);
void opens_close(struct opens *o); /* Accepts NULL. */

/* Tcp.ActiveOpens and Tcp.PassiveOpens together, since opens_open(). Returns 0 or -errno. */
int opens_read(struct opens *o, uint64_t *ret);
