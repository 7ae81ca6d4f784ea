/* --fail-if of a program: read before it runs, judged by its report, and printed with it. */
#pragma once

#include "common/metric/metric.h"
#include "common/options/options.h"

#include <stdio.h>

/* Reads all texts. Returns 0; or -errno and a sentence that begins with "--fail-if" (caller
 * frees). */
int thresholds_check(const struct option_texts *texts, struct metric_kind kind, char **ret_message);

/* Judges the report of the only program by the texts and adds "thresholds" to it, as
 * threshold_judge() returns them; adds nothing if there are no texts. Returns how many hold. */
size_t thresholds_add(const struct option_texts *texts, const char *program, json_t *report);

/* Prints "thresholds" of a document under a title; prints nothing if there are none. */
void thresholds_text(FILE *out, const json_t *thresholds);
