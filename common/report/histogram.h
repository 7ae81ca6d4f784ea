/* Latencies in nanoseconds, in log-linear buckets: 128 to each power of two, so a value is known to
 * within 1/128 (0.8 %); below 256 ns exactly. Two histograms merge without loss, also through JSON
 * and across machines. About 60 kB each; recording is a few instructions and never allocates. */
#pragma once

#include "common/text/parse.h"

#include <jansson.h>
#include <stdint.h>

struct histogram;

struct histogram *histogram_new(void); /* NULL without memory */
void histogram_free(struct histogram *h);

/* Adds one value. Negative counts as 0. All of int64_t fits. */
void histogram_record(struct histogram *h, int64_t ns);

/* Adds all that `from` holds. */
void histogram_merge(struct histogram *into, const struct histogram *from);

uint64_t histogram_count(const struct histogram *h);
int64_t histogram_min_ns(const struct histogram *h); /* exact; 0 when empty, as the next two */
int64_t histogram_max_ns(const struct histogram *h); /* exact */
double histogram_mean_ns(const struct histogram *h); /* exact */

/* Nearest rank: the smallest recorded value that at least `millionths` of all values do not exceed,
 * rounded up to the end of its bucket and never beyond the maximum. 1000000 is the maximum. 0 when
 * empty. */
int64_t histogram_percentile_ns(const struct histogram *h, uint32_t millionths);

/* {"count", "min", "mean", "p50", "p99_9", ..., "max"} in microseconds with three decimals (to
 * print no more of them, dump with JSON_REAL_PRECISION(15)); every number but count is null when
 * empty. New reference. */
json_t *histogram_summary(const struct histogram *h, const struct percentiles *percentiles);

/* The whole content: {"unit": "ns", "buckets_per_octave": 128, "count", "sum", "min", "max",
 * "buckets": [[index, count], ...]}. The sum is a string of decimal digits: it may be larger than
 * any JSON integer. New reference. histogram_merge_json() adds such an object to `into`: 0, or
 * -EINVAL (not such an object, or it does not add up, or both together count more than INT64_MAX
 * values; `into` is then unchanged). */
json_t *histogram_to_json(const struct histogram *h);
int histogram_merge_json(struct histogram *into, const json_t *json);
