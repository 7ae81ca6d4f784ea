/* Prediction beside observation. */
#pragma once

#include "bench/model/prediction.h"

enum verdict { VERDICT_AGREE, VERDICT_DIFFER, VERDICT_SKIPPED, VERDICT_INCONCLUSIVE };

const char *verdict_name(enum verdict v); /* "agree", "differ", "skipped", "inconclusive" */

/* One check: inside the interval, ends included, is agreement. An observation that is not a number
 * (NAN: it could not be made) is inconclusive. */
enum verdict verdict_check(const struct expectation *e, double observed);

/* Of a run, which starts as VERDICT_AGREE: differ if any check differs, else inconclusive if any
 * is, else agree. Skipped stands for itself: a skipped run stays skipped, and a skipped check
 * changes nothing. */
enum verdict verdict_add(enum verdict run, enum verdict check);
