/* Prints the segments that an experiment expects, without a run: its `drawing`
 * (trial/experiment.h). */
#pragma once

#include <jansson.h>
#include <stdio.h>

/* lines: an array of strings. Prints nothing if it is NULL or empty. */
void drawing_page(FILE *out, const json_t *lines);
