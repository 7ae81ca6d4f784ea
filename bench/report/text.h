/* The text report of tcplab-bench run, out of its document alone. What a run has not is left out. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* The whole document: the head, each run by report_next_text(), and the summary where there is more than one. */
void report_text(FILE *out, const json_t *document);

/* Its parts, for a program that prints each run as it ends. */

void report_head_text(FILE *out, const json_t *document); /* program, version, kernel: one line */
void report_run_text(FILE *out, const json_t *run);       /* all of one run */
void report_summary_text(FILE *out, const json_t *runs);  /* a table of all, the totals, and what did not agree */

/* runs[index]: in full where it is the first with its experiment and knobs, or did not come out as predicted; else a
 * line. Looks at runs[0] to runs[index] only. brief: a line in any case where it came out as predicted. */
void report_next_text(FILE *out, const json_t *runs, size_t index, bool brief);
