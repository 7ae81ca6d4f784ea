/* The document of a trial: one element of `runs` (see the contract). */
#pragma once

#include "bench/trial/trial.h"

/* A new reference. *ret_code: EXIT_CODE_DONE where all agrees, _UNMET where a check differs,
 * _CANNOT where the trial was skipped, _USAGE for knobs that make no sense, else _FAILED. */
json_t *trial_document(struct trial *t, int64_t repetition, double elapsed_s, int *ret_code);
