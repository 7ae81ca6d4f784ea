/* What a person sees: messages on stderr, one progress line that is redrawn, and colour where it is
 * wanted. The programs use it; the library never does. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

enum terminal_color { TERMINAL_COLOR_AUTO, TERMINAL_COLOR_ALWAYS, TERMINAL_COLOR_NEVER };

/* NULL-terminated, in the order of the enum: for an option table. */
extern const char *const terminal_color_words[];

/* `program` stands before each message. auto: colour on a terminal, unless NO_COLOR is set and not
 * empty, or TERM is "dumb". */
void terminal_init(const char *program, enum terminal_color color);

/* "tcplab-server: ..." on stderr, one line each; a progress line is wiped first. Control
 * characters, newlines too, are written out: what they quote may come from anywhere. */
void terminal_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void terminal_notice(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Whether progress is worth composing: stderr is a terminal. */
bool terminal_wants_progress(void);

/* Draws over the last progress line, cut to the terminal's width; with TERM=dumb each is a line of
 * its own. */
void terminal_progress(const char *format, ...) __attribute__((format(printf, 1, 2)));
void terminal_progress_end(void); /* wipes it */

/* Columns and rows of the terminal that stdout is; 0 where it is none. */
int terminal_columns(void);
int terminal_rows(void);

/* Escape sequences for `out`, or "" where it gets no colour. */
enum terminal_style { TERMINAL_PLAIN, TERMINAL_BOLD, TERMINAL_DIM, TERMINAL_GOOD, TERMINAL_BAD };
const char *terminal_style(FILE *out, enum terminal_style style);
