/* The parts of a text report: titles, aligned rows, wrapped paragraphs, tables out of JSON
 * objects. */
#pragma once

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

#define PAGE_WIDTH_MIN 60
#define PAGE_WIDTH_MAX 120

/* Returns the columns of a line: 80, unless page_set_width() was called. */
int page_width(void);

/* Sets the columns of a line to those of the terminal, but at least PAGE_WIDTH_MIN and at most
 * PAGE_WIDTH_MAX. 0: there is no terminal; sets 80. */
void page_set_width(int columns);

/* The same with another minimum: for a program that draws nothing. */
void page_set_width_least(int columns, int least);

void page_title(FILE *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Prints " label value note"; note may be NULL. The next lines of a long note begin below its
 * first. */
void page_row(FILE *out, const char *label, const char *value, const char *note);
void page_count(FILE *out, const char *label, int64_t count, const char *note);

/* Prints what document_cpu() has as the row "cost"; nothing if there were no connections. */
void page_cost(FILE *out, const json_t *cpu);

/* Prints a paragraph, wrapped at page_width() and indented by two columns. */
void page_text(FILE *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Prints the command that shows the same by hand. */
void page_by_hand(FILE *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Prints one row for each member of {"name": count}, at most `most` rows, and then how many it left
 * out. note and note(name) may be NULL. */
void page_counts(FILE *out, const json_t *object, size_t most,
                 const char *(*note)(const char *name));

/* Returns the integer at a path of keys in a document ("listener", "queue_peak", NULL), or 0 if
 * there is none. */
int64_t page_integer(const json_t *document, const char *key, ...) __attribute__((sentinel));
