#include "bench/load/load_compare.h"
#include "bench/statistics/random.h"
#include "bench/statistics/statistics.h"
#include "common/report/document.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const units[] = {"count", "us", "s", "bytes"}; /* enum metric_unit */

char *load_compare_order(uint64_t seed, size_t n)
{
    static const char kinds[2][COMPARE_BLOCK + 1] = {"abba", "baab"};
    struct random random = {.state = seed};
    char *order = calloc(n + 1, COMPARE_BLOCK);
    size_t *numbers = calloc(n + 1, sizeof(*numbers));
    size_t first = (size_t)random_below(&random, 2);
    for (size_t i = 0; order && numbers && i < n; i++)
        numbers[i] = i;
    if (order && numbers)
        random_shuffle(&random, numbers, n);
    for (size_t i = 0; order && numbers && i < n; i++)
        memcpy(order + i * COMPARE_BLOCK, kinds[(numbers[i] + first) % 2], COMPARE_BLOCK);
    free(numbers);
    return order;
}

/* --- which rounds --- */

static int64_t block_of(const json_t *round)
{
    return json_integer_value(json_object_get(round, "block"));
}

static bool is_arm(const json_t *round, const char *arm)
{
    const char *own = json_string_value(json_object_get(round, "arm"));
    return own && !strcmp(own, arm);
}

/* The rounds of blocks that are whole; clean: and have no mark. */
static json_t *whole_blocks(const json_t *rounds, bool clean)
{
    json_t *list = json_array();
    size_t n = json_array_size(rounds);
    for (size_t from = 0, to; from < n; from = to) {
        bool good = true;
        for (to = from; to < n && block_of(json_array_get(rounds, to)) ==
                                      block_of(json_array_get(rounds, from));
             to++)
            good = good && (!clean || load_round_is_clean(json_array_get(rounds, to)));
        for (size_t i = from; good && to - from == COMPARE_BLOCK && i < to; i++)
            json_array_append(list, json_array_get(rounds, i));
    }
    return list;
}

static json_t *counted_blocks(const json_t *rounds, size_t *ret_left_out)
{
    json_t *all = whole_blocks(rounds, false), *clean = whole_blocks(rounds, true);
    size_t n = json_array_size(all) / COMPARE_BLOCK,
           n_clean = json_array_size(clean) / COMPARE_BLOCK;
    bool enough = n_clean >= STATISTICS_LEAST && 2 * n_clean >= n;
    *ret_left_out = enough ? n - n_clean : 0;
    json_decref(enough ? all : clean);
    return enough ? clean : all;
}

json_t *load_compare_rounds(const json_t *rounds, const char *arm)
{
    size_t left_out;
    json_t *counted = counted_blocks(rounds, &left_out), *list = json_array(), *round;
    size_t i;
    json_array_foreach(counted, i, round)
    {
        if (is_arm(round, arm))
            json_array_append(list, round);
    }
    json_decref(counted);
    return list;
}

/* --- what they say --- */

/* The sample of one metric; with logs the values are logarithms. */
struct sample {
    struct metric metric;
    bool logs;
    size_t n_a, n_b; /* values of the sides */
    double *a, *b;
    struct statistics_shift shift, control;
    size_t pairs;
};

static bool all_above_0(const double *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!(values[i] > 0))
            return false;
    return true;
}

static json_t *number(const struct sample *s, double value)
{
    return document_real(s->logs ? exp(value) : value);
}

static json_t *interval_json(const struct sample *s, struct statistics_interval i)
{
    return isnan(i.low) ? json_null() : json_pack("[o, o]", number(s, i.low), number(s, i.high));
}

/* Of a ratio where there is one, of the difference itself otherwise. */
static double limit(const struct load_spec *spec, const struct sample *s)
{
    double a = fabs(statistics_median(s->a, s->n_a)), b = fabs(statistics_median(s->b, s->n_b));
    return s->logs ? log1p(spec->practical) : spec->practical * fmax(a, b);
}

