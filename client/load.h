/* How much of the time a thread ran, and how much it was ready to run but waited, for a CPU or for
 * its turn. Polling is not running. All calls from that thread; the sums may be read by others when
 * it has ended. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct load {
    int64_t window_ns, run_ns, wait_ns; /* sums of all windows */
    bool open;                          /* between load_begin() and load_end() */
    int64_t window_from_ns, run_from_ns, wait_from_ns, polled_from_ns;
};

/* Begins and ends a window; a second beginning, or an end without one, does nothing. polled_ns: how
 * long the thread has polled so far (poller_polled_ns()). */
void load_begin(struct load *l, int64_t polled_ns);
void load_end(struct load *l, int64_t polled_ns);

/* In a window: adds a time in which the thread had work and waited for something other than a
 * CPU. */
void load_add_wait(struct load *l, int64_t ns);

/* Shares of the windows, 0 to 1; 0 where there was none. Busy is running or waiting. */
double load_busy(const struct load *l);
double load_waiting(const struct load *l);
