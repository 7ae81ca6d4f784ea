/* The text report of tcplab-bench sweep, out of its document alone. */
#pragma once

#include <jansson.h>
#include <stdio.h>

void sweep_text(FILE *out, const json_t *document);
