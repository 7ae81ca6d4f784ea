/* Timers, the ladders of retransmission and the lives of closing states: against what was seen on a
 * 6.18 kernel with 250 ticks a second. */
#include "bench/model/ladder.h"
#include "bench/model/lateness.h"
#include "bench/model/life.h"
#include "bench/model/rto.h"

#include <criterion/criterion.h>
#include <math.h>

#define N(table)        (sizeof(table) / sizeof *(table))
#define NEAR(a, b)      (fabs((a) - (b)) < 1e-9)
#define IN(span, value) ((span).lo <= (value) && (value) <= (span).hi)

Test(model_time, lateness_is_a_granule_of_its_level)
{
    static const struct {
        int hz;
        double seconds, granule;
    } cases[] = {
        {250, 0.004, 0.004},  {250, 0.248, 0.004},  {250, 0.252, 0.032},   {250, 1, 0.032},
        {250, 2, 0.032},      {250, 2.012, 0.032},  {250, 2.016, 0.256},   {250, 4, 0.256},
        {250, 16, 0.256},     {250, 16.128, 2.048}, {250, 60, 2.048},      {250, 128, 2.048},
        {250, 130, 16.384},   {250, 1800, 131.072}, {250, 7200, 131.072},  {1000, 0.062, 0.001},
        {1000, 0.063, 0.008}, {1000, 0.503, 0.008}, {1000, 0.504, 0.064},  {1000, 4.031, 0.064},
        {1000, 4.032, 0.512}, {1000, 60, 4.096},    {1000, 7200, 262.144}, {100, 1, 0.08},
        {100, 60, 5.12},      {300, 0.2, 1. / 300}, {100, 0.62, 0.01},     {100, 0.63, 0.08},
        {250, 0, 0.004},      {250, -1, 0.004},
    };
    for (size_t i = 0; i < N(cases); i++)
        cr_expect(NEAR(lateness(cases[i].hz, cases[i].seconds), cases[i].granule),
                  "%d Hz, %g s: %g, not %g", cases[i].hz, cases[i].seconds,
                  lateness(cases[i].hz, cases[i].seconds), cases[i].granule);
}

Test(model_time, lateness_has_a_last_level)
{
    cr_expect(NEAR(lateness(1000, INFINITY), 16777.216)); /* 8^8 ticks */
    cr_expect(isinf(lateness(0, 1)));
    cr_expect(isinf(lateness(-250, 1)));
}

/* calc_wheel_index(), its comparisons written out, for all whole ticks of the first levels. */
static int64_t granule_in_ticks(int64_t ticks)
{
    return ticks < 63 ? 1 : ticks < 504 ? 8 : ticks < 4032 ? 64 : ticks < 32256 ? 512 : 4096;
}

Test(model_time, lateness_of_each_tick)
{
    static const int hz[] = {100, 250, 300, 1000};
    for (size_t i = 0; i < N(hz); i++)
        for (int64_t ticks = 1; ticks < 40000; ticks++) {
            double is = lateness(hz[i], (double)ticks / hz[i]) * hz[i];
            if (!NEAR(is, (double)granule_in_ticks(ticks)))
                cr_expect_fail("%d Hz, %d ticks: %g", hz[i], (int)ticks, is);
        }
}

Test(model_time, spans_add_up)
{
    struct span one = lateness_span(250, 1);
    cr_expect(NEAR(one.lo, 1) && NEAR(one.hi, 1.032 + LATENESS_SCHEDULING));
    struct span both = lateness_then(one, 250, 4);
    cr_expect(NEAR(both.lo, 5) && NEAR(both.hi, 5 + 0.032 + 0.256 + LATENESS_SCHEDULING));
}

static struct conditions syn_settings(int64_t retries, int64_t linear_timeouts)
{
    struct conditions c = conditions_fresh();
    c.syn_retries = retries;
    c.syn_linear_timeouts = linear_timeouts;
    return c;
}

static void check_span(struct span is, double lo, double hi, const char *what, int i)
{
    cr_expect(NEAR(is.lo, lo) && NEAR(is.hi, hi + LATENESS_SCHEDULING),
              "%s %d: [%.9g, %.9g], not [%.9g, %.9g]", what, i, is.lo, is.hi, lo,
              hi + LATENESS_SCHEDULING);
}

