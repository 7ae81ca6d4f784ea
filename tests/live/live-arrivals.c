/* tcplab-client's open loop: what the kernel counts, and when, with --arrivals, --ramp and rates
 * below 1. */
#include "tests/lib/live.h"

#include <criterion/criterion.h>
#include <math.h>
#include <signal.h>
#include <string.h>

TestSuite(arrivals, .init = live_setup, .timeout = LIVE_TIMEOUT_S);

#define BINS 100

/* Nobody listens: each start is answered with a RST at once, and the kernel counts it. */
static struct live *flood(const char *option, const char *value, const char *rate,
                          const char *duration, const char *threads, const char *seed)
{
    int code;
    int64_t before = live_nstat("TcpActiveOpens");
    struct live *client =
        live_run(&code, "client", "-w", "cc", "-c", "100", option, value, rate[0] ? "-r" : "-i",
                 rate[0] ? rate : "1s", "-d", duration, "-t", threads, "-J", "--log-connections",
                 "127.0.0.1:9", seed ? "--seed" : NULL, seed, NULL);
    cr_assert_eq(code, 0, "%s", client->err_text);
    cr_assert_eq(live_integer(client->report, "connections", "attempted", NULL),
                 live_nstat("TcpActiveOpens") - before);
    return client;
}

/* Starts that were due, made or not: on a busy machine -d may end before the last are made. */
static int64_t due(const struct live *client)
{
    return live_integer(client->report, "connections", "attempted", NULL) +
           json_integer_value(json_object_get(client->report, "missed_starts"));
}

/* How many were started before that time, of those in the log. */
static int64_t started_before(const struct live *client, double us)
{
    size_t i;
    json_t *entry;
    int64_t n = 0;
    json_array_foreach(json_object_get(client->report, "connection_log"), i, entry) n +=
        json_number_value(json_object_get(entry, "started_us")) < us;
    return n;
}

/* Variance by mean of the starts in 10 ms: about 1 for a Poisson process, 0 for even starts. */
static double dispersion(const struct live *client)
{
    double mean = (double)started_before(client, BINS * 10e3) / BINS, squares = 0;
    for (int i = 0; i < BINS; i++) {
        double n =
            (double)(started_before(client, (i + 1) * 10e3) - started_before(client, i * 10e3));
        squares += (n - mean) * (n - mean);
    }
    return squares / BINS / mean;
}

Test(arrivals, poisson_starts_vary_as_a_poisson_process_does_and_a_seed_fixes_them)
{
    struct live *one = flood("--arrivals", "poisson", "1000", "1s", "1", "5"),
                *two = flood("--arrivals", "poisson", "1000", "1s", "2", "5"),
                *other = flood("--arrivals", "poisson", "1000", "1s", "1", "6");
    cr_expect_eq(due(one), due(two), "the seed does not fix the starts");
    cr_expect_neq(due(one), due(other));
    cr_expect_float_eq((double)due(one), 1000, 4 * sqrt(1000));
    cr_expect(dispersion(one) > 0.5 || live_integer(one->report, "late_starts", NULL), "%f",
              dispersion(one));
    live_free(one);
    live_free(two);
    live_free(other);
}

Test(arrivals, a_burst_starts_at_once)
{
    struct live *c = flood("--arrivals", "burst:50", "100", "1s", "2", NULL);
    cr_expect_eq(due(c), 100);
    cr_expect_leq(started_before(c, 499e3), 50, "the second burst came too early");
    cr_expect(started_before(c, 400e3) == 50, "%lld of the first burst",
              (long long)started_before(c, 400e3));
    live_free(c);
}

/* 0 to 1000 a second in 1 s are 500, 125 of them in the first half. */
Test(arrivals, a_ramp_begins_slowly)
{
    struct live *c = flood("--ramp", "0..1k", "", "1s", "1", NULL);
    cr_expect_eq(due(c), 500);
    cr_expect_leq(started_before(c, 500e3), 125);
    cr_expect_gt(started_before(c, 500e3), 60, "%lld", (long long)started_before(c, 500e3));
    cr_expect_leq(started_before(c, 250e3), 32);
    live_free(c);
}

Test(arrivals, a_rate_may_be_below_one)
{
    struct live *c = flood("--arrivals", "even", "0.8", "1400ms", "1", NULL);
    cr_expect_eq(due(c), 2, "at 0 and at 1.25 s");
    cr_expect_eq(started_before(c, 1250e3), 1);
    live_free(c);
}

Test(arrivals, the_report_says_the_arrivals)
{
    int code;
    struct live *c = live_run(&code, "client", "-w", "cc", "-r", "100", "--arrivals", "poisson",
                              "--seed", "9", "-d", "100ms", "127.0.0.1:9", NULL);
    cr_assert_eq(code, 0);
    cr_expect(strstr(c->out_text, "poisson  100 a second, --seed 9"), "%s", c->out_text);
    live_free(c);
    c = live_run(&code, "client", "-w", "cc", "--ramp", "0.5..1k", "-d", "100ms", "127.0.0.1:9",
                 NULL);
    cr_expect(strstr(c->out_text, "from 0.50 to 1,000 a second over the run"), "%s", c->out_text);
    live_free(c);
}

/* One slot, held for 200 ms: the second and third of a burst could not start, and their latency
 * counts from the burst. */
Test(arrivals, latency_counts_from_the_burst)
{
    int code;
    struct live *server = live_start_ready("server", NULL);
    struct live *c = live_run(&code, "client", "-c", "1", "-n", "3", "-r", "100", "--arrivals",
                              "burst:3", "--hold", "200ms", "-J", NULL);
    cr_assert_eq(code, 0, "%s", c->err_text);
    cr_expect_geq(
        json_number_value(json_object_get(json_object_get(c->report, "connect_latency_us"), "max")),
        400e3);
    live_stop(server, SIGINT);
    live_free(c);
    live_free(server);
}
