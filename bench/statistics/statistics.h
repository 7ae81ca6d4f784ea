/* What a set of measured values says: the few statistics that load, compare, sweep and knee need.
 * Pure, and nothing else stands in this folder. Every interval is a 95 % interval, exact for the
 * sample's size and free of any assumption about the distribution; the values are of independent
 * rounds. At most STATISTICS_MOST of them. */
#pragma once

#include <stddef.h>

#define STATISTICS_MOST  1000
#define STATISTICS_LEAST 6 /* fewer values have no 95 % interval: 1 - 2 (1/2)^5 is 94 % */

struct statistics_interval {
    double low, high; /* both NAN: too few values */
};

/* NAN for n = 0 or without memory. */
double statistics_median(const double *values, size_t n);

/* Two order statistics between which the median lies: the k-th smallest and the k-th largest, with
 * the largest k for which twice the binomial probability of less than k of n on one side is at most
 * 5 % (David and Nagaraja, Order Statistics, 7.1). */
struct statistics_interval statistics_median_interval(const double *values, size_t n);

/* Of the differences within pairs: by how much the one side is higher. */
struct statistics_shift {
    double estimate; /* Hodges-Lehmann: the median of the means of all two of them, with itself */
    struct statistics_interval interval; /* of those means: the inverted signed-rank test */
    double p; /* two-sided, exact Wilcoxon signed-rank; half of a mean that is 0 counts */
};

/* Ratios are differences of logarithms. With ties the test is conservative. All NAN for n = 0. */
struct statistics_shift statistics_shift(const double *differences, size_t n);

/* The same of two samples that are no pairs: by how much b is higher. The estimate is the median of
 * all n m differences, the interval and p come from the Mann-Whitney test: exact where n m is at
 * most STATISTICS_EXACT, else by the normal distribution. */
#define STATISTICS_EXACT 10000
struct statistics_shift statistics_shift_unpaired(const double *a, size_t n, const double *b,
                                                  size_t m);

/* How many pairs in all would probably decide, where n pairs do not: the interval shrinks with the
 * square root of their number until it leaves out 0, or lies within -limit to limit where the
 * estimate does. 0: more than STATISTICS_MOST. */
size_t statistics_pairs_needed(const struct statistics_shift *s, size_t n, double limit);
