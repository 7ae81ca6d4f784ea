/* Prediction beside observation, as a table: checks that rest upon the same rule together, the rule below them. */
#pragma once

#include <jansson.h>
#include <stdio.h>

/* Nothing where there are no checks. */
void checks_page(FILE *out, const json_t *checks);
