/* Prints the ledger: how many connections there are in each row, and what the row means. */
#pragma once

#include <jansson.h>
#include <stdio.h>

/* Returns what a row means ("reset": "RST after the SYN was answered"), or NULL for an unknown row.
 * Static. */
const char *ledger_note(const char *row);

/* Prints the rows that are not zero, and whether they add up. Prints nothing if there is no
 * ledger. */
void ledger_page(FILE *out, const json_t *ledger);
