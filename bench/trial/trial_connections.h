/* What the page of a run needs: each connection with its states at both ends, its segments, and the
 * moments at which to stop. */
#pragma once

#include "bench/trial/trial.h"

/* Adds "connections", "segments", "left_out", "packets" (of the connection that the text report
 * shows) and "stops" to the run's document, which must have its counters and timeline. */
void trial_connections(json_t *document, const struct trial *t);
