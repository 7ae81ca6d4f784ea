/* Random numbers that a seed gives again: SplitMix64 (Steele, Lea, Flood, OOPSLA 2014). */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct random {
    uint64_t state; /* the seed at first */
};

uint64_t random_next(struct random *r);

/* 0 to n - 1, each as probable; n above 0. */
uint64_t random_below(struct random *r, uint64_t n);

/* Every order as probable. */
void random_shuffle(struct random *r, size_t *numbers, size_t n);
