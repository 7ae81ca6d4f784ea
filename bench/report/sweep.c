#include "bench/report/sweep.h"
#include "bench/report/layout.h"
#include "bench/report/load.h"
#include "bench/report/text.h"
#include "common/metric/thresholds.h"
#include "common/report/page.h"

#include <string.h>

#define AT_WIDTH    14
#define VALUE_WIDTH 14
#define BAR         40

static const char *string(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static const json_t *median(const json_t *point, size_t metric)
{
    return json_object_get(json_array_get(json_object_get(point, "metrics"), metric), "median");
}

/* The point with these values of the keys; they stand in the order of the values. */
static const json_t *point_at(const json_t *d, size_t row, size_t column, size_t n_columns)
{
    return json_array_get(json_object_get(d, "points"), row * n_columns + column);
}

static const json_t *values_of(const json_t *d, size_t key)
{
    return json_object_get(json_array_get(json_object_get(d, "vary"), key), "values");
}

static void percent(FILE *out, const json_t *point)
{
    const json_t *seen = json_object_get(point, "drops_percent"),
                 *predicted = json_object_get(point, "predicted_drops_percent");
    char text[64] = "-";
    if (json_is_number(seen))
        snprintf(text, sizeof(text), "%.3g %%", json_number_value(seen));
    fprintf(out, "%*s", VALUE_WIDTH, text);
    if (json_is_array(predicted)) {
        snprintf(text, sizeof(text), "%.2g to %.2g %%",
                 json_number_value(json_array_get(predicted, 0)),
                 json_number_value(json_array_get(predicted, 1)));
        fprintf(out, "  %s", text);
    }
}

/* One key: a table of the drops, then a curve of bars for each metric. */
static void curves(FILE *out, const json_t *d)
{
    const json_t *values = values_of(d, 0), *value,
                 *first = json_object_get(point_at(d, 0, 0, 1), "metrics");
    size_t n = json_array_size(values);
    page_title(out, "Drops, of the connections");
    fprintf(out, "  %-*s%*s  predicted\n", AT_WIDTH,
            string(json_array_get(json_object_get(d, "vary"), 0), "key"), VALUE_WIDTH, "seen");
    for (size_t i = 0; i < n; i++) {
        fprintf(out, "  %-*s", AT_WIDTH, json_string_value(json_array_get(values, i)));
        percent(out, point_at(d, i, 0, 1));
        fputc('\n', out);
    }
    for (size_t m = 0; m < json_array_size(first); m++) {
        const json_t *metric = json_array_get(first, m);
        double most = 0;
        for (size_t i = 0; i < n; i++) {
            double one = json_number_value(median(point_at(d, i, 0, 1), m));
            most = one > most ? one : most;
        }
        if (most <= 0)
            continue;
        page_title(out, "%s", string(metric, "metric"));
        for (size_t i = 0; i < n; i++) {
            char text[LOAD_VALUE_MAX];
            value = median(point_at(d, i, 0, 1), m);
            fprintf(out, "  %-*s%*s  ", AT_WIDTH, json_string_value(json_array_get(values, i)),
                    VALUE_WIDTH, load_value_text(string(metric, "unit"), value, text));
            layout_fill(out, '#', (int)(json_number_value(value) / most * BAR + 0.5));
            fputc('\n', out);
        }
    }
}

/* Two keys: of each metric a map, darker where it is larger. */
static void maps(FILE *out, const json_t *d)
{
    static const char shades[] = " .:-=+*#%@";
    const json_t *rows = values_of(d, 0), *columns = values_of(d, 1),
                 *first = json_object_get(point_at(d, 0, 0, 1), "metrics");
    size_t n = json_array_size(rows), wide = json_array_size(columns);
    for (size_t m = 0; m < json_array_size(first); m++) {
        const json_t *metric = json_array_get(first, m);
        double most = 0;
        for (size_t i = 0; i < n * wide; i++) {
            double one = json_number_value(median(point_at(d, 0, i, wide), m));
            most = one > most ? one : most;
        }
        if (most <= 0)
            continue;
        page_title(out, "%s", string(metric, "metric"));
        fprintf(out, "  %s down, %s across\n",
                string(json_array_get(json_object_get(d, "vary"), 0), "key"),
                string(json_array_get(json_object_get(d, "vary"), 1), "key"));
        fprintf(out, "  %-*s", AT_WIDTH, "");
        for (size_t j = 0; j < wide; j++)
            fprintf(out, "%*s   ", VALUE_WIDTH - 3, json_string_value(json_array_get(columns, j)));
        fputc('\n', out);
        for (size_t i = 0; i < n; i++) {
            fprintf(out, "  %-*s", AT_WIDTH, json_string_value(json_array_get(rows, i)));
            for (size_t j = 0; j < wide; j++) {
                const json_t *value = median(point_at(d, i, j, wide), m);
                char text[LOAD_VALUE_MAX];
                int shade = (int)(json_number_value(value) / most * 9 + 0.5);
                fprintf(out, "%*s %c ", VALUE_WIDTH - 3,
                        load_value_text(string(metric, "unit"), value, text), shades[shade]);
            }
            fputc('\n', out);
        }
    }
}

void sweep_text(FILE *out, const json_t *d)
{
    const json_t *load = json_object_get(d, "load"), *runs = json_object_get(d, "runs");
    json_t *rounds = json_array(), *run, *point;
    size_t i;
    long long done = (long long)json_array_size(runs);
    report_head_text(out, d);
    page_title(out, "The load, at the first point");
    if (*string(load, "server"))
        layout_command(out, "$", string(load, "server"));
    layout_command(out, "$", string(load, "client"));
    page_text(out, "%lld of %lld runs. Each figure is a median.", done,
              (long long)page_integer(d, "runs_in_all", NULL));
    if (json_array_size(json_object_get(d, "vary")) == 2)
        maps(out, d);
    else
        curves(out, d);
    json_array_foreach(runs, i, run)
    {
        json_array_append(rounds, json_object_get(run, "round"));
    }
    load_marks_text(out, rounds, d);
    json_array_foreach(json_object_get(d, "points"), i, point)
    {
        thresholds_text(out, json_object_get(point, "thresholds"));
    }
    json_decref(rounds);
}
