#include "bench/report/load.h"
#include "bench/report/layout.h"
#include "bench/report/text.h"
#include "common/metric/thresholds.h"
#include "common/report/page.h"
#include "common/report/terminal.h"
#include "common/text/human.h"

#include <string.h>

#define METRIC_WIDTH 34
#define VALUE_WIDTH  14

static const char *string(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

const char *load_value_text(const char *unit, const json_t *value, char text[static LOAD_VALUE_MAX])
{
    struct metric m = {.unit = METRIC_COUNT};
    if (!json_is_number(value))
        return strcpy(text, "-");
    m.unit = !strcmp(unit, "us")      ? METRIC_US
             : !strcmp(unit, "s")     ? METRIC_S
             : !strcmp(unit, "bytes") ? METRIC_BYTES
                                      : METRIC_COUNT;
    return metric_text(&m, json_number_value(value), text);
}

static void put_metric(FILE *out, const json_t *metric)
{
    const char *unit = string(metric, "unit");
    const json_t *interval = json_object_get(metric, "interval");
    char median[LOAD_VALUE_MAX], low[LOAD_VALUE_MAX], high[LOAD_VALUE_MAX];
    int column = fprintf(out, "  %-*s", METRIC_WIDTH, string(metric, "metric"));
    if (column > METRIC_WIDTH + 2)
        fprintf(out, "\n  %-*s", METRIC_WIDTH, "");
    fprintf(out, "%*s", VALUE_WIDTH,
            load_value_text(unit, json_object_get(metric, "median"), median));
    if (json_is_array(interval))
        fprintf(out, "   %s to %s", load_value_text(unit, json_array_get(interval, 0), low),
                load_value_text(unit, json_array_get(interval, 1), high));
    fputc('\n', out);
}

/* Each kind of mark once, with how many rounds have it and one of its sentences. */
void load_marks_text(FILE *out, const json_t *rounds, const json_t *document)
{
    json_t *seen = json_object(), *round, *mark, *entry;
    size_t i, j, n = json_array_size(rounds),
                 left_out = (size_t)page_integer(document, "left_out", NULL);
    size_t marked = 0;
    const char *key;
    json_array_foreach(rounds, i, round)
    {
        const json_t *marks = json_object_get(round, "marks");
        marked += json_array_size(marks) > 0;
        json_array_foreach(marks, j, mark)
        {
            char name[64];
            snprintf(name, sizeof(name), "%s: %s", string(mark, "who"), string(mark, "what"));
            entry = json_object_get(seen, name);
            if (!entry) {
                entry = json_pack("{s:i, s:s}", "n", 0, "sentence", string(mark, "sentence"));
                json_object_set_new(seen, name, entry);
            }
            json_object_set_new(entry, "n",
                                json_integer(json_integer_value(json_object_get(entry, "n")) + 1));
        }
    }
    if (marked) {
        page_title(out, "What was a limit, and is not the server");
        if (left_out)
            page_text(out,
                      "In %zu of %zu rounds something else than the server was the limit. "
                      "These rounds are not in the figures.",
                      marked, n);
        else
            page_text(out,
                      "In %zu of %zu rounds something else than the server was the limit. Too "
                      "few are without: the figures are of all rounds, and not the server's "
                      "alone.",
                      marked, n);
        json_object_foreach(seen, key, entry)
        {
            char label[96];
            snprintf(label, sizeof(label), "%s, in %lld of %zu", key,
                     (long long)json_integer_value(json_object_get(entry, "n")), n);
            fprintf(out, "  %s\n    ", label);
            layout_words(out, string(entry, "sentence"), 4, 4);
        }
    }
    json_decref(seen);
}

/* The sum of a row over all rounds. */
static int64_t sum(const json_t *rounds, const char *row)
{
    size_t i;
    json_t *round;
    int64_t n = 0;
    json_array_foreach((json_t *)(uintptr_t)rounds, i, round) n += json_integer_value(
        json_object_get(json_object_get(json_object_get(round, "client"), "connections"), row));
    return n;
}

/* Their time until the end stands in the latencies (flow_count_unanswered()). */
static void unanswered(FILE *out, const json_t *rounds)
{
    char text[HUMAN_MAX];
    size_t i;
    json_t *round;
    int64_t n = 0;
    json_array_foreach((json_t *)(uintptr_t)rounds, i, round) n += json_integer_value(
        json_object_get(json_object_get(round, "client"), "unanswered_requests"));
    if (n)
        page_text(out,
                  "%s request%s had no reply when a round ended: %s stands in the latencies with "
                  "the time until then.",
                  human_count(n, text), n == 1 ? "" : "s", n == 1 ? "it" : "each");
}

/* The rates leave out what failed: how many did, and how. */
static void put_outcomes(FILE *out, const json_t *rounds)
{
    static const struct {
        const char *row, *words;
    } rows[] = {{"refused", "refused"},         {"reset", "reset"},
                {"timed_out", "timed out"},     {"unreachable", "unreachable"},
                {"no_port", "without a port"},  {"no_fd", "without a descriptor"},
                {"pending", "still connecting"}};
    char all[HUMAN_MAX], some[HUMAN_MAX], failed[256] = "";
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        int64_t n = sum(rounds, rows[i].row);
        size_t used = strlen(failed);
        if (n)
            snprintf(failed + used, sizeof(failed) - used, ", %s %s", human_count(n, some),
                     rows[i].words);
    }
    if (*failed)
        page_text(out, "Of %s connections that the rounds attempted, %s were established%s.",
                  human_count(sum(rounds, "attempted"), all),
                  human_count(sum(rounds, "established"), some), failed);
    unanswered(out, rounds);
}

void load_text(FILE *out, const json_t *document)
{
    const json_t *load = json_object_get(document, "load"),
                 *rounds = json_object_get(document, "rounds");
    size_t i, n = json_array_size(rounds);
    double warm_up_us = json_number_value(json_object_get(load, "warm_up_us"));
    char text[HUMAN_MAX];
    json_t *metric;
    report_head_text(out, document);
    page_title(out, "The load");
    if (*string(load, "server"))
        layout_command(out, "$", string(load, "server"));
    layout_command(out, "$", string(load, "client"));
    if (*string(load, "lab"))
        page_text(out, "%s", string(load, "lab"));
    if (warm_up_us > 0)
        page_text(out,
                  "The client does not count the first %s of each round; figures of the server "
                  "count from its start.",
                  human_us(warm_up_us, text));
    page_title(out, "%zu round%s: median, and its 95 %% interval", n, n == 1 ? "" : "s");
    if (!n)
        page_text(out, "No round has ended.");
    json_array_foreach(json_object_get(document, "metrics"), i, metric) put_metric(out, metric);
    if (n && n < 6)
        page_text(out, "An interval needs 6 rounds: --rounds 6 or more.");
    put_outcomes(out, rounds);
    load_marks_text(out, rounds, document);
    thresholds_text(out, json_object_get(document, "thresholds"));
}