/* A kernel whose SYN timeouts double from the first on, whatever the knob is said to be. */
Test(model_time, syn_timeouts_by_the_rule)
{
    struct conditions linear = syn_settings(6, 4), doubling = syn_settings(6, 0), by_rule = linear;
    cr_assert_eq(kernel_rules_set(&by_rule.rules, "syn_timeouts", "doubling"), 0);
    cr_expect_eq(ladder_syn_retransmits(&by_rule), ladder_syn_retransmits(&doubling));
    cr_expect_neq(ladder_syn_retransmits(&by_rule), ladder_syn_retransmits(&linear));
    cr_expect_eq(ladder_syn(&by_rule, 2).lo, 3);
    cr_expect_eq(ladder_syn_gives_up(&by_rule).hi, ladder_syn_gives_up(&doubling).hi);
}

Test(model_time, syn_gives_up)
{
    static const struct {
        int64_t retries, linear_timeouts;
        int retransmits;
        double nominal, seen;
    } cases[] = {
        {6, 4, 10, 131, 134.78}, {1, 4, 2, 3, 3.07},
        {2, 4, 5, 7, 7.12},      {3, 4, 7, 19, 19.55},
        {4, 4, 8, 35, 35.63},    {5, 4, 9, 67, 0},
        {2, 0, 2, 7, 7.21},      {6, 0, 6, 127, 0},
        {1, 0, 1, 3, 0},         {7, 0, 7, 247, 0},
        {8, 0, 8, 367, 0},       {7, 4, 11, 251, 0},
        {1, 1, 2, 4, 0},         {1, 2, 2, 3, 0},
        {6, 127, 126, 127, 0},   {127, 0, 127, 127 + 121. * 120, 0},
    };
    for (size_t i = 0; i < N(cases); i++) {
        struct conditions c = syn_settings(cases[i].retries, cases[i].linear_timeouts);
        struct span end = ladder_syn_gives_up(&c);
        cr_expect_eq(ladder_syn_retransmits(&c), cases[i].retransmits, "case %zu: %d", i,
                     ladder_syn_retransmits(&c));
        cr_expect(NEAR(end.lo, cases[i].nominal), "case %zu: %g", i, end.lo);
        cr_expect(!cases[i].seen || IN(end, cases[i].seen), "case %zu: [%g, %g]", i, end.lo,
                  end.hi);
    }
}

Test(model_time, syn_ladder)
{
    static const double nominal[] = {1, 2, 3, 4, 5, 7, 11, 19, 35, 67};
    static const double late[] = {.032, .064, .096, .128, .16, .192, .448, .704, .96, 3.008};
    static const double seen[] = {1.03, 2.05, 3.07, 4.1, 5.12, 7.13, 11.39, 19.58, 35.71, 69.25};
    struct conditions c = conditions_fresh();
    for (int i = 0; i < 10; i++) {
        check_span(ladder_syn(&c, i + 1), nominal[i], nominal[i] + late[i], "SYN", i + 1);
        cr_expect(IN(ladder_syn(&c, i + 1), seen[i]), "SYN %d was seen at %g", i + 1, seen[i]);
    }
    check_span(ladder_syn_gives_up(&c), 131, 131 + 5.056, "the end", 0);
}

Test(model_time, syn_ladder_without_linear_timeouts)
{
    struct conditions c = syn_settings(6, 0);
    for (int i = 1; i <= 6; i++)
        cr_expect(NEAR(ladder_syn(&c, i).lo, (1 << i) - 1));
}

Test(model_time, no_such_retransmission)
{
    struct conditions c = conditions_fresh();
    cr_expect(isinf(ladder_syn(&c, 0).lo) && isinf(ladder_syn(&c, 11).lo) &&
              isinf(ladder_syn(&c, 11).hi));
    cr_expect(isfinite(ladder_syn(&c, 1).hi) && isfinite(ladder_syn(&c, 10).hi));
    cr_expect(isinf(ladder_syn_ack(&c, 0).lo) && isinf(ladder_syn_ack(&c, 6).lo));
    cr_expect(isfinite(ladder_syn_ack(&c, 5).hi));
}

/* A SYN's timer as the kernel handles it, firing after firing: how many retransmissions, and when
 * it ends. */
