/* options_help(): prints the same rows in two columns. */
#include "common/options/options.h"
#include "config.h"

#include <string.h>

#define WIDTH     100
#define LABEL_MAX 34 /* a longer label has its line to itself */

/* Text that is filled into lines, each from column `indent` on. */
struct column {
    FILE *out;
    size_t indent;
    size_t at;     /* where the next character goes */
    bool has_word; /* on this line */
};

/* Characters: in UTF-8 all bytes but those that continue one. */
static size_t width_of(const char *text, size_t n)
{
    size_t width = 0;
    for (size_t i = 0; i < n; i++)
        width += ((unsigned char)text[i] & 0xc0) != 0x80;
    return width;
}

static void column_break(struct column *c)
{
    fputc('\n', c->out);
    c->at = 0;
    c->has_word = false;
}

/* The bytes of as many characters as fit into width. */
static size_t fitting(const char *text, size_t n, size_t width)
{
    size_t fit = n;
    while (fit > 0 && width_of(text, fit) > width)
        for (fit--; fit > 0 && ((unsigned char)text[fit] & 0xc0) == 0x80;)
            fit--;
    return fit;
}

static void column_put_word(struct column *c, const char *word, size_t n)
{
    size_t width = width_of(word, n);
    if (c->has_word && c->at + 1 + width > WIDTH)
        column_break(c);
    size_t gap = c->has_word ? 1 : c->indent > c->at ? c->indent - c->at : 0;
    fprintf(c->out, "%*s", (int)gap, "");
    c->at += gap;
    while (c->at + width > WIDTH) { /* wider than the column: cut it */
        size_t fit = fitting(word, n, WIDTH - c->at);
        fprintf(c->out, "%.*s", (int)fit, word);
        column_break(c);
        fprintf(c->out, "%*s", (int)c->indent, "");
        c->at = c->indent;
        word += fit;
        n -= fit;
        width = width_of(word, n);
    }
    fprintf(c->out, "%.*s", (int)n, word);
    c->at += width;
    c->has_word = true;
}

static void column_put(struct column *c, const char *text)
{
    while (*text) {
        size_t n = strcspn(text, " \n");
        if (n > 0)
            column_put_word(c, text, n);
        else if (*text == '\n')
            column_break(c);
        text += n ? n : 1;
    }
}

/* The left column of a row. */
struct label {
    char text[WIDTH];
    bool without_choices; /* they did not fit */
};

static bool append(char *text, size_t size, const char *more)
{
    size_t n = strlen(text), n_more = strlen(more);
    if (n + n_more >= size)
        return false;
    memcpy(text + n, more, n_more + 1);
    return true;
}

/* "echo|discard|ignore" */
static bool append_choices(char *text, size_t size, const struct option_row *row)
{
    for (size_t i = 0; row->choices[i]; i++)
        if (!append(text, size, i ? "|" : "") || !append(text, size, row->choices[i]))
            return false;
    return true;
}

static void make_label(const struct option_row *row, struct label *l)
{
    *l = (struct label){0};
    if (row->letter)
        snprintf(l->text, sizeof l->text, "  -%c, --%s", row->letter, row->name);
    else
        snprintf(l->text, sizeof l->text, "      --%s", row->name);
    if (!row->argument)
        return;
    append(l->text, sizeof l->text, row->argument[0] == '[' ? "" : " ");
    size_t n = strlen(l->text);
    if (row->choices) {
        if (append_choices(l->text, sizeof l->text, row))
            return;
        l->text[n] = '\0';
        l->without_choices = true;
    }
    append(l->text, sizeof l->text, row->argument);
    if (row->word && !strstr(row->argument, row->word)) {
        append(l->text, sizeof l->text, "|");
        append(l->text, sizeof l->text, row->word);
    }
}

static void put_choices(struct column *c, const struct option_row *row)
{
    column_put(c, "(one of");
    for (size_t i = 0; row->choices[i]; i++) {
        char choice[WIDTH];
        snprintf(choice, sizeof choice, "%s%s", row->choices[i], row->choices[i + 1] ? "," : ")");
        column_put(c, choice);
    }
}

/* Some help texts have a default that depends on other options; do not print it twice. */
static void put_default(struct column *c, const struct option_row *row)
{
    if (!row->fallback || strstr(row->help, "(default"))
        return;
    char text[WIDTH / 2];
    int n = snprintf(text, sizeof text, "(default %s)", row->fallback);
    if (n >= 0 && (size_t)n < sizeof text) {
        column_put_word(c, text, (size_t)n); /* kept together */
        return;
    }
    column_put(c, "(default");
    column_put(c, row->fallback);
    column_put(c, ")");
}

static void put_row(FILE *out, const struct option_row *row, size_t indent)
{
    struct label l;
    make_label(row, &l);
    fputs(l.text, out);
    struct column c = {.out = out, .indent = indent, .at = width_of(l.text, strlen(l.text))};
    if (c.at + 2 > indent)
        column_break(&c);
    column_put(&c, row->help);
    if (l.without_choices)
        put_choices(&c, row);
    put_default(&c, row);
    fputc('\n', out);
}

static size_t label_width(const struct option_row *row)
{
    struct label l;
    make_label(row, &l);
    size_t width = width_of(l.text, strlen(l.text));
    return width <= LABEL_MAX ? width : 0;
}

void options_help(FILE *out, const struct option_row *rows, size_t n_rows,
                  const struct option_program *program)
{
    static const struct option_row builtins[] = {
        {"help", 'h', NULL, NULL, "show this help and exit"},
        {"version", 'V', NULL, NULL, "show the version and exit"},
    };
    const size_t n_builtins = sizeof builtins / sizeof *builtins;
    size_t widest = label_width(&builtins[1]);
    for (size_t i = 0; i < n_rows; i++)
        if (label_width(&rows[i]) > widest)
            widest = label_width(&rows[i]);

    if (program->examples)
        fprintf(out, "Examples:\n%s\n", program->examples);
    fprintf(out, "Usage: %s %s\n\nOptions:\n", program->name, program->usage);
    for (size_t i = 0; i < n_rows; i++)
        put_row(out, &rows[i], widest + 2);
    for (size_t i = 0; i < n_builtins; i++)
        put_row(out, &builtins[i], widest + 2);
    if (program->closing)
        fprintf(out, "\n%s", program->closing);
}

int options_read(struct option_row *rows, size_t n_rows, const struct option_program *program,
                 int argc, char **argv, char ***ret_operands, int *ret_n_operands,
                 char **ret_message)
{
    int r =
        options_parse(rows, n_rows, program, argc, argv, ret_operands, ret_n_operands, ret_message);
    if (r == OPTIONS_HELP)
        options_help(stdout, rows, n_rows, program);
    if (r == OPTIONS_VERSION)
        printf("%.*s %s\n", (int)strcspn(program->name, " "), program->name, TCPLAB_VERSION);
    return r > 0 ? 1 : r;
}
