#include "bench/report/test_drivers.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

static const char *word(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static bool is(const json_t *object, const char *verdict)
{
    return !strcmp(word(object, "verdict"), verdict);
}

/* "4", "7.12 to 7.47"; of a time that has no end "7.12 or more". */
static void interval(const json_t *check, char text[static 80])
{
    const json_t *predicted = json_object_get(check, "predicted"),
                 *lo = json_array_get(predicted, 0), *hi = json_array_get(predicted, 1);
    if (!json_is_number(lo))
        snprintf(text, 80, "at most %.9g", json_number_value(hi));
    else if (!json_is_number(hi))
        snprintf(text, 80, "%.9g or more", json_number_value(lo));
    else if (json_equal(lo, hi))
        snprintf(text, 80, "%.9g", json_number_value(lo));
    else
        snprintf(text, 80, "%.9g to %.9g", json_number_value(lo), json_number_value(hi));
}

/* "predicted 4, observed 5 connections"; of a threshold "it is 5". */
static void difference(const json_t *check, char text[static 200])
{
    const json_t *observed = json_object_get(check, "observed");
    char predicted[80];
    if (json_object_get(check, "fail_if")) {
        snprintf(text, 200, "it is %.9g", json_number_value(json_object_get(check, "value")));
        return;
    }
    interval(check, predicted);
    if (json_is_number(observed))
        snprintf(text, 200, "predicted %s, observed %.9g %.40s", predicted,
                 json_number_value(observed), word(check, "unit"));
    else
        snprintf(text, 200, "predicted %s, not observed", predicted);
}

/* "rst-on-overflow", of a repetition "rst-on-overflow 2". */
static void name_of(const json_t *run, char text[static 100])
{
    json_int_t repetition = json_integer_value(json_object_get(run, "repetition"));
    if (repetition > 1)
        snprintf(text, 100, "%.80s %lld", word(run, "experiment"), (long long)repetition);
    else
        snprintf(text, 100, "%.80s", word(run, "experiment"));
}

/* The checks of a run, and its thresholds as checks more: {"name", "verdict", "fail_if", "value"}.
 * New reference. */
static json_t *checks_of(const json_t *run)
{
    json_t *all = json_array(), *threshold;
    size_t i;
    json_array_extend(all, json_object_get(run, "checks"));
    json_array_foreach(json_object_get(run, "thresholds"), i, threshold)
    {
        json_t *check = json_copy(threshold);
        json_object_set_new(check, "name", json_sprintf("fail-if %s", word(check, "fail_if")));
        json_object_set_new(
            check, "verdict",
            json_string(json_is_true(json_object_get(check, "failed")) ? "differ" : "agree"));
        json_array_append_new(all, check);
    }
    return all;
}

static size_t failures_of(const json_t *checks)
{
    size_t n = 0, i;
    json_t *check;
    json_array_foreach((json_t *)checks, i, check) n += !is(check, "agree");
    return n;
}

/* --- KTAP --- */

/* A description ends at a '#', and at the end of the line. */
static void put_description(FILE *out, const char *text)
{
    for (; *text; text++)
        fputc(*text == '#' || *text == '\n' || *text == '\r' ? ' ' : *text, out);
}

static void tap_check(FILE *out, const json_t *check, size_t number)
{
    char text[200];
    bool agrees = is(check, "agree");
    fprintf(out, "    %sok %zu ", agrees ? "" : "not ", number);
    put_description(out, word(check, "name"));
    fputc('\n', out);
    if (agrees)
        return;
    difference(check, text);
    fprintf(out, "    # %s: ", word(check, "name"));
    put_description(out, text);
    fputc('\n', out);
}

static void tap_run(FILE *out, const json_t *run, size_t number)
{
    json_t *checks = checks_of(run), *check;
    char name[100];
    size_t i;
    bool good = is(run, "skipped") || (is(run, "agree") && !failures_of(checks));
    name_of(run, name);
    if (json_array_size(checks)) {
        fputs("    KTAP version 1\n    # Subtest: ", out);
        put_description(out, name);
        fprintf(out, "\n    1..%zu\n", json_array_size(checks));
    }
    json_array_foreach(checks, i, check) tap_check(out, check, i + 1);
    json_decref(checks);
    fprintf(out, "%sok %zu ", good ? "" : "not ", number);
    put_description(out, name);
    if (is(run, "skipped"))
        fputs(" # SKIP ", out);
    else if (!is(run, "agree"))
        fputs("\n# ", out);
    if (!is(run, "agree"))
        put_description(out, word(run, "reason"));
    fputc('\n', out);
}

void tap_text(FILE *out, const json_t *document)
{
    const json_t *runs = json_object_get(document, "runs");
    size_t i;
    json_t *run;
    fprintf(out, "KTAP version 1\n1..%zu\n", json_array_size(runs));
    json_array_foreach((json_t *)runs, i, run) tap_run(out, run, i + 1);
}

/* --- JUnit --- */

/* Characters that XML 1.0 cannot hold are left out. */
static void put_xml(FILE *out, const char *text)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        const char *entity = c == '<'    ? "&lt;"
                             : c == '>'  ? "&gt;"
                             : c == '&'  ? "&amp;"
                             : c == '"'  ? "&quot;"
                             : c == '\n' ? "&#10;"
                                         : NULL;
        if (entity)
            fputs(entity, out);
        else if (c >= 0x20 || c == '\t')
            fputc(c, out);
    }
}

static void put_attribute(FILE *out, const char *name, const char *value)
{
    fprintf(out, " %s=\"", name);
    put_xml(out, value);
    fputc('"', out);
}

static void junit_check(FILE *out, const json_t *check, const char *run)
{
    char text[200];
    fputs("    <testcase", out);
    put_attribute(out, "classname", run);
    put_attribute(out, "name", word(check, "name"));
    if (is(check, "agree")) {
        fputs("/>\n", out);
        return;
    }
    difference(check, text);
    fputs("><failure", out);
    put_attribute(out, "message", text);
    fputc('>', out);
    put_xml(out, word(check, "rule"));
    fputs("</failure></testcase>\n", out);
}

/* A run without checks is a testcase by itself: skipped, or an error. */
static void junit_run(FILE *out, const json_t *run)
{
    json_t *checks = checks_of(run), *check;
    size_t n = json_array_size(checks), i;
    bool skipped = is(run, "skipped");
    char name[100];
    name_of(run, name);
    fputs("  <testsuite", out);
    put_attribute(out, "name", name);
    fprintf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"%d\" skipped=\"%d\" time=\"%.3f\">\n",
            n ? n : 1, failures_of(checks), !n && !skipped, !n && skipped,
            json_number_value(json_object_get(run, "elapsed_s")));
    json_array_foreach(checks, i, check) junit_check(out, check, name);
    json_decref(checks);
    if (!n) {
        fputs("    <testcase", out);
        put_attribute(out, "classname", name);
        put_attribute(out, "name", "run");
        fprintf(out, "><%s", skipped ? "skipped" : "error");
        put_attribute(out, "message", word(run, "reason"));
        fputs("/></testcase>\n", out);
    }
    fputs("  </testsuite>\n", out);
}

int junit_write(FILE *out, const json_t *document)
{
    size_t i;
    json_t *run;
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"tcplab-bench\">\n", out);
    json_array_foreach(json_object_get(document, "runs"), i, run) junit_run(out, run);
    fputs("</testsuites>\n", out);
    return fflush(out) || ferror(out) ? -EIO : 0;
}
