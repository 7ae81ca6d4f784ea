/* Each option of a program is one row of a table. The row gives the parsing, the default, the
 * limits, the line in --help, and the name under which the report shows the effective value.
 *
 *     static struct settings s;
 *     struct option_row rows[] = {
 *         {"backlog", 'b', "N", "4096", "handed to listen() as it is",
 *          &option_integer, &s.backlog, INT_MIN, INT_MAX},
 *     };
 *
 * The parser that reads the command line also reads the row's default, which is text. */
#pragma once

#include "common/text/parse.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct option_row;

struct option_type {
    /* what a good value looks like: "a duration such as 250us, 40ms, 1.5s, 2m or 1h" */
    const char *form;
    const char *unit; /* end of the settings key: "_us", "_bytes" or "" */
    /* Writes row->value; returns 0, or -EINVAL/-ERANGE and a half sentence in *ret_why (see
     * parse.h). */
    int (*parse)(const char *text, struct option_row *row, const char **ret_why);
    json_t *(*show)(const struct option_row *row); /* new reference: the effective value */
};

struct option_row {
    const char *name; /* long name */
    int letter;       /* short name or 0 */
    /* the value's name in --help: "DUR"; NULL: a flag; "[=FILE]": the user may leave it out */
    const char *argument;
    const char *fallback;           /* default, as text; NULL: none, *value stays unchanged */
    const char *help;               /* one line; "\n" starts another */
    const struct option_type *type; /* how to read and show it */
    void *value;                    /* what type->parse writes, see each type */
    /* for option_integer, _count, _size, _duration (ns), _seconds (s); both 0: any */
    int64_t min, max;
    const char *const *choices; /* for option_choice: NULL-terminated */
    /* for option_duration: a word that is accepted, too, and means OPTION_NEVER: "never",
     * "forever", "off" */
    const char *word;
    bool given; /* the command line has it */
};

/* The value of an option_duration row if its word was given or is its default. */
#define OPTION_NEVER (-1)

/* A maximum for durations, 100,000 h, with which sums of times cannot overflow. */
#define OPTION_LONGEST_NS (100000 * 3600LL * 1000000000LL)

extern const struct option_type option_flag;    /* bool */
extern const struct option_type option_integer; /* int64_t */
extern const struct option_type option_count;   /* uint64_t */
extern const struct option_type option_size;    /* uint64_t, bytes */
extern const struct option_type option_rate;    /* double, a second */
/* int64_t, ns; shown as _us, null for the word */
extern const struct option_type option_duration;
/* int64_t, s; only whole seconds; shown as _s */
extern const struct option_type option_seconds;
extern const struct option_type option_port;   /* uint16_t */
extern const struct option_type option_choice; /* int: index into row->choices */
/* const char *: points into argv; shown as it is */
extern const struct option_type option_text;
extern const struct option_type option_texts; /* struct option_texts: repeatable */
/* int64_t, ns since 1970: "1700000000.25"; shown as _s */
extern const struct option_type option_unix_time;
extern const struct option_type option_percentiles; /* struct percentiles */
extern const struct option_type option_keepalive;   /* struct keepalive */
/* const char *: FILE, or "-" (stdout) where [=FILE] was left out */
extern const struct option_type option_file;

#define OPTION_TEXTS_MAX 64
struct option_texts {
    size_t n;
    const char *text[OPTION_TEXTS_MAX]; /* points into argv */
};

struct option_program {
    const char *name;     /* "tcplab-server" */
    const char *usage;    /* "[options] [HOST[:PORT]]" */
    const char *examples; /* printed first by --help; whole lines */
    const char *closing;  /* printed last by --help, or NULL */
    int operands_max;     /* how many non-options are allowed */
};

enum option_outcome {
    OPTIONS_RUN = 0, /* go on */
    OPTIONS_HELP,    /* -h: print options_help() on stdout, exit 0 */
    OPTIONS_VERSION, /* -V */
};

/* Sets the rows' values: first from the defaults, then from the command line. It knows -h/--help
 * and -V/--version without a row, and ignores all that follows them. Long names can be abbreviated
 * (getopt_long(3)); "--" ends the options. An option that is given twice has its second value;
 * option_texts collects all. Returns an option_outcome; or -EINVAL/-ERANGE and in *ret_message one
 * whole sentence for the user (caller frees), without the program's name and without a newline:
 * what the user wrote, what is wrong, what to write instead, and the nearest known option or choice
 * if there is one. -ENOMEM: *ret_message may be NULL. *ret_operands points into argv, which is
 * reordered; *ret_n_operands is their number. Restarts getopt, so a process can call it several
 * times. */
int options_parse(struct option_row *rows, size_t n_rows, const struct option_program *program,
                  int argc, char **argv, char ***ret_operands, int *ret_n_operands,
                  char **ret_message);

/* Prints what --help shows: examples, usage, and a line for each option with its default. At most
 * 100 columns wide. */
void options_help(FILE *out, const struct option_row *rows, size_t n_rows,
                  const struct option_program *program);

/* Calls options_parse(), and prints what --help or --version asks for (the version with the first
 * word of the program's name). Returns 0: go on; 1: it was printed, exit with 0; or an error of
 * options_parse(). */
int options_read(struct option_row *rows, size_t n_rows, const struct option_program *program,
                 int argc, char **argv, char ***ret_operands, int *ret_n_operands,
                 char **ret_message);

/* The effective settings: {"backlog": 4, "accept_delay_us": 5000000, ...}. A '-' in a name becomes
 * '_'; an option without a default that is not given is null. Returns a new reference, or NULL
 * without memory. */
json_t *options_settings(const struct option_row *rows, size_t n_rows);

/* Whether the command line has the option of that name, which must be in the table. */
bool options_given(const struct option_row *rows, size_t n_rows, const char *name);
