/* The kernel's counters of one host while a run lasts: which moved, and between which looks. Those
 * that have a note (common/kernel/counter_notes.h). */
#pragma once

#include <jansson.h>
#include <stdint.h>

struct counter_history;

/* Of the calling thread's network namespace; the object can be used from any other one. 0 or
 * -errno. */
int counter_history_open(struct counter_history **ret);
void counter_history_close(struct counter_history *h); /* NULL is nothing */

/* Reads them, and keeps what has moved since the last time. 0 or -errno. */
int counter_history_look(struct counter_history *h, int64_t at_ns);

/* Forgets what moved up to now. 0 or -errno. */
int counter_history_restart(struct counter_history *h);

/* Appends to `array`, in the order of time: {"t_ms", "side", "moved": {"Tcp.OutRsts": 1}}, t_ms
 * since zero_ns; what moved came after the entry before. */
void counter_history_json(const struct counter_history *h, const char *side, int64_t zero_ns,
                          json_t *array);