static const char *verdict(const struct sample *s, double limit_of)
{
    const struct statistics_interval i = s->shift.interval;
    double size = fabs(s->shift.estimate);
    bool significant = i.low > 0 || i.high<0, up = s->shift.estimate> 0;
    double noise = isnan(s->control.estimate) ? 0 : fabs(s->control.estimate);
    if (significant && size > limit_of && size > noise) {
        if (s->metric.better == METRIC_NEITHER)
            return up ? "higher" : "lower";
        return up == (s->metric.better == METRIC_HIGHER) ? "faster" : "slower";
    }
    return i.low >= -limit_of && i.high <= limit_of ? "equal" : "undecided";
}

static json_t *side(const double *values, size_t n)
{
    json_t *list = json_array();
    struct statistics_interval i = statistics_median_interval(values, n);
    for (size_t j = 0; j < n; j++)
        json_array_append_new(list, document_real(values[j]));
    return json_pack(
        "{s:o, s:o, s:o}", "median", document_real(statistics_median(values, n)), "interval",
        isnan(i.low) ? json_null()
                     : json_pack("[o, o]", document_real(i.low), document_real(i.high)),
        "values", list);
}

static json_t *put(const struct load_spec *spec, const char *name, const struct sample *s,
                   bool blocks)
{
    const double l = limit(spec, s);
    const char *word = verdict(s, l);
    bool undecided = !strcmp(word, "undecided");
    size_t needed = undecided ? statistics_pairs_needed(&s->shift, s->pairs, l) : 0;
    json_t *control = json_null();
    if (blocks && s->pairs)
        control = json_pack("{s:o, s:o}", s->logs ? "ratio" : "difference",
                            number(s, s->control.estimate),
                            s->logs ? "ratio_interval" : "difference_interval",
                            interval_json(s, s->control.interval));
    return json_pack(
        "{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:s, s:o, s:o}", "metric", name, "unit",
        units[s->metric.unit], "a", side(s->a, s->n_a), "b", side(s->b, s->n_b), "ratio",
        s->logs ? number(s, s->shift.estimate) : json_null(), "ratio_interval",
        s->logs ? interval_json(s, s->shift.interval) : json_null(), "difference",
        s->logs ? json_null() : number(s, s->shift.estimate), "difference_interval",
        s->logs ? json_null() : interval_json(s, s->shift.interval), "p",
        isnan(s->shift.p) ? json_null() : json_real(s->shift.p), "pairs", (json_int_t)s->pairs,
        "verdict", word, "rounds_needed",
        undecided ? json_integer((json_int_t)(blocks ? 2 * needed : needed)) : json_null(),
        "control", control);
}

static struct sample begin(const struct load_spec *spec, const char *metric, const json_t *a,
                           const json_t *b)
{
    struct sample s = {.shift = {NAN, {NAN, NAN}, NAN}, .control = {NAN, {NAN, NAN}, NAN}};
    char *message = NULL;
    if (metric_find(metric, spec->programs, &s.metric, &message))
        free(message);
    s.n_a = load_values(a, metric, &s.a);
    s.n_b = load_values(b, metric, &s.b);
    s.logs = s.n_a && s.n_b && all_above_0(s.a, s.n_a) && all_above_0(s.b, s.n_b);
    return s;
}

static double scaled(const struct sample *s, double value)
{
    return s->logs ? log(value) : value;
}

