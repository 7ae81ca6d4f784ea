/* Medians, shifts and their intervals against scipy (oracle.py beside this file), and what scipy
 * does not have: the seeded order and the rounds that would decide. */
#include "bench/statistics/random.h"
#include "bench/statistics/statistics.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ORACLE "/usr/bin/python3 " TEST_ORACLE

/* Both none, or the same but for the last digits. */
static bool same(double a, double b)
{
    return (isnan(a) && isnan(b)) || fabs(a - b) <= 1e-9 * fmax(1, fabs(b));
}

static double *take(char **text, size_t n)
{
    double *values = calloc(n, sizeof(*values));
    for (size_t i = 0; i < n; i++)
        values[i] = strtod(*text, text);
    return values;
}

static void check(const char *line, double estimate, struct statistics_interval i, double p,
                  const double *expected)
{
    cr_assert(same(estimate, expected[0]), "%.40s...: %g, scipy %g", line, estimate, expected[0]);
    cr_assert(same(i.low, expected[1]) && same(i.high, expected[2]),
              "%.40s...: %g to %g, scipy %g to %g", line, i.low, i.high, expected[1], expected[2]);
    cr_assert(same(p, expected[3]), "%.40s...: p %.12g, scipy %.12g", line, p, expected[3]);
}

static void check_line(char *line)
{
    char *text = line + strcspn(line, " ");
    size_t n = (size_t)strtoul(text, &text, 10);
    if (!strncmp(line, "median", 6)) {
        double *v = take(&text, n), *expected = take(&text, 3);
        const double whole[] = {expected[0], expected[1], expected[2], 0};
        check(line, statistics_median(v, n), statistics_median_interval(v, n), 0, whole);
        free(v);
        free(expected);
    } else if (!strncmp(line, "shift", 5)) {
        double *d = take(&text, n), *expected = take(&text, 4);
        struct statistics_shift s = statistics_shift(d, n);
        check(line, s.estimate, s.interval, s.p, expected);
        free(d);
        free(expected);
    } else {
        size_t m = (size_t)strtoul(text, &text, 10);
        double *a = take(&text, n), *b = take(&text, m), *expected = take(&text, 4);
        struct statistics_shift s = statistics_shift_unpaired(a, n, b, m);
        check(line, s.estimate, s.interval, s.p, expected);
        free(a);
        free(b);
        free(expected);
    }
}

Test(statistics, equal_scipy)
{
    size_t lines = 0, size = 0;
    char *line = NULL;
    if (system("/usr/bin/python3 -c 'import scipy' 2>/dev/null"))
        cr_skip_test("python3-scipy is not installed");
    FILE *oracle = popen(ORACLE, "r");
    cr_assert(oracle);
    while (getline(&line, &size, oracle) > 0) {
        check_line(line);
        lines++;
    }
    free(line);
    cr_assert_eq(pclose(oracle), 0);
    cr_assert_eq(lines, 11 + 33 + 16);
}

/* By hand, so that the figures are checked without scipy, too. */
Test(statistics, by_hand)
{
    const double v[] = {3, 1, 2, 10, 5, 4}, zeros[] = {0, 0, 0, 0, 0, 0};
    struct statistics_interval i = statistics_median_interval(v, 6);
    cr_assert_eq(statistics_median(v, 6), 3.5);
    cr_assert(i.low == 1 && i.high == 10); /* 2 / 64 is less than 5 % */
    cr_assert(isnan(statistics_median_interval(v, 5).low));
    cr_assert(isnan(statistics_median(v, 0)));
    struct statistics_shift s = statistics_shift(v, 6);
    cr_assert_eq(s.p, 2 / 64.0); /* all of one sign */
    s = statistics_shift(zeros, 6);
    cr_assert(s.estimate == 0 && s.interval.low == 0 && s.interval.high == 0 && s.p == 1);
    cr_assert(isnan(statistics_shift(v, 0).p));
}

/* Beyond the exact table the normal distribution goes on where it ends. */
Test(statistics, large_samples)
{
    struct random r = {.state = 7};
    double a[101], b[101];
    for (size_t i = 0; i < 101; i++) {
        a[i] = (double)random_below(&r, 1000000);
        b[i] = (double)random_below(&r, 1000000) + 30000;
    }
    struct statistics_shift exact = statistics_shift_unpaired(a, 100, b, 100),
                            normal = statistics_shift_unpaired(a, 101, b, 101);
    cr_assert(fabs(exact.p - normal.p) < 0.015, "%g %g", exact.p, normal.p);
    cr_assert(fabs(exact.interval.low - normal.interval.low) < 20000);
    cr_assert(fabs(exact.interval.high - normal.interval.high) < 20000);
}

Test(statistics, pairs_needed)
{
    struct statistics_shift s = {.estimate = 0.10, .interval = {-0.10, 0.30}};
    /* half the interval is twice the estimate: four times as many */
    cr_assert_eq(statistics_pairs_needed(&s, 10, 0.03), 40);
    s = (struct statistics_shift){.estimate = 0.01, .interval = {-0.05, 0.07}};
    /* three times as wide as the room within 3 %: nine times as many */
    cr_assert_eq(statistics_pairs_needed(&s, 10, 0.03), 90);
    cr_assert_eq(statistics_pairs_needed(&s, 5, 0.03), STATISTICS_LEAST);
    s = (struct statistics_shift){.estimate = 0.0299, .interval = {-0.5, 0.5}};
    cr_assert_eq(statistics_pairs_needed(&s, 10, 0.03), 0);
}

/* The first numbers of SplitMix64 for the seed 1234567, as its authors' code gives them. */
Test(statistics, random_numbers)
{
    struct random r = {.state = 1234567};
    size_t numbers[100], seen = 0, moved = 0;
    cr_assert_eq(random_next(&r), 6457827717110365317u);
    cr_assert_eq(random_next(&r), 3203168211198807973u);
    for (size_t i = 0; i < 100; i++)
        numbers[i] = i;
    random_shuffle(&r, numbers, 100);
    for (size_t i = 0; i < 100; i++) {
        seen += numbers[i];
        moved += numbers[i] != i;
    }
    cr_assert_eq(seen, 4950);
    cr_assert_gt(moved, 90);
    for (int i = 0; i < 1000; i++)
        cr_assert_lt(random_below(&r, 3), 3);
}
