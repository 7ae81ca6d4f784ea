/* How late a kernel timer fires: never early, and late by at most one granule of its level in the
 * timer wheel (kernel/time/timer.c: a level has 64 buckets, and each level is 8 times as coarse as
 * the one below). */
#pragma once

#include "bench/model/span.h"

/* Returns the granule of a timer that is set to `seconds` from now, in seconds. INFINITY if hz is
 * not known (0 or less). */
double lateness(int hz, double seconds);

/* Returns when an observer sees that the timer has fired: [seconds, seconds + lateness +
 * LATENESS_SCHEDULING]. LATENESS_SCHEDULING allows for softirqs and other work of the machine. */
#define LATENESS_SCHEDULING 0.05
struct span lateness_span(int hz, double seconds);

/* Returns the same for a timer that is set to `seconds` when the timer of `first` fires. Each timer
 * is late, so the latenesses add up; LATENESS_SCHEDULING is in `first` and is not added again. */
struct span lateness_then(struct span first, int hz, double seconds);
