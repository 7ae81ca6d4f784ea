/* "Did you mean ...?" */
#pragma once

#include <stddef.h>

/* The candidate nearest to `typed` by edit distance (a swap of two neighbours counts one), or NULL
 * where none is near enough to be meant (more than a third of the longer text differs). Points into
 * `candidates`. */
const char *suggest_nearest(const char *typed, const char *const *candidates, size_t n);
