/* Keepalive: against what was seen on a 6.18 kernel with 250 ticks a second. */
#include "bench/model/keepalive.h"

#include <criterion/criterion.h>
#include <math.h>

#define N(table)        (sizeof(table) / sizeof *(table))
#define NEAR(a, b)      (fabs((a) - (b)) < 1e-9)
#define IN(span, value) ((span).lo <= (value) && (value) <= (span).hi)

Test(model_keepalive, as_seen)
{
    static const struct {
        int64_t idle, interval, probes;
        double user_timeout;
        int sent;
        double gone;
    } cases[] = {
        {5, 2, 3, 0, 3, 11.29}, {5, 2, 3, 8, 2, 9.11},  {2, 1, 9, 0, 9, 11.24},
        {3, 1, 3, 1, 1, 4.24},  {2, 1, 3, 0, 3, 5.106}, {2, 1, 1, 0, 1, 3.032},
    };
    for (size_t i = 0; i < N(cases); i++) {
        const struct keepalive_timing k = {250, cases[i].idle, cases[i].interval, cases[i].probes,
                                           cases[i].user_timeout};
        cr_expect_eq(keepalive_least(&k), cases[i].sent, "case %zu: %d", i, keepalive_least(&k));
        cr_expect_eq(keepalive_most(&k), cases[i].sent, "case %zu: %d", i, keepalive_most(&k));
        cr_expect(IN(keepalive_gives_up(&k), cases[i].gone), "case %zu: %g to %g", i,
                  keepalive_gives_up(&k).lo, keepalive_gives_up(&k).hi);
    }
}

Test(model_keepalive, probes_as_seen)
{
    const struct keepalive_timing k = {250, 5, 2, 3, 0};
    static const double seen[] = {5.24, 7.25, 9.27};
    for (size_t i = 0; i < N(seen); i++)
        cr_expect(IN(keepalive_firing(&k, (int)i + 1), seen[i]));
}

Test(model_keepalive, the_defaults)
{
    const struct keepalive_timing k = {250, 7200, 75, 9, 0};
    cr_expect(NEAR(keepalive_gives_up(&k).lo, 7875));
    cr_expect_lt(keepalive_gives_up(&k).hi, 7875 + 131.1 + 9 * 2.1 + 0.1);
}

Test(model_keepalive, a_user_timeout_next_to_a_firing)
{
    struct keepalive_timing k = {250, 2, 1, 3, 3.05};
    cr_expect_eq(keepalive_least(&k), 1);
    cr_expect_eq(keepalive_most(&k), 2);
    k.user_timeout = 3; /* on time is soon enough */
    cr_expect_eq(keepalive_most(&k), 1);
}