static int fire_syn_timer(int retries, int linear_timeouts, int *ret_end)
{
    int now = 0, rto = 1, retransmits = 0, total_rto = 0;
    int patience = retries <= 6 ? (2 << retries) - 1 : 127 + (retries - 6) * 120;
    for (;;) {
        now += rto;
        if (retransmits >= retries + linear_timeouts || (retransmits && now >= patience)) {
            *ret_end = now;
            return retransmits;
        }
        retransmits++;
        if (++total_rto > linear_timeouts)
            rto = rto * 2 < 120 ? rto * 2 : 120;
    }
}

Test(model_time, syn_ladder_as_firing_by_firing)
{
    for (int retries = 0; retries <= 12; retries++)
        for (int linear = 0; linear <= 130; linear++) {
            struct conditions c = syn_settings(retries, linear);
            int end, retransmits = fire_syn_timer(retries, linear, &end);
            cr_expect_eq(ladder_syn_retransmits(&c), retransmits, "retries %d, linear %d", retries,
                         linear);
            cr_expect(NEAR(ladder_syn_gives_up(&c).lo, end), "retries %d, linear %d", retries,
                      linear);
        }
}

Test(model_time, syn_ack_ladder)
{
    static const double nominal[] = {1, 3, 7, 15, 31};
    static const double late[] = {.032, .064, .32, .576, .832};
    static const double seen[2][5] = {{1.02, 3.03, 7.23, 15.42, 31.54},
                                      {1.02, 3.04, 7.3, 15.5, 31.6}};
    struct conditions c = conditions_fresh();
    cr_expect_eq(ladder_syn_ack_retransmits(&c), 5);
    for (int i = 0; i < 5; i++) {
        check_span(ladder_syn_ack(&c, i + 1), nominal[i], nominal[i] + late[i], "SYN-ACK", i + 1);
        cr_expect(IN(ladder_syn_ack(&c, i + 1), seen[0][i]) &&
                  IN(ladder_syn_ack(&c, i + 1), seen[1][i]));
    }
    check_span(ladder_syn_ack_gone(&c), 63, 63 + 2.88, "gone", 0);
}

Test(model_time, syn_ack_gone)
{
    static const struct {
        int64_t retries;
        double nominal, seen;
    } cases[] = {{5, 63, 65.08}, {2, 7, 7.2}, {0, 1, 1.03},   {1, 3, 3},
                 {6, 127, 0},    {7, 247, 0}, {255, 30007, 0}};
    for (size_t i = 0; i < N(cases); i++) {
        struct conditions c = conditions_fresh();
        c.synack_retries = cases[i].retries;
        struct span gone = ladder_syn_ack_gone(&c);
        cr_expect_eq(ladder_syn_ack_retransmits(&c), cases[i].retries);
        cr_expect(NEAR(gone.lo, cases[i].nominal), "retries %d: %g", (int)cases[i].retries,
                  gone.lo);
        cr_expect(!cases[i].seen || IN(gone, cases[i].seen), "retries %d", (int)cases[i].retries);
    }
}

Test(model_time, fin_wait_2)
{
    static const struct {
        int64_t fin_timeout;
        double lo, hi, seen; /* hi without the allowance */
        const char *counter;
    } cases[] = {
        {1, 1, 1.05 + .032, 1.03, "TcpExt.TWKilled"},
        {2, 2, 2.032, 2.03, "TcpExt.TWKilled"},
        {4, 4, 4.256, 0, "TcpExt.TWKilled"},
        {5, 5, 5.256, 5.13, "TcpExt.TW"},
        {60, 60, 62.048, 61.21, "TcpExt.TW"},
        {61, 2, 1 + .032 + 1.05 + .032, 0, "TcpExt.TWKilled"},
        {62, 4, 4.064, 4.06, "TcpExt.TWKilled"},
        {64, 8, 8.512, 0, "TcpExt.TWKilled"},
        {65, 10, 10.512, 10.27, "TcpExt.TW"},
        {90, 60, 60 + 2 * 2.048, 61.17, "TcpExt.TW"},
        {120, 120, 120 + 2 * 2.048, 0, "TcpExt.TW"},
        {0, 0.7, 1.05 + .032, 0, "TcpExt.TWKilled"},
        {-1, 0.7, 1.05 + .032, 0, "TcpExt.TWKilled"},
    };
    for (size_t i = 0; i < N(cases); i++) {
        struct conditions c = conditions_fresh();
        c.fin_timeout = cases[i].fin_timeout;
        struct span life = life_fin_wait_2(&c, (struct span){0, 0.1});
        check_span(life, cases[i].lo, cases[i].hi, "fin_timeout", (int)c.fin_timeout);
        cr_expect(!cases[i].seen || IN(life, cases[i].seen), "fin_timeout %d", (int)c.fin_timeout);
        cr_expect_str_eq(life_fin_wait_2_counter(&c, (struct span){0, 0.1}), cases[i].counter);
    }
}

