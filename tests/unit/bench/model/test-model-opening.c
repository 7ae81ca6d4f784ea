/* What socket options make of a connection's opening: against what was seen on a 6.18 kernel with
 * 250 ticks a second. */
#include "bench/model/ladder.h"
#include "bench/model/opening.h"

#include <criterion/criterion.h>
#include <math.h>

#define N(table)        (sizeof(table) / sizeof *(table))
#define IN(span, value) ((span).lo <= (value) && (value) <= (span).hi)

static struct conditions syn_settings(int64_t retries, int64_t linear_timeouts)
{
    struct conditions c = conditions_fresh();
    c.syn_retries = retries;
    c.syn_linear_timeouts = linear_timeouts;
    return c;
}

Test(model_opening, user_timeout_of_a_syn)
{
    static const struct {
        int64_t retries, linear_timeouts, user_timeout_ms;
        int retransmits;
        double seen;
    } cases[] = {
        {2, 4, 3000, 2, 3.03},   {2, 4, 500, 1, 1.04},    {2, 4, 1, 1, 1.04},
        {2, 4, 20000, 6, 11.35}, {2, 0, 1500, 1, 1.53},   {6, 4, 3500, 3, 3.53},
        {2, 0, 20000, 2, 7.06},  {1, 0, 900000, 1, 3.05},
    };
    for (size_t i = 0; i < N(cases); i++) {
        struct conditions c = syn_settings(cases[i].retries, cases[i].linear_timeouts);
        struct span is = opening_syn_gives_up(&c, cases[i].user_timeout_ms);
        double firing_s;
        cr_expect_eq(opening_syn_retransmits(&c, cases[i].user_timeout_ms), cases[i].retransmits,
                     "case %zu: %d", i, opening_syn_retransmits(&c, cases[i].user_timeout_ms));
        cr_expect(IN(is, cases[i].seen) && is.hi < cases[i].seen + 0.4, "case %zu: [%g, %g]", i,
                  is.lo, is.hi);
        cr_expect_not(opening_syn_is_chance(&c, cases[i].user_timeout_ms, &firing_s),
                      "case %zu: %g", i, firing_s);
    }
}

/* Whatever it is, it is not before 1 s, nor before its time unless the retries are used up. */
Test(model_opening, user_timeout_is_never_early)
{
    struct conditions c = syn_settings(2, 4);
    for (int64_t ms = 1; ms < 15000; ms += 7) {
        struct span is = opening_syn_gives_up(&c, ms);
        double due = ms < 1000 ? 1 : (double)ms / 1e3 < 11 ? (double)ms / 1e3 : 11;
        cr_expect(is.lo >= due - 0.0011 && is.lo <= is.hi, "%d ms: [%g, %g]", (int)ms, is.lo,
                  is.hi);
        cr_expect_leq(is.lo, due + 0.001, "%d ms: [%g, %g]", (int)ms, is.lo, is.hi);
    }
}

Test(model_opening, without_user_timeout_it_is_the_ladder)
{
    struct conditions c = syn_settings(2, 4);
    double firing_s;
    cr_expect_eq(opening_syn_retransmits(&c, 0), ladder_syn_retransmits(&c));
    cr_expect_eq(opening_syn_gives_up(&c, 0).hi, ladder_syn_gives_up(&c).hi);
    cr_expect_not(opening_syn_is_chance(&c, 0, &firing_s));
    for (int i = 1; i <= 5; i++)
        cr_expect_eq(ladder_syn_firing(&c, i).lo, ladder_syn(&c, i).lo);
}

Test(model_opening, chance_is_told)
{
    struct conditions c = syn_settings(2, 4);
    double firing_s = 0;
    cr_expect(opening_syn_is_chance(&c, 3010, &firing_s));
    cr_expect_eq(firing_s, 3);
    cr_expect_not(opening_syn_is_chance(&c, 3000, &firing_s));
    cr_expect_not(opening_syn_is_chance(&c, 2990, &firing_s));
    cr_expect_not(opening_syn_is_chance(&c, 3500, &firing_s));
    c = syn_settings(6, 127);
    cr_expect(opening_syn_is_chance(&c, 0, &firing_s), "126 firings may be 4 s late together");
    for (int64_t retries = 1; retries < 10; retries++) {
        c = syn_settings(retries, 4);
        cr_expect_not(opening_syn_is_chance(&c, 0, &firing_s), "%d", (int)retries);
    }
}

