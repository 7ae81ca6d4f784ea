#include "bench/report/layout.h"
#include "bench/report/load.h"
#include "bench/report/text.h"
#include "common/metric/thresholds.h"
#include "common/report/page.h"
#include "common/report/terminal.h"

#include <math.h>
#include <string.h>

#define COMPARE_VALUE 14

static const char *string(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static double number(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static double end(const json_t *object, const char *key, size_t i)
{
    const json_t *value = json_array_get(json_object_get(object, key), i);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static void put_list(FILE *out, const char *label, const json_t *list)
{
    size_t i;
    json_t *one;
    json_array_foreach(list, i, one) layout_labelled(out, i ? "" : label, json_string_value(one));
    if (!json_array_size(list))
        layout_labelled(out, label, "nothing that is known");
}

static enum terminal_style style(const char *verdict)
{
    return !strcmp(verdict, "faster")                                ? TERMINAL_GOOD
           : !strcmp(verdict, "slower")                              ? TERMINAL_BAD
           : !strcmp(verdict, "higher") || !strcmp(verdict, "lower") ? TERMINAL_BOLD
                                                                     : TERMINAL_PLAIN;
}

/* By how many percent a ratio is away from 1. */
static double percent(double ratio)
{
    return fabs(ratio - 1) * 100;
}

static void put_decided(FILE *out, const json_t *metric, const char *verdict)
{
    double low = end(metric, "ratio_interval", 0), high = end(metric, "ratio_interval", 1);
    fprintf(out, "B is %s%s%s", terminal_style(out, style(verdict)), verdict,
            terminal_style(out, TERMINAL_PLAIN));
    if (!isnan(low)) {
        double a = percent(low), b = percent(high);
        fprintf(out, " by %.1f %% (%.1f to %.1f %%)", percent(number(metric, "ratio")), fmin(a, b),
                fmax(a, b));
    }
    fputc('\n', out);
}

static void put_verdict(FILE *out, const json_t *metric, double practical)
{
    const char *verdict = string(metric, "verdict");
    int64_t needed = page_integer(metric, "rounds_needed", NULL);
    fputs("    ", out);
    if (!strcmp(verdict, "equal"))
        fprintf(out, "equal, within %g %%\n", practical * 100);
    else if (strcmp(verdict, "undecided") != 0)
        put_decided(out, metric, verdict);
    else if (!json_array_size(json_object_get(json_object_get(metric, "a"), "values")))
        fputs("no round has it\n", out);
    else if (needed)
        fprintf(out, "not decided; about %lld rounds of each would decide\n", (long long)needed);
    else
        fputs("not decided; 1000 rounds of each would not decide either\n", out);
}

static void put_metric(FILE *out, const json_t *metric, double practical)
{
    const char *unit = string(metric, "unit");
    const json_t *a = json_object_get(metric, "a"), *b = json_object_get(metric, "b"),
                 *control = json_object_get(metric, "control");
    char median_a[LOAD_VALUE_MAX], median_b[LOAD_VALUE_MAX];
    double ratio = number(metric, "ratio"), low = end(metric, "ratio_interval", 0);
    fprintf(out, "  %s%s%s\n", terminal_style(out, TERMINAL_BOLD), string(metric, "metric"),
            terminal_style(out, TERMINAL_PLAIN));
    fprintf(out, "    A %s   B %s", load_value_text(unit, json_object_get(a, "median"), median_a),
            load_value_text(unit, json_object_get(b, "median"), median_b));
    if (!isnan(ratio))
        fprintf(out, "   B/A %.3f", ratio);
    if (!isnan(low))
        fprintf(out, " (%.3f to %.3f)", low, end(metric, "ratio_interval", 1));
    if (!isnan(end(control, "ratio_interval", 0)))
        fprintf(out, "   A/A %.3f (%.3f to %.3f)", number(control, "ratio"),
                end(control, "ratio_interval", 0), end(control, "ratio_interval", 1));
    fputc('\n', out);
    put_verdict(out, metric, practical);
}

static void put_arm(FILE *out, const char *name, const json_t *arm)
{
    fprintf(out, "  %s\n", name);
    if (*string(arm, "server"))
        layout_command(out, "  $", string(arm, "server"));
    layout_command(out, "  $", string(arm, "client"));
    if (*string(arm, "lab"))
        fprintf(out, "    %s\n", string(arm, "lab"));
}

void compare_text(FILE *out, const json_t *document)
{
    const json_t *rounds = json_object_get(document, "rounds"),
                 *differs = json_object_get(document, "differs");
    bool interleaved = json_is_true(json_object_get(document, "interleaved"));
    size_t i, n = json_array_size(rounds);
    json_t *metric;
    report_head_text(out, document);
    page_title(out, "The loads");
    put_arm(out, "A", json_object_get(document, "a"));
    put_arm(out, "B", json_object_get(document, "b"));
    page_title(out, "What differs: A and B");
    if (json_array_size(json_object_get(differs, "asked")))
        put_list(out, "asked", json_object_get(differs, "asked"));
    put_list(out, "besides", json_object_get(differs, "besides"));
    page_title(out, "%zu rounds: medians, the ratio, and its 95 %% interval", n);
    if (!interleaved)
        page_text(out, "The two were measured one after the other: what changed on the machine "
                       "in between is in the ratio.");
    json_array_foreach(json_object_get(document, "metrics"), i, metric)
        put_metric(out, metric, number(document, "practical"));
    if (interleaved)
        page_text(out, "A/A is the second round of A in a block, to the first one: the noise of "
                       "this machine.");
    load_marks_text(out, rounds, document);
    thresholds_text(out, json_object_get(document, "thresholds"));
}
