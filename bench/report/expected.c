#include "bench/report/expected.h"
#include "bench/report/scale.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define EXPECTED_DECIMALS 6

struct expected_numbers {
    double lo, hi, observed; /* -INFINITY, INFINITY: open; NAN: nothing observed */
};

static double expected_number(const json_t *value, double absent)
{
    return json_is_number(value) ? json_number_value(value) : absent;
}

static struct expected_numbers expected_read(const json_t *check)
{
    const json_t *claimed = json_object_get(check, "claimed"); /* by others: see claims.h */
    const json_t *predicted = claimed ? claimed : json_object_get(check, "predicted");
    return (struct expected_numbers){
        .lo = expected_number(json_array_get(predicted, 0), -INFINITY),
        .hi = expected_number(json_array_get(predicted, 1), INFINITY),
        .observed = expected_number(json_object_get(check, "observed"), NAN),
    };
}

/* Signed, 0 inside. */
static double expected_distance(const struct expected_numbers *n)
{
    return n->observed > n->hi   ? n->observed - n->hi
           : n->observed < n->lo ? n->observed - n->lo
                                 : 0;
}

static struct scale expected_scale(const char *unit, const struct expected_numbers *n)
{
    struct scale s = scale_for(unit, (const double[]){n->lo, n->hi, n->observed}, 3);
    double end = n->observed > n->hi ? n->hi : n->lo;
    while (expected_distance(n) != 0 && s.decimals < EXPECTED_DECIMALS &&
           scale_alike(&s, end, n->observed))
        s.decimals++;
    return s;
}

/* "1 socket"; units are words of several. */
static void one(const struct expected_numbers *n, const struct scale *s,
                char text[static EXPECTED_MAX])
{
    size_t length = strlen(text);
    if (n->lo == 1 && n->hi == 1 && s->seconds == 0 && length && text[length - 1] == 's')
        text[length - 1] = '\0';
}

/* The name of an error is what programs and manuals call it by. */
static const char *expected_error(double number, char text[static HUMAN_MAX])
{
    const char *name = number == 0 ? "no error" : strerrorname_np((int)number);
    snprintf(text, HUMAN_MAX, "%s", name ? name : "-");
    return text;
}

static struct expected errors(const struct expected_numbers *n)
{
    char lo[HUMAN_MAX], hi[HUMAN_MAX], observed[HUMAN_MAX];
    struct expected e = {.observed = "-"};
    if (n->lo == n->hi)
        snprintf(e.predicted, EXPECTED_MAX, "%s", expected_error(n->lo, lo));
    else
        snprintf(e.predicted, EXPECTED_MAX, "%s to %s", expected_error(n->lo, lo),
                 expected_error(n->hi, hi));
    if (!isnan(n->observed))
        snprintf(e.observed, EXPECTED_MAX, "%s", expected_error(n->observed, observed));
    return e;
}

static void expected_predicted(const struct expected_numbers *n, const struct scale *s,
                               char text[static EXPECTED_MAX])
{
    char lo[HUMAN_MAX], hi[HUMAN_MAX];
    const char *gap = *s->unit ? " " : "";
    scale_number(s, n->lo, lo);
    scale_number(s, n->hi, hi);
    if (isinf(n->lo) && isinf(n->hi))
        snprintf(text, EXPECTED_MAX, "-");
    else if (isinf(n->lo) || isinf(n->hi))
        snprintf(text, EXPECTED_MAX, "at %s %s%s%.40s", isinf(n->hi) ? "least" : "most",
                 isinf(n->hi) ? lo : hi, gap, s->unit);
    else if (n->lo == n->hi)
        snprintf(text, EXPECTED_MAX, "%s%s%.40s", lo, gap, s->unit);
    else
        snprintf(text, EXPECTED_MAX, "%s to %s%s%.24s", lo, hi, gap, s->unit);
}

/* The unit of a time belongs to the number; that of a count stands beside the prediction
 * already. */
static void expected_observed(double observed, const struct scale *s,
                              char text[static EXPECTED_MAX])
{
    char number[HUMAN_MAX];
    scale_number(s, observed, number);
    snprintf(text, EXPECTED_MAX, "%s%s%s", number, s->seconds > 0 ? " " : "",
             s->seconds > 0 ? s->unit : "");
}

static void far(double distance, const struct scale *s, char text[static EXPECTED_MAX])
{
    char number[HUMAN_MAX];
    if (s->seconds > 0)
        human_us(fabs(distance) * s->seconds * 1e6, number);
    else
        scale_number(s, fabs(distance), number);
    snprintf(text, EXPECTED_MAX, "%c%s", distance > 0 ? '+' : '-', number);
}

static struct expected numbers(const char *unit, const struct expected_numbers *n)
{
    if (!strcmp(unit, "errno"))
        return errors(n);
    struct scale s = expected_scale(unit, n);
    struct expected e = {.observed = "-"};
    expected_predicted(n, &s, e.predicted);
    one(n, &s, e.predicted);
    if (isnan(n->observed))
        return e;
    expected_observed(n->observed, &s, e.observed);
    if (expected_distance(n) != 0)
        far(expected_distance(n), &s, e.distance);
    return e;
}

struct expected expected_of(const json_t *check)
{
    const char *unit = json_string_value(json_object_get(check, "unit"));
    struct expected_numbers n = expected_read(check);
    return numbers(unit ? unit : "", &n);
}
