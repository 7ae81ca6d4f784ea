/* What a run's document derives from its segments, of all connections that are whole. */
#pragma once

#include <jansson.h>

/* Adds "counters" to those segments that made the server's or the client's kernel count something
 * worth a note. Derived: only where the segments up to stock_ms account for no more than what the
 * counters have moved. */
void trial_attribute(json_t *segments, const json_t *document);

/* [{"t_ms", "what"}], in the order of time: "last_syn_sent", "first_third_ack", "first_fault",
 * "first_drop", "first_reset", "first_retransmission", "stock". New reference. */
json_t *trial_stops(const json_t *segments, const json_t *document);
