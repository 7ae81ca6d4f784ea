/* Adds to common/report/page.h what only reports of the bench need: paragraphs beside a label, and
 * commands that can be copied. Lines have page_width() columns. */
#pragma once

#include <stdio.h>

#define LAYOUT_LABEL 14 /* column where the text beside a label begins */

/* Returns the columns of a UTF-8 text; each character counts as one column. */
int layout_columns(const char *text);

/* Prints a text, wrapped, and a newline. The first line begins at `column`, up to where the caller
 * has printed; the next lines begin at `indent`. */
void layout_words(FILE *out, const char *text, int indent, int column);

/* Prints " label text"; the next lines of the text begin below its first. Prints nothing if text is
 * NULL or empty. */
void layout_labelled(FILE *out, const char *label, const char *text);

/* Prints " prompt command". Breaks a long command before an option or a pipe, with a backslash, so
 * that a copy of it runs. */
void layout_command(FILE *out, const char *prompt, const char *command);

void layout_fill(FILE *out, char c, int n); /* prints c n times; nothing if n <= 0 */
