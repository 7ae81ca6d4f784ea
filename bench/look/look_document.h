/* The document of tcplab-look ("tcplab.look/1"), and what is written out of it. */
#pragma once

#include "bench/look/gather.h"

#include <jansson.h>
#include <stdio.h>

/* Adds "listeners", "findings", "states", "counters" and "cost" of a window. The listeners that
 * hurt come first. */
void look_document_add(json_t *document, const struct gather *g);

/* Puts listeners and findings in the order of how much they hurt. */
void look_document_sort(json_t *document);

/* The text, out of the document alone. */
void look_text(FILE *out, const json_t *document);

/* OpenMetrics text (for node_exporter's textfile collector). */
void look_metrics(FILE *out, const json_t *document);
