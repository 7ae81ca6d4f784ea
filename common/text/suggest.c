#include "common/text/suggest.h"

#include <stdint.h>
#include <string.h>

#define LENGTH_MAX 256 /* nobody mistypes a longer name; keeps the table on the stack */

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t difference(size_t a, size_t b)
{
    return a > b ? a - b : b - a;
}

/* Insertions, deletions, replacements and swaps of neighbours (optimal string alignment). Row i of
 * the table needs the two above it only. */
static size_t edit_distance(const char *a, size_t n_a, const char *b, size_t n_b)
{
    size_t table[3][LENGTH_MAX + 1];
    for (size_t j = 0; j <= n_b; j++)
        table[0][j] = j;
    for (size_t i = 1; i <= n_a; i++) {
        size_t *row = table[i % 3], *above = table[(i + 2) % 3], *twice_above = table[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= n_b; j++) {
            size_t replace = above[j - 1] + (a[i - 1] != b[j - 1]);
            row[j] = least(replace, 1 + least(above[j], row[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], twice_above[j - 2] + 1);
        }
    }
    return table[n_a % 3][n_b];
}

const char *suggest_nearest(const char *typed, const char *const *candidates, size_t n)
{
    const char *nearest = NULL;
    size_t n_typed = strlen(typed), nearest_distance = SIZE_MAX;
    for (size_t i = 0; i < n; i++) {
        size_t n_candidate = strlen(candidates[i]);
        size_t longer = n_typed > n_candidate ? n_typed : n_candidate;
        if (longer > LENGTH_MAX || difference(n_typed, n_candidate) * 3 > longer)
            continue;
        size_t distance = edit_distance(typed, n_typed, candidates[i], n_candidate);
        if (distance * 3 <= longer && distance < nearest_distance) {
            nearest = candidates[i];
            nearest_distance = distance;
        }
    }
    return nearest;
}
