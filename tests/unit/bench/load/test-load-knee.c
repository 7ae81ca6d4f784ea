/* The search for a knee, among values whose answers are known. */
#include "bench/load/load_knee.h"
#include "bench/load/load_vary.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct world {
    double edge;       /* values from here on are good, or bad */
    bool up;           /* good are those from the edge on */
    double short_edge; /* what short trials take for it */
    double limit;      /* from here on the client is the limit; 0: nowhere */
    double limit_end;  /* ... up to here; 0: to the end */
    int n_short, n_long;
};

static int judge(void *context, double value, bool confirm, enum load_knee_answer *ret)
{
    struct world *w = context;
    cr_assert(value == round(value), "%g is not on the grain", value);
    *(confirm ? &w->n_long : &w->n_short) += 1;
    double edge = confirm ? w->edge : w->short_edge;
    bool limited = w->limit > 0 && value >= w->limit && (!w->limit_end || value < w->limit_end);
    *ret = limited ? LOAD_KNEE_LIMITED : (value >= edge) == w->up ? LOAD_KNEE_GOOD : LOAD_KNEE_BAD;
    return 0;
}

static struct load_knee_result search(struct world *w, double from, double to, double precision)
{
    struct load_knee_result result;
    const struct load_knee_args args = {
        .from = from, .to = to, .grain = 1, .precision = precision, .judge = judge, .context = w};
    if (!w->short_edge)
        w->short_edge = w->edge;
    cr_assert_eq(load_knee_search(&args, &result), 0);
    return result;
}

Test(knee, each_edge_of_a_range_is_found_from_both_sides)
{
    for (int edge = 1; edge <= 64; edge++)
        for (int up = 0; up < 2; up++) {
            struct world w = {.edge = edge, .up = up};
            struct load_knee_result r = search(&w, 0, 64, 0);
            cr_assert(r.has_good && r.has_bad && !r.limited);
            cr_expect_eq(up ? r.last_good : r.first_bad, edge);
            cr_expect_eq(up ? r.first_bad : r.last_good, edge - 1);
            cr_expect_leq(w.n_short, 9);
            cr_expect_eq(w.n_long, 2, "only the two ends are confirmed");
        }
}

Test(knee, short_trials_that_are_wrong_are_put_right)
{
    for (int edge = 1; edge <= 64; edge++)
        for (int short_edge = 1; short_edge <= 64; short_edge++)
            for (int up = 0; up < 2; up++) {
                struct world w = {.edge = edge, .up = up, .short_edge = short_edge};
                struct load_knee_result r = search(&w, 0, 64, 0);
                cr_assert(r.has_good && r.has_bad, "%d %d", edge, short_edge);
                cr_assert_eq(up ? r.last_good : r.first_bad, edge, "%d, short ones say %d: %g %g",
                             edge, short_edge, r.last_good, r.first_bad);
                cr_assert_eq(fabs(r.last_good - r.first_bad), 1);
            }
}

Test(knee, the_precision_is_kept)
{
    struct world w = {.edge = 43210};
    struct load_knee_result r = search(&w, 100, 1000000, 0.02);
    cr_expect(r.last_good < 43210 && r.first_bad >= 43210);
    cr_expect_leq(r.first_bad - r.last_good, 0.02 * r.first_bad);
    cr_expect_leq(w.n_short, 12, "%d", w.n_short);
}

Test(knee, all_good_all_bad)
{
    struct world w = {.edge = 1000};
    struct load_knee_result r = search(&w, 0, 64, 0);
    cr_expect(r.has_good && !r.has_bad && !r.limited);
    cr_expect_eq(r.last_good, 64);
    cr_expect_eq(w.n_long, 2, "the ends are confirmed");
    w = (struct world){.edge = 1000, .up = true};
    r = search(&w, 0, 64, 0);
    cr_expect(!r.has_good && r.has_bad);
}

