/* The text reports of tcplab-bench load and compare, each out of its document alone. */
#pragma once

#include <jansson.h>
#include <stdio.h>

void load_text(FILE *out, const json_t *document);
void compare_text(FILE *out, const json_t *document);

/* Parts that other reports use, too. */

/* What limited the rounds, and how many do not count. */
void load_marks_text(FILE *out, const json_t *rounds, const json_t *document);

/* A value in the unit of the document ("us", "s", "bytes", "count"). */
#define LOAD_VALUE_MAX 40
const char *load_value_text(const char *unit, const json_t *value,
                            char text[static LOAD_VALUE_MAX]);
