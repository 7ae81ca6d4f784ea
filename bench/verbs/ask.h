/* run --ask: what the user predicts, before the run. Questions go to stderr, answers come from
 * stdin. */
#pragma once

#include "bench/trial/experiment.h"

#include <jansson.h>

/* Shows the question and the set-up, and asks about each headline check (report/checks.h): a
 * number, the name of an error, or an empty line. *ret: {"name of a check": number or null}, a new
 * reference. */
void ask_predictions(const struct experiment *e, const struct knobs *k, json_t **ret);

/* Adds "you" to the checks of a run's document that were asked about. */
void ask_note(json_t *run, const json_t *predictions);
