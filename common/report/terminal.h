/* Messages on stderr, one progress line that is redrawn, and colour. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

enum terminal_color { TERMINAL_COLOR_AUTO, TERMINAL_COLOR_ALWAYS, TERMINAL_COLOR_NEVER };

/* The words of the enum, in its order, NULL-terminated: for an option table. */
extern const char *const terminal_color_words[];

/* Sets the program's name, which stands before each message, and the use of colour.
 * TERMINAL_COLOR_AUTO: colour on a terminal, unless NO_COLOR is set and not empty, or TERM is
 * "dumb". */
void terminal_init(const char *program, enum terminal_color color);

/* Print a message on stderr, in one line: "tcplab-server: ...". They wipe the progress line first.
 * They escape control characters, also newlines, because a message may quote text from outside. */
void terminal_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void terminal_notice(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Whether progress is shown: only if stderr is a terminal. */
bool terminal_wants_progress(void);

/* Replaces the progress line; a long one is cut at the terminal's width. With TERM=dumb prints a
 * new line each time. */
void terminal_progress(const char *format, ...) __attribute__((format(printf, 1, 2)));
void terminal_progress_end(void); /* wipes the line */

/* Return the columns and rows of the terminal on stdout; 0: stdout is no terminal. */
int terminal_columns(void);
int terminal_rows(void);

/* Returns the escape sequence of a style, or "" if `out` gets no colour. Static. */
enum terminal_style { TERMINAL_PLAIN, TERMINAL_BOLD, TERMINAL_DIM, TERMINAL_GOOD, TERMINAL_BAD };
const char *terminal_style(FILE *out, enum terminal_style style);
