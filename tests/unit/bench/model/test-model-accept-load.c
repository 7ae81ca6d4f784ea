/* The accept queue under a load that lasts: the formulas beside tables, beside each other, and
 * beside a simulation of the loop and of its queue that knows no formula. */
#include "bench/model/accept_load.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

static struct accept_load poisson(double rate, double pace_s)
{
    return (struct accept_load){
        .rate = rate, .arrivals = ACCEPT_ARRIVALS_POISSON, .pace_s = pace_s};
}

/* --- the simulation --- */

static double uniform(void)
{
    static uint64_t x = 88172645463325252ULL; /* Marsaglia's xorshift */
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return ((double)(x >> 11) + 0.5) * 0x1p-53;
}

/* When the loop, free at that time, does its next piece of work. */
static double awake(const struct accept_load *l, double at)
{
    if (l->stall_s <= 0)
        return at;
    double begin = floor(at / l->stall_every_s) * l->stall_every_s;
    return at - begin < l->stall_s ? begin + l->stall_s : at;
}

static double work(const struct accept_load *l)
{
    return l->work == ACCEPT_WORK_FIXED ? l->pace_s : -log(uniform()) * l->pace_s;
}

/* Of n arrivals, the share that is dropped; found[j]: how many found so many in the queue. */
static double simulate(const struct accept_load *l, int64_t limit, uint64_t n, uint64_t *found)
{
    double at = 0, free_at = 0;
    int64_t queue = 0;
    uint64_t dropped = 0;
    for (uint64_t i = 0; i < n; i++) {
        if (l->arrivals == ACCEPT_ARRIVALS_POISSON)
            at += -log(uniform()) / l->rate;
        else if (l->arrivals == ACCEPT_ARRIVALS_EVEN)
            at = (double)i / l->rate;
        else
            at = floor((double)i / l->burst) * l->burst / l->rate;
        while (queue && awake(l, free_at) <= at) {
            free_at = awake(l, free_at) + work(l);
            queue--;
        }
        if (found)
            found[queue]++;
        if (!queue && free_at <= at && awake(l, at) <= at)
            free_at = at + work(l);
        else if (queue <= limit)
            queue++;
        else
            dropped++;
    }
    return (double)dropped / (double)n;
}

/* --- known values --- */

/* M/M/1/K: (1 - rho) rho^K / (1 - rho^(K + 1)), and 1 / (K + 1) for rho = 1. */
Test(accept_load, exponential_work_is_the_closed_form)
{
    static const double loads[] = {0.1, 0.5, 0.75, 0.99, 1, 1.01, 1.5, 4};
    for (size_t i = 0; i < sizeof(loads) / sizeof(*loads); i++)
        for (int64_t limit = 0; limit < 2000; limit = 3 * limit + 1) {
            struct accept_load l = poisson(loads[i] * 1000, 1e-3);
            double k = (double)limit + 2, rho = loads[i];
            double p = rho == 1  ? 1 / (k + 1)
                       : rho < 1 ? (1 - rho) * pow(rho, k) / (1 - pow(rho, k + 1))
                                 : (1 - 1 / rho) / (1 - pow(1 / rho, k + 1));
            l.work = ACCEPT_WORK_EXPONENTIAL;
            cr_expect_float_eq(accept_load_loss(&l, limit), p, 1e-12 + 1e-9 * p, "%g %lld: %g, %g",
                               rho, (long long)limit, accept_load_loss(&l, limit), p);
        }
}

/* M/D/1/2 by hand: of the embedded chain at departures only "empty" and "one" are left, with
 * pi_0 = e^-rho, and the loss is 1 - 1 / (pi_0 + rho) (Gross, Harris, Fundamentals of Queueing
 * Theory, 5.1.8: the same chain for any K). */
static double embedded_chain(double rho, size_t k)
{
    double a[64], pi[64], sum = 0;
    a[0] = exp(-rho);
    for (size_t i = 1; i < k; i++)
        a[i] = a[i - 1] * rho / (double)i;
    pi[0] = 1;
    for (size_t j = 0; j + 1 < k; j++) {
        double next = pi[j] - pi[0] * a[j];
        for (size_t i = 1; i <= j; i++)
            next -= pi[i] * a[j - i + 1];
        pi[j + 1] = next / a[0];
    }
    for (size_t j = 0; j < k; j++)
        sum += pi[j];
    return 1 - 1 / (pi[0] / sum + rho);
}

