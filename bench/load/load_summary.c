#include "bench/load/load_summary.h"
#include "bench/statistics/statistics.h"
#include "common/report/document.h"

#include <math.h>
#include <stdlib.h>

static json_t *interval_json(struct statistics_interval i)
{
    return isnan(i.low) ? json_null()
                        : json_pack("[o, o]", document_real(i.low), document_real(i.high));
}

json_t *load_summary_metrics(const struct load_spec *s, const json_t *rounds)
{
    json_t *list = json_array();
    for (size_t i = 0; i < s->n_metrics; i++) {
        struct metric m = {.unit = METRIC_COUNT};
        char *message = NULL;
        double *values;
        size_t n = load_values(rounds, s->metric[i], &values);
        json_t *all = json_array();
        if (metric_find(s->metric[i], s->programs, &m, &message))
            free(message);
        for (size_t j = 0; j < n; j++)
            json_array_append_new(all, document_real(values[j]));
        json_array_append_new(
            list, json_pack("{s:s, s:s, s:o, s:o, s:o}", "metric", s->metric[i], "unit",
                            metric_unit_names[m.unit], "median",
                            document_real(statistics_median(values, n)), "interval",
                            interval_json(statistics_median_interval(values, n)), "values", all));
        free(values);
    }
    return list;
}

bool load_summary_median(const void *rounds, const char *metric, double *ret)
{
    double *values;
    size_t n = load_values(rounds, metric, &values);
    *ret = statistics_median(values, n);
    free(values);
    return n > 0;
}

json_t *load_summary_thresholds(const struct load_spec *s, const json_t *rounds, size_t *failed)
{
    return threshold_judge(s->fail_if.text, s->fail_if.n, metric_kind_of(s->programs),
                           load_summary_median, rounds, failed);
}
