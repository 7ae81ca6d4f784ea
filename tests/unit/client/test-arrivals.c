/* When the starts of an open loop are due. */
#include "client/arrivals.h"
#include "common/process/clock.h"

#include <criterion/criterion.h>
#include <math.h>

#define MANY 200000

static const struct arrivals_shape poisson = {
    .kind = ARRIVALS_POISSON, .seed = 7, .from = 5000, .to = 5000};

static int64_t due(const struct arrivals_shape *shape, uint64_t n)
{
    struct arrivals a = {.shape = *shape};
    return arrivals_due_ns(&a, n);
}

Test(arrivals, even_ones_are_exact)
{
    const struct arrivals_shape s = {.from = 3, .to = 3}, slow = {.from = 0.5, .to = 0.5},
                                fast = {.from = 1e9, .to = 1e9};
    cr_expect_eq(due(&s, 0), 0);
    cr_expect_eq(due(&s, 1), 333333333);
    cr_expect_eq(due(&s, 2), 666666667);
    cr_expect_eq(due(&s, 3000003), 1000001 * NS_PER_S);
    cr_expect_eq(due(&slow, 1), 2 * NS_PER_S);
    cr_expect_eq(due(&slow, 5), 10 * NS_PER_S);
    cr_expect_eq(due(&fast, 123456789), 123456789);
}

Test(arrivals, a_burst_comes_at_once_and_keeps_the_rate)
{
    const struct arrivals_shape s = {.kind = ARRIVALS_BURST, .burst = 50, .from = 100, .to = 100};
    cr_expect_eq(due(&s, 0), 0);
    cr_expect_eq(due(&s, 49), 0);
    cr_expect_eq(due(&s, 50), NS_PER_S / 2);
    cr_expect_eq(due(&s, 99), NS_PER_S / 2);
    cr_expect_eq(due(&s, 1000), 10 * NS_PER_S);
    cr_expect_eq(arrivals_before(&s, 1), 50);
    cr_expect_eq(arrivals_before(&s, NS_PER_S / 2), 50);
    cr_expect_eq(arrivals_before(&s, NS_PER_S / 2 + 1), 100);
    cr_expect_eq(arrivals_fill_ns(&s, 50), NS_PER_S / 2);
    cr_expect_eq(arrivals_fill_ns(&s, 51), NS_PER_S);
}

/* The gaps have mean 1/rate and, as nothing else that is positive and simple, a standard deviation
 * of the same size; e^-1 of them are longer than the mean; and neighbours know nothing of each
 * other. Of 200,000, four standard errors of each. */
Test(arrivals, poisson_gaps_are_exponential_and_independent)
{
    struct arrivals a = {.shape = poisson};
    double sum = 0, squares = 0, products = 0, last = 0, mean = 1e9 / 5000;
    int longer = 0;
    int64_t before = 0;
    for (uint64_t n = 0; n < MANY; n++) {
        int64_t at = arrivals_due_ns(&a, n);
        double gap = (double)(at - before) / mean;
        cr_assert_geq(at, before);
        sum += gap;
        squares += gap * gap;
        products += (gap - 1) * (last - 1);
        longer += gap > 1;
        last = gap;
        before = at;
    }
    double root = sqrt(MANY), variance = squares / MANY - sum / MANY * sum / MANY;
    cr_expect_float_eq(sum / MANY, 1, 4 / root, "mean %f", sum / MANY);
    cr_expect_float_eq(variance, 1, 4 * sqrt(8) / root, "variance %f", variance);
    cr_expect_float_eq((double)longer / MANY, exp(-1), 4 * 0.482 / root, "%d longer", longer);
    cr_expect_float_eq(products / MANY, 0, 4 / root, "covariance %f", products / MANY);
}

/* Counts of an interval vary as much as they are large; those of even starts do not vary. */
Test(arrivals, the_count_of_an_interval_has_the_variance_of_its_mean)
{
    struct arrivals a = {.shape = poisson};
    double squares = 0;
    enum { INTERVALS = 2000 };
    uint64_t n = 0, counted;
    for (int i = 1; i <= INTERVALS; i++) {
        for (counted = 0; arrivals_due_ns(&a, n) < i * 10 * NS_PER_MS; n++)
            counted++;
        squares += ((double)counted - 50) * ((double)counted - 50);
    }
    cr_expect_float_eq(squares / INTERVALS, 50, 4 * 50 * sqrt(2.0 / INTERVALS), "%f",
                       squares / INTERVALS);
}

