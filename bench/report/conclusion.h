/* The result of a run: its verdict, and a sentence for it. */
#pragma once

#include "common/report/terminal.h"

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>

/* Returns "agree", "differ", "skipped" or "inconclusive"; "inconclusive" also if the run has no
 * verdict. */
const char *conclusion_verdict(const json_t *run);

/* Prints the verdict, in colour if `out` gets colour. */
void conclusion_word(FILE *out, const char *verdict);

/* Returns how many checks of a run have that verdict; verdict NULL: how many checks there are. */
size_t conclusion_checks(const json_t *run, const char *verdict);

/* Returns "as the rule says, 6 of 6 checks" or "not as the rule says, 2 of 6 checks", and the
 * reason if the run has one; without the verdict itself. The caller frees it. NULL without
 * memory. */
char *conclusion_sentence(const json_t *run);

/* Prints a line for each check that differs: "ledger.reset: rule 4 connections, observed 7". */
void conclusion_list(FILE *out, const json_t *run, int indent);
