/* Prints the set-up of a run: a drawing of the two hosts and the wire or loopback, knobs, sysctls,
 * commands. */
#pragma once

#include <jansson.h>
#include <stdio.h>

/* Prints the set-up of a run, without the parts that its document does not have. */
void setup_page(FILE *out, const json_t *run);

/* Returns "backlog 4, delay_us 50000 (50.00 ms), link wire", with the names of the document. only:
 * an object; takes only the knobs that it has, too; NULL: all. The caller frees it. NULL without
 * memory. */
char *setup_knobs(const json_t *knobs, const json_t *only);