Test(arrivals, any_number_of_threads_finds_the_same_times)
{
    enum { STARTS = 1000 };
    int64_t whole[STARTS];
    struct arrivals one = {.shape = poisson};
    for (uint64_t n = 0; n < STARTS; n++)
        whole[n] = arrivals_due_ns(&one, n);
    for (uint64_t threads = 2; threads <= 7; threads++)
        for (uint64_t i = 0; i < threads; i++) {
            struct arrivals a = {.shape = poisson};
            for (uint64_t n = i; n < STARTS; n += threads) {
                cr_assert_eq(arrivals_due_ns(&a, n), whole[n]);
                cr_assert_eq(arrivals_due_ns(&a, n), whole[n], "asked again");
            }
        }
    struct arrivals_shape other = poisson;
    other.seed = 8;
    cr_expect_neq(due(&other, 0), whole[0]);
    cr_expect_neq(due(&other, 999), whole[999]);
}

/* 0 to 1000 a second in 10 s are 5000 starts, a quarter of them in the first half. */
Test(arrivals, a_ramp_is_the_integral_of_its_rate)
{
    const struct arrivals_shape up = {.from = 0, .to = 1000, .ramp_ns = 10 * NS_PER_S},
                                down = {.from = 1000, .to = 0, .ramp_ns = 10 * NS_PER_S},
                                some = {.from = 200, .to = 600, .ramp_ns = 10 * NS_PER_S};
    cr_expect_eq(due(&up, 0), 0);
    cr_expect_eq(due(&up, 1250), 5 * NS_PER_S);
    cr_expect_eq(due(&up, 5000), 10 * NS_PER_S);
    cr_expect_eq(due(&up, 6000), 11 * NS_PER_S, "it goes on at its last rate");
    cr_expect_eq(due(&down, 3750), 5 * NS_PER_S);
    cr_expect_eq(due(&down, 5001), ARRIVALS_NEVER_NS);
    cr_expect_eq(due(&some, 1500), 5 * NS_PER_S);
    cr_expect_eq(arrivals_before(&up, 10 * NS_PER_S), 5000);
    cr_expect_eq(arrivals_before(&some, 5 * NS_PER_S), 1500);
    cr_expect_eq(arrivals_fill_ns(&some, 4000), 10 * NS_PER_S);
    for (uint64_t n = 0; n < 6000; n++)
        cr_assert_leq(due(&up, n), due(&up, n + 1));
}

Test(arrivals, a_poisson_ramp_has_the_counts_of_the_ramp)
{
    struct arrivals_shape s = {
        .kind = ARRIVALS_POISSON, .seed = 3, .to = 20000, .ramp_ns = 10 * NS_PER_S};
    uint64_t half = arrivals_before(&s, 5 * NS_PER_S), whole = arrivals_before(&s, 10 * NS_PER_S);
    cr_expect_float_eq((double)half, 25000, 4 * sqrt(25000), "%llu", (unsigned long long)half);
    cr_expect_float_eq((double)whole, 100000, 4 * sqrt(100000), "%llu", (unsigned long long)whole);
}

Test(arrivals, how_many_are_due_before)
{
    const struct arrivals_shape s = {.from = 20, .to = 20};
    cr_expect_eq(arrivals_before(&s, 0), 0);
    cr_expect_eq(arrivals_before(&s, NS_PER_S), 20, "not 21");
    cr_expect_eq(arrivals_before(&s, NS_PER_S + 1), 21);
    cr_expect_eq(arrivals_before(&s, 70 * NS_PER_MS), 2);
    cr_expect_eq(arrivals_fill_ns(&s, 7), 350 * NS_PER_MS);
    cr_expect_eq(arrivals_fill_ns(&poisson, 7), 0);
    uint64_t n = arrivals_before(&poisson, NS_PER_S);
    cr_expect(due(&poisson, n - 1) < NS_PER_S && due(&poisson, n) >= NS_PER_S);
}
