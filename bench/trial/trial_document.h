/* The document of a trial: one element of `runs` (see the contract). */
#pragma once

#include "bench/trial/trial.h"

/* A new reference. *ret_code: EXIT_CODE_DONE where all agrees, _UNMET where a check differs,
 * _CANNOT where the trial was skipped, _USAGE for knobs that make no sense, else _FAILED. */
json_t *trial_document(struct trial *t, int64_t repetition, double elapsed_s, int *ret_code);

/* Parts of it that need no run; new references. */
/* {name, unit, predicted, rule, source}, and predicted_errno where the unit is errno. */
json_t *trial_document_expectation(const struct expectation *e);
json_t *trial_document_by_hand(const struct experiment *e); /* [{where, command, shows}] */