Test(model_opening, defer_accept)
{
    static const struct {
        int64_t seconds;
        int timeouts;
        int64_t rounded;
    } cases[] = {{0, 0, 0},     {-1, 0, 0},    {1, 1, 1},     {2, 2, 3},    {3, 2, 3},
                 {4, 3, 7},     {5, 3, 7},     {10, 4, 15},   {15, 4, 15},  {16, 5, 31},
                 {127, 7, 127}, {128, 8, 247}, {247, 8, 247}, {248, 9, 367}};
    for (size_t i = 0; i < N(cases); i++) {
        cr_expect_eq(opening_defer_timeouts(cases[i].seconds), cases[i].timeouts, "%d s: %d",
                     (int)cases[i].seconds, opening_defer_timeouts(cases[i].seconds));
        cr_expect_eq(opening_defer_seconds(cases[i].seconds), cases[i].rounded, "%d s: %d",
                     (int)cases[i].seconds, (int)opening_defer_seconds(cases[i].seconds));
    }
    cr_expect_eq(opening_defer_timeouts(INT64_MAX), 255);
}

Test(model_opening, defer_accept_ends)
{
    struct conditions c = conditions_fresh();
    c.synack_retries = 0;
    cr_expect(IN(opening_defer_ends(&c, 1), 1.02));
    cr_expect(IN(opening_defer_ends(&c, 3), 3.05));
    cr_expect(IN(opening_defer_ends(&c, 5), 7.24));
    cr_expect(IN(opening_defer_ends(&c, 10), 15.43));
}

Test(model_opening, fastopen)
{
    struct conditions c = conditions_fresh();
    cr_expect_eq(opening_fastopen_limit(&c, 3), 3);
    cr_expect_eq(opening_fastopen_limit(&c, 100000), c.somaxconn);
    c.somaxconn = 2;
    cr_expect_eq(opening_fastopen_limit(&c, 3), 2);
    cr_expect_eq(opening_fastopen_admits(3, 0, 6), 3);
    cr_expect_eq(opening_fastopen_admits(3, 3, 1), 0);
    cr_expect_eq(opening_fastopen_admits(3, 4, 1), 0);
    cr_expect_eq(opening_fastopen_admits(3, 1, 1), 1);
    cr_expect_eq(opening_fastopen_admits(0, 0, 5), 0);
}

/* Half of the limit is sure; a limit of INT_MAX is none, and one below 0 is a large number. */
Test(model_opening, challenge_acks)
{
    static const struct {
        int64_t limit, sure;
    } cases[] = {{INT32_MAX, INT64_MAX}, {1000, 500}, {5, 3}, {4, 2}, {1, 1}, {0, 0}, {-1, 0},
                 {INT32_MIN, 1 << 30}};
    struct conditions c = conditions_fresh();
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        c.challenge_ack_limit = cases[i].limit;
        cr_expect_eq(opening_challenge_acks(&c), cases[i].sure, "limit %lld",
                     (long long)cases[i].limit);
    }
    c.invalid_ratelimit = 2000;
    cr_expect(opening_answers_each_syn_ack(&c));
    c.invalid_ratelimit = 2001;
    cr_expect_not(opening_answers_each_syn_ack(&c));
}

/* As TCP_INFO of accepted connections has them on a 6.18 kernel with tcp_syncookies = 2 and no
 * timestamps. */
Test(model_opening, cookie_mss)
{
    static const struct {
        int announced, v4, v6;
    } seen[] = {{500, 536, 1220},   {536, 536, 1220},   {1299, 536, 1220},  {1300, 1300, 1220},
                {1419, 1300, 1220}, {1420, 1300, 1420}, {1440, 1440, 1440}, {1459, 1440, 1440},
                {1460, 1460, 1440}, {8940, 1460, 8940}};
    for (size_t i = 0; i < sizeof(seen) / sizeof(*seen); i++) {
        cr_expect_eq(opening_cookie_mss(seen[i].announced, false), seen[i].v4, "%d",
                     seen[i].announced);
        cr_expect_eq(opening_cookie_mss(seen[i].announced, true), seen[i].v6, "%d",
                     seen[i].announced);
    }
}
