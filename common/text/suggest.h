/* "Did you mean ...?" */
#pragma once

#include <stddef.h>

/* Returns the candidate that is nearest to `typed` by edit distance (a swap of two neighbours
 * counts one), a pointer from `candidates`; or NULL if none is near: more than a third of the
 * longer text differs. */
const char *suggest_nearest(const char *typed, const char *const *candidates, size_t n);
