/* Compares a claim with the run that decides it. Reads only documents. */
#pragma once

#include "bench/claims/claim.h"

#include <jansson.h>

/* One element of `claims`: {name, says, source, experiment, command, knobs, verdict, observed,
 * truth, since, nuance, reason}. Each of `observed` that is a check of the run has its rule and the
 * kernel source.
 *
 * verdict: "holds" where all that the claim says was observed; else "changed" where it once was
 * true, or "never_true"; "undecided" where nothing contradicts it and something was not observed.
 * run: an element of `runs` (see the contract), or NULL where it did not end. Returns a new
 * reference. */
json_t *claim_judge(const struct claim *c, const json_t *knobs, const json_t *run);
