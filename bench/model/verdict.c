#include "bench/model/verdict.h"

#include <math.h>

const char *verdict_name(enum verdict v)
{
    switch (v) {
    case VERDICT_AGREE:
        return "agree";
    case VERDICT_DIFFER:
        return "differ";
    case VERDICT_SKIPPED:
        return "skipped";
    case VERDICT_INCONCLUSIVE:
        break;
    }
    return "inconclusive";
}

enum verdict verdict_check(const struct expectation *e, double observed)
{
    if (isnan(observed))
        return VERDICT_INCONCLUSIVE;
    return observed >= e->lo && observed <= e->hi ? VERDICT_AGREE : VERDICT_DIFFER;
}

enum verdict verdict_add(enum verdict run, enum verdict check)
{
    if (run == VERDICT_SKIPPED || run == VERDICT_DIFFER || check == VERDICT_SKIPPED ||
        check == VERDICT_AGREE)
        return run;
    return check;
}
