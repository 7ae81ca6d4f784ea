/* What options.c needs to know of the types to word a complaint; programs include options.h
 * only. */
#pragma once

#include "common/options/options.h"

/* What a type answers, with -ERANGE, to a value outside the row's min and max. options.c replaces
 * it by the limits.
 */
extern const char option_outside_limits[];

/* "at least 1", "at most 5s", "from 1 to 256". */
#define OPTION_LIMITS_MAX 96
void option_limits(const struct option_row *row, char text[static OPTION_LIMITS_MAX]);

/* A duration as the user would write it, in the largest unit that keeps it exact: "50ms", "1.5us"
 * as "1.500us". */
#define OPTION_DURATION_MAX 32
void option_duration_text(int64_t ns, char text[static OPTION_DURATION_MAX]);
