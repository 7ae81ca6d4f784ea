/* The parts of a text report: titles, aligned rows, wrapped paragraphs, tables out of JSON
 * objects. */
#pragma once

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

#define PAGE_WIDTH_MIN 60
#define PAGE_WIDTH_MAX 120

/* Columns of a line: 80, until page_set_width() says otherwise. */
int page_width(void);

/* columns: of the terminal that the report goes to, limited to PAGE_WIDTH_MIN and PAGE_WIDTH_MAX;
 * 0: no terminal, 80. */
void page_set_width(int columns);

void page_title(FILE *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* "  label                  value  note"; note may be NULL. A long note goes on below itself. */
void page_row(FILE *out, const char *label, const char *value, const char *note);
void page_count(FILE *out, const char *label, int64_t count, const char *note);

/* A paragraph, wrapped at page_width() and indented by two. */
void page_text(FILE *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The command that shows the same by hand. */
void page_by_hand(FILE *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* One row a member of {"name": count}, at most `most`; what is left out is said. note(name) may be
 * NULL. */
void page_counts(FILE *out, const json_t *object, size_t most,
                 const char *(*note)(const char *name));

/* The integer at a path of keys in a document ("listener", "queue_peak", NULL); 0 where there is
 * none. */
int64_t page_integer(const json_t *document, const char *key, ...) __attribute__((sentinel));
