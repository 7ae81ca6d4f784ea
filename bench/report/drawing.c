#include "bench/report/drawing.h"
#include "bench/report/layout.h"
#include "common/report/page.h"
#include "common/report/terminal.h"

#include <stdbool.h>
#include <string.h>

#define DRAWING_INDENT 4
#define DRAWING_SPAN   (page_width() < 64 ? page_width() - 6 : 58) /* between the two lines */

static void begin(FILE *out)
{
    layout_fill(out, ' ', DRAWING_INDENT);
    fputc('|', out);
}

/* "---- SYN ------------>", or with what became of it at the arrow's end. */
static void arrow(FILE *out, const char *text, bool right)
{
    const char *cross = strstr(text, " x ");
    int label = cross ? (int)(cross - text) : (int)strlen(text),
        fate = cross ? layout_columns(cross + 3) + 2 : 0;
    int dashes = DRAWING_SPAN - label - 2 - 4 - 1 - fate;
    begin(out);
    if (!right && cross)
        fprintf(out, " %s%s%s ", terminal_style(out, TERMINAL_BAD), cross + 3,
                terminal_style(out, TERMINAL_PLAIN));
    fputs(right ? "" : cross ? "X" : "<", out);
    layout_fill(out, '-', right ? 4 : dashes);
    fprintf(out, " %.*s ", label, text);
    layout_fill(out, '-', right ? dashes : 4);
    fputs(!right ? "" : cross ? "X" : ">", out);
    if (right && cross)
        fprintf(out, " %s%s%s ", terminal_style(out, TERMINAL_BAD), cross + 3,
                terminal_style(out, TERMINAL_PLAIN));
    fputs("|\n", out);
}

/* What a program does stands inside, beside its line; the state that an end is in now as well, in
 * brackets. */
static void note(FILE *out, const char *text, bool right, bool state)
{
    int width = layout_columns(text) + (state ? 2 : 0);
    begin(out);
    layout_fill(out, ' ', right ? DRAWING_SPAN - width - 1 : 1);
    fprintf(out, "%s%s%s", state ? "[" : terminal_style(out, TERMINAL_DIM), text,
            state ? "]" : terminal_style(out, TERMINAL_PLAIN));
    layout_fill(out, ' ', right ? 1 : DRAWING_SPAN - width - 1);
    fputs("|\n", out);
}

static void drawing_pause(FILE *out, const char *text)
{
    int left = (DRAWING_SPAN - layout_columns(text) - 8) / 2;
    layout_fill(out, ' ', DRAWING_INDENT);
    fputc(':', out);
    layout_fill(out, ' ', left);
    fprintf(out, "... %s ...", text);
    layout_fill(out, ' ', DRAWING_SPAN - left - layout_columns(text) - 8);
    fputs(":\n", out);
}

static void drawing_line(FILE *out, const char *line)
{
    bool state = line[0] && line[1] == ':';
    const char *text = line + (state ? 3 : 2);
    if (*line == '>' || *line == '<')
        arrow(out, text, *line == '>');
    else if (*line == '.')
        drawing_pause(out, text);
    else
        note(out, text, *line == 's', state);
}

void drawing_page(FILE *out, const json_t *lines)
{
    size_t i;
    json_t *line;
    if (!json_array_size(lines))
        return;
    page_title(out, "Segment by segment, as it is by default");
    layout_fill(out, ' ', DRAWING_INDENT);
    fprintf(out, "client%*s\n", DRAWING_SPAN - 4, "server");
    json_array_foreach((json_t *)lines, i, line)
    {
        drawing_line(out, json_string_value(line));
    }
}
