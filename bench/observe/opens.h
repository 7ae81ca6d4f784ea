/* How many connections a host has opened and been opened, by its own count: told in microseconds,
 * whatever their number. */
#pragma once

#include <stdint.h>

struct opens;

/* Of the calling thread's network namespace, wherever the thread is later. 0 or -errno. */
int opens_open(struct opens **ret);
void opens_close(struct opens *o); /* NULL is fine */

/* Tcp.ActiveOpens and Tcp.PassiveOpens together, since opens_open(). 0 or -errno. */
int opens_read(struct opens *o, uint64_t *ret);