/* A wire of 200 ms (400 ms) each way: RTO is three round trips, and 3.5 of it is more than a short
 * tcp_fin_timeout. */
Test(model_time, fin_wait_2_outlasts_the_round_trips)
{
    struct conditions c = conditions_fresh();
    c.fin_timeout = 1;
    struct span life = life_fin_wait_2(&c, (struct span){0.4, 0.45});
    check_span(life, 4.2, 3.5 * 1.352 + .256, "delay 200 ms", 1); /* 1.35 s are 338 ticks */
    cr_expect(IN(life, 4.27), "seen");
    cr_expect_str_eq(life_fin_wait_2_counter(&c, (struct span){0.4, 0.45}), "TcpExt.TW");
    c.fin_timeout = 5;
    cr_expect(IN(life_fin_wait_2(&c, (struct span){0.8, 0.85}), 8.6), "seen with 400 ms");
    c.fin_timeout = 30;
    check_span(life_fin_wait_2(&c, (struct span){0.8, 0.85}), 30, 32.048, "longer than that", 30);
}

/* One handshake held back for so long, and its FIN_WAIT_2 with tcp_fin_timeout = 2: it lasted 3.31
 * s and 4.19 s. */
Test(model_time, the_rto_after_one_round_trip)
{
    struct conditions c = conditions_fresh();
    cr_expect(NEAR(rto_first(&c, 0), 0.2) && NEAR(rto_first(&c, 0.1), 0.3) &&
              NEAR(rto_first(&c, 0.3), 0.9));
    c.fin_timeout = 2;
    cr_expect(IN(life_fin_wait_2(&c, (struct span){0.304, 0.304}), 3.315));
    cr_expect(IN(life_fin_wait_2(&c, (struct span){0.39, 0.407}), 4.195));
}

Test(model_time, time_wait)
{
    struct conditions c = conditions_fresh();
    c.fin_timeout = 5; /* which it does not ask */
    check_span(life_time_wait(&c), 60, 62.048, "250 Hz", 0);
    cr_expect(IN(life_time_wait(&c), 61.04) && IN(life_time_wait(&c), 61.996));
    c.hz = 1000;
    check_span(life_time_wait(&c), 60, 64.096, "1000 Hz", 0);
    c.hz = 100;
    check_span(life_time_wait(&c), 60, 65.12, "100 Hz", 0);
}

/* tcp_rto_max_ms = 1000: nothing doubles, and the time that tcp_syn_retries stands for shrinks.
 * Seen: given up after 3.08 s. SYN-ACKs have no part in it. */
Test(model_time, tcp_rto_max_bounds_a_syn)
{
    struct conditions c = conditions_fresh();
    c.syn_retries = 2;
    double before_s = ladder_syn_ack_gone(&c).lo;
    c.rto_max_ms = 1000;
    cr_expect_eq(ladder_syn_retransmits(&c), 2);
    cr_expect(NEAR(ladder_syn_gives_up(&c).lo, 3) && IN(ladder_syn_gives_up(&c), 3.08));
    cr_expect(NEAR(ladder_syn_ack_gone(&c).lo, before_s));
}

/* A FIN_WAIT_2 of 3.5 RTO, and the RTO is tcp_rto_min_us at least. */
Test(model_time, fin_wait_2_outlasts_tcp_rto_min)
{
    struct conditions c = conditions_fresh();
    c.fin_timeout = 1;
    c.rto_min_us = 1000000;
    cr_expect(NEAR(life_fin_wait_2(&c, (struct span){0, 0}).lo, 3.5));
    cr_expect(NEAR(rto_first(&c, 0), 1));
    c.rto_min_us = 2147483647;
    cr_expect(NEAR(rto_first(&c, 0), 120));
}
