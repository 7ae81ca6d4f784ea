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

/* New reference. Takes a SYN's number into *isn. */
json_t *trial_segment(const struct segment *s, struct segment_isn *isn, int64_t zero_ns);

/* Of one connection, in the order of time: "again" where an end sent the same before, "then" where
 * the wire delivered a segment and the server's kernel dropped it: what came, or did not come,
 * after it tells. ghost: the server has nothing of this connection. */
void trial_segments_explain(json_t *segments, bool ghost);

bool trial_segment_is(const json_t *segment, const char *direction, const char *name);
