/* The timeline as a picture: a row a state, a column a moment; below it the accept queue as a bar
 * chart. */
#pragma once

#include <jansson.h>
#include <stdio.h>

/* Of a document's "timeline". Where it has more moments than a page has columns, those that stand
 * longest are shown, and it says so. Nothing where there is no timeline. */
void states_page(FILE *out, const json_t *timeline);