/* A round without the metric leaves its block without a pair. */
static void pair(struct sample *s, const json_t *rounds, const char *metric)
{
    size_t n = json_array_size(rounds);
    double *d = calloc(n + 1, sizeof(*d)), *control = calloc(n + 1, sizeof(*control));
    for (size_t from = 0; d && control && from + COMPARE_BLOCK <= n; from += COMPARE_BLOCK) {
        double a[COMPARE_BLOCK], b[COMPARE_BLOCK], value;
        size_t n_a = 0, n_b = 0;
        for (size_t i = 0; i < COMPARE_BLOCK; i++) {
            const json_t *round = json_array_get(rounds, from + i);
            if (!metric_value(round, metric, &value))
                continue;
            if (is_arm(round, "a"))
                a[n_a++] = scaled(s, value);
            else
                b[n_b++] = scaled(s, value);
        }
        if (n_a != 2 || n_b != 2)
            continue;
        d[s->pairs] = (b[0] + b[1] - a[0] - a[1]) / 2;
        control[s->pairs++] = a[1] - a[0];
    }
    if (s->pairs) {
        s->shift = statistics_shift(d, s->pairs);
        s->control = statistics_shift(control, s->pairs);
    }
    free(d);
    free(control);
}

json_t *load_compare_blocks(const struct load_spec *spec, const json_t *rounds,
                            size_t *ret_left_out)
{
    json_t *list = json_array(), *counted = counted_blocks(rounds, ret_left_out);
    json_t *a = load_compare_rounds(rounds, "a"), *b = load_compare_rounds(rounds, "b");
    for (size_t i = 0; i < spec->n_metrics; i++) {
        struct sample s = begin(spec, spec->metric[i], a, b);
        pair(&s, counted, spec->metric[i]);
        json_array_append_new(list, put(spec, spec->metric[i], &s, true));
        free(s.a);
        free(s.b);
    }
    json_decref(counted);
    json_decref(a);
    json_decref(b);
    return list;
}

json_t *load_compare_lists(const struct load_spec *spec, const json_t *a, const json_t *b)
{
    json_t *list = json_array();
    for (size_t i = 0; i < spec->n_metrics; i++) {
        struct sample s = begin(spec, spec->metric[i], a, b);
        double *scaled_a = calloc(s.n_a + 1, sizeof(double)),
               *scaled_b = calloc(s.n_b + 1, sizeof(double));
        for (size_t j = 0; scaled_a && j < s.n_a; j++)
            scaled_a[j] = scaled(&s, s.a[j]);
        for (size_t j = 0; scaled_b && j < s.n_b; j++)
            scaled_b[j] = scaled(&s, s.b[j]);
        s.pairs = s.n_a < s.n_b ? s.n_a : s.n_b;
        if (scaled_a && scaled_b && s.pairs)
            s.shift = statistics_shift_unpaired(scaled_a, s.n_a, scaled_b, s.n_b);
        json_array_append_new(list, put(spec, spec->metric[i], &s, false));
        free(scaled_a);
        free(scaled_b);
        free(s.a);
        free(s.b);
    }
    return list;
}

/* --- what differs --- */

static char *text_of(const json_t *value)
{
    if (!value || json_is_null(value))
        return strdup("none");
    if (json_is_string(value))
        return strdup(json_string_value(value));
    return json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(6));
}

static void differ(const json_t *a, const json_t *b, const char *path, json_t *list)
{
    char *text_a = text_of(a), *text_b = text_of(b);
    if (text_a && text_b && strcmp(text_a, text_b) != 0)
        json_array_append_new(list, json_sprintf("%s: %s and %s", path, text_a, text_b));
    free(text_a);
    free(text_b);
}

void load_compare_differences(const json_t *a, const json_t *b, const char *prefix, json_t *list)
{
    const char *key;
    json_t *value;
    char path[256];
    if (!json_is_object(a) || !json_is_object(b)) {
        differ(a, b, prefix, list);
        return;
    }
    json_object_foreach((json_t *)(uintptr_t)a, key, value)
    {
        snprintf(path, sizeof(path), "%s%s%s", prefix, *prefix ? "." : "", key);
        load_compare_differences(value, json_object_get(b, key), path, list);
    }
    json_object_foreach((json_t *)(uintptr_t)b, key, value)
    {
        snprintf(path, sizeof(path), "%s%s%s", prefix, *prefix ? "." : "", key);
        if (!json_object_get(a, key))
            differ(NULL, value, path, list);
    }
}
