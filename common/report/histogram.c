#include "common/report/histogram.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bucket i < 256 holds the value i. Above that each power of two is cut into 128 equal parts: the
 * highest eight bits of a value (128 to 255) are its place within an octave, and the octaves follow
 * one another without a gap. */
#define PER_OCTAVE_BITS 7
#define PER_OCTAVE      (1 << PER_OCTAVE_BITS)
#define BUCKETS         ((64 - PER_OCTAVE_BITS) * PER_OCTAVE)
#define MILLION         1000000u

/* Holds 2^64 values of 2^63: a sum cannot overflow. */
__extension__ typedef unsigned __int128 wide;
#define WIDE_DIGITS 39

struct histogram {
    uint64_t count;
    wide sum;
    int64_t min, max; /* 0 when empty */
    uint64_t buckets[BUCKETS];
};

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static unsigned bucket_of(int64_t ns)
{
    uint64_t value = (uint64_t)ns;
    int shift = value < 2 * PER_OCTAVE ? 0 : 63 - PER_OCTAVE_BITS - __builtin_clzll(value);

    return (unsigned)(shift << PER_OCTAVE_BITS) + (unsigned)(value >> shift);
}

static int bucket_shift(unsigned index)
{
    return index < 2 * PER_OCTAVE ? 0 : (int)(index >> PER_OCTAVE_BITS) - 1;
}

static int64_t bucket_low(unsigned index)
{
    int shift = bucket_shift(index);

    return (int64_t)((uint64_t)(index - ((unsigned)shift << PER_OCTAVE_BITS)) << shift);
}

static int64_t bucket_high(unsigned index)
{
    return bucket_low(index) + (int64_t)((1ull << bucket_shift(index)) - 1);
}

struct histogram *histogram_new(void)
{
    return calloc(1, sizeof(struct histogram));
}

void histogram_free(struct histogram *h)
{
    free(h);
}

/* Must come before the count changes: an empty histogram has no minimum yet. */
static void widen(struct histogram *h, int64_t min, int64_t max)
{
    h->min = h->count ? smaller(h->min, min) : min;
    h->max = h->count ? larger(h->max, max) : max;
}

void histogram_clear(struct histogram *h)
{
    *h = (struct histogram){.count = 0};
}

void histogram_record(struct histogram *h, int64_t ns)
{
    int64_t value = larger(ns, 0);

    widen(h, value, value);
    h->count++;
    h->sum += (uint64_t)value;
    /* a plain load and store do for one writer; relaxed, for histogram_merge_live() */
    uint64_t *bucket = &h->buckets[bucket_of(value)];
    __atomic_store_n(bucket, *bucket + 1, __ATOMIC_RELAXED);
}

void histogram_merge(struct histogram *into, const struct histogram *from)
{
    if (from->count == 0)
        return;
    widen(into, from->min, from->max);
    into->count += from->count;
    into->sum += from->sum;
    for (size_t i = 0; i < BUCKETS; i++)
        into->buckets[i] += from->buckets[i];
}

/* The count is the sum of the buckets. The sum is read in two halves; the upper half changes once
 * in 584 years of latency. */
void histogram_merge_live(struct histogram *into, const struct histogram *from)
{
    for (size_t i = 0; i < BUCKETS; i++) {
        uint64_t n = __atomic_load_n(&from->buckets[i], __ATOMIC_RELAXED);
        into->buckets[i] += n;
        into->count += n;
    }
    into->sum += from->sum;
}

uint64_t histogram_count_to(const struct histogram *h, int64_t ns)
{
    uint64_t n = 0;
    for (unsigned i = 0; i < BUCKETS && bucket_high(i) <= ns; i++)
        n += h->buckets[i];
    return n;
}

const char *histogram_sum_s(const struct histogram *h, char text[static HISTOGRAM_SUM_MAX])
{
    snprintf(text, HISTOGRAM_SUM_MAX, "%llu.%09u", (unsigned long long)(h->sum / 1000000000u),
             (unsigned)(h->sum % 1000000000u));
    return text;
}

