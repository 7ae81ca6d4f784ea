/* Compares predictions with observations. */
#pragma once

#include "bench/model/prediction.h"

enum verdict { VERDICT_AGREE, VERDICT_DIFFER, VERDICT_SKIPPED, VERDICT_INCONCLUSIVE };

const char *verdict_name(enum verdict v); /* "agree", "differ", "skipped", "inconclusive" */

/* Checks one observation: it agrees if it is in the interval or at one of its ends. NAN, which
 * means that nothing could be observed, is inconclusive. */
enum verdict verdict_check(const struct expectation *e, double observed);

/* Adds the verdict of a check to the verdict of a run, which starts as VERDICT_AGREE, and returns
 * the run's: it differs if one check differs, else it is inconclusive if one check is. A skipped
 * check changes nothing, and a skipped run stays skipped. */
enum verdict verdict_add(enum verdict run, enum verdict check);
