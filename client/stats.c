#include "client/stats.h"

#include <stddef.h>

static void latest(_Atomic int64_t *into, int64_t from)
{
    if (from > *into)
        *into = from;
}

void stats_add(struct stats *into, const struct stats *from)
{
#define X(field) STATS_ADD(into->field, STATS_GET(from->field));
    STATS_ROWS(X)
    STATS_OTHERS(X)
#undef X
    for (int i = 0; i < STATS_RUNGS; i++)
        STATS_ADD(into->rungs[i], STATS_GET(from->rungs[i]));
    for (int i = 0; i < STATS_ERRORS; i++)
        STATS_ADD(into->errors[i], STATS_GET(from->errors[i]));
    latest(&into->last_established_ns, STATS_GET(from->last_established_ns));
    latest(&into->last_reply_ns, STATS_GET(from->last_reply_ns));
}

void stats_clear(struct stats *s)
{
#define X(field) STATS_SET(s->field, 0);
    STATS_ROWS(X)
    STATS_OTHERS(X)
#undef X
    for (int i = 0; i < STATS_RUNGS; i++)
        STATS_SET(s->rungs[i], 0);
    for (int i = 0; i < STATS_ERRORS; i++)
        STATS_SET(s->errors[i], 0);
    STATS_SET(s->last_established_ns, 0);
    STATS_SET(s->last_reply_ns, 0);
}

_Atomic uint64_t *stats_row(struct stats *s, enum stats_row row)
{
    static const size_t offsets[] = {
#define X(field) [STATS_ROW_##field] = offsetof(struct stats, field),
        STATS_ROWS(X)
#undef X
    };
    return (_Atomic uint64_t *)((char *)s + offsets[row]);
}

const char *stats_row_name(enum stats_row row)
{
    static const char *const names[] = {"pending",
#define X(field) #field,
                                        STATS_ROWS(X)
#undef X
    };
    return names[row];
}

/* While a dialer writes, the sum of the rows may be larger than attempted for a moment. */
uint64_t stats_pending(const struct stats *s)
{
    uint64_t settled = 0;
#define X(field) settled += STATS_GET(s->field);
    STATS_ROWS(X)
#undef X
    uint64_t attempted = STATS_GET(s->attempted);
    return attempted > settled ? attempted - settled : 0;
}