Test(accept_load, fixed_work_is_the_embedded_chain)
{
    static const double loads[] = {0.2, 0.5, 0.75, 0.9, 1, 1.2, 2};
    for (size_t i = 0; i < sizeof(loads) / sizeof(*loads); i++)
        for (int64_t limit = 0; limit <= 12; limit++) {
            struct accept_load l = poisson(loads[i] * 1000, 1e-3);
            double p = embedded_chain(loads[i], (size_t)limit + 2);
            cr_expect_float_eq(accept_load_loss(&l, limit), p, 1e-9 + 1e-6 * p, "%g %lld: %g, %g",
                               loads[i], (long long)limit, accept_load_loss(&l, limit), p);
        }
    struct accept_load l = poisson(750, 1e-3);
    cr_expect_float_eq(accept_load_loss(&l, 0), 1 - 1 / (exp(-0.75) + 0.75), 1e-12);
}

/* The mean number of waiting ones of M/D/1 is rho^2 / (2 (1 - rho)) (Pollaczek, Khinchine); a queue
 * of 1000 is as good as without a limit. */
Test(accept_load, a_long_queue_has_the_mean_of_pollaczek_and_khinchine)
{
    double *p = calloc(1002, sizeof(*p)), mean = 0, sum = 0;
    struct accept_load l = poisson(800, 1e-3);
    accept_load_queue(&l, 1000, p);
    for (int i = 0; i < 1002; i++) {
        mean += i * p[i];
        sum += p[i];
    }
    cr_expect_float_eq(sum, 1, 1e-9);
    cr_expect_float_eq(mean, 0.8 * 0.8 / (2 * 0.2), 1e-6, "%f", mean);
    free(p);
}

Test(accept_load, an_overloaded_loop_loses_what_it_cannot_take)
{
    struct accept_load l = poisson(2000, 1e-3);
    cr_expect_float_eq(accept_load_loss(&l, 5000), 0.5, 1e-6, "%f", accept_load_loss(&l, 5000));
    cr_expect_eq(accept_load_backlog(&l, 0.001, 10000), -1);
    l.arrivals = ACCEPT_ARRIVALS_EVEN;
    cr_expect_float_eq(accept_load_loss(&l, 10), 0.5, 1e-9);
    cr_expect_eq(accept_load_backlog(&l, 0.001, 10000), -1);
    l.rate = 999;
    cr_expect_eq(accept_load_backlog(&l, 0, 10000), 0, "even starts below the pace never wait");
}

/* --- beside the simulation --- */

/* Losses come in clusters, so their number varies more than that of as many independent events:
 * by a factor that grows with the load, taken large here. */
static void beside(const struct accept_load *l, int64_t limit, uint64_t n)
{
    double loss = accept_load_loss(l, limit), seen = simulate(l, limit, n, NULL);
    double tolerance = 12 * sqrt((loss + 1e-7) / (double)n) + 2.0 / (double)n;
    cr_expect_float_eq(seen, loss, tolerance,
                       "rate %g, work %d, arrivals %d, stall %g, limit %lld: "
                       "%g simulated, %g",
                       l->rate, l->work, l->arrivals, l->stall_s, (long long)limit, seen, loss);
}

Test(accept_load, the_loop_and_its_queue_simulated)
{
    static const double rates[] = {300, 700, 950, 1300};
    for (size_t i = 0; i < sizeof(rates) / sizeof(*rates); i++)
        for (int64_t limit = 0; limit <= 20; limit = 2 * limit + 1)
            for (int work_kind = 0; work_kind < 2; work_kind++)
                for (int arrivals = 0; arrivals < 2; arrivals++) {
                    struct accept_load l = {.rate = rates[i],
                                            .pace_s = 1e-3,
                                            .work = (enum accept_work)work_kind,
                                            .arrivals = (enum accept_arrivals)arrivals};
                    if (arrivals == ACCEPT_ARRIVALS_POISSON || !work_kind)
                        beside(&l, limit, 400000);
                }
}

