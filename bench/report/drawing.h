/* The segments of an experiment as they are expected, before anything has run: its `drawing`
 * (trial/experiment.h). */
#pragma once

#include <stdbool.h>
#include <stdio.h>

void drawing_page(FILE *out, const char *const *lines); /* NULL-terminated, or NULL: nothing */
