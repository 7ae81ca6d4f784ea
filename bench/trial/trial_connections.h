/* What a viewer of a run needs: each connection with its states at both ends, its segments, and the
 * moments worth a stop. */
#pragma once

#include "bench/trial/trial.h"

/* Adds "connections", "segments", "left_out", "packets" (the one connection that the text report
 * shows) and "stops" to the run's document, whose counters and timeline are there. */
void trial_connections(json_t *document, const struct trial *t);
