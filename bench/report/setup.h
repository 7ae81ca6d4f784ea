/* How a run was set up: the two hosts and what joins them as a drawing, knobs, sysctls,
 * commands. */
#pragma once

#include <jansson.h>
#include <stdio.h>

/* Of a whole run; what is missing there is left out here. */
void setup_page(FILE *out, const json_t *run);

/* "backlog 4, delay_us 50000 (50.00 ms), link wire": names as in the document. Only those that
 * `only` (an object) has, too, unless it is NULL. The caller frees it; NULL without memory. */
char *setup_knobs(const json_t *knobs, const json_t *only);
