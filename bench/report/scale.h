/* Chooses one unit and one number of decimals for several values side by side, so that a reader can
 * compare them. */
#pragma once

#include "common/text/human.h"

#include <stdbool.h>

struct scale {
    const char *unit; /* "ms"; for counts the given unit, or "" */
    double factor;    /* multiplies a given value, and the result is in that unit */
    int decimals;
    double seconds; /* how many seconds 1 of a given value is; 0: it is no time */
};

/* Returns the scale for values in seconds, of which `largest` is the largest: "us", "ms" or "s". */
struct scale scale_seconds(double largest);

/* Returns the scale for values of a unit. "s", "ms" and "us": as above. Other units are counts, and
 * get decimals only if a value has some. */
struct scale scale_for(const char *unit, const double *values, int n);

/* Writes the number without its unit into text and returns it. */
const char *scale_number(const struct scale *s, double value, char text[static HUMAN_MAX]);

/* Whether two values look the same when they are printed. */
bool scale_alike(const struct scale *s, double a, double b);
