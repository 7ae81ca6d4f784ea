/* The text report of tcplab-bench run, made only from its document. A section is left out if the
 * document has nothing for it. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* The sections of a run's report, in their order. The title is always printed. */
enum report_section {
    REPORT_VERDICT = 1 << 0,
    REPORT_YOU = 1 << 1, /* the user's prediction, if run --ask has one */
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
    /* enum report_section; a run without a verdict always says so */
    unsigned sections;
    bool no_answers; /* print observations without rules, predictions and the verdict */
};

/* All sections, with the answers. */
extern const struct report_style report_whole;

/* Reads the value of --show, "verdict,ledger", into the sections' bits. Returns 0; or -EINVAL and a
 * sentence for the user (caller frees). */
int report_sections(const char *list, unsigned *ret, char **ret_message);

/* Prints the document as tcplab-bench run printed it with its settings: the head, each run with
 * report_next_text(), and the summary if there are several runs. */
void report_text(FILE *out, const json_t *document);

/* The same with these sections (enum report_section). */
void report_sections_text(FILE *out, const json_t *document, unsigned sections);

/* The parts, for a program that prints each run when it ends. */

void report_head_text(FILE *out, const json_t *document); /* program, version, kernel: one line */
void report_run_text(FILE *out, const json_t *run, struct report_style style); /* all of one run */
/* a table of all, the totals, and what did not agree */
void report_summary_text(FILE *out, const json_t *runs);

/* Prints runs[index]: a page if it is the first run with its experiment and knobs, or if it was not
 * as predicted; else a line. Uses only runs[0] to runs[index]. brief: prints a line for each run
 * that was as predicted. */
void report_next_text(FILE *out, const json_t *runs, size_t index, bool brief,
                      struct report_style style);
