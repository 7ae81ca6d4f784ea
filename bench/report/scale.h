/* One unit and one number of decimals for several values side by side, so that they can be compared
 * by eye. */
#pragma once

#include "common/text/human.h"

#include <stdbool.h>

struct scale {
    const char *unit; /* "ms"; of counts as given, or "" */
    double factor;    /* of the value as given to that unit */
    int decimals;
    double seconds; /* in one of the value as given; 0: no time */
};

/* For values in seconds of which `largest` is the largest: "us", "ms" or "s". */
struct scale scale_seconds(double largest);

/* unit "s", "ms" or "us": as above; any other is counted, with decimals only where a value has
 * some. */
struct scale scale_for(const char *unit, const double *values, int n);

/* The number, without its unit. */
const char *scale_number(const struct scale *s, double value, char text[static HUMAN_MAX]);

/* As they are printed: two values may look alike and not be. */
bool scale_alike(const struct scale *s, double a, double b);
