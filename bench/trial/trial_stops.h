/* Derives parts of a run's document from the segments of all connections whose segments it has. */
#pragma once

#include <jansson.h>

/* Adds "counters" to the segments that moved a counter with a note at the server or the client. It
 * derives this from the segments, and only if the segments up to stock_ms explain no more than the
 * counters have moved. */
void trial_attribute(json_t *segments, const json_t *document);

/* [{"t_ms", "what"}], in the order of time: "last_syn_sent", "first_third_ack", "first_fault",
 * "first_drop", "first_reset", "first_retransmission", "stock", and the experiment's own, marks:
 * "mark" with a "sentence". Returns a new reference. */
json_t *trial_stops(const json_t *segments, const json_t *document, const json_t *marks);
