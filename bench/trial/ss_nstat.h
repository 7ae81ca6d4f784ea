/* For the tests: runs ss and nstat at the moment at which a step records a state or a counter, and
 * appends the result, "EXPERIMENT NAME VALUE", to the file that the environment variable
 * TCPLAB_TEST_WITNESS names. Does nothing without this variable. */
#pragma once

#include "bench/trial/trial.h"

void ss_nstat_state(struct trial *t, enum side side, enum sockdiag_state state, const char *name);
void ss_nstat_counter(struct trial *t, enum side side, const char *counter, const char *name);

/* The same for all states and counters that the prediction names, when the stock is taken. */
void ss_nstat_stock(struct trial *t);
