#include "bench/model/keepalive.h"

#include "bench/model/lateness.h"

#include <stdbool.h>

struct span keepalive_firing(const struct keepalive_timing *k, int n)
{
    struct span span = lateness_span(k->hz, (double)k->idle);
    for (int i = 2; i <= n; i++)
        span = lateness_then(span, k->hz, (double)k->interval);
    return span;
}

/* With a user timeout the number of probes means nothing, but one must have been sent. */
static int last_before_timeout(const struct keepalive_timing *k, bool most)
{
    struct span firing = keepalive_firing(k, 1);
    if (k->user_timeout <= 0)
        return (int)k->probes;
    for (int n = 1;; n++) {
        firing = lateness_then(firing, k->hz, (double)k->interval);
        if ((most ? firing.lo : firing.hi) >= k->user_timeout)
            return n;
    }
}

int keepalive_least(const struct keepalive_timing *k)
{
    return last_before_timeout(k, false);
}

int keepalive_most(const struct keepalive_timing *k)
{
    return last_before_timeout(k, true);
}

struct span keepalive_gives_up(const struct keepalive_timing *k)
{
    return (struct span){keepalive_firing(k, keepalive_least(k) + 1).lo,
                         keepalive_firing(k, keepalive_most(k) + 1).hi};
}
