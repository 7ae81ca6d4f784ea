/* The kernel's counters of one host during a run: which counters moved, and between which looks.
 * Only counters that have a note (common/kernel/counter_notes.h). */
#pragma once

#include <jansson.h>
#include <stdint.h>

struct counter_history;

/* Opens the counters of the calling thread's network namespace; the thread may then be in any other
 * one. Returns 0 or -errno. */
int counter_history_open(struct counter_history **ret);
void counter_history_close(struct counter_history *h); /* Accepts NULL. */

/* Reads the counters, and records which have moved since the last call. Returns 0 or -errno. */
int counter_history_look(struct counter_history *h, int64_t at_ns);

/* Drops all records, and starts from the counters' values now. Returns 0 or -errno. */
int counter_history_restart(struct counter_history *h);

/* Appends {"t_ms", "side", "moved": {"Tcp.OutRsts": 1}} to `array` for each record, in the order of
 * time. t_ms counts from zero_ns. The counters moved after the time of the entry before. */
void counter_history_json(const struct counter_history *h, const char *side, int64_t zero_ns,
                          json_t *array);
