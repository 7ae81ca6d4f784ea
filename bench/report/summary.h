/* Many runs in one table. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Prints a row for each experiment and set of knobs, the totals, and what was not as predicted. */
void summary_page(FILE *out, const json_t *runs);

/* Whether two runs are of the same experiment with the same knobs. */
bool summary_same(const json_t *a, const json_t *b);
