/* The text report of tcplab-bench knee, out of its document alone. */
#pragma once

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Before it begins: how many trials there will be, and how long they take. */
void knee_cost_text(FILE *out, size_t n_short, double short_s, size_t n_long, double long_s,
                    int64_t all_ns);

/* Before the first trial. */
void knee_prediction_text(FILE *out, const json_t *document);

void knee_text(FILE *out, const json_t *document);
