/* The document of a trial: one element of `runs` (see the contract). */
#pragma once

#include "bench/trial/trial.h"

/* Makes the document. Returns a new reference. *ret_code: EXIT_CODE_DONE if all checks agree,
 * _UNMET if one differs, _CANNOT if the trial was skipped, _USAGE if the knobs make no sense, else
 * _FAILED. */
json_t *trial_document(struct trial *t, int64_t repetition, double elapsed_s, int *ret_code);

/* Parts of the document that need no run. Each returns a new reference. */
/* {name, unit, predicted, rule, source}, and predicted_errno where the unit is errno. */
json_t *trial_document_expectation(const struct expectation *e);
json_t *trial_document_by_hand(const struct experiment *e); /* [{where, command, shows}] */
