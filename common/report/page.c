#include "common/report/page.h"
#include "common/report/terminal.h"
#include "common/text/human.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_VALUE 33 /* end of label and value */
#define PAGE_NOTE  38 /* column where notes begin */

#define PAGE_WIDTH 80

static int page_columns = PAGE_WIDTH;

int page_width(void)
{
    return page_columns;
}

void page_set_width(int columns)
{
    page_set_width_least(columns, PAGE_WIDTH_MIN);
}

void page_set_width_least(int columns, int least)
{
    columns = columns <= 0 ? PAGE_WIDTH : columns;
    columns = columns < least ? least : columns;
    page_columns = columns > PAGE_WIDTH_MAX ? PAGE_WIDTH_MAX : columns;
}

/* Prints the words of `text` in lines; further lines are indented, the first one begins at
 * `column`. */
static void wrap(FILE *out, const char *text, int indent, int column)
{
    bool fresh = true; /* no word on this line yet */
    while (*text) {
        int length = (int)strcspn(text, " \n");
        if (column > indent && column + !fresh + length > page_columns) {
            column = fprintf(out, "\n%*s", indent, "") - 1;
            fresh = true;
        }
        column += fprintf(out, "%s%.*s", fresh ? "" : " ", length, text);
        fresh = false;
        text += length;
        text += strspn(text, " \n");
    }
    fputc('\n', out);
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static char *page_format(const char *format, va_list arguments)
{
    char *text;
    return vasprintf(&text, format, arguments) < 0 ? NULL : text;
}
#pragma GCC diagnostic pop

void page_title(FILE *out, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text = page_format(format, arguments);
    va_end(arguments);
    fprintf(out, "\n%s%s%s\n", terminal_style(out, TERMINAL_BOLD), text ? text : "",
            terminal_style(out, TERMINAL_PLAIN));
    free(text);
}

void page_row(FILE *out, const char *label, const char *value, const char *note)
{
    int length = (int)strlen(label),
        value_end = page_columns < PAGE_VALUE + 3 ? page_columns - 3 : PAGE_VALUE;
    int column =
        fprintf(out, "  %s %*s", label, length < value_end ? value_end - length : 0, value);
    if (!note) {
        fputc('\n', out);
        return;
    }
    column += fprintf(out, "%*s", column + 2 < PAGE_NOTE ? PAGE_NOTE - column : 2, "");
    fputs(terminal_style(out, TERMINAL_DIM), out);
    wrap(out, note, PAGE_NOTE, column);
    fputs(terminal_style(out, TERMINAL_PLAIN), out);
}

void page_count(FILE *out, const char *label, int64_t count, const char *note)
{
    char text[HUMAN_MAX];
    page_row(out, label, human_count(count, text), note);
}

void page_cost(FILE *out, const json_t *cpu)
{
    char text[HUMAN_MAX], note[128];
    double user_s = json_number_value(json_object_get(cpu, "user_s")),
           system_s = json_number_value(json_object_get(cpu, "system_s")),
           polling = json_number_value(json_object_get(cpu, "polling"));
    const json_t *us = json_object_get(cpu, "us_per_connection");
    if (!json_is_number(us))
        return;
    if (polling < 0.005)
        snprintf(note, sizeof(note), "of CPU a connection; %.2f s user, %.2f s system in all",
                 user_s, system_s);
    else
        snprintf(note, sizeof(note),
                 "of CPU a connection without polling; %.2f s user, %.2f s system in all, %.0f %% "
                 "of them polling",
                 user_s, system_s, polling * 100);
    page_row(out, "cost", human_us(json_number_value(us), text), note);
}

void page_text(FILE *out, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text = page_format(format, arguments);
    va_end(arguments);
    fputs("  ", out);
    wrap(out, text ? text : "", 2, 2);
    free(text);
}

void page_by_hand(FILE *out, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text = page_format(format, arguments);
    va_end(arguments);
    fprintf(out, "  %sby hand: %s%s\n", terminal_style(out, TERMINAL_DIM), text ? text : "",
            terminal_style(out, TERMINAL_PLAIN));
    free(text);
}

void page_counts(FILE *out, const json_t *object, size_t most,
                 const char *(*note)(const char *name))
{
    const char *name;
    json_t *value;
    size_t shown = 0;
    if (!json_object_size(object))
        page_text(out, "none");
    json_object_foreach((json_t *)object, name, value)
    {
        if (shown++ == most) {
            page_text(out, "... and %zu more (--json has them all)",
                      json_object_size(object) - most);
            return;
        }
        page_count(out, name, json_integer_value(value), note ? note(name) : NULL);
    }
}

int64_t page_integer(const json_t *document, const char *key, ...)
{
    va_list keys;
    va_start(keys, key);
    for (; key && document; key = va_arg(keys, const char *))
        document = json_object_get(document, key);
    va_end(keys);
    return json_integer_value(document);
}
