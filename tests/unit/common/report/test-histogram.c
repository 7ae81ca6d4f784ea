/* histogram against a sorted array of the same values: the array is the definition, the histogram
 * must agree with it to the end of a bucket. */
#include "common/report/histogram.h"
#include "tests/lib/random.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS     60 /* of each distribution */
#define MAX_VALUES 2000

static int64_t uniform(void)
{
    return (int64_t)(next_random() % 10000000);
}

/* Each further 50 us half as likely as the one before. */
static int64_t exponential(void)
{
    return __builtin_ctzll(next_random() | 1ull << 40) * 50000ll + (int64_t)(next_random() % 50000);
}

/* Each octave up to INT64_MAX as likely as any other. */
static int64_t heavy_tail(void)
{
    return (int64_t)(next_random() >> (1 + next_random() % 63));
}

static int64_t constant(void)
{
    return 1234567;
}

static int64_t small(void)
{
    return (int64_t)(next_random() % 300);
}

static int64_t (*const distributions[])(void) = {uniform, exponential, heavy_tail, constant, small};
#define DISTRIBUTIONS (sizeof(distributions) / sizeof(*distributions))

struct sample {
    size_t n;
    int64_t values[MAX_VALUES];
};

static int ascending(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static void draw(struct sample *s, int64_t (*distribution)(void))
{
    s->n = 1 + next_random() % MAX_VALUES;
    for (size_t i = 0; i < s->n; i++)
        s->values[i] = distribution();
}

static struct histogram *recorded(const struct sample *s, size_t from, size_t to)
{
    struct histogram *h = histogram_new();

    cr_assert_not_null(h);
    for (size_t i = from; i < to; i++)
        histogram_record(h, s->values[i]);
    return h;
}

/* The last value that shares a bucket with `value`: 128 buckets to each power of two, below 256 one
 * for each value.
 */
static int64_t end_of_bucket(int64_t value)
{
    int64_t width = 1;

    while (value / width >= 256)
        width *= 2;
    return value / width * width + (width - 1);
}

static int64_t nearest_rank(const struct sample *sorted, uint32_t millionths)
{
    uint64_t rank = (sorted->n * (uint64_t)millionths + 999999) / 1000000;
    int64_t end = end_of_bucket(sorted->values[rank ? rank - 1 : 0]);
    int64_t max = sorted->values[sorted->n - 1];

    return end < max ? end : max;
}

/* Each percentile in steps of a half, and those that people ask for. */
static size_t wrong_percentiles(const struct histogram *h, const struct sample *sorted)
{
    static const uint32_t tails[] = {0, 1, 999000, 999900, 999990, 999999, 1000000};
    size_t wrong = 0;

    for (uint32_t p = 5000; p <= 1000000; p += 5000)
        wrong += histogram_percentile_ns(h, p) != nearest_rank(sorted, p);
    for (size_t i = 0; i < sizeof(tails) / sizeof(*tails); i++)
        wrong += histogram_percentile_ns(h, tails[i]) != nearest_rank(sorted, tails[i]);
    return wrong;
}

static double mean_of(const struct sample *s)
{
    long double sum = 0;

    for (size_t i = 0; i < s->n; i++)
        sum += (long double)s->values[i];
    return (double)(sum / (long double)s->n);
}

static void check_round(int64_t (*distribution)(void))
{
    struct sample s;
    struct histogram *h;
    double mean;

    draw(&s, distribution);
    h = recorded(&s, 0, s.n);
    mean = mean_of(&s);
    qsort(s.values, s.n, sizeof(*s.values), ascending);
    cr_assert_eq(histogram_count(h), s.n);
    cr_assert_eq(histogram_min_ns(h), s.values[0]);
    cr_assert_eq(histogram_max_ns(h), s.values[s.n - 1]);
    cr_assert_leq(histogram_mean_ns(h), mean * (1 + 1e-12));
    cr_assert_geq(histogram_mean_ns(h), mean * (1 - 1e-12));
    cr_assert_eq(wrong_percentiles(h, &s), 0, "seed at %llu", (unsigned long long)seed);
    histogram_free(h);
}

Test(histogram, agrees_with_the_sorted_values)
{
    for (size_t d = 0; d < DISTRIBUTIONS; d++) {
        seed = 100 + d;
        for (int round = 0; round < ROUNDS; round++)
            check_round(distributions[d]);
    }
}

Test(histogram, every_value_below_256_is_exact_and_above_within_a_128th)
{
    size_t wrong = 0;

    seed = 7;
    for (int i = 0; i < 3000; i++) {
        int64_t value = i < 600 ? i : heavy_tail() >> 1, seen;
        struct histogram *h = histogram_new();

        histogram_record(h, value);
        histogram_record(h, INT64_MAX); /* so that the maximum does not cut the answer short */
        seen = histogram_percentile_ns(h, 500000);
        wrong += value < 256 ? seen != value : seen < value || seen - value >= value / 128 + 1;
        histogram_free(h);
    }
    cr_assert_eq(wrong, 0);
}

static void assert_same(const struct histogram *a, const struct histogram *b)
{
    json_t *left = histogram_to_json(a), *right = histogram_to_json(b);

    cr_assert_not_null(left);
    cr_assert(json_equal(left, right));
    json_decref(left);
    json_decref(right);
}

Test(histogram, parts_merge_to_the_whole)
{
    seed = 3;
    for (int round = 0; round < 5 * ROUNDS; round++) {
        struct sample s;
        size_t cut;
        struct histogram *whole, *left, *right;

        draw(&s, distributions[(size_t)round % DISTRIBUTIONS]);
        cut = next_random() % (s.n + 1); /* an empty part, too */
        whole = recorded(&s, 0, s.n);
        left = recorded(&s, 0, cut);
        right = recorded(&s, cut, s.n);
        histogram_merge(left, right);
        assert_same(left, whole);
        histogram_free(whole);
        histogram_free(left);
        histogram_free(right);
    }
}

/* Over the wire: written as text, read back, merged with what is there. */
static void merge_as_text(struct histogram *into, const struct histogram *from)
{
    json_t *json = histogram_to_json(from), *again;
    char *text = json_dumps(json, JSON_COMPACT);

    again = json_loads(text, 0, NULL);
    cr_assert_not_null(again);
    cr_assert_eq(histogram_merge_json(into, again), 0, "%s", text);
    json_decref(again);
    json_decref(json);
    free(text);
}

Test(histogram, survives_json)
{
    seed = 4;
    for (int round = 0; round < 5 * ROUNDS; round++) {
        struct sample s;
        size_t cut;
        struct histogram *whole, *part, *merged = histogram_new();

        draw(&s, distributions[(size_t)round % DISTRIBUTIONS]);
        cut = next_random() % (s.n + 1);
        whole = recorded(&s, 0, s.n);
        for (int i = 0; i < 2; i++) {
            part = i ? recorded(&s, 0, cut) : recorded(&s, cut, s.n);
            merge_as_text(merged, part);
            histogram_free(part);
        }
        assert_same(merged, whole);
        histogram_free(whole);
        histogram_free(merged);
    }
}

Test(histogram, empty)
{
    struct histogram *h = histogram_new(), *other = histogram_new();
    struct percentiles percentiles = {1, {990000}};
    json_t *summary = histogram_summary(h, &percentiles);
    char *text = json_dumps(summary, 0);

    cr_assert_eq(histogram_count(h), 0);
    cr_assert_eq(histogram_min_ns(h), 0);
    cr_assert_eq(histogram_max_ns(h), 0);
    cr_assert_eq(histogram_mean_ns(h), 0);
    cr_assert_eq(histogram_percentile_ns(h, 1000000), 0);
    cr_assert_str_eq(text,
                     "{\"count\": 0, \"min\": null, \"mean\": null, \"p99\": null, \"max\": null}");
    /* An empty one brings no minimum of 0. */
    histogram_record(other, 7);
    histogram_merge(other, h);
    merge_as_text(other, h);
    cr_assert_eq(histogram_min_ns(other), 7);
    cr_assert_eq(histogram_count(other), 1);
    free(text);
    json_decref(summary);
    histogram_free(h);
    histogram_free(other);
    histogram_free(NULL);
}

Test(histogram, takes_all_of_int64)
{
    struct histogram *h = histogram_new();
    json_t *json;

    histogram_record(h, INT64_MIN);
    histogram_record(h, -1);
    for (int i = 0; i < 4; i++)
        histogram_record(h, INT64_MAX);
    cr_assert_eq(histogram_min_ns(h), 0);
    cr_assert_eq(histogram_max_ns(h), INT64_MAX);
    cr_assert_eq(histogram_percentile_ns(h, 333333), 0);
    cr_assert_eq(histogram_percentile_ns(h, 333334), INT64_MAX);
    cr_assert_eq(histogram_percentile_ns(h, UINT32_MAX), INT64_MAX);
    json = histogram_to_json(h);
    /* 4 * (2^63 - 1) */
    cr_assert_str_eq(json_string_value(json_object_get(json, "sum")), "36893488147419103228");
    json_decref(json);
    histogram_free(h);
}

Test(histogram, summary_in_microseconds)
{
    static const struct percentiles percentiles = {6,
                                                   {5000, 500000, 700100, 990000, 999000, 999999}};
    struct histogram *h = histogram_new();
    json_t *summary;
    char *text;

    for (int i = 1; i <= 1000; i++)
        histogram_record(h, i);
    summary = histogram_summary(h, &percentiles);
    text = json_dumps(summary, JSON_REAL_PRECISION(15));
    cr_assert_str_eq(
        text,
        "{\"count\": 1000, \"min\": 0.001, \"mean\": 0.501, \"p0_5\": 0.005, \"p50\": 0.501, "
        "\"p70_01\": 0.703, \"p99\": 0.991, \"p99_9\": 0.999, \"p99_9999\": 1.0, \"max\": 1.0}");
    free(text);
    json_decref(summary);
    histogram_free(h);
}

/* 3, 300, 300, 5000 */
#define DOCUMENT                                                                                 \
    "{\"unit\": \"ns\", \"buckets_per_octave\": 128, \"count\": 4, \"sum\": \"5603\", \"min\": " \
    "3, \"max\": 5000, "                                                                         \
    "\"buckets\": [[3, 1], [278, 2], [796, 1]]}"

Test(histogram, json_form)
{
    static const int64_t values[] = {5000, 300, 3, 300};
    struct histogram *h = histogram_new();
    json_t *json;
    char *text;

    for (size_t i = 0; i < 4; i++)
        histogram_record(h, values[i]);
    json = histogram_to_json(h);
    text = json_dumps(json, 0);
    cr_assert_str_eq(text, DOCUMENT);
    free(text);
    json_decref(json);
    histogram_free(h);
}

static char *replaced(const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);
    char *result = NULL;

    cr_assert_not_null(at, "%s", from);
    cr_assert_geq(asprintf(&result, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from)), 0);
    return result;
}

