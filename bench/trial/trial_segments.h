/* The segments of a run's document, as JSON objects (see the contract and tcplab-bench.1). */
#pragma once

#include "bench/lab/segment.h"

#include <jansson.h>
#include <stdbool.h>

/* The first sequence numbers of a connection: numbers in the document count from them. */
struct segment_isn {
    bool known[2];
    uint32_t isn[2]; /* by enum direction */
};

/* Makes the object of a segment; t_ms counts from zero_ns. A SYN sets *isn. Returns a new
 * reference. */
json_t *trial_segment(const struct segment *s, struct segment_isn *isn, int64_t zero_ns);

/* Adds to the segments of one connection, which are in the order of time: "again" if an end has
 * sent the same before, and "then" if the wire delivered a segment and the server's kernel dropped
 * it, which the segments after it show. ghost: the server has nothing of this connection. */
void trial_segments_explain(json_t *segments, bool ghost);

bool trial_segment_is(const json_t *segment, const char *direction, const char *name);
