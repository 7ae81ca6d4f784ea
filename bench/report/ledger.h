/* What became of each connection: the ledger in plain words. */
#pragma once

#include <jansson.h>
#include <stdio.h>

/* What a row means ("reset": "RST after the SYN was answered"), or NULL. */
const char *ledger_note(const char *row);

/* The rows that are not zero, and whether they add up. Nothing where there is no ledger. */
void ledger_page(FILE *out, const json_t *ledger);
