/* One table row an option: from it come parsing, defaults, checks, --help and the echo of the
 * effective settings.
 *
 *     static struct settings s;
 *     struct option_row rows[] = { {"backlog", 'b', "N", "4096", "handed to listen() as it is",
 *         &option_integer, &s.backlog, INT_MIN,
 * INT_MAX},
 *     };
 *
 * A row's value is filled from its default text by the same parser that reads the command line. */
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
    /* how help names it: "DUR"; NULL: a flag; "[=FILE]": may be left out */
    const char *argument;
    const char *fallback;           /* default, as text; NULL: the value is left as it is (off) */
    const char *help;               /* one line; "\n" starts another */
    const struct option_type *type; /* how to read and show it */
    void *value;                    /* what type->parse writes, see each type */
    /* for option_integer, _count, _size, _duration (ns), _seconds (s); both 0: any */
    int64_t min, max;
    const char *const *choices; /* for option_choice: NULL-terminated */
    /* for option_duration: also accepted, means OPTION_NEVER ("never", "forever", "off") */
    const char *word;
    bool given; /* stood on the command line */
};

/* The value of an option_duration row where its word was given (or is its default). */
#define OPTION_NEVER (-1)

/* A good max for durations, 100,000 h: sums of times cannot overflow then. */
#define OPTION_LONGEST_NS (100000 * 3600LL * 1000000000LL)

extern const struct option_type option_flag;    /* bool */
extern const struct option_type option_integer; /* int64_t */
extern const struct option_type option_count;   /* uint64_t */
extern const struct option_type option_size;    /* uint64_t, bytes */
extern const struct option_type option_rate;    /* double, a second */
/* int64_t, ns; shown as _us, null for the word */
extern const struct option_type option_duration;
/* int64_t, whole seconds, else -EINVAL; shown as _s */
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

/* Fills the rows' values: defaults first, then the command line. -h/--help and -V/--version are
 * known without a row and win over what stands after them. Long names may be abbreviated as
 * getopt_long does; "--" ends the options. A second giving of a row overrides the first (except
 * option_texts, which collects). Returns an option_outcome; or -EINVAL/-ERANGE and in *ret_message
 * one whole sentence for the user, without the program's name and final newline (caller frees):
 * what was asked, what is wrong, what to write instead, and the nearest known option or choice
 * where one is near. *ret_operands points into argv (which is reordered), *ret_n_operands says how
 * many. Restarts getopt, so it may be called again in one process. Without memory -ENOMEM, and
 * *ret_message may be NULL. */
int options_parse(struct option_row *rows, size_t n_rows, const struct option_program *program,
                  int argc, char **argv, char ***ret_operands, int *ret_n_operands,
                  char **ret_message);

/* --help: examples, usage, one line an option with its default. At most 100 columns wide. */
void options_help(FILE *out, const struct option_row *rows, size_t n_rows,
                  const struct option_program *program);

/* options_parse(), and prints what --help or --version asks for: the version with the first word of
 * the program's name. 0: go on; 1: it has been printed, exit 0; or an error of options_parse(). */
int options_read(struct option_row *rows, size_t n_rows, const struct option_program *program,
                 int argc, char **argv, char ***ret_operands, int *ret_n_operands,
                 char **ret_message);

/* The effective settings: {"backlog": 4, "accept_delay_us": 5000000, ...}; '-' in names becomes
 * '_'; null where there is neither a default nor a value given. New reference, NULL without
 * memory. */
json_t *options_settings(const struct option_row *rows, size_t n_rows);

/* Whether the option of that name stood on the command line. The name must be in the table. */
bool options_given(const struct option_row *rows, size_t n_rows, const char *name);
