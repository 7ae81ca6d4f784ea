/* What changed, look after look: counts per state on both hosts, and the accept queue. */
#pragma once

#include "bench/observe/look.h"

#include <jansson.h>

#define TIMELINE_MOST 100000 /* entries; beyond them only the last is renewed */

struct timeline {
    size_t n, size;
    struct timeline_entry *entries;
};

/* 1: something changed; 0: nothing did; -ENOMEM. */
int timeline_add(struct timeline *t, const struct look *look);
json_t *timeline_json(const struct timeline *t, int64_t zero_ns); /* see watch_timeline() */
json_t *timeline_entry_json(const struct timeline *t, size_t i, int64_t zero_ns);
void timeline_release(struct timeline *t);
