#include "bench/model/keepalive.h"

#include "bench/model/lateness.h"

struct span keepalive_firing(const struct keepalive *k, int n)
{
    struct span span = lateness_span(k->hz, (double)k->idle);
    for (int i = 2; i <= n; i++)
        span = lateness_then(span, k->hz, (double)k->interval);
    return span;
}

/* With a user timeout the number of probes means nothing, but one must have been sent. */
int keepalive_least(const struct keepalive *k)
{
    int n = 2;
    if (k->user_timeout <= 0)
        return (int)k->probes;
    while (keepalive_firing(k, n).hi < k->user_timeout)
        n++;
    return n - 1;
}

int keepalive_most(const struct keepalive *k)
{
    int n = 2;
    if (k->user_timeout <= 0)
        return (int)k->probes;
    while (keepalive_firing(k, n).lo < k->user_timeout)
        n++;
    return n - 1;
}

struct span keepalive_gives_up(const struct keepalive *k)
{
    return (struct span){keepalive_firing(k, keepalive_least(k) + 1).lo,
                         keepalive_firing(k, keepalive_most(k) + 1).hi};
}
