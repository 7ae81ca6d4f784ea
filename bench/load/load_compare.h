/* Two loads side by side: the order of their rounds, and what the difference is worth. */
#pragma once

#include "bench/load/load_round.h"

#define COMPARE_BLOCK 4 /* rounds: A B B A, or B A A B */

/* Draws the order of n blocks (the spec's seed): as many of each kind as can be. The caller frees
 * the text of 4 n letters, 'a' and 'b'; NULL without memory. */
char *load_compare_order(uint64_t seed, size_t n);

/* For each metric of the spec:
 *   {"metric", "unit", "a": {"median", "interval", "values"}, "b", "ratio": of b to a,
 *    "ratio_interval", "difference", "difference_interval", "p", "pairs",
 *    "verdict": "faster", "slower", "higher", "lower", "equal", "undecided",
 *    "rounds_needed": of each, to decide; 0: more than can be; null where it is decided,
 *    "control": {"ratio", "ratio_interval"}: of A to A; null for documents}
 * Ratios are null where a value is not above 0; the verdict then rests on the difference.
 *
 * Blocks: rounds with "block" and "arm", from load_compare_order(). A pair is a block: the mean of
 * the logarithms of its two B less that of its two A, so what drifts evenly cancels out. The
 * control is the second A less the first. A difference counts that is significant (95 %), larger
 * than --practical, and larger than the control's. Blocks with a marked round are left out as
 * load_rounds_counted() leaves out rounds; *ret_left_out: how many. New reference. */
json_t *load_compare_blocks(const struct load_spec *s, const json_t *rounds, size_t *ret_left_out);

/* The same of two lists of rounds that were not interleaved. */
json_t *load_compare_lists(const struct load_spec *s, const json_t *a, const json_t *b);

/* The blocks that count, of an arm ("a", "b"): their rounds. New reference. */
json_t *load_compare_rounds(const json_t *rounds, const char *arm);

/* What is not the same in two objects, numbers, texts: ["server.backlog: 4 and 64"], each path
 * behind `prefix`. Adds to `list`. */
void load_compare_differences(const json_t *a, const json_t *b, const char *prefix, json_t *list);
