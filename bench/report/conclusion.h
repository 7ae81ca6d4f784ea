/* What a run came to: its verdict, and a sentence for it. */
#pragma once

#include "common/report/terminal.h"

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>

/* "agree", "differ", "skipped", "inconclusive"; the last, too, where a run has none. */
const char *conclusion_verdict(const json_t *run);

/* A verdict's word. Colour only helps: the word says it. */
void conclusion_word(FILE *out, const char *verdict);

/* How many checks of a run have that verdict; NULL: how many there are. */
size_t conclusion_checks(const json_t *run, const char *verdict);

/* "as the rule says, 6 of 6 checks", "not as the rule says, 2 of 6 checks", and the reason where
 * one is given. Without the verdict's word. The caller frees it; NULL without memory. */
char *conclusion_sentence(const json_t *run);

/* The checks that differ, a line each: "ledger.reset: rule 4 connections, observed 7". */
void conclusion_list(FILE *out, const json_t *run, int indent);
