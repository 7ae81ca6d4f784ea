#include "bench/report/checks.h"
#include "bench/report/conclusion.h"
#include "bench/report/expected.h"
#include "bench/report/layout.h"
#include "common/report/page.h"
#include "common/report/terminal.h"

#include <stdbool.h>
#include <string.h>

#define CHECKS_OBSERVED  (page_width() - 20) /* columns where these end */
#define CHECKS_PREDICTED (CHECKS_OBSERVED - 11)
#define CHECKS_RULE      6

#define CHECKS_YOU_OBSERVED (page_width() - 2) /* columns where these end */
#define CHECKS_YOU_RULE     (CHECKS_YOU_OBSERVED - 12)
#define CHECKS_YOU          (CHECKS_YOU_RULE - 22)

static const char *checks_text(const json_t *check, const char *key)
{
    const char *text = json_string_value(json_object_get(check, key));
    return text ? text : "";
}

static bool same_rule(const json_t *a, const json_t *b)
{
    return !strcmp(checks_text(a, "rule"), checks_text(b, "rule")) &&
           !strcmp(checks_text(a, "source"), checks_text(b, "source"));
}

/* Right-aligned at `end`, at least two spaces after what stands there; returns the column. */
static int cell(FILE *out, const char *text, int column, int end)
{
    int width = layout_columns(text), gap = end - width - column;
    layout_fill(out, ' ', gap < 2 ? 2 : gap);
    fputs(text, out);
    return column + (gap < 2 ? 2 : gap) + width;
}

/* What is outside says how far, where there is room. */
static void checks_verdict(FILE *out, const json_t *check, const struct expected *e, int column)
{
    const char *verdict = conclusion_verdict(check);
    bool far = e->distance[0] && column + 11 + (int)strlen(e->distance) <= page_width();
    fputs("  ", out);
    conclusion_word(out, verdict);
    if (far)
        fprintf(out, " (%s)", e->distance);
    fputc('\n', out);
}

static void row(FILE *out, const json_t *check)
{
    struct expected e = expected_of(check);
    int column = fprintf(out, "  %s", checks_text(check, "name"));
    /* a long name has a line of its own */
    if (column + 2 + layout_columns(e.predicted) > CHECKS_PREDICTED) {
        fputc('\n', out);
        column = 0;
    }
    column = cell(out, e.predicted, column, CHECKS_PREDICTED);
    column = cell(out, e.observed, column, CHECKS_OBSERVED);
    checks_verdict(out, check, &e, column);
}

static void checks_rule(FILE *out, const json_t *check)
{
    const char *rule = checks_text(check, "rule"), *source = checks_text(check, "source");
    if (*rule) {
        layout_fill(out, ' ', CHECKS_RULE);
        layout_words(out, rule, CHECKS_RULE, CHECKS_RULE);
    }
    if (!*source)
        return;
    fprintf(out, "%*s%s", CHECKS_RULE, "", terminal_style(out, TERMINAL_DIM));
    layout_words(out, source, CHECKS_RULE, CHECKS_RULE);
    fputs(terminal_style(out, TERMINAL_PLAIN), out);
}

static bool rule_is_new(const json_t *checks, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (same_rule(json_array_get(checks, i), json_array_get(checks, index)))
            return false;
    return true;
}

static void group(FILE *out, const json_t *checks, const json_t *first)
{
    size_t i;
    json_t *check;
    json_array_foreach((json_t *)checks, i, check)
    {
        if (same_rule(check, first))
            row(out, check);
    }
    checks_rule(out, first);
}

void checks_page(FILE *out, const json_t *checks)
{
    size_t i;
    json_t *check;
    if (!json_array_size(checks))
        return;
    page_title(out, "The rule and what was observed");
    fprintf(out, "%*s%*s\n", CHECKS_PREDICTED, "rule", CHECKS_OBSERVED - CHECKS_PREDICTED,
            "observed");
    json_array_foreach((json_t *)checks, i, check)
    {
        if (!rule_is_new(checks, i))
            continue;
        if (i)
            fputc('\n', out);
        group(out, checks, check);
    }
}

/* Its unit does not stand beside the number already (see expected_of()). */
static bool is_counted(const json_t *check)
{
    static const char *const others[] = {"s", "ms", "us", "errno", ""};
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
        if (!strcmp(checks_text(check, "unit"), others[i]))
            return false;
    return true;
}

void checks_observed(FILE *out, const json_t *checks)
{
    size_t i;
    json_t *check;
    if (!json_array_size(checks))
        return;
    page_title(out, "What was observed");
    json_array_foreach((json_t *)checks, i, check)
    {
        struct expected e = expected_of(check);
        int column = fprintf(out, "  %s", checks_text(check, "name"));
        cell(out, e.observed, column, CHECKS_OBSERVED);
        fprintf(out, "%s%s\n", is_counted(check) ? "  " : "",
                is_counted(check) ? checks_text(check, "unit") : "");
    }
}

/* --- what the user predicted --- */

bool checks_is_headline(const char *name, double lo, double hi)
{
    return !strstr(name, ".Tcp") && !strstr(name, ".Ip") && (lo != 0 || hi != 0);
}

static void you_row(FILE *out, const json_t *check)
{
    struct expected e = expected_of(check);
    char you[32];
    const json_t *value = json_object_get(check, "you");
    if (json_is_number(value))
        snprintf(you, sizeof(you), "%g", json_number_value(value));
    else
        strcpy(you, "-");
    int column = fprintf(out, "  %s", checks_text(check, "name"));
    if (column + 2 + (int)strlen(you) > CHECKS_YOU) {
        fputc('\n', out);
        column = 0;
    }
    column = cell(out, you, column, CHECKS_YOU);
    column = cell(out, e.predicted, column, CHECKS_YOU_RULE);
    cell(out, e.observed, column, CHECKS_YOU_OBSERVED);
    fputc('\n', out);
}

void checks_you(FILE *out, const json_t *checks)
{
    size_t i;
    json_t *check;
    bool begun = false;
    json_array_foreach((json_t *)checks, i, check)
    {
        if (!json_object_get(check, "you"))
            continue;
        if (!begun) {
            page_title(out, "Your prediction");
            fprintf(out, "%*s%*s%*s\n", CHECKS_YOU, "you", CHECKS_YOU_RULE - CHECKS_YOU, "rule",
                    CHECKS_YOU_OBSERVED - CHECKS_YOU_RULE, "observed");
        }
        begun = true;
        you_row(out, check);
    }
}
