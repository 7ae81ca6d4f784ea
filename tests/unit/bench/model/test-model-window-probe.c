/* Window probes: against what was seen on a 6.18 kernel with 250 ticks a second. */
#include "bench/model/window_probe.h"

#include <criterion/criterion.h>
#include <math.h>

#define N(table)        (sizeof(table) / sizeof *(table))
#define NEAR(a, b)      (fabs((a) - (b)) < 1e-9)
#define IN(span, value) ((span).lo <= (value) && (value) <= (span).hi)

static const struct span fast = {0.002, 0.008}, slow = {0.1, 0.106};

static struct window_probing follow(struct window_probe w, const struct conditions *c, int until)
{
    w.conditions = c;
    w.rtt = w.rtt.hi > 0 ? w.rtt : fast;
    return window_probe_follow(&w, until);
}

static const int all_hz[] = {100, 250, 300, 1000};

Test(model_window_probe, as_seen)
{
    const struct conditions c = conditions_fresh();
    const struct window_probing p = follow((struct window_probe){0}, &c, 4);
    static const double seen[] = {0.211, 0.647, 1.511, 3.207};
    cr_expect_eq(p.sent, 4);
    cr_expect_not(p.gives_up);
    for (size_t i = 0; i < N(seen); i++) {
        cr_expect(IN(p.at[i + 1], seen[i]), "probe %zu: %g to %g", i + 1, p.at[i + 1].lo,
                  p.at[i + 1].hi);
        cr_expect_eq(p.answered[i + 1], i != 1, "probe %zu", i + 1);
    }
    cr_expect_eq(p.answers, 3);
    cr_expect_eq(p.skipped, 1);
}

Test(model_window_probe, the_second_one_is_skipped_whatever_the_ticks)
{
    for (size_t i = 0; i < N(all_hz); i++) {
        struct conditions c = conditions_fresh();
        c.hz = all_hz[i];
        const struct window_probing p = follow((struct window_probe){0}, &c, WINDOW_PROBES_MAX);
        cr_expect_eq(p.unsure, 0, "%d Hz: %d", c.hz, p.unsure);
        cr_expect_eq(p.skipped, 1, "%d Hz: %d", c.hz, p.skipped);
        cr_expect_not(p.answered[2], "%d Hz", c.hz);
        cr_expect_eq(p.sent, WINDOW_PROBES_MAX);
    }
}

Test(model_window_probe, one_retry_ends_a_healthy_connection)
{
    struct conditions c = conditions_fresh();
    c.retries2 = 1;
    struct window_probing p = follow((struct window_probe){0}, &c, 4);
    cr_expect(p.gives_up);
    cr_expect_eq(p.sent, 2);
    /* The second doubling is not made: 0.2 + 0.4 + 0.4 s. */
    cr_expect(IN(p.end, 1.1), "%g to %g", p.end.lo, p.end.hi);
    p = follow((struct window_probe){.rtt = slow}, &c, 4);
    cr_expect_not(p.gives_up); /* each probe comes later than 500 ms after the answer to the last */
    cr_expect_eq(p.answers, 4);
    c.retries2 = 2;
    cr_expect_not(follow((struct window_probe){0}, &c, 20).gives_up);
}

Test(model_window_probe, retries_that_cap_the_doubling)
{
    struct conditions c = conditions_fresh();
    c.retries2 = 1;
    const struct window_probing p = follow((struct window_probe){.rtt = slow}, &c, 4);
    static const double seen[] = {0.332, 1.10, 1.87, 2.636};
    for (size_t i = 0; i < N(seen); i++)
        cr_expect(IN(p.at[i + 1], seen[i]), "probe %zu: %g to %g", i + 1, p.at[i + 1].lo,
                  p.at[i + 1].hi);
}

Test(model_window_probe, no_retry_means_no_probe)
{
    struct conditions c = conditions_fresh();
    c.retries2 = 0;
    const struct window_probing p = follow((struct window_probe){0}, &c, 4);
    cr_expect(p.gives_up);
    cr_expect_eq(p.sent, 0);
    cr_expect(IN(p.end, 0.22));
}

Test(model_window_probe, over_a_cut_cable_retries2_is_a_count)
{
    for (int retries = 1; retries <= 8; retries++) {
        struct conditions c = conditions_fresh();
        c.retries2 = retries;
        const struct window_probing p =
            follow((struct window_probe){.cut = true}, &c, WINDOW_PROBES_MAX);
        cr_expect(p.gives_up);
        cr_expect_eq(p.sent, retries, "%d: %d", retries, p.sent);
        cr_expect(p.answers == 0 && p.skipped == 0 && p.unsure == 0);
    }
}