/* What merging `text` into a histogram with one value returns; a refusal must leave it as it
 * was. */
static int merge_text(const char *text)
{
    struct histogram *h = histogram_new(), *same = histogram_new();
    json_t *json = json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    int r;

    cr_assert_not_null(json, "%s", text);
    histogram_record(h, 42);
    histogram_record(same, 42);
    r = histogram_merge_json(h, json);
    if (r < 0)
        assert_same(h, same);
    json_decref(json);
    histogram_free(h);
    histogram_free(same);
    return r;
}

Test(histogram, refuses_what_does_not_add_up)
{
    static const struct {
        const char *from, *to;
    } changes[] = {
        {"\"ns\"", "\"us\""},
        {"\"ns\"", "1"},
        {"128", "64"},
        {"\"count\": 4", "\"count\": 5"},
        {"\"count\": 4", "\"count\": 3"},
        {"\"count\": 4", "\"count\": -4"},
        {"\"count\": 4", "\"count\": \"4\""},
        {"\"count\": 4", "\"count\": 4.0"},
        {"\"count\": 4", "\"count\": 0"},
        {"\"5603\"", "5603"},
        {"\"5603\"", "\"\""},
        {"\"5603\"", "\"-5603\""},
        {"\"5603\"", "\"5603 \""},
        {"\"5603\"", "\"5603\\u0000\""},
        {"\"5603\"", "\"0x15e3\""},
        /* less than the values can come to */
        {"\"5603\"", "\"5602\""},
        {"\"5603\"", "\"5606\""},                                    /* more */
        {"\"5603\"", "\"340282366920938463463374607431768217059\""}, /* 2^128 + 5603 */
        {"\"min\": 3", "\"min\": 4"},
        {"\"min\": 3", "\"min\": -3"},
        {"\"min\": 3", "\"min\": 5001"},
        {"\"min\": 3", "\"min\": null"},
        {"\"max\": 5000", "\"max\": 4991"}, /* the bucket before */
        {"\"max\": 5000", "\"max\": 5024"}, /* the one behind */
        {"\"max\": 5000", "\"max\": 2"},
        {"[3, 1]", "[2, 1]"},
        {"[3, 1], ", ""},
        {"[3, 1]", "[-1, 1]"},
        {"[3, 1]", "[3]"},
        {"[3, 1]", "[3, 1, 1]"},
        {"[3, 1]", "3"},
        {"[3, 1]", "[3, 1.0]"},
        {"[3, 1], [278, 2]", "[278, 2], [3, 1]"},
        {"[278, 2]", "[278, 1], [278, 1]"},
        {"[278, 2]", "[278, 2], [279, 0]"},
        {"[278, 2]", "[278, 3], [279, -1]"},
        {"[278, 2]", "[278, 9223372036854775807]"},
        {"[796, 1]", "[7296, 1]"},
        {"[796, 1]", "[4294968092, 1]"}, /* 2^32 + 796 */
        {"[[3, 1], [278, 2], [796, 1]]", "{}"},
        {"\"unit\"", "\"unity\""},
        {"\"buckets_per_octave\"", "\"b\""},
        {"\"count\"", "\"c\""},
        {"\"sum\"", "\"s\""},
        {"\"min\"", "\"m\""},
        {"\"max\"", "\"m\""},
        {"\"buckets\"", "\"b\""},
        {DOCUMENT, "[]"},
        {DOCUMENT, "null"},
        {DOCUMENT, "{}"},
    };

    cr_assert_eq(merge_text(DOCUMENT), 0);
    for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
        char *text = replaced(DOCUMENT, changes[i].from, changes[i].to);

        cr_expect_eq(merge_text(text), -EINVAL, "%s", text);
        free(text);
    }
}

