/* Prints the verdicts on claims as text, only from the document of tcplab-bench claims run. */
#pragma once

#include <jansson.h>
#include <stdio.h>

void claims_text(FILE *out, const json_t *document);
