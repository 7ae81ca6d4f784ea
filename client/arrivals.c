#include "client/arrivals.h"
#include "common/process/clock.h"

#include <math.h>

/* Steele, Lea, Flood: Fast splittable pseudorandom number generators (2014). */
static uint64_t splitmix64(uint64_t seed, uint64_t i)
{
    uint64_t z = seed + (i + 1) * 0x9e3779b97f4a7c15ULL;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

/* Exponential with mean 1: -ln of a number in (0, 1]. */
static double gap(uint64_t seed, uint64_t i)
{
    return -log(((double)(splitmix64(seed, i) >> 11) + 1) * 0x1p-53);
}

/* How many starts are due from 0 to that second: the integral of the rate. */
static double starts_until(const struct arrivals_shape *s, double t)
{
    double ramp = (double)s->ramp_ns / 1e9;
    if (!s->ramp_ns)
        return s->from * t;
    if (t > ramp)
        return (s->from + s->to) / 2 * ramp + s->to * (t - ramp);
    return s->from * t + (s->to - s->from) * t * t / (2 * ramp);
}

/* The second at which that integral reaches `starts`. */
static double second_of(const struct arrivals_shape *s, double starts)
{
    double ramp = (double)s->ramp_ns / 1e9, in_ramp = starts_until(s, ramp);
    if (starts <= 0)
        return 0;
    if (!s->ramp_ns)
        return starts / s->from;
    if (starts > in_ramp)
        return ramp + (starts - in_ramp) / s->to;
    double square = s->from * s->from + 2 * (s->to - s->from) * starts / ramp;
    return 2 * starts / (s->from + sqrt(square > 0 ? square : 0));
}

static int64_t ns_of(const struct arrivals_shape *s, double starts)
{
    double ns = second_of(s, starts) * 1e9;
    return ns < (double)ARRIVALS_NEVER_NS ? (int64_t)(ns + 0.5) : ARRIVALS_NEVER_NS;
}

int64_t arrivals_due_ns(struct arrivals *a, uint64_t n)
{
    const struct arrivals_shape *s = &a->shape;
    if (s->kind == ARRIVALS_EVEN)
        return ns_of(s, (double)n);
    if (s->kind == ARRIVALS_BURST)
        return ns_of(s, (double)(n / s->burst * s->burst));
    while (a->n_gaps <= n)
        a->sum += gap(s->seed, a->n_gaps++);
    return ns_of(s, a->sum);
}

uint64_t arrivals_before(const struct arrivals_shape *shape, int64_t ns)
{
    struct arrivals a = {.shape = *shape};
    uint64_t n = 0, burst = shape->kind == ARRIVALS_BURST ? shape->burst : 1;
    if (shape->kind != ARRIVALS_POISSON) {
        n = (uint64_t)(starts_until(shape, (double)ns / 1e9) / (double)burst + 1) * burst;
        while (n && ns_of(shape, (double)(n - burst)) >= ns)
            n -= burst;
        return n;
    }
    while (arrivals_due_ns(&a, n) < ns)
        n++;
    return n;
}

int64_t arrivals_fill_ns(const struct arrivals_shape *shape, uint64_t n)
{
    uint64_t burst = shape->kind == ARRIVALS_BURST ? shape->burst : 1;
    return shape->kind == ARRIVALS_POISSON
               ? 0
               : ns_of(shape, (double)((n + burst - 1) / burst * burst));
}
