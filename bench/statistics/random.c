#include "bench/statistics/random.h"

uint64_t random_next(struct random *r)
{
    uint64_t z = (r->state += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

/* What would make the first numbers more probable is drawn again. */
uint64_t random_below(struct random *r, uint64_t n)
{
    uint64_t value, unfair = -n % n; /* 2^64 modulo n */
    do
        value = random_next(r);
    while (value < unfair);
    return value % n;
}

void random_shuffle(struct random *r, size_t *numbers, size_t n)
{
    for (size_t i = n; i > 1; i--) {
        size_t j = (size_t)random_below(r, i), kept = numbers[i - 1];
        numbers[i - 1] = numbers[j];
        numbers[j] = kept;
    }
}
