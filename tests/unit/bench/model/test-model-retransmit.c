/* Retransmission and its end: against what was seen on a 6.18 kernel with 250 ticks a second. */
#include "bench/model/retransmit.h"

#include <criterion/criterion.h>
#include <math.h>

#define N(table)        (sizeof(table) / sizeof *(table))
#define NEAR(a, b)      (fabs((a) - (b)) < 1e-9)
#define IN(span, value) ((span).lo <= (value) && (value) <= (span).hi)

static const struct span fast = {0.0001, 0.002}, slow = {0.05, 0.09};

Test(model_retransmit, rto)
{
    static const struct {
        int hz;
        double rtt, rto;
    } cases[] = {{250, 0, 0.2},        {250, 0.001, 0.204}, {250, 0.004, 0.204},
                 {250, 0.0041, 0.208}, {250, 0.05, 0.252},  {250, 0.1, 0.3},
                 {250, 0.2, 0.6},      {1000, 0.05, 0.25},  {100, 0.001, 0.21},
                 {250, 0.8, 2.4},      {250, 50, 120},      {1000, 0.0001, 0.201}};
    for (size_t i = 0; i < N(cases); i++) {
        struct conditions c = conditions_fresh();
        c.hz = cases[i].hz;
        struct span rto = retransmit_rto(&c, (struct span){cases[i].rtt, cases[i].rtt});
        cr_expect(NEAR(rto.lo, cases[i].rto) && NEAR(rto.hi, cases[i].rto), "%d Hz, %g s: %g",
                  cases[i].hz, cases[i].rtt, rto.lo);
    }
}

Test(model_retransmit, ladder)
{
    struct conditions c = conditions_fresh();
    const struct retransmit r = {.conditions = &c, .rtt = fast};
    static const double seen[] = {0.42, 0.84, 1.68, 3.35, 6.7, 13.4, 26.7, 53.5, 107.2};
    cr_expect(IN(retransmit_tail_probe(&r), 0.21));
    for (size_t i = 0; i < N(seen); i++)
        cr_expect(IN(retransmit_firing(&r, (int)i + 1), seen[i]), "firing %zu: %g to %g", i + 1,
                  retransmit_firing(&r, (int)i + 1).lo, retransmit_firing(&r, (int)i + 1).hi);
}

Test(model_retransmit, no_probe)
{
    struct conditions c = conditions_fresh();
    const struct retransmit r = {.conditions = &c, .rtt = fast};
    c.early_retrans = 0;
    cr_expect_not(retransmit_has_tail_probe(&c));
    cr_expect(isinf(retransmit_tail_probe(&r).lo));
    cr_expect(IN(retransmit_firing(&r, 1), 0.21));
    c.early_retrans = 4;
    cr_expect(retransmit_has_tail_probe(&c));
    c.sack = 0;
    cr_expect_not(retransmit_has_tail_probe(&c));
}

Test(model_retransmit, a_long_round_trip_has_an_early_probe)
{
    struct conditions c = conditions_fresh();
    const struct retransmit r = {.conditions = &c, .rtt = {0.8, 0.8}};
    cr_expect(NEAR(retransmit_tail_probe(&r).lo, 1.8));
    cr_expect(NEAR(retransmit_firing(&r, 1).lo, 1.8 + 2.4));
}

Test(model_retransmit, orphans_as_seen)
{
    static const struct {
        int retries, sent;
        double gone;
    } cases[] = {{0, 8, 107.38}, {0, 8, 107.2}, {1, 2, 1.67}, {2, 3, 3.34}, {3, 4, 6.88}};
    for (size_t i = 0; i < N(cases); i++) {
        struct conditions c = conditions_fresh();
        const struct retransmit r = {.conditions = &c, .rtt = fast, .orphan = true};
        c.orphan_retries = cases[i].retries;
        cr_expect(IN(retransmit_gives_up(&r), cases[i].gone), "%d: %g to %g", cases[i].retries,
                  retransmit_gives_up(&r).lo, retransmit_gives_up(&r).hi);
        cr_expect(retransmit_least(&r) <= cases[i].sent && cases[i].sent <= retransmit_most(&r),
                  "%d", cases[i].retries);
    }
}

