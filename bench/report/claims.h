/* The verdicts on claims, as text: out of the document of tcplab-bench claims run alone. */
#pragma once

#include <jansson.h>
#include <stdio.h>

void claims_text(FILE *out, const json_t *document);
