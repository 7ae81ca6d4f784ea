/* The record of the wire's segments. It reserves its memory at the start; one thread adds segments
 * while others read. */
#pragma once

#include "bench/lab/segment.h"

#include <stdatomic.h>

struct wire_record {
    struct segment *segments;
    size_t max;
    _Atomic size_t n; /* complete entries, which others may read */
};

int wire_record_new(struct wire_record *r, size_t max); /* Returns 0 or -errno */
void wire_record_free(struct wire_record *r);

/* Returns the entry after the last one, for the caller to fill in; NULL: there is no more room. */
struct segment *wire_record_next(struct wire_record *r);

/* Adds that entry: it is complete, and from now on others see it. */
void wire_record_add(struct wire_record *r);
