/* Segments made by hand, as the wire would have kept them. */
#pragma once

#include "tests/lib/looks.h"

#include <stdint.h>

#define SEGMENTS_MAX 64
#define MS           1000000LL

static struct segment segments[SEGMENTS_MAX];
static size_t n_segments;

/* The next one, delivered 1 ms after it was sent; for the test to change. */
static inline struct segment *segments_add(unsigned port, enum direction direction, unsigned flags,
                                           int64_t at_ns)
{
    cr_assert_lt(n_segments, SEGMENTS_MAX);
    struct segment *s = &segments[n_segments++];
    memset(s, 0, sizeof(*s));
    s->id = looks_id(port);
    s->direction = direction;
    s->flags = (uint8_t)flags;
    s->at_ns = at_ns;
    s->out_ns = at_ns + MS;
    s->fate = SEGMENT_DELIVERED;
    return s;
}

/* The last one never arrives. */
static inline void segments_lose(enum segment_fate fate)
{
    segments[n_segments - 1].fate = (int)fate;
    segments[n_segments - 1].out_ns = 0;
}
