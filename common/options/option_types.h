/* What options.c needs from the option types for its messages. Programs include options.h only. */
#pragma once

#include "common/options/options.h"

/* A type's parse() returns -ERANGE and this *ret_why if the value is outside the row's min and max.
 * options.c prints the limits instead. */
extern const char option_outside_limits[];

/* Writes the limits of a row's value: "at least 1", "at most 5s", "from 1 to 256". */
#define OPTION_LIMITS_MAX 96
void option_limits(const struct option_row *row, char text[static OPTION_LIMITS_MAX]);

/* Writes a duration as a user types it, in the largest unit that shows it without rounding: "50ms",
 * "1.500us". */
#define OPTION_DURATION_MAX 32
void option_duration_text(int64_t ns, char text[static OPTION_DURATION_MAX]);
