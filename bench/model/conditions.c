#include "bench/model/conditions.h"

#include <stdio.h>
#include <string.h>

struct conditions conditions_fresh(void)
{
    return (struct conditions){.hz = 250,
#define X(field, sysctl, fresh, absent) .field = fresh,
                               CONDITIONS(X)
#undef X
    };
}

int64_t conditions_number(const char *text)
{
    long long n[3] = {0};
    return sscanf(text, "%lld %lld %lld", &n[0], &n[1], &n[2]) == 3 ? n[1] : n[0];
}

void conditions_set(struct conditions *c, const char *sysctl, int64_t value)
{
#define X(field, name, fresh, absent) \
    if (!strcmp(sysctl, name))        \
        c->field = value;
    CONDITIONS(X)
#undef X
}
