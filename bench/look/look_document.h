/* The document of tcplab-look ("tcplab.look/1"), and what is made from it. */
#pragma once

#include "bench/look/gather.h"

#include <jansson.h>
#include <stdio.h>

/* Adds "listeners", "findings", "states", "counters" and "cost" of a window. Listeners with
 * problems come first. */
void look_document_add(json_t *document, const struct gather *g);

/* Sorts listeners and findings: the most harmful first. */
void look_document_sort(json_t *document);

/* Prints the text report, only from the document. */
void look_text(FILE *out, const json_t *document);

/* Prints OpenMetrics text, for node_exporter's textfile collector. */
void look_metrics(FILE *out, const void *document);
