/* The figures of tcplab-client: latencies that count from when a request was due, rates over the
 * time of the load, the limit that was one, and what was never begun or never answered. */
#include "tests/lib/live.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

TestSuite(figures, .init = live_setup, .timeout = 100);

static double number(const json_t *document, const char *outer, const char *inner)
{
    const json_t *value = json_object_get(json_object_get(document, outer), inner);
    cr_assert(json_is_number(value), "no number %s.%s", outer, inner);
    return json_number_value(value);
}

static void stop(struct live *server, struct live *client)
{
    live_stop(server, SIGINT);
    live_free(server);
    live_free(client);
}

/* The sentence of the limit with this name; "" where the client was not limited so. */
static const char *limit(const struct live *client, const char *name)
{
    size_t i;
    json_t *entry;
    json_array_foreach(
        json_object_get(client->report, "limits"), i,
        entry) if (!strcmp(json_string_value(json_object_get(entry, "limit")),
                           name)) return json_string_value(json_object_get(entry, "sentence"));
    return "";
}

static void expect_between(double value, double least, double most, const char *what)
{
    cr_expect(value >= least && value <= most, "%s is %f, not %f to %f", what, value, least, most);
}

/* --- the server's rate --- */

/* Five accepts have four gaps; and the server ran on for seconds in which nobody came. */
Test(figures, accepts_a_second_are_those_between_the_first_and_the_last)
{
    struct live *server =
        live_start_ready("server", "--accept-delay", "200ms", "-d", "4s", "-J", NULL);
    struct live *client = live_start("client", "-c", "5", "-d", "2s", "-J", NULL);
    cr_assert_eq(live_wait(client), 0);
    cr_assert_eq(live_wait(server), 0);
    cr_assert_eq(live_integer(server->report, "connections", "accepted", NULL), 5);
    expect_between(number(server->report, "rates", "accepts_per_s"), 4.5, 5.1, "accepts_per_s");
    live_free(server);
    live_free(client);
}

/* --- latencies --- */

/* The server stands still for a second of three. Of 300 requests, 100 are due in that second: their
 * mean is half a second, that of all a sixth. Before, one counted. */
Test(figures, requests_that_are_due_while_the_server_stands_still_count)
{
    struct live *server = live_start_ready("server", NULL);
    struct live *client = live_start_ready("client", "-w", "echo", "--every", "10ms", "-c", "1",
                                           "-d", "3s", "--percentiles", "50,80,99", "-J", NULL);
    live_until(1, "ss -Hti state established 'dport = :8888' | grep -c bytes_received");
    kill(server->pid, SIGSTOP);
    live_until(1, "ss -Htn state established 'sport = :8888' | awk '{print ($1 >= 6400)}'");
    kill(server->pid, SIGCONT);
    cr_assert_eq(live_wait(client), 0);
    cr_expect_eq(live_integer(client->report, "requests", NULL), 300);
    cr_expect_eq(live_integer(client->report, "replies", NULL), 300);
    cr_expect_eq(live_integer(client->report, "skipped_requests", NULL), 0);
    cr_expect_eq(live_integer(client->report, "request_latency_us", "count", NULL), 300);
    expect_between(number(client->report, "request_latency_us", "max"), 985e3, 3e6, "max");
    expect_between(number(client->report, "request_latency_us", "p80"), 385e3, 2e6, "p80");
    expect_between(number(client->report, "request_latency_us", "mean"), 160e3, 2e6, "mean");
    stop(server, client);
}

/* Two connections, a request each 20 ms for 500 ms, and nobody reads. They are all sent, and none
 * is forgotten: the youngest is as old as the end is waited for. */
Test(figures, requests_without_an_answer_count_with_their_age)
{
    int code;
    struct live *server = live_start_ready("server", "--on-data", "ignore", NULL);
    struct live *client = live_run(&code, "client", "-w", "echo", "--every", "20ms", "-c", "2",
                                   "-d", "500ms", "-t", "2", "-J", NULL);
    cr_assert_eq(live_integer(client->report, "requests", NULL), 50);
    cr_assert_eq(live_integer(client->report, "unanswered_requests", NULL), 50);
    cr_assert_eq(live_integer(client->report, "skipped_requests", NULL), 0);
    cr_assert_eq(live_integer(client->report, "request_latency_us", "count", NULL), 50);
    expect_between(number(client->report, "request_latency_us", "min"), 1e6, 1.5e6, "min");
    expect_between(number(client->report, "request_latency_us", "max"), 1.48e6, 2e6, "max");
    live_free(client);
    client = live_run(&code, "client", "-w", "echo", "-c", "3", "-d", "100ms", NULL);
    cr_expect(strstr(client->out_text, "3 of 3 requests had no complete reply"), "%s",
              client->out_text);
    cr_expect(
        strstr(client->out_text, "3 requests that had no reply at the end are in the latencies"));
    stop(server, client);
}

