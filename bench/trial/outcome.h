/* The end of a trial: gets the reports of the programs, and makes the ledger from them and the
 * stock. */
#pragma once

#include "bench/trial/trial.h"

/* Asks the clients and then the server to end, and waits for their reports. */
void outcome_end_programs(struct trial *t);

/* Call it after that. The trial fails if the rows of the ledger do not add up. */
void outcome_make_ledger(struct trial *t);
