/* The segments that the wire keeps: memory that is reserved at once, and filled by one thread while
 * others read. */
#pragma once

#include "bench/lab/segment.h"

#include <stdatomic.h>

struct wire_record {
    struct segment *segments;
    size_t max;
    _Atomic size_t n; /* complete and to be seen by others */
};

int wire_record_new(struct wire_record *r, size_t max); /* 0 or -errno */
void wire_record_free(struct wire_record *r);

/* The entry after the last, to be filled; NULL: no more room. */
struct segment *wire_record_next(struct wire_record *r);

/* It is complete: from now on others see it. */
void wire_record_add(struct wire_record *r);
