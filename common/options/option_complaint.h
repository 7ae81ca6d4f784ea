/* Writes the sentence that says why a command line is refused. Only options.c uses this: programs
 * include options.h. */
#pragma once

#include "common/options/options.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* What options_parse() knows while it reads. */
struct option_reading {
    struct option_row *rows;
    size_t n_rows;
    const struct option_program *program;
    int argc;
    char **argv;

    char *letters;               /* getopt's short options */
    struct option *long_options; /* getopt's long options, ends with zeros */
    const char **names;          /* the long names, in the same order */
    size_t n_names;

    FILE *complaint; /* each function below writes one sentence to it */
};

/* Whether the user may leave out the value ("[=FILE]"). */
bool option_is_optional(const struct option_row *row);

/* A value is refused (why: a half sentence), or missing. as_letter: the user wrote -b, not
 * --backlog. */
void option_complain_value(struct option_reading *p, const struct option_row *row, bool as_letter,
                           const char *value, const char *why);
void option_complain_missing(struct option_reading *p, const struct option_row *row,
                             bool as_letter);

/* argv[optind - 1] is a long option that getopt_long() does not know, or an abbreviation of
 * several. */
void option_complain_long(struct option_reading *p);
void option_complain_letter(struct option_reading *p, char letter);
void option_complain_operand(struct option_reading *p, const char *operand);
