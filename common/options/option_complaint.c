#include "common/options/option_complaint.h"
#include "common/options/option_types.h"
#include "common/text/printable.h"
#include "common/text/suggest.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN_MAX 60 /* bytes of a value that a complaint repeats */

bool option_is_optional(const struct option_row *row)
{
    return row->argument && row->argument[0] == '[';
}

/* The value, shortened, without control characters. */
static void write_shown(FILE *out, const char *text)
{
    size_t n = strlen(text), shown = n;
    if (n > SHOWN_MAX)
        for (shown = SHOWN_MAX; shown > 0 && ((unsigned char)text[shown] & 0xc0) == 0x80;)
            shown--; /* not in the middle of a UTF-8 character */
    char *begin = strndup(text, shown), *safe = begin ? printable(begin) : NULL;
    fputs(safe ? safe : "...", out);
    free(safe);
    free(begin);
    if (shown < n)
        fputs("...", out);
}

static void write_value(FILE *out, const char *value)
{
    bool plain = value[0] != '\0';
    for (const char *c = value; *c; c++)
        if (*c == '"' || *c == 0x7f || (*c >= 0 && *c <= ' '))
            plain = false;
    fputs(plain ? "" : "\"", out);
    write_shown(out, value);
    fputs(plain ? "" : "\"", out);
}

/* In the form the user chose: "--backlog" or "-b". */
static void write_option(FILE *out, const struct option_row *row, bool as_letter)
{
    if (as_letter)
        fprintf(out, "-%c", row->letter);
    else
        fprintf(out, "--%s", row->name);
}

/* What to write instead. */
static void write_mend(FILE *out, const struct option_row *row)
{
    if (row->choices) {
        fputs("one of ", out);
        for (size_t i = 0; row->choices[i]; i++)
            fprintf(out, "%s%s", i ? ", " : "", row->choices[i]);
        return;
    }
    if (row->type == &option_text && row->argument)
        fprintf(out, "write %s", row->argument);
    else
        fprintf(out, "write %s", row->type->form);
    if (row->word)
        fprintf(out, ", or \"%s\"", row->word);
}

static const char *nearest_word(const struct option_row *row, const char *value)
{
    size_t n = 0;
    if (!row->choices)
        return row->word ? suggest_nearest(value, &row->word, 1) : NULL;
    while (row->choices[n])
        n++;
    return suggest_nearest(value, row->choices, n);
}

/* getopt's current argument is the one before optind, or the one at optind while letters of it are
 * left. */
static const char *find_letters(const struct option_reading *p, char letter)
{
    for (int i = optind - 1; i <= optind; i++)
        if (i > 0 && i < p->argc && p->argv[i][0] == '-' && strchr(p->argv[i] + 1, letter))
            return p->argv[i];
    return NULL;
}

/* "-backlog" is read as -b with the value "acklog": the long name that was probably meant, or
 * NULL. */
static const char *find_single_dash(const struct option_reading *p, char letter)
{
    const char *word = find_letters(p, letter);
    if (!word || word[1] != letter)
        return NULL;
    size_t n = strcspn(word + 1, "=");
    for (size_t i = 0; i < p->n_names; i++)
        if (strlen(p->names[i]) == n && strncmp(word + 1, p->names[i], n) == 0)
            return p->names[i];
    return NULL;
}

void option_complain_value(struct option_reading *p, const struct option_row *row, bool as_letter,
                           const char *value, const char *why)
{
    write_option(p->complaint, row, as_letter);
    fputs(option_is_optional(row) && !as_letter ? "=" : " ", p->complaint);
    write_value(p->complaint, value);
    if (why == option_outside_limits) {
        char limits[OPTION_LIMITS_MAX];
        option_limits(row, limits);
        fprintf(p->complaint, ": must be %s; ", limits);
    } else {
        fprintf(p->complaint, ": %s; ", why);
    }
    write_mend(p->complaint, row);
    const char *word = nearest_word(row, value),
               *name = as_letter ? find_single_dash(p, (char)row->letter) : NULL;
    if (word || name)
        fprintf(p->complaint, " (did you mean %s%s?)", name ? "--" : "", name ? name : word);
}