uint64_t histogram_count(const struct histogram *h)
{
    return h->count;
}

int64_t histogram_min_ns(const struct histogram *h)
{
    return h->min;
}

int64_t histogram_max_ns(const struct histogram *h)
{
    return h->max;
}

double histogram_mean_ns(const struct histogram *h)
{
    return h->count ? (double)h->sum / (double)h->count : 0;
}

int64_t histogram_percentile_ns(const struct histogram *h, uint32_t millionths)
{
    wide scaled = (wide)h->count * (millionths < MILLION ? millionths : MILLION);
    uint64_t rank = (uint64_t)((scaled + MILLION - 1) / MILLION);
    uint64_t seen = 0;

    if (rank == 0) /* the smallest value is the answer to 0 */
        rank = 1;
    for (unsigned i = 0; i < BUCKETS; i++) {
        seen += h->buckets[i];
        if (seen >= rank)
            return smaller(bucket_high(i), h->max);
    }
    return 0; /* empty */
}

/* 999000 is "p99_9": a dot would make the key awkward in jq and JavaScript. */
static void percentile_key(uint32_t millionths, char *key, size_t size)
{
    int length = snprintf(key, size, "p%u_%04u", (unsigned)(millionths / 10000),
                          (unsigned)(millionths % 10000));

    while (key[length - 1] == '0')
        key[--length] = '\0';
    if (key[length - 1] == '_')
        key[--length] = '\0';
}

static int set_us(json_t *object, const char *key, const struct histogram *h, int64_t ns)
{
    return json_object_set_new(object, key, h->count ? json_real((double)ns / 1e3) : json_null());
}

static int64_t rounded_mean(const struct histogram *h)
{
    return h->count ? (int64_t)((h->sum + h->count / 2) / h->count) : 0;
}

json_t *histogram_summary(const struct histogram *h, const struct percentiles *percentiles)
{
    json_t *summary = json_object();
    int failed = json_object_set_new(summary, "count", json_integer((json_int_t)h->count));

    failed |= set_us(summary, "min", h, h->min);
    failed |= set_us(summary, "mean", h, rounded_mean(h));
    for (size_t i = 0; i < percentiles->n; i++) {
        char key[32];

        percentile_key(percentiles->millionths[i], key, sizeof(key));
        failed |= set_us(summary, key, h, histogram_percentile_ns(h, percentiles->millionths[i]));
    }
    failed |= set_us(summary, "max", h, h->max);
    if (failed) {
        json_decref(summary);
        return NULL;
    }
    return summary;
}

static json_t *wide_to_json(wide number)
{
    char digits[WIDE_DIGITS + 1];
    char *at = digits + sizeof(digits) - 1;

    *at = '\0';
    do {
        *--at = (char)('0' + (int)(number % 10));
        number /= 10;
    } while (number != 0);
    return json_string(at);
}

static int wide_from_text(const char *text, size_t length, wide *ret)
{
    wide number = 0;

    if (length == 0 || length >= WIDE_DIGITS) /* one digit less than fits: no overflow below */
        return -EINVAL;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -EINVAL;
        number = number * 10 + (unsigned)(text[i] - '0');
    }
    *ret = number;
    return 0;
}

static json_t *buckets_to_json(const struct histogram *h)
{
    json_t *buckets = json_array();

    for (size_t i = 0; i < BUCKETS; i++) {
        if (h->buckets[i] == 0)
            continue;
        if (json_array_append_new(
                buckets, json_pack("[I, I]", (json_int_t)i, (json_int_t)h->buckets[i])) < 0) {
            json_decref(buckets);
            return NULL;
        }
    }
    return buckets;
}