/* The rate is too high for the client from 50 on, and the server would bear 60: 50 is no knee. */
Test(knee, a_saturated_client_is_never_the_knee)
{
    struct world w = {.edge = 60, .limit = 50};
    struct load_knee_result r = search(&w, 0, 64, 0);
    cr_expect(r.has_good && !r.has_bad && r.limited);
    cr_expect_eq(r.last_good, 49);
    w = (struct world){.edge = 40, .limit = 50};
    r = search(&w, 0, 64, 0);
    cr_expect(r.has_good && r.has_bad && !r.limited);
    cr_expect_eq(r.first_bad, 40);
    w = (struct world){.edge = 40, .limit = 1};
    r = search(&w, 1, 64, 0);
    cr_expect(!r.has_good && !r.has_bad && r.limited);
}

/* On a busy machine single values are limited: the answer has them in between. */
Test(knee, limited_values_between_good_and_bad_make_the_answer_wider)
{
    for (int up = 0; up < 2; up++) {
        struct world w = {.edge = 30, .up = up, .limit = 28, .limit_end = 33};
        struct load_knee_result r = search(&w, 0, 64, 0);
        cr_assert(r.has_good && r.has_bad && !r.limited);
        double lo = fmin(r.last_good, r.first_bad), hi = fmax(r.last_good, r.first_bad);
        cr_expect(lo <= 27 && lo >= 15 && hi >= 33 && hi <= 48, "%g %g", lo, hi);
        cr_expect_eq(up, r.last_good > r.first_bad);
    }
}

static int interrupted(void *context, double value, bool confirm, enum load_knee_answer *ret)
{
    return ++*(int *)context == 4
               ? -EINTR
               : judge(&(struct world){.edge = 9, .short_edge = 9}, value, confirm, ret);
}

Test(knee, a_signal_ends_the_search)
{
    int n = 0;
    struct load_knee_result r;
    const struct load_knee_args args = {
        .from = 0, .to = 64, .grain = 1, .judge = interrupted, .context = &n};
    cr_expect_eq(load_knee_search(&args, &r), -EINTR);
}

/* --- --vary --- */

static void check_values(const char *text, const char *values)
{
    struct load_vary v;
    char *message = NULL, all[400] = "";
    int r = load_vary_read(text, &v, &message);
    cr_assert_eq(r, 0, "%s: %s", text, message);
    for (size_t i = 0; i < v.n; i++)
        snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%s", i ? " " : "", v.value[i]);
    cr_expect_str_eq(all, values, "%s: %s", text, all);
    load_vary_free(&v);
}

Test(vary, values)
{
    check_values("server.backlog=1,2,4", "1 2 4");
    check_values("net.ipv4.tcp_rmem=4096 1 2,4096 3 4", "4096 1 2 4096 3 4");
    check_values("link=wire", "wire");
    check_values("server.backlog=0..64", "0 16 32 48 64");
    check_values("server.backlog=1..16:5", "1 2 4 8 16");
    check_values("server.backlog=0..2:9", "0 1 2");
    check_values("client.rate=1k..8k:4", "1000 2000 4000 8000");
    check_values("client.rate=0.5..2.5:3", "0.500 1.500 2.500");
    check_values("server.accept_delay=100us..300us:3", "100us 200us 300us");
    check_values("delay=1ms..8ms:4", "1000us 2000us 4000us 8000us");
}

Test(vary, refused)
{
    static const struct {
        const char *text, *said;
    } table[] = {
        {"server.backlog", "write KEY=FROM..TO"},
        {"=1..2", "write KEY=FROM..TO"},
        {"a=1,,2", "an empty value"},
        {"a=1,1", "stands there twice"},
        {"a=4..2", "the first must be the smaller"},
        {"a=1..2:1", "a number from 2 to 100"},
        {"a=1..x", "a.. not"},
        {"a=1..2ms", "the first must"},
        {"a=", "an empty value"},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        struct load_vary v;
        char *message = NULL;
        cr_expect_eq(load_vary_read(table[i].text, &v, &message), -EINVAL, "%s", table[i].text);
        cr_expect(message && (i == 6 || strstr(message, table[i].said)), "%s: %s", table[i].text,
                  message);
        free(message);
    }
}