Test(accept_load, bursts_simulated)
{
    for (int64_t limit = 0; limit <= 60; limit += 12) {
        struct accept_load l = {
            .rate = 500, .pace_s = 1e-3, .arrivals = ACCEPT_ARRIVALS_BURST, .burst = 50};
        beside(&l, limit, 100000);
        l.rate = 1100;
        beside(&l, limit, 100000);
    }
    struct accept_load l = {
        .rate = 500, .pace_s = 1e-3, .arrivals = ACCEPT_ARRIVALS_BURST, .burst = 50};
    cr_expect_eq(accept_load_backlog(&l, 0, 1000), 48, "one is taken at once, 49 places");
}

Test(accept_load, what_a_syn_finds_simulated)
{
    enum { LIMIT = 6, N = 1000000 };
    uint64_t found[LIMIT + 2] = {0};
    double p[LIMIT + 2];
    struct accept_load l = poisson(800, 1e-3);
    simulate(&l, LIMIT, N, found);
    accept_load_queue(&l, LIMIT, p);
    for (int i = 0; i < LIMIT + 2; i++)
        cr_expect_float_eq((double)found[i] / N, p[i], 0.004, "%d: %g simulated, %g", i,
                           (double)found[i] / N, p[i]);
}

/* 0.2 s without an accept each 2 s: a backlog of about rate times stall. */
Test(accept_load, stalls_simulated)
{
    static const int64_t limits[] = {100, 700, 900, 980, 1000, 1020, 1050};
    for (size_t i = 0; i < sizeof(limits) / sizeof(*limits); i++) {
        struct accept_load l = poisson(5000, 150e-6);
        l.stall_s = 0.2;
        l.stall_every_s = 2;
        double loss = accept_load_loss(&l, limits[i]),
               seen = simulate(&l, limits[i], 10000000, NULL);
        cr_expect_float_eq(seen, loss, 0.02 * loss + 2e-4, "%lld: %g simulated, %g",
                           (long long)limits[i], seen, loss);
        l.arrivals = ACCEPT_ARRIVALS_EVEN;
        loss = accept_load_loss(&l, limits[i]);
        seen = simulate(&l, limits[i], 2000000, NULL);
        cr_expect_float_eq(seen, loss, 0.02 * loss + 2e-4, "even, %lld: %g simulated, %g",
                           (long long)limits[i], seen, loss);
    }
}

/* --- the answers --- */

Test(accept_load, the_smallest_backlog_is_the_first_that_is_good)
{
    struct accept_load l = poisson(5000, 150e-6);
    cr_expect_eq(accept_load_backlog(&l, 0.001, 100000), 9);
    cr_expect_leq(accept_load_loss(&l, 9), 0.001);
    cr_expect_gt(accept_load_loss(&l, 8), 0.001);
    l.arrivals = ACCEPT_ARRIVALS_EVEN;
    cr_expect_eq(accept_load_backlog(&l, 0.001, 100000), 0);
    l.stall_s = 0.2;
    l.stall_every_s = 2;
    cr_expect_eq(accept_load_backlog(&l, 0, 100000), 999, "0.2 s at 5000/s, in limit + 1 places");
    l.arrivals = ACCEPT_ARRIVALS_POISSON;
    int64_t backlog = accept_load_backlog(&l, 0.001, 100000);
    cr_expect(backlog > 995 && backlog < 1030, "%lld", (long long)backlog);
}

Test(accept_load, the_highest_rate_is_the_last_that_is_good)
{
    struct accept_load l = poisson(1, 150e-6);
    double rate = accept_load_rate(&l, 9, 0.001, 1e6);
    l.rate = rate;
    cr_expect_leq(accept_load_loss(&l, 9), 0.001);
    l.rate = rate * 1.003;
    cr_expect_gt(accept_load_loss(&l, 9), 0.001);
    cr_expect(rate > 5000 && rate < 5100, "%f", rate);
    l.arrivals = ACCEPT_ARRIVALS_EVEN;
    cr_expect_float_eq(accept_load_rate(&l, 0, 0.001, 1e6), 1 / 150e-6 / 0.999, 10);
    cr_expect_eq(accept_load_rate(&l, 0, 0.001, 5000), 5000);
}
