#include "bench/report/conclusion.h"
#include "bench/report/expected.h"
#include "bench/report/layout.h"

#include <stdbool.h>
#include <string.h>

#define CONCLUSION_NAMED 6 /* checks in a list */

const char *conclusion_verdict(const json_t *run)
{
    const char *verdict = json_string_value(json_object_get(run, "verdict"));
    return verdict ? verdict : "inconclusive";
}

static enum terminal_style style(const char *verdict)
{
    return !strcmp(verdict, "agree")    ? TERMINAL_GOOD
           : !strcmp(verdict, "differ") ? TERMINAL_BAD
                                        : TERMINAL_BOLD;
}

void conclusion_word(FILE *out, const char *verdict)
{
    fprintf(out, "%s%s%s", terminal_style(out, style(verdict)), verdict,
            terminal_style(out, TERMINAL_PLAIN));
}

size_t conclusion_checks(const json_t *run, const char *verdict)
{
    size_t i, n = 0;
    json_t *check;
    json_array_foreach(json_object_get(run, "checks"), i, check)
    {
        n += !verdict || !strcmp(conclusion_verdict(check), verdict);
    }
    return n;
}

/* "as the rule says, 6 of 6 checks"; nothing where none was made. */
static void count(FILE *out, const json_t *run)
{
    size_t all = conclusion_checks(run, NULL), differ = conclusion_checks(run, "differ"),
           agree = conclusion_checks(run, "agree");
    if (differ)
        fprintf(out, "not as the rule says, %zu of %zu checks", differ, all);
    else if (agree < all)
        fprintf(out, "%zu of %zu checks could not be observed", all - agree, all);
    else if (all)
        fprintf(out, "as the rule says, %zu of %zu checks", agree, all);
}

static void conclusion_write(FILE *out, const json_t *run)
{
    const char *reason = json_string_value(json_object_get(run, "reason"));
    bool checked = conclusion_checks(run, NULL);
    count(out, run);
    if (reason && !conclusion_checks(run, "differ")) /* those are listed one by one */
        fprintf(out, "%s%s", checked ? ". " : "", reason);
    else if (!checked)
        fputs("nothing was checked", out);
}

char *conclusion_sentence(const json_t *run)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return NULL;
    conclusion_write(out, run);
    fclose(out);
    return text;
}

static void item(FILE *out, const json_t *check, int indent)
{
    const char *name = json_string_value(json_object_get(check, "name"));
    struct expected e = expected_of(check);
    char text[4 * EXPECTED_MAX];
    snprintf(text, sizeof(text), "%.80s: rule %s, observed %s", name ? name : "unnamed",
             e.predicted, e.observed);
    layout_fill(out, ' ', indent);
    layout_words(out, text, indent + 2, indent);
}

void conclusion_list(FILE *out, const json_t *run, int indent)
{
    size_t i, named = 0;
    json_t *check;
    json_array_foreach(json_object_get(run, "checks"), i, check)
    {
        if (!strcmp(conclusion_verdict(check), "differ") && named++ < CONCLUSION_NAMED)
            item(out, check, indent);
    }
    if (named > CONCLUSION_NAMED)
        fprintf(out, "%*s... and %zu more\n", indent, "", named - CONCLUSION_NAMED);
}
