/* Prints the timeline as a picture: a row for each state, a column for each moment, and below it
 * the accept queue as a bar chart. */
#pragma once

#include <jansson.h>
#include <stdio.h>

/* Prints the timeline of a document. If it has more moments than the page has columns, prints the
 * longest moments, and says so. Prints nothing if there is no timeline. */
void states_page(FILE *out, const json_t *timeline);
