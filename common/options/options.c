#include "common/options/options.h"
#include "common/options/option_complaint.h"

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

/* What getopt_long() returns for a long option: above every letter, so it also tells how the option
 * was written. */
#define LONG_BASE 256

/* Known to every program; they stand behind the rows in getopt's table and in `names`. */
static const struct option builtins[] = {{"help", no_argument, NULL, 'h'},
                                         {"version", no_argument, NULL, 'V'}};
#define N_BUILTINS (sizeof builtins / sizeof *builtins)

/* --- reading --- */

/* NULL: --help or --version, which have no row. */
static struct option_row *find_row(const struct option_reading *p, int option)
{
    for (size_t i = 0; i < p->n_rows; i++)
        if (option == LONG_BASE + (int)i || (p->rows[i].letter && option == p->rows[i].letter))
            return &p->rows[i];
    return NULL;
}

static int read_value(struct option_reading *p, struct option_row *row, bool as_letter,
                      const char *text)
{
    const char *why = "not understood";
    int r = row->type->parse(text, row, &why);
    if (r < 0)
        option_complain_value(p, row, as_letter, text, why);
    return r;
}

static int read_defaults(struct option_reading *p)
{
    for (size_t i = 0; i < p->n_rows; i++) {
        struct option_row *row = &p->rows[i];
        row->given = false;
        int r = row->fallback ? read_value(p, row, false, row->fallback) : 0;
        if (r < 0) {
            fputs(" (this is the default of the option: a fault in the program)", p->complaint);
            return r;
        }
    }
    return 0;
}

static int read_option(struct option_reading *p, int option)
{
    struct option_row *row = find_row(p, option);
    bool as_letter = option < LONG_BASE;
    const char *text = optarg;
    if (!row->argument)
        text = "";
    else if (!text)
        text = "-";
    else if (as_letter && option_is_optional(row) && text[0] == '=')
        text++; /* -J=FILE, as --json=FILE; getopt only knows -JFILE */
    int r = read_value(p, row, as_letter, text);
    if (r == 0)
        row->given = true;
    return r;
}

static int refuse_missing_value(struct option_reading *p)
{
    option_complain_missing(p, find_row(p, optopt), optopt < LONG_BASE);
    return -EINVAL;
}

/* getopt's '?': optopt is 0 for a long option it does not know, LONG_BASE or more for one that
 * takes no value, and else a letter. */
static int refuse_option(struct option_reading *p)
{
    if (optopt == 0) {
        option_complain_long(p);
    } else if (optopt >= LONG_BASE) {
        const char *name = p->long_options[optopt - LONG_BASE].name;
        fprintf(p->complaint, "--%s takes no value; write --%s alone", name, name);
    } else {
        option_complain_letter(p, (char)optopt);
    }
    return -EINVAL;
}

static int read_command_line(struct option_reading *p)
{
    opterr = 0;
    /* glibc: start anew, forgetting what an earlier call left in a cluster of letters */
    optind = 0;
    for (;;) {
        int option = getopt_long(p->argc, p->argv, p->letters, p->long_options, NULL), r;
        if (option == -1)
            return OPTIONS_RUN;
        if (option == 'h' || option == LONG_BASE + (int)p->n_rows)
            return OPTIONS_HELP;
        if (option == 'V' || option == LONG_BASE + (int)p->n_rows + 1)
            return OPTIONS_VERSION;
        if (option == ':')
            r = refuse_missing_value(p);
        else if (option == '?')
            r = refuse_option(p);
        else
            r = read_option(p, option);
        if (r < 0)
            return r;
    }
}

static int check_operands(struct option_reading *p)
{
    if (p->argc - optind <= p->program->operands_max)
        return 0;
    option_complain_operand(p, p->argv[optind + p->program->operands_max]);
    return -EINVAL;
}

/* --- set-up --- */

static char *add_letter(char *end, int letter, int has_argument)
{
    *end++ = (char)letter;
    for (int i = 0; i < has_argument; i++) /* getopt: ':' needs a value, '::' may have one */
        *end++ = ':';
    return end;
}

static int has_argument(const struct option_row *row)
{
    if (!row->argument)
        return no_argument;
    return option_is_optional(row) ? optional_argument : required_argument;
}

static void fill_tables(struct option_reading *p)
{
    char *end = p->letters;
    *end++ = ':'; /* distinguishes a missing value from an unknown option */
    for (size_t i = 0; i < p->n_names; i++) {
        struct option *o = &p->long_options[i];
        if (i < p->n_rows)
            *o = (struct option){p->rows[i].name, has_argument(&p->rows[i]), NULL,
                                 p->rows[i].letter};
        else
            *o = builtins[i - p->n_rows];
        if (o->val)
            end = add_letter(end, o->val, o->has_arg);
        o->val = LONG_BASE + (int)i;
        p->names[i] = o->name;
    }
    *end = '\0';
}

static int read_all(struct option_reading *p)
{
    p->n_names = p->n_rows + N_BUILTINS;
    p->letters = calloc(3 * p->n_names + 2, 1);
    p->long_options = calloc(p->n_names + 1, sizeof *p->long_options);
    p->names = calloc(p->n_names, sizeof *p->names);
    int r = -ENOMEM;
    if (p->letters && p->long_options && p->names) {
        fill_tables(p);
        r = read_defaults(p);
        if (r == 0)
            r = read_command_line(p);
        if (r == OPTIONS_RUN)
            r = check_operands(p);
    }
    if (r == -ENOMEM)
        fputs("out of memory", p->complaint);
    free(p->letters);
    free(p->long_options);
    free(p->names);
    return r;
}

int options_parse(struct option_row *rows, size_t n_rows, const struct option_program *program,
                  int argc, char **argv, char ***ret_operands, int *ret_n_operands,
                  char **ret_message)
{
    char *message = NULL;
    size_t size;
    struct option_reading p = {
        .rows = rows, .n_rows = n_rows, .program = program, .argc = argc, .argv = argv};
    p.complaint = open_memstream(&message, &size);
    int r = p.complaint ? read_all(&p) : -ENOMEM;
    if (p.complaint)
        fclose(p.complaint);
    if (r < 0)
        *ret_message = message;
    else
        free(message);
    if (r == OPTIONS_RUN) {
        *ret_operands = argv + optind;
        *ret_n_operands = argc - optind;
    }
    return r;
}

/* --- what came of it --- */

static char *settings_key(const struct option_row *row)
{
    char *key;
    if (asprintf(&key, "%s%s", row->name, row->type->unit) < 0)
        return NULL;
    for (char *c = key; *c; c++)
        if (*c == '-')
            *c = '_';
    return key;
}

json_t *options_settings(const struct option_row *rows, size_t n_rows)
{
    json_t *all = json_object();
    for (size_t i = 0; i < n_rows; i++) {
        const struct option_row *row = &rows[i];
        bool off = !row->given && !row->fallback && row->type != &option_flag;
        char *key = settings_key(row);
        int r = json_object_set_new(all, key, off ? json_null() : row->type->show(row));
        free(key);
        if (r != 0) {
            json_decref(all);
            return NULL;
        }
    }
    return all;
}

bool options_given(const struct option_row *rows, size_t n_rows, const char *name)
{
    for (size_t i = 0; i < n_rows; i++)
        if (strcmp(rows[i].name, name) == 0)
            return rows[i].given;
    assert(!"an option of that name");
    return false;
}
