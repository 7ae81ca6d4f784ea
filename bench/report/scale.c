#include "bench/report/scale.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

struct scale scale_seconds(double largest)
{
    if (largest >= 1)
        return (struct scale){"s", 1, 3, 1};
    if (largest >= 1e-3)
        return (struct scale){"ms", 1e3, largest >= 10e-3 ? 1 : 3, 1};
    return (struct scale){"us", 1e6, 1, 1};
}

/* 0 for a unit that is not one of time. */
static double unit_seconds(const char *unit)
{
    return !strcmp(unit, "s") ? 1 : !strcmp(unit, "ms") ? 1e-3 : !strcmp(unit, "us") ? 1e-6 : 0;
}

static bool is_whole(double value)
{
    return !isfinite(value) || (fabs(value) < 1e15 && floor(value) == value);
}

struct scale scale_for(const char *unit, const double *values, int n)
{
    double seconds = unit_seconds(unit), largest = 0;
    bool whole = true;
    for (int i = 0; i < n; i++) {
        largest = isfinite(values[i]) ? fmax(largest, fabs(values[i])) : largest;
        whole = whole && is_whole(values[i]);
    }
    if (seconds == 0)
        return (struct scale){unit, 1, whole ? 0 : 3};
    struct scale s = scale_seconds(largest * seconds);
    s.factor *= seconds;
    s.seconds = seconds;
    return s;
}

const char *scale_number(const struct scale *s, double value, char text[static HUMAN_MAX])
{
    double scaled = value * s->factor;
    if (!isfinite(scaled))
        return strcpy(text, "-");
    if (s->decimals == 0 && fabs(scaled) < 1e15)
        return human_count((int64_t)scaled, text);
    snprintf(text, HUMAN_MAX, fabs(scaled) < 1e15 ? "%.*f" : "%.*e", s->decimals, scaled);
    return text;
}

bool scale_alike(const struct scale *s, double a, double b)
{
    char left[HUMAN_MAX], right[HUMAN_MAX];
    return !strcmp(scale_number(s, a, left), scale_number(s, b, right));
}
