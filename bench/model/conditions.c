#include "bench/model/conditions.h"

#include <string.h>

struct conditions conditions_fresh(void)
{
    return (struct conditions){.hz = 250,
#define X(field, sysctl, fresh, absent) .field = fresh,
                               CONDITIONS(X)
#undef X
    };
}

void conditions_set(struct conditions *c, const char *sysctl, int64_t value)
{
#define X(field, name, fresh, absent) \
    if (!strcmp(sysctl, name))        \
        c->field = value;
    CONDITIONS(X)
#undef X
}