/* A request that does not fit into the buffers holds up those behind it. */
Test(figures, requests_that_were_due_and_never_sent_are_skipped)
{
    int code;
    struct live *server = live_start_ready("server", "--on-data", "ignore", NULL);
    struct live *client = live_run(&code, "client", "-w", "echo", "--every", "100ms", "-c", "1",
                                   "-d", "500ms", "-s", "32M", "-J", NULL);
    cr_assert_eq(live_integer(client->report, "requests", NULL), 0);
    cr_assert_eq(live_integer(client->report, "skipped_requests", NULL), 5);
    cr_assert_eq(live_integer(client->report, "request_latency_us", "count", NULL), 5);
    stop(server, client);
    server = live_start_ready("server", "--close-after", "100ms", NULL);
    client = live_run(&code, "client", "-w", "echo", "--every", "20ms", "-c", "1", "-d", "500ms",
                      "-J", NULL);
    int64_t sent = live_integer(client->report, "requests", NULL);
    cr_assert_lt(sent, 25);
    cr_assert_eq(live_integer(client->report, "skipped_requests", NULL), 25 - sent);
    stop(server, client);
}

/* Larger than the buffers, more of them than fit, and all answered: sent and received byte by byte
 * as they go. */
Test(figures, large_requests_on_a_schedule_are_all_answered)
{
    int code;
    struct live *server = live_start_ready("server", NULL);
    struct live *client = live_run(&code, "client", "-w", "echo", "--every", "5ms", "-c", "2", "-d",
                                   "50ms", "-s", "3M", "-J", NULL);
    cr_assert_eq(live_integer(client->report, "requests", NULL), 20);
    cr_assert_eq(live_integer(client->report, "replies", NULL), 20);
    cr_assert_eq(live_integer(client->report, "bytes_received", NULL), 20 * 3LL << 20);
    stop(server, client);
}

/* --- rates --- */

static double over_us(const struct live *client)
{
    return number(client->report, "rates", "connects_over_us");
}

/* Five fit into the queue at once; the others are waited for. */
Test(figures, attempts_that_fail_or_never_settle_take_their_time)
{
    int code;
    struct live *server = live_start_ready("server", "-b", "4", "-a", "never", NULL);
    struct live *client = live_run(&code, "client", "-c", "100", "-T", "900ms", "-J", NULL);
    cr_assert_eq(live_integer(client->report, "connections", "established", NULL), 5);
    expect_between(over_us(client), 900e3, 3e6, "the time");
    expect_between(number(client->report, "rates", "connects_per_s"), 5 / 3.0, 5 / 0.9, "the rate");
    stop(server, client);
    server = live_start_ready("server", "-b", "4", "-a", "never", NULL);
    client = live_run(&code, "client", "-c", "100", "-d", "500ms", "-J", NULL);
    cr_assert_eq(live_integer(client->report, "connections", "pending", NULL), 95);
    expect_between(over_us(client), 500e3, 1e6, "the time");
    expect_between(number(client->report, "rates", "connects_per_s"), 5, 10, "the rate");
    stop(server, client);
}

Test(figures, a_run_that_a_signal_ends_lasted_until_then)
{
    struct live *server = live_start_ready("server", "-b", "1", "-a", "never", NULL);
    struct live *client = live_start_ready("client", "-c", "50", "-T", "60s", "-J", NULL);
    /* 1 s is over */
    live_until(1, "ss -Htanoi state syn-sent | grep -c backoff:1 | awk '{print ($1 > 0)}'");
    cr_assert_eq(live_stop(client, SIGINT), 0);
    double elapsed_us = json_number_value(json_object_get(client->report, "elapsed_s")) * 1e6;
    cr_expect_geq(elapsed_us, 1e6);
    /* 0.3 s are for the FINs */
    expect_between(over_us(client), elapsed_us - 350e3, elapsed_us + 1e3, "the time");
    stop(server, client);
}

/* Seven starts, a seventh of a second apart, are 7 a second, and not 7 in six sevenths. */
Test(figures, each_start_of_a_schedule_has_its_period)
{
    int code;
    struct live *server = live_start_ready("server", NULL);
    struct live *client = live_run(&code, "client", "-w", "cc", "-r", "7", "-d", "1s", "-J", NULL);
    cr_assert_eq(live_integer(client->report, "connections", "established", NULL), 7);
    expect_between(number(client->report, "rates", "connects_per_s"), 5, 7, "the rate");
    live_free(client);
    client = live_run(&code, "client", "-c", "10", "-r", "20", "-J", NULL);
    expect_between(number(client->report, "rates", "connects_per_s"), 15, 20, "the rate");
    stop(server, client);
}

