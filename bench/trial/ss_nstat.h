/* For the tests: what the machine's own tools, ss and nstat, say at the moment at which a state or
 * a counter is noted. The environment variable TCPLAB_TEST_WITNESS names a file; each line added to
 * it is "EXPERIMENT NAME VALUE". Without it nothing happens. */
#pragma once

#include "bench/trial/trial.h"

void ss_nstat_state(struct trial *t, enum side side, enum sockdiag_state state, const char *name);
void ss_nstat_counter(struct trial *t, enum side side, const char *counter, const char *name);

/* All that the prediction names of both hosts, at the stock. */
void ss_nstat_stock(struct trial *t);
