/* Tables of checks: the rule's prediction beside the observation. Each function prints nothing if
 * there is nothing to show. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* Prints the checks grouped by rule, with the rule below each group. */
void checks_page(FILE *out, const json_t *checks);

/* Prints what was observed, without rules and predictions. */
void checks_observed(FILE *out, const json_t *checks);

/* Prints the user's prediction ("you" of a check), the rule's and the observation beside each
 * other. */
void checks_you(FILE *out, const json_t *checks);

/* Whether run --ask asks about a check of that name with the prediction lo to hi. It does not ask
 * about counters, nor about a prediction of 0, which says only that nothing else happens. */
bool checks_is_headline(const char *name, double lo, double hi);
