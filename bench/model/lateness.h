/* How late a kernel timer fires: never early, late by at most one granule of its level of the timer
 * wheel (kernel/time/timer.c: 64 buckets a level, each level 8 times as coarse). */
#pragma once

#include "bench/model/span.h"

/* The granule of a timer that was set `seconds` ahead, in seconds. INFINITY where hz is not known
 * (0 or less). */
double lateness(int hz, double seconds);

/* [seconds, seconds + lateness + LATENESS_SCHEDULING]: when it is seen to have fired. The allowance
 * is for what comes after the timer: softirqs, and a machine with other work. */
#define LATENESS_SCHEDULING 0.05
struct span lateness_span(int hz, double seconds);

/* `first`, then a timer of `seconds` that was set when the first fired. Each is late by itself, so
 * their latenesses add up; the allowance for scheduling is in `first` once, and not added again. */
struct span lateness_then(struct span first, int hz, double seconds);