/* With 50 ms and more of round trip the limits of 2 retries and more are near no firing, and as
 * many are sent as the number says. */
Test(model_retransmit, far_from_the_limit_the_number_is_a_count)
{
    static const int hz[] = {100, 250, 300, 1000};
    for (size_t i = 0; i < N(hz); i++)
        for (int retries = 2; retries <= 8; retries++) {
            struct conditions c = conditions_fresh();
            const struct retransmit r = {.conditions = &c, .rtt = slow, .orphan = true};
            c.hz = hz[i];
            c.orphan_retries = retries;
            cr_expect(retransmit_least(&r) == retries && retransmit_most(&r) == retries,
                      "%d Hz, %d retries: %d to %d", hz[i], retries, retransmit_least(&r),
                      retransmit_most(&r));
        }
}

/* The limit is 6.2 s, and the firing is 30 RTOs after the first. */
Test(model_retransmit, near_the_limit_both_are_told)
{
    struct conditions c = conditions_fresh();
    const struct retransmit r = {.conditions = &c, .rtt = fast, .orphan = true};
    c.orphan_retries = 4;
    cr_expect_eq(retransmit_least(&r), 4);
    cr_expect_eq(retransmit_most(&r), 5);
    cr_expect(IN(retransmit_gives_up(&r), 6.7));
    cr_expect(IN(retransmit_gives_up(&r), 13.4));
}

Test(model_retransmit, something_is_sent_again_before_the_end)
{
    struct conditions c = conditions_fresh();
    const struct retransmit r = {.conditions = &c, .rtt = slow};
    c.retries2 = 0;
    cr_expect_eq(retransmit_least(&r), 1);
    cr_expect_eq(retransmit_most(&r), 1);
}

Test(model_retransmit, default_retries2_takes_a_quarter_of_an_hour)
{
    struct conditions c = conditions_fresh();
    const struct retransmit r = {.conditions = &c, .rtt = fast};
    cr_expect_gt(retransmit_gives_up(&r).lo, 924.6);
    cr_expect_lt(retransmit_gives_up(&r).hi, 924.6 + 2 * 0.21 + 120 + 120);
}

Test(model_retransmit, rto_max)
{
    struct conditions c = conditions_fresh();
    struct retransmit r = {.conditions = &c, .rtt = slow};
    c.rto_max_ms = 1000;
    c.retries2 = 15; /* 1.4 s, and 13 times 1 s */
    cr_expect_eq(retransmit_least(&r), 15);
    cr_expect(IN(retransmit_gives_up(&r), 15.39));
    /* An orphan with the default is not "alive" once its RTO is as long as can be: 0 is 0 then, 200
     * ms. */
    r.orphan = true;
    cr_expect_eq(retransmit_least(&r), 2);
    cr_expect_eq(retransmit_most(&r), 2);
}

Test(model_retransmit, user_timeout)
{
    struct conditions c = conditions_fresh();
    struct retransmit r = {.conditions = &c, .rtt = fast, .user_timeout = 6};
    cr_expect(IN(retransmit_gives_up(&r), 6.47));
    cr_expect_lt(retransmit_gives_up(&r).hi - retransmit_gives_up(&r).lo, 0.5);
    cr_expect_eq(retransmit_least(&r), 4); /* 0, 0.4, 1.2, 2.8 s after the first */
    cr_expect_eq(retransmit_most(&r), 4);
    c.retries2 = 0;
    cr_expect_eq(retransmit_least(&r), 4);
    r.user_timeout = 0.001;
    cr_expect_eq(retransmit_most(&r), 1);
    r.user_timeout = 1.25; /* next to a firing */
    cr_expect_eq(retransmit_least(&r), 2);
    cr_expect_eq(retransmit_most(&r), 3);
}
