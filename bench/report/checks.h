/* The rule's prediction beside the observation, as tables. Each prints nothing where there is
 * nothing to show. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* Checks that rest upon the same rule together, the rule below them. */
void checks_page(FILE *out, const json_t *checks);

/* What was observed, without rules and predictions. */
void checks_observed(FILE *out, const json_t *checks);

/* What the user predicted ("you" of a check), the rule and the observation beside each other. */
void checks_you(FILE *out, const json_t *checks);

/* Whether run --ask asks about a check of that name that is predicted to be lo to hi: not about
 * counters, nor about what is predicted to be 0 (that nothing else happens is seldom the
 * question). */
bool checks_is_headline(const char *name, double lo, double hi);
