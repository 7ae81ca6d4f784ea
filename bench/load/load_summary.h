/* What several rounds of a load say together. */
#pragma once

#include "bench/load/load_round.h"

/* Of the rounds that count: [{"metric", "unit": "count"|"us"|"s"|"bytes", "median": number or null,
 * "interval": [low, high] or null (95 %), "values"}], for each metric of the spec. New
 * reference. */
json_t *load_summary_metrics(const struct load_spec *s, const json_t *rounds);

/* --fail-if of the spec, of the medians of these rounds: as threshold_judge(). New reference. */
json_t *load_summary_thresholds(const struct load_spec *s, const json_t *rounds, size_t *failed);

/* The median of a metric; false: no round has it. A threshold_value() of rounds. */
bool load_summary_median(const void *rounds, const char *metric, double *ret);