/* Holding, and waiting for the start, are no load; the connecting of the second wave is. */
Test(figures, what_is_no_load_takes_no_time)
{
    int code;
    char text[64];
    struct timespec at;
    struct live *server = live_start_ready("server", NULL);
    struct live *client =
        live_run(&code, "client", "-c", "5", "-n", "10", "--hold", "500ms", "-t", "2", "-J", NULL);
    cr_expect_geq(json_number_value(json_object_get(client->report, "elapsed_s")), 1);
    expect_between(over_us(client), 1, 400e3, "the time of both waves");
    live_free(client);
    clock_gettime(CLOCK_REALTIME, &at);
    snprintf(text, sizeof(text), "%.3f", (double)at.tv_sec + (double)at.tv_nsec / 1e9 + 0.7);
    client = live_run(&code, "client", "-c", "1", "--start-at", text, "-J", NULL);
    expect_between(over_us(client), 1, 400e3, "the time from the start");
    live_free(client);
    client = live_run(&code, "client", "-w", "echo", "-c", "5", "-d", "600ms", "-J", NULL);
    expect_between(over_us(client), 1, 400e3, "the time until all were open");
    expect_between(number(client->report, "rates", "requests_over_us"), 600e3, 2e6,
                   "the time of the requests");
    stop(server, client);
}

/* The server stands still from some moment to the end. What it did before is not the rate of the
 * whole. */
Test(figures, an_outage_lowers_the_rates)
{
    struct live *server = live_start_ready("server", NULL);
    struct live *client = live_start_ready("client", "-w", "crr", "-c", "4", "-d", "1500ms",
                                           "--jsonl", "-i", "100ms", NULL);
    live_until(1, "nstat -az TcpActiveOpens | awk '/Active/ {print ($2 > 100)}'");
    kill(server->pid, SIGSTOP);
    cr_assert_eq(live_wait(client), 0);
    kill(server->pid, SIGCONT);
    double last = 0, over = 0, elapsed = 0;
    int intervals = 0;
    for (char *line = strtok(client->out_text, "\n"); line; line = strtok(NULL, "\n")) {
        json_t *document = json_loads(line, 0, NULL);
        const json_t *rates = json_object_get(document, "rates");
        if (rates) {
            intervals++;
            last = json_number_value(json_object_get(rates, "requests_per_s"));
            over = json_number_value(json_object_get(rates, "requests_over_us"));
            elapsed = json_number_value(json_object_get(document, "elapsed_s")) * 1e6;
            int64_t replies = live_integer(document, "replies", NULL);
            cr_expect_float_eq(last * over / 1e6, (double)replies, (double)replies / 100 + 1,
                               "%f a second", last);
            cr_expect_leq(over, elapsed + 2e3, "%f of %f", over, elapsed);
        }
        json_decref(document);
    }
    cr_expect_gt(intervals, 4);
    cr_expect_geq(over, 1500e3, "%f of %f", over, elapsed);
    stop(server, client);
}

/* --- what was not done --- */

Test(figures, connections_that_were_never_begun_are_told)
{
    int code;
    struct live *server = live_start_ready("server", NULL);
    struct live *client = live_run(&code, "client", "-c", "5", "-n", "20", "--hold", "60s", "-d",
                                   "300ms", "-J", NULL);
    cr_assert_eq(live_integer(client->report, "connections", "attempted", NULL), 5);
    cr_assert_eq(live_integer(client->report, "never_started", NULL), 15);
    live_free(client);
    client = live_run(&code, "client", "-c", "40", "-r", "20", "-d", "200ms", NULL);
    cr_expect(
        strstr(client->out_text, "36 of the connections that were asked for were never begun"),
        "%s", client->out_text);
    live_free(client);
    client = live_run(&code, "client", "-w", "cc", "-c", "4", "-n", "20", "-J", NULL);
    cr_assert_eq(live_integer(client->report, "never_started", NULL), 0);
    stop(server, client);
}

Test(figures, attempts_without_an_answer_at_the_end_are_told)
{
    int code;
    struct live *server = live_start_ready("server", "-b", "0", "-a", "never", NULL);
    struct live *client = live_run(&code, "client", "-c", "8", "-d", "100ms", NULL);
    cr_expect(strstr(client->out_text, "7 attempts were undecided when the run ended"), "%s",
              client->out_text);
    stop(server, client);
}

