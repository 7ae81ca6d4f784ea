/* The text report of tcplab-bench run, out of its document alone. What a run has not is left
 * out. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* The sections of a run's report, in their order. Its title is always there. */
enum report_section {
    REPORT_VERDICT = 1 << 0,
    REPORT_YOU = 1 << 1, /* your prediction, where run --ask took one */
    REPORT_LEDGER = 1 << 2,
    REPORT_SEEN = 1 << 3,
    REPORT_CLAIM = 1 << 4, /* what is often said, and what the kernel does */
    REPORT_SETUP = 1 << 5,
    REPORT_CHECKS = 1 << 6,
    REPORT_STATES = 1 << 7,
    REPORT_LADDER = 1 << 8,
    REPORT_COUNTERS = 1 << 9,
    REPORT_BY_HAND = 1 << 10,
    REPORT_NEXT = 1 << 11,
};
#define REPORT_ALL   0xfffu
#define REPORT_BRIEF (REPORT_VERDICT | REPORT_YOU | REPORT_LEDGER | REPORT_SEEN) /* fits a screen */

/* Their names ("verdict", "you", ...), in the order of the bits; NULL-terminated. */
extern const char *const report_section_names[];

struct report_style {
    /* enum report_section; a run that did not come to a verdict tells that in any case */
    unsigned sections;
    bool no_answers; /* what was observed, without the rules, the predictions and the verdict */
};

/* All sections, with the answers. */
extern const struct report_style report_whole;

/* "verdict,ledger", the value of --show: the sections' bits. 0; or -EINVAL and a sentence (caller
 * frees). */
int report_sections(const char *list, unsigned *ret, char **ret_message);

/* The whole document as tcplab-bench run printed it, by its settings: the head, each run by
 * report_next_text(), and the summary where there is more than one. */
void report_text(FILE *out, const json_t *document);

/* The same with these sections (enum report_section). */
void report_sections_text(FILE *out, const json_t *document, unsigned sections);

/* Its parts, for a program that prints each run as it ends. */

void report_head_text(FILE *out, const json_t *document); /* program, version, kernel: one line */
void report_run_text(FILE *out, const json_t *run, struct report_style style); /* all of one run */
/* a table of all, the totals, and what did not agree */
void report_summary_text(FILE *out, const json_t *runs);

/* runs[index]: a page where it is the first with its experiment and knobs, or did not come out as
 * predicted; else a line. Looks at runs[0] to runs[index] only. brief: a line in any case where it
 * came out as predicted. */
void report_next_text(FILE *out, const json_t *runs, size_t index, bool brief,
                      struct report_style style);
