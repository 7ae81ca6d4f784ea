/* The end of a trial: the programs report, and the ledger is made of what they and the stock
 * say. */
#pragma once

#include "bench/trial/trial.h"

/* Asks the clients and then the server to end, and waits for their reports. */
void outcome_end_programs(struct trial *t);

/* Call it after that. The trial fails if the ledger does not balance. */
void outcome_make_ledger(struct trial *t);
