/* Latencies in nanoseconds, in log-linear buckets: 128 buckets for each power of two, so the error
 * of a value is at most 1/128 (0.8 %); values below 256 ns are exact. Two histograms merge without
 * loss, also as JSON and from different machines. Each has about 60 kB; recording takes a few
 * instructions and allocates nothing. */
#pragma once

#include "common/text/parse.h"

#include <jansson.h>
#include <stdint.h>

struct histogram;

struct histogram *histogram_new(void); /* NULL without memory */
void histogram_free(struct histogram *h);

/* Forgets all values. */
void histogram_clear(struct histogram *h);

/* Records one value, any int64_t; a negative one counts as 0. */
void histogram_record(struct histogram *h, int64_t ns);

/* Adds all values of `from` to `into`. */
void histogram_merge(struct histogram *into, const struct histogram *from);

/* The same, while another thread may be recording in `from`, or clearing it. Of the result only
 * count, sum and histogram_count_to() are right; the sum may have values that are not
 * in the count yet. */
void histogram_merge_live(struct histogram *into, const struct histogram *from);

uint64_t histogram_count(const struct histogram *h);

/* Returns how many values count as at most `ns`: those whose bucket ends there or before, so that
 * the number never falls while values come. */
uint64_t histogram_count_to(const struct histogram *h, int64_t ns);

/* Writes the exact sum in seconds, "12.345678901", into text and returns it. */
#define HISTOGRAM_SUM_MAX 48
const char *histogram_sum_s(const struct histogram *h, char text[static HISTOGRAM_SUM_MAX]);
int64_t histogram_min_ns(const struct histogram *h); /* exact; 0 when empty, as the next two */
int64_t histogram_max_ns(const struct histogram *h); /* exact */
double histogram_mean_ns(const struct histogram *h); /* exact */

/* Returns a percentile by nearest rank: the smallest recorded value that at least `millionths` of
 * all values do not exceed, rounded up to the end of its bucket, but not above the maximum. 1000000
 * gives the maximum. 0 when empty. */
int64_t histogram_percentile_ns(const struct histogram *h, uint32_t millionths);

/* {"count", "min", "mean", "p50", "p99_9", ..., "max"} in microseconds with three decimals (dump it
 * with JSON_REAL_PRECISION(15), so that no more decimals are printed). When empty, all members but
 * count are null. Returns a new reference. */
json_t *histogram_summary(const struct histogram *h, const struct percentiles *percentiles);

/* The whole content: {"unit": "ns", "buckets_per_octave": 128, "count", "sum", "min", "max",
 * "buckets": [[index, count], ...]}. The sum is a string of decimal digits, because it may be
 * larger than any JSON integer. Returns a new reference. histogram_merge_json() adds such an object
 * to `into`. It returns 0; or -EINVAL if it is no such object, if its counts do not add up, or if
 * both together have more than INT64_MAX values: `into` is then unchanged. */
json_t *histogram_to_json(const struct histogram *h);
int histogram_merge_json(struct histogram *into, const json_t *json);
