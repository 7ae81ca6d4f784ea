/* The segments of an experiment as they are expected, before anything has run: its `drawing`
 * (trial/experiment.h). */
#pragma once

#include <jansson.h>
#include <stdio.h>

/* lines: an array of strings; nothing for NULL or an empty one. */
void drawing_page(FILE *out, const json_t *lines);