Test(histogram, the_sum_may_be_anything_its_buckets_allow)
{
    char *text = replaced(DOCUMENT, "\"5603\"", "\"5605\""); /* 300 and 301 share a bucket */

    cr_assert_eq(merge_text(text), 0);
    free(text);
}

static int merge_content(const char *count, const char *sum, const char *min, const char *max,
                         const char *buckets)
{
    char *text = NULL;
    int r;

    cr_assert_geq(asprintf(&text,
                           "{\"unit\": \"ns\", \"buckets_per_octave\": 128, \"count\": %s, "
                           "\"sum\": \"%s\", \"min\": %s, \"max\": %s, \"buckets\": %s}",
                           count, sum, min, max, buckets),
                  0);
    r = merge_text(text);
    free(text);
    return r;
}

/* One value cannot be both minimum and maximum if they differ, even within its bucket. */
Test(histogram, refuses_a_single_value_with_two_faces)
{
    cr_assert_eq(merge_content("1", "300", "300", "300", "[[278, 1]]"), 0);
    cr_assert_eq(merge_content("1", "300", "300", "301", "[[278, 1]]"), -EINVAL);
    cr_assert_eq(merge_content("1", "301", "300", "301", "[[278, 1]]"), -EINVAL);
    cr_assert_eq(merge_content("2", "601", "300", "301", "[[278, 2]]"), 0);
    cr_assert_eq(merge_content("2", "601", "301", "300", "[[278, 2]]"), -EINVAL);
}

