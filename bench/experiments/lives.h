/* What the experiments on closing states share: how long a state lasted. */
#pragma once

#include "bench/experiments/steps.h"

/* Observes NAME_first and NAME_last, the shortest and the longest life of that state on that host. */
void lives_see(struct trial *t, enum side side, enum sockdiag_state state, const char *name);
