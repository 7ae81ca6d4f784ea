/* When the starts of an open loop are due: evenly, as a Poisson process, or in bursts; at a rate
 * that stays, or that rises or falls evenly over a time.
 *
 * Each kind counts in a time of its own, in which one start comes each unit on average: the n-th
 * start is at n (even), at the sum of n + 1 exponential gaps of mean 1 (poisson), or at the last
 * multiple of the burst (burst). The rate then stretches that time: the n-th start is due when the
 * integral of the rate reaches its place. So a Poisson process with a ramp is a true one, too.
 *
 * The gaps come from the seed and the number of the gap alone (splitmix64): any number of threads
 * finds the same times. */
#pragma once

#include <stdint.h>

enum arrivals_kind { ARRIVALS_EVEN, ARRIVALS_POISSON, ARRIVALS_BURST };

struct arrivals_shape {
    enum arrivals_kind kind;
    uint64_t burst;  /* starts at once, of ARRIVALS_BURST */
    uint64_t seed;   /* of ARRIVALS_POISSON */
    double from, to; /* starts a second, first and at the end of ramp_ns; one of them above 0 */
    int64_t ramp_ns; /* 0: there is no ramp, and from counts */
};

/* Later than any start. */
#define ARRIVALS_NEVER_NS (INT64_MAX / 2)

struct arrivals {
    struct arrivals_shape shape;
    uint64_t n_gaps; /* what sum has */
    double sum;
};

/* When start n, counted from 0, is due, in ns after the begin. n is never below that of the call
 * before: of a Poisson process each gap is drawn once. After the ramp its last rate goes on;
 * ARRIVALS_NEVER_NS where that is 0. */
int64_t arrivals_due_ns(struct arrivals *a, uint64_t n);

/* How many starts are due before that time. Poisson: draws all of them again. */
uint64_t arrivals_before(const struct arrivals_shape *shape, int64_t ns);

/* How long n starts take, with the period of the last one: 7 a second are 7 in 1 s, not in 6/7 s.
 * 0 for Poisson, where a start has no period. */
int64_t arrivals_fill_ns(const struct arrivals_shape *shape, uint64_t n);