/* 0.2 s doubled nine times, and 120 s six times: as long as 15 retransmissions. */
Test(model_window_probe, the_default_takes_a_quarter_of_an_hour)
{
    const struct conditions c = conditions_fresh();
    const struct window_probing p =
        follow((struct window_probe){.cut = true}, &c, WINDOW_PROBES_MAX);
    cr_expect(p.gives_up);
    cr_expect_eq(p.sent, 15);
    cr_expect_gt(p.end.lo, 924.6);
    cr_expect_lt(p.end.lo, 960);
}

Test(model_window_probe, rto_max)
{
    struct conditions c = conditions_fresh();
    c.rto_max_ms = 1000;
    const struct window_probing p = follow((struct window_probe){0}, &c, 8);
    for (int i = 5; i <= 8; i++) {
        cr_expect_geq(p.at[i].lo - p.at[i - 1].lo, 1.0 - 1e-9);
        cr_expect_lt(p.at[i].lo - p.at[i - 1].lo, 1.01);
    }
}

/* tcp_rto_min_us makes the RTO shorter, and the waits never less than 200 ms. */
Test(model_window_probe, rto_min)
{
    struct conditions c = conditions_fresh();
    c.rto_min_us = 5000;
    const struct window_probe w = {.conditions = &c, .rtt = fast};
    cr_expect_lt(window_probe_rto(&w).hi, 0.1);
    cr_expect(IN(window_probe_follow(&w, 2).at[1], 0.2));
    c.rto_min_us = 1000000;
    cr_expect(NEAR(window_probe_rto(&w).lo, 1.004));
    cr_expect_eq(window_probe_follow(&w, 4).answers, 4);
}

Test(model_window_probe, limit_on_answers)
{
    struct conditions c = conditions_fresh();
    c.invalid_ratelimit = 0;
    cr_expect_eq(follow((struct window_probe){0}, &c, 4).answers, 4);
    c.invalid_ratelimit = 5000;
    struct window_probing p = follow((struct window_probe){0}, &c, 5);
    cr_expect_eq(p.answers, 2); /* the first, and the fifth, more than 6 s later */
    cr_expect(p.answered[5]);
    c.retries2 = 3; /* the second to the fourth are without an answer */
    p = follow((struct window_probe){0}, &c, 5);
    cr_expect(p.gives_up);
    cr_expect_eq(p.sent, 4);
    c.invalid_ratelimit = 440; /* between the earliest and the latest second probe */
    cr_expect_eq(follow((struct window_probe){0}, &c, 4).unsure, 2);
}

Test(model_window_probe, user_timeout)
{
    const struct conditions c = conditions_fresh();
    struct window_probing p = follow((struct window_probe){.user_timeout = 2}, &c, 4);
    cr_expect(p.gives_up);
    cr_expect_eq(p.sent, 3);
    cr_expect_eq(p.unsure, 0);
    cr_expect(IN(p.end, 2.24), "%g to %g", p.end.lo, p.end.hi);
    cr_expect_lt(p.end.hi - p.end.lo, 0.4);
    p = follow((struct window_probe){.user_timeout = 0.001}, &c, 4);
    cr_expect_eq(p.sent, 1);
    p = follow((struct window_probe){.user_timeout = 1.25}, &c, 4); /* next to the third probe */
    cr_expect_eq(p.unsure, 3);
}

Test(model_window_probe, orphans)
{
    struct conditions c = conditions_fresh();
    /* 0 means 8, and all but one are answered. */
    cr_expect_not(follow((struct window_probe){.orphan = true}, &c, 8).gives_up);
    cr_expect_eq(follow((struct window_probe){.orphan = true, .cut = true}, &c, 20).sent, 8);
    c.orphan_retries = 1;
    const struct window_probing p = follow((struct window_probe){.orphan = true}, &c, 8);
    cr_expect(p.gives_up);
    cr_expect_eq(p.sent, 2);
    c.orphan_retries = 0;
    c.rto_max_ms = 1000; /* once the wait is as long as can be 0 is 0 */
    cr_expect(follow((struct window_probe){.orphan = true}, &c, 20).gives_up);
}
