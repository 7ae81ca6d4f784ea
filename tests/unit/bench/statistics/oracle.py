"""Samples, and what scipy makes of them: a line each, for test-statistics.

median N VALUES MEDIAN LOW HIGH
shift N DIFFERENCES ESTIMATE LOW HIGH P
unpaired N M A B ESTIMATE LOW HIGH P
nan: there is no such interval. The intervals come from scipy's tests as black boxes: a shift is in
it that the test does not refuse at 5 %."""
import math
import random

import numpy
from scipy import stats

random.seed(15)


def put(word, *parts):
    print(word, *(repr(float(x)) if isinstance(x, float) else x for x in parts))


def inverted(means, p_of):
    """Between the first and the last of the sorted means next to which a shift is not refused."""
    for k in range(len(means) - 1):
        # below means[0] there is the test's least p
        below = means[0] - 1 if k == 0 else (means[k - 1] + means[k]) / 2
        if k == 0 and p_of(below) > 0.05:
            return math.nan, math.nan
        if p_of((means[k] + means[k + 1]) / 2) > 0.05:
            return means[k], means[len(means) - 1 - k]
    return math.nan, math.nan


for n in [1, 2, 5, 6, 7, 9, 10, 20, 33, 100, 1000]:
    values = sorted(random.lognormvariate(0, 2) for _ in range(n))
    k = int(stats.binom.ppf(0.025, n, 0.5))
    if stats.binom.cdf(k, n, 0.5) > 0.025:
        k -= 1
    low, high = (values[k], values[n - 1 - k]) if k >= 0 else (math.nan, math.nan)
    shuffled = random.sample(values, n)
    put("median", n, *shuffled, float(numpy.median(values)), low, high)

for n in [1, 2, 5, 6, 7, 8, 10, 12, 15, 20, 25]:
    for shift in [0, 0.5, 2]:
        d = [random.gauss(shift, 1) for _ in range(n)]
        means = sorted((d[i] + d[j]) / 2 for i in range(n) for j in range(i, n))

        def p_of(theta):
            return stats.wilcoxon([x - theta for x in d], method="exact").pvalue

        low, high = inverted(means, p_of) if n > 1 else (math.nan, math.nan)
        put("shift", n, *d, float(numpy.median(means)), low, high, float(p_of(0)))

for n, m in [(1, 1), (2, 3), (4, 4), (3, 9), (6, 6), (10, 7), (12, 12), (20, 15)]:
    for shift in [0, 1]:
        a = [random.gauss(0, 1) for _ in range(n)]
        b = [random.gauss(shift, 2) for _ in range(m)]
        differences = sorted(y - x for x in a for y in b)

        def p_of(theta):
            return stats.mannwhitneyu([y - theta for y in b], a, method="exact").pvalue

        low, high = inverted(differences, p_of) if n * m > 1 else (math.nan, math.nan)
        put("unpaired", n, m, *a, *b, float(numpy.median(differences)), low, high, float(p_of(0)))