json_t *histogram_to_json(const struct histogram *h)
{
    return json_pack("{s:s, s:i, s:I, s:o, s:I, s:I, s:o}", "unit", "ns", "buckets_per_octave",
                     PER_OCTAVE, "count", (json_int_t)h->count, "sum", wide_to_json(h->sum), "min",
                     (json_int_t)h->min, "max", (json_int_t)h->max, "buckets", buckets_to_json(h));
}

/* The values of such an object, not checked yet. */
struct content {
    json_int_t count, min, max;
    wide sum;
    json_t *buckets;
};

static int read_content(const json_t *json, struct content *ret)
{
    const char *unit, *sum;
    size_t sum_length;
    int per_octave;

    /* json_unpack() only reads, whatever its prototype says. */
    if (json_unpack((json_t *)json, "{s:s, s:i, s:I, s:s%, s:I, s:I, s:o}", "unit", &unit,
                    "buckets_per_octave", &per_octave, "count", &ret->count, "sum", &sum,
                    &sum_length, "min", &ret->min, "max", &ret->max, "buckets", &ret->buckets) < 0)
        return -EINVAL;
    if (strcmp(unit, "ns") != 0 || per_octave != PER_OCTAVE || !json_is_array(ret->buckets))
        return -EINVAL;
    if (ret->count < 0 || ret->min < 0 || ret->max < ret->min)
        return -EINVAL;
    return wide_from_text(sum, sum_length, &ret->sum);
}

static int read_bucket(const json_t *pair, unsigned *ret_index, json_int_t *ret_count)
{
    json_int_t index;

    if (json_unpack((json_t *)pair, "[I, I!]", &index, ret_count) < 0)
        return -EINVAL;
    if (index < 0 || index >= BUCKETS || *ret_count <= 0)
        return -EINVAL;
    *ret_index = (unsigned)index;
    return 0;
}

/* The buckets must rise, start at the minimum's, end at the maximum's, hold `count` values, and
 * leave room for `sum`: every value lies within its bucket, one of them is the minimum and one the
 * maximum. */
static int check_content(const struct content *c)
{
    json_int_t left = c->count, count;
    unsigned first = bucket_of(c->min), index = first;
    wide lowest = 0, highest = 0;
    json_t *pair;
    size_t i;

    if (c->count == 0)
        return c->min == 0 && c->max == 0 && c->sum == 0 && json_array_size(c->buckets) == 0
                   ? 0
                   : -EINVAL;
    json_array_foreach(c->buckets, i, pair)
    {
        unsigned previous = index;

        if (read_bucket(pair, &index, &count) < 0 || count > left)
            return -EINVAL;
        if (i == 0 ? index != first : index <= previous)
            return -EINVAL;
        left -= count;
        lowest += (wide)larger(bucket_low(index), c->min) * (wide)count;
        highest += (wide)smaller(bucket_high(index), c->max) * (wide)count;
    }
    if (left != 0 || index != bucket_of(c->max))
        return -EINVAL;
    lowest += (wide)(c->max - larger(bucket_low(index), c->min));
    highest -= (wide)(smaller(bucket_high(first), c->max) - c->min);
    return lowest <= c->sum && c->sum <= highest ? 0 : -EINVAL;
}

int histogram_merge_json(struct histogram *into, const json_t *json)
{
    struct content content;
    json_t *pair;
    size_t i;

    if (read_content(json, &content) < 0 || check_content(&content) < 0)
        return -EINVAL;
    /* could not be written as JSON again */
    if (into->count > (uint64_t)(INT64_MAX - content.count))
        return -EINVAL;
    if (content.count == 0)
        return 0;
    widen(into, content.min, content.max);
    into->count += (uint64_t)content.count;
    into->sum += content.sum;
    json_array_foreach(content.buckets, i, pair)
    {
        unsigned index = 0;
        json_int_t count = 0;

        (void)read_bucket(pair, &index, &count); /* checked above */
        into->buckets[index] += (uint64_t)count;
    }
    return 0;
}
