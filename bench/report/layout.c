#include "bench/report/layout.h"
#include "common/report/page.h"

#include <stdbool.h>
#include <string.h>

#define LAYOUT_PHRASE 16 /* bytes */

static int columns_of(const char *text, size_t bytes)
{
    int columns = 0;
    for (size_t i = 0; i < bytes; i++)
        columns += ((unsigned char)text[i] & 0xc0) != 0x80; /* not a continuation byte */
    return columns;
}

int layout_columns(const char *text)
{
    return columns_of(text, strlen(text));
}

void layout_fill(FILE *out, char c, int n)
{
    while (n-- > 0)
        fputc(c, out);
}

/* A word, or a short phrase in quotes with what sticks to it: "length > L" is not torn apart. */
static size_t word(const char *text)
{
    const char *open = memchr(text, '"', strcspn(text, " \n")),
               *close = open ? strchr(open + 1, '"') : NULL;
    size_t quoted = close && close - open <= LAYOUT_PHRASE ? (size_t)(close - text) : 0;
    return quoted + strcspn(text + quoted, " \n");
}

void layout_words(FILE *out, const char *text, int indent, int column)
{
    bool fresh = true; /* no word on this line yet */
    for (text += strspn(text, " \n"); *text; text += strspn(text, " \n")) {
        size_t bytes = word(text);
        int columns = columns_of(text, bytes);
        if (column + !fresh + columns > page_width() && column > indent) {
            column = fprintf(out, "\n%*s", indent, "") - 1;
            fresh = true;
        }
        fprintf(out, "%s%.*s", fresh ? "" : " ", (int)bytes, text);
        column += !fresh + columns;
        fresh = false;
        text += bytes;
    }
    fputc('\n', out);
}

void layout_labelled(FILE *out, const char *label, const char *text)
{
    if (!text || !*text)
        return;
    int column = fprintf(out, "  %-*s", LAYOUT_LABEL - 2, label);
    layout_words(out, text, LAYOUT_LABEL, column);
}

/* Up to a space that no quote protects. */
static size_t argument(const char *text)
{
    char quote = '\0';
    size_t n = 0;
    for (; text[n] && (quote || text[n] != ' '); n++) {
        if (quote)
            quote = text[n] == quote ? '\0' : quote;
        else if (text[n] == '\'' || text[n] == '"')
            quote = text[n];
    }
    return n;
}

/* Arguments that stay together: an option and what follows it up to the next one, if that fits into
 * a line. */
static size_t clause(const char *text, int room)
{
    size_t n = argument(text);
    for (;;) {
        size_t next = n + strspn(text + n, " ");
        size_t longer = next + argument(text + next);
        if (!text[next] || text[next] == '-' || text[next] == '|' ||
            columns_of(text, longer) > room)
            return n;
        n = longer;
    }
}

void layout_command(FILE *out, const char *prompt, const char *command)
{
    int indent = fprintf(out, "  %s ", prompt), column = indent;
    for (const char *text = command; *text; text += strspn(text, " ")) {
        size_t bytes = clause(text, page_width() - indent - 6);
        int columns = columns_of(text, bytes);
        bool last = !text[bytes];
        if (column > indent && column + 1 + columns + (last ? 0 : 2) > page_width())
            column = fprintf(out, " \\\n%*s", indent + 4, "") - 3;
        else if (column > indent)
            column += fprintf(out, " ");
        fprintf(out, "%.*s", (int)bytes, text);
        column += columns;
        text += bytes;
    }
    fputc('\n', out);
}