Test(figures, a_count_that_no_document_can_carry_is_refused)
{
    int code;
    struct live *client = live_run(&code, "client", "-n", "9223372036854775808", NULL);
    cr_assert_eq(code, 2);
    cr_expect(strstr(client->err_text, "a count is at most 9223372036854775807"), "%s",
              client->err_text);
    live_free(client);
}

/* --- limits --- */

/* Half of 4,096 ports are found at once; for the others connect() walks over that half each
 * time. */
Test(figures, the_search_for_a_port_is_the_limit_and_not_the_cpu)
{
    int code;
    live_shell("echo 40000 44095 > /proc/sys/net/ipv4/ip_local_port_range");
    struct live *server = live_start_ready("server", NULL);
    struct live *client = live_run(&code, "client", "-c", "3500", "--source", "127.0.0.1",
                                   "--close", "rst", "-T", "60s", "-J", NULL);
    cr_assert_eq(live_integer(client->report, "connections", "established", NULL), 3500);
    cr_expect(strstr(limit(client, "ports"),
                     "3,500 of the 4,096 local ports for this destination were taken"),
              "%s", limit(client, "ports"));
    cr_expect(strstr(limit(client, "ports"), "it walks over all of them each time"));
    cr_expect_null(strstr(limit(client, "cpu"), "This client's CPU"));
    live_free(client);
    client = live_run(&code, "client", "-c", "2000", "--source", "127.0.0.1", "--close", "rst",
                      "-T", "60s", "-J", NULL);
    cr_expect_str_eq(limit(client, "ports"), "");
    stop(server, client);
}

/* Ports in TIME_WAIT that connect() takes again once they are a second old, as it does on loopback,
 * are not searched for. */
Test(figures, ports_that_are_taken_again_are_not_taken)
{
    int code;
    live_shell("echo 40000 40099 > /proc/sys/net/ipv4/ip_local_port_range");
    live_shell("echo 0 > /proc/sys/net/ipv4/tcp_tw_reuse");
    struct live *server = live_start_ready("server", NULL);
    live_free(live_run(&code, "client", "-w", "cc", "-c", "4", "-n", "90", NULL));
    /* a second old, or more: of 60 s */
    live_until(90,
               "ss -Htano state time-wait 'dport = :8888' | grep -vc 'timewait,\\(1min\\|59\\)'");
    live_shell("echo 2 > /proc/sys/net/ipv4/tcp_tw_reuse");
    struct live *client =
        live_run(&code, "client", "-w", "cc", "-r", "20", "-d", "500ms", "-J", NULL);
    cr_assert_geq(live_integer(client->report, "counters", "TcpExt.TWRecycled", NULL), 5);
    cr_assert_geq(live_integer(client->report, "states", "TIME_WAIT", NULL), 90);
    cr_expect_str_eq(limit(client, "ports"), "");
    stop(server, client);
}

Test(figures, a_source_that_is_not_here_is_no_lack_of_ports)
{
    int code;
    live_shell("ip addr add 192.0.2.1/32 dev lo; ip addr add 192.0.2.6/32 dev lo");
    struct live *server = live_start_ready("server", "-l", "0.0.0.0", NULL);
    struct live *client =
        live_run(&code, "client", "-c", "12", "--source", "192.0.2.0/29", "-J", "192.0.2.1", NULL);
    cr_assert_eq(code, 0, "%s", client->err_text);
    cr_assert_eq(live_integer(client->report, "connections", "established", NULL), 4);
    cr_expect(strstr(limit(client, "ports"),
                     "8 attempts had a source address that is not this machine's"),
              "%s", limit(client, "ports"));
    stop(server, client);
}

/* Without a descriptor nothing is tried for 10 ms, so the schedule cannot be kept; no lack of
 * speed. */
Test(figures, the_pause_without_descriptors_is_not_slowness)
{
    int code;
    struct live *server = live_start_ready("server", NULL);
    live_descriptors = 100;
    struct live *client = live_run(&code, "client", "-w", "cc", "-c", "4", "-r", "400", "--close",
                                   "none", "-d", "1s", "-J", NULL);
    cr_expect(strstr(limit(client, "schedule"), "pauses for 10 ms"), "%s",
              limit(client, "schedule"));
    stop(server, client);
}

Test(figures, a_connection_that_is_held_is_not_a_slow_server)
{
    int code;
    struct live *server = live_start_ready("server", NULL);
    struct live *client =
        live_run(&code, "client", "-c", "1", "-n", "3", "-r", "100", "--hold", "200ms", "-J", NULL);
    cr_expect(strstr(limit(client, "connections"), "however fast the server is"), "%s",
              limit(client, "connections"));
    stop(server, client);
}
