/* The timeline: an entry for each look that saw other counts of sockets in a state on either host,
 * or another accept queue, than the look before. */
#pragma once

#include "bench/observe/look.h"

#include <jansson.h>

#define TIMELINE_MOST 100000 /* entries; after that a change replaces the last one */

struct timeline {
    size_t n, size;
    struct timeline_entry *entries;
};

/* Adds a look. Returns 1: something changed; 0: nothing changed; or -ENOMEM. */
int timeline_add(struct timeline *t, const struct look *look);
json_t *timeline_json(const struct timeline *t, int64_t zero_ns); /* see watch_timeline() */
json_t *timeline_entry_json(const struct timeline *t, size_t i, int64_t zero_ns);
void timeline_release(struct timeline *t);
