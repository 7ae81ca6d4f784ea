#include "bench/statistics/statistics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TAIL 0.025 /* on each side of an interval */

static int order(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double *sorted(const double *values, size_t n)
{
    double *copy = malloc((n ? n : 1) * sizeof(*copy));
    if (copy && n) {
        memcpy(copy, values, n * sizeof(*copy));
        qsort(copy, n, sizeof(*copy), order);
    }
    return copy;
}

static double middle(const double *sorted_values, size_t n)
{
    return n ? (sorted_values[(n - 1) / 2] + sorted_values[n / 2]) / 2 : NAN;
}

double statistics_median(const double *values, size_t n)
{
    double *copy = sorted(values, n), median = copy ? middle(copy, n) : NAN;
    free(copy);
    return median;
}

/* The k-th smallest and the k-th largest; k 0: there is none. */
static struct statistics_interval between(const double *sorted_values, size_t n, size_t k)
{
    if (!k)
        return (struct statistics_interval){NAN, NAN};
    return (struct statistics_interval){sorted_values[k - 1], sorted_values[n - k]};
}

struct statistics_interval statistics_median_interval(const double *values, size_t n)
{
    double *copy = sorted(values, n);
    double exactly = ldexp(1, -(int)n), at_most = exactly; /* of n, on one side */
    size_t k = 0;
    while (n && at_most <= TAIL) {
        k++;
        exactly *= (double)(n - k + 1) / (double)k;
        at_most += exactly;
    }
    struct statistics_interval interval = between(copy, n, copy ? k : 0);
    free(copy);
    return interval;
}

/* P(T+ = t) for t from 0 to n (n + 1) / 2, where each rank from 1 to n has either sign with equal
 * chance. The caller frees it. */
static double *signed_rank(size_t n)
{
    size_t most = n * (n + 1) / 2;
    double *p = calloc(most + 1, sizeof(*p));
    if (!p)
        return NULL;
    p[0] = 1;
    for (size_t rank = 1; rank <= n; rank++)
        for (size_t t = rank * (rank + 1) / 2 + 1; t-- > 0;)
            p[t] = (p[t] + (t >= rank ? p[t - rank] : 0)) / 2;
    return p;
}

/* Two-sided: how probable a sum of ranks is that is as far from the middle. */
static double two_sided(const double *p, size_t most, double t)
{
    double below = 0;
    if (t > (double)most / 2)
        t = (double)most - t;
    for (size_t i = 0; (double)i <= t; i++)
        below += p[i];
    return fmin(2 * below, 1);
}

struct statistics_shift statistics_shift(const double *differences, size_t n)
{
    struct statistics_shift s = {NAN, {NAN, NAN}, NAN};
    size_t most = n * (n + 1) / 2, m = 0, k = 0;
    double *means = malloc((most + 1) * sizeof(*means)), *p = signed_rank(n);
    double positive = 0, at_most = 0;
    if (!means || !p || !n)
        goto end;
    for (size_t i = 0; i < n; i++)
        for (size_t j = i; j < n; j++)
            means[m++] = (differences[i] + differences[j]) / 2;
    qsort(means, most, sizeof(*means), order);
    for (size_t i = 0; i < most; i++) /* how many are above 0 is the sum of the positive ranks */
        positive += means[i] > 0 ? 1 : means[i] == 0 ? 0.5 : 0;
    while (at_most + p[k] <= TAIL)
        at_most += p[k++];
    s.estimate = middle(means, most);
    s.interval = between(means, most, k);
    s.p = two_sided(p, most, positive);
end:
    free(means);
    free(p);
    return s;
}

/* P(U = u) for u from 0 to n m, where every order of n and m values is as probable; of i and j
 * values from those of i - 1 and j, and of i and j - 1: the largest is the one's or the other's.
 * Where the largest is one of the i, it is above all j. */
static double *mann_whitney(size_t n, size_t m)
{
    size_t width = n * m + 1;
    double *p = calloc((m + 1) * width, sizeof(*p)), *result = malloc(width * sizeof(*result));
    for (size_t j = 0; p && j <= m; j++)
        p[j * width] = 1;
    for (size_t i = 1; p && i <= n; i++)
        for (size_t j = 1; j <= m; j++) {
            double *row = p + j * width, *fewer = row - width;
            double own = (double)i / (double)(i + j);
            for (size_t u = i * j + 1; u-- > 0;)
                row[u] = own * (u >= j ? row[u - j] : 0) + (1 - own) * fewer[u];
        }
    if (p && result)
        memcpy(result, p + m * width, width * sizeof(*result));
    free(p);
    return result;
}

struct statistics_shift statistics_shift_unpaired(const double *a, size_t n, const double *b,
                                                  size_t m)
{
    struct statistics_shift s = {NAN, {NAN, NAN}, NAN};
    size_t most = n * m, k = 0;
    double *differences = malloc((most + 1) * sizeof(*differences));
    double *p = most && most <= STATISTICS_EXACT ? mann_whitney(n, m) : NULL;
    double positive = 0, at_most = 0;
    if (!differences || !most || (most <= STATISTICS_EXACT && !p))
        goto end;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < m; j++) {
            double d = b[j] - a[i];
            differences[i * m + j] = d;
            positive += d > 0 ? 1 : d == 0 ? 0.5 : 0;
        }
    qsort(differences, most, sizeof(*differences), order);
    s.estimate = middle(differences, most);
    if (p) {
        while (at_most + p[k] <= TAIL)
            at_most += p[k++];
        s.p = two_sided(p, most, positive);
    } else {
        double sd = sqrt((double)most * (double)(n + m + 1) / 12);
        double z = fmax(fabs(positive - (double)most / 2) - 0.5, 0) / sd;
        k = (size_t)fmax(floor((double)most / 2 - 1.959963984540054 * sd), 0);
        s.p = erfc(z / sqrt(2));
    }
    s.interval = between(differences, most, k);
end:
    free(differences);
    free(p);
    return s;
}

size_t statistics_pairs_needed(const struct statistics_shift *s, size_t n, double limit)
{
    double estimate = fabs(s->estimate), half = (s->interval.high - s->interval.low) / 2;
    double room = estimate > limit ? estimate : limit - estimate;
    if (n < STATISTICS_LEAST || isnan(half))
        return n < STATISTICS_LEAST ? STATISTICS_LEAST : 0;
    double needed = ceil((double)n * (half / room) * (half / room) - 1e-6);
    if (!(needed <= STATISTICS_MOST))
        return 0;
    return needed > (double)n ? (size_t)needed : n + 1;
}
