/* What a bench report needs on a page and common/report/page.h has not: hanging paragraphs, and
 * commands that can be copied. Lines have page_width() columns. */
#pragma once

#include <stdio.h>

#define LAYOUT_LABEL 14 /* column where the text beside a label begins */

/* Of UTF-8: characters, each taken to be one column wide. */
int layout_columns(const char *text);

/* Words and a newline; the first stands at `column`, where the caller is, further lines begin at
 * `indent`. */
void layout_words(FILE *out, const char *text, int indent, int column);

/* "  label       text", hanging. Nothing where text is NULL or empty. */
void layout_labelled(FILE *out, const char *label, const char *text);

/* "  prompt command": broken before an option or a pipe, with a backslash, so that a copy of it
 * runs. */
void layout_command(FILE *out, const char *prompt, const char *command);

void layout_fill(FILE *out, char c, int n); /* n <= 0: nothing */