void option_complain_missing(struct option_reading *p, const struct option_row *row, bool as_letter)
{
    write_option(p->complaint, row, as_letter);
    fputs(" needs a value: ", p->complaint);
    write_mend(p->complaint, row);
}

/* How many long options begin as typed does. */
static size_t count_beginning(const struct option_reading *p, const char *typed, size_t n)
{
    size_t found = 0;
    for (size_t i = 0; i < p->n_names; i++)
        found += strncmp(p->names[i], typed, n) == 0;
    return found;
}

static void complain_of_ambiguous(struct option_reading *p, const char *typed, size_t n,
                                  size_t found)
{
    fprintf(p->complaint, "--%.*s may mean ", (int)n, typed);
    for (size_t i = 0, left = found; i < p->n_names; i++)
        if (strncmp(p->names[i], typed, n) == 0) {
            fprintf(p->complaint, "--%s%s", p->names[i], left > 2 ? ", " : left == 2 ? " or " : "");
            left--;
        }
    fputs("; write it in full", p->complaint);
}

static void complain_of_unknown(struct option_reading *p, const char *option, const char *nearest)
{
    fputs("there is no option ", p->complaint);
    write_shown(p->complaint, option);
    if (nearest)
        fprintf(p->complaint, "; did you mean --%s?", nearest);
    fputs(" (--help lists them all)", p->complaint);
}

void option_complain_long(struct option_reading *p)
{
    const char *typed = p->argv[optind - 1] + 2;
    char name[SHOWN_MAX + 1], option[SHOWN_MAX + 3];
    size_t n = strcspn(typed, "=");
    size_t found = n > 0 && n < sizeof name ? count_beginning(p, typed, n) : 0;
    if (found > 1) {
        complain_of_ambiguous(p, typed, n, found);
        return;
    }
    if (n == 0 || n >= sizeof name) {
        complain_of_unknown(p, p->argv[optind - 1], NULL);
        return;
    }
    memcpy(name, typed, n);
    name[n] = '\0';
    snprintf(option, sizeof option, "--%s", name);
    complain_of_unknown(p, option, suggest_nearest(name, p->names, p->n_names));
}

void option_complain_letter(struct option_reading *p, char letter)
{
    char option[] = {'-', letter, '\0'};
    const char *word = (unsigned char)letter < 0x80 ? NULL : find_letters(p, letter);
    /* the word: never half a character */
    complain_of_unknown(p, word ? word : option, find_single_dash(p, letter));
}

/* An "[=FILE]" option without its FILE, or NULL: the unexpected operand may be that FILE. */
static const struct option_row *find_without_file(const struct option_reading *p)
{
    for (size_t i = 0; i < p->n_rows; i++) {
        const struct option_row *row = &p->rows[i];
        if (row->given && row->type == &option_file &&
            strcmp(*(const char *const *)row->value, "-") == 0)
            return row;
    }
    return NULL;
}

static bool begins_with_long_dash(const char *text)
{
    return strncmp(text, "\u2013", 3) == 0 || strncmp(text, "\u2014", 3) == 0 ||
           strncmp(text, "\u2212", 3) == 0;
}

void option_complain_operand(struct option_reading *p, const char *operand)
{
    const struct option_row *row = find_without_file(p);
    fputc('\'', p->complaint);
    write_shown(p->complaint, operand);
    fputs(p->program->operands_max ? "' is one argument too many; "
                                   : "' stands alone where no argument is expected; ",
          p->complaint);
    if (begins_with_long_dash(operand)) {
        fputs("its dash is not the - of the keyboard, type it anew", p->complaint);
    } else if (row) {
        fprintf(p->complaint, "if it is the file of --%s, write --%s=", row->name, row->name);
        write_shown(p->complaint, operand);
    } else {
        fprintf(p->complaint, "write %s %s", p->program->name, p->program->usage);
    }
}