/* Sums that would be right if the one wrong thing were not wrong. */
Test(histogram, refuses_the_wrong_bucket_whatever_the_sum)
{
    cr_assert_eq(merge_content("2", "5003", "3", "5000", "[[3, 1], [796, 1]]"), 0);
    cr_assert_eq(merge_content("2", "4994", "3", "4991", "[[3, 1], [796, 1]]"), -EINVAL);
    cr_assert_eq(merge_content("2", "5027", "3", "5024", "[[3, 1], [796, 1]]"), -EINVAL);
    /* 796 - 2^32 */
    cr_assert_eq(merge_content("2", "5003", "3", "5000", "[[3, 1], [-4294966500, 1]]"), -EINVAL);
    cr_assert_eq(merge_content("1", "4294967345", "4294967345", "4294967345", "[[3328, 1]]"), 0);
    /* 50 + '/' - '0' */
    cr_assert_eq(merge_content("1", "5/", "4294967345", "4294967345", "[[3328, 1]]"), -EINVAL);
}

Test(histogram, empty_must_be_empty)
{
    cr_assert_eq(merge_content("0", "0", "0", "0", "[]"), 0);
    cr_assert_eq(merge_content("0", "1", "0", "0", "[]"), -EINVAL);
    cr_assert_eq(merge_content("0", "0", "0", "1", "[]"), -EINVAL);
    cr_assert_eq(merge_content("0", "0", "1", "1", "[]"), -EINVAL);
    cr_assert_eq(merge_content("0", "0", "0", "0", "[[0, 1]]"), -EINVAL);
    cr_assert_eq(merge_content("0", "0", "0", "0", "{}"), -EINVAL);
}

/* The counts come to 4 + 2^64. */
Test(histogram, refuses_counts_that_wrap_around)
{
    cr_assert_eq(
        merge_content("4", "5603", "3", "5000",
                      "[[3, 1], [278, 9223372036854775807], [279, 9223372036854775807], [796, 5]]"),
        -EINVAL);
}

Test(histogram, refuses_more_values_than_json_can_count)
{
    struct histogram *h = histogram_new();
    json_t *json = json_loads(
        "{\"unit\": \"ns\", \"buckets_per_octave\": 128, \"count\": 9223372036854775807, \"sum\": "
        "\"0\", \"min\": 0, \"max\": 0, \"buckets\": [[0, 9223372036854775807]]}",
        0, NULL);

    cr_assert_eq(histogram_merge_json(h, json), 0);
    cr_assert_eq(histogram_count(h), INT64_MAX);
    cr_assert_eq(histogram_merge_json(h, json), -EINVAL);
    cr_assert_eq(histogram_count(h), INT64_MAX);
    json_decref(json);
    histogram_free(h);
}
