/* tcplab-client: every way for an attempt to end, and every option, against the kernel's own word. */
#include "tests/live.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

TestSuite(client, .init = live_setup, .timeout = 100);

static int64_t row(const struct live *client, const char *key)
{
    return live_integer(client->report, "connections", key, NULL);
}

/* All attempts stand in one row, and in no other. */
static void check_all_in(const struct live *client, const char *name, int64_t count)
{
    static const char *const rows[] = {"established", "refused", "reset", "timed_out",
                                       "unreachable", "no_port", "no_fd", "pending"};
    cr_assert_eq(row(client, "attempted"), count);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        cr_assert_eq(row(client, rows[i]), strcmp(rows[i], name) ? 0 : count, "%s is %lld", rows[i],
                     (long long)row(client, rows[i]));
}

static double number(const json_t *document, const char *outer, const char *inner)
{
    return json_number_value(json_object_get(json_object_get(document, outer), inner));
}

Test(client, refused)
{
    int code;
    struct live *client = live_run(&code, "client", "-c", "10", "-J", "127.0.0.1:9", NULL);
    cr_assert_eq(code, 0);
    check_all_in(client, "refused", 10);
    cr_assert_eq(live_nstat("TcpOutRsts"), 10);
    cr_assert_eq(live_integer(client->report, "errors", "ECONNREFUSED", NULL), 10);
    live_free(client);
}

Test(client, unreachable)
{
    int code;
    struct live *client = live_run(&code, "client", "-c", "4", "-J", "192.0.2.1:80", NULL); /* no route in here */
    cr_assert_eq(code, 0);
    check_all_in(client, "unreachable", 4);
    cr_assert_eq(live_integer(client->report, "errors", "ENETUNREACH", NULL), 4);
    live_free(client);
}

Test(client, timed_out_by_the_option_and_by_the_kernel)
{
    int code;
    live_shell("echo 1 > /proc/sys/net/ipv4/tcp_syn_retries");
    struct live *server = live_start_ready("server", "-b", "0", "-a", "never", NULL);
    struct live *filler = live_start_ready("client", "-c", "1", "--hold", "60s", NULL);
    live_until(1, "ss -Hltn 'sport = :8888' | awk '{print $2}'");
    struct live *client = live_run(&code, "client", "-c", "3", "-T", "300ms", "-J", NULL);
    check_all_in(client, "timed_out", 3);
    live_free(client);
    client = live_run(&code, "client", "-c", "3", "-T", "60s", "-J", NULL);
    check_all_in(client, "timed_out", 3);
    /* tcp_syn_retries 1: the kernel gives up at 3 s. */
    double elapsed = json_number_value(json_object_get(client->report, "elapsed_s"));
    cr_assert(elapsed >= 3 && elapsed < 4.5, "%.2f s", elapsed);
    live_stop(filler, SIGINT);
    live_stop(server, SIGINT);
    live_free(filler);
    live_free(server);
    live_free(client);
}

Test(client, no_port_is_told_before_the_first_syn)
{
    int code;
    live_shell("echo 40000 40009 > /proc/sys/net/ipv4/ip_local_port_range");
    live_shell("echo 40002-40003 > /proc/sys/net/ipv4/ip_local_reserved_ports");
    struct live *client = live_run(&code, "client", "-c", "9", NULL);
    cr_assert_eq(code, 77);
    cr_assert(strstr(client->err_text, "need as many local ports, and there are 8"), "%s", client->err_text);
    cr_assert_eq(live_nstat("TcpActiveOpens"), 0);
    live_free(client);
    client = live_run(&code, "client", "-c", "9", "--source", "127.0.0.1", "--source", "127.0.0.2", "-J", NULL);
    cr_assert_eq(code, 0, "%s", client->err_text);
    live_free(client);
}

Test(client, no_port_at_run_time)
{
    int code;
    live_shell("echo 40000 40009 > /proc/sys/net/ipv4/ip_local_port_range");
    struct live *server = live_start_ready("server", NULL);
    struct live *first = live_start_ready("client", "-c", "7", "--hold", "60s", NULL);
    live_until(7, "ss -Htn state established 'dport = :8888' | wc -l");
    struct live *client = live_run(&code, "client", "-c", "8", "-J", NULL);
    cr_assert_eq(code, 0);
    cr_assert_eq(row(client, "established"), 3);
    cr_assert_eq(row(client, "no_port"), 5);
    live_stop(first, SIGINT);
    live_stop(server, SIGINT);
    live_free(client);
    live_free(first);
    live_free(server);
}

Test(client, no_descriptor_is_told_before_the_first_syn)
{
    int code;
    live_descriptors = 100;
    struct live *client = live_run(&code, "client", "-c", "90", NULL);
    cr_assert_eq(code, 77);
    cr_assert(strstr(client->err_text, "90 connections need 128 descriptors, and this process may open 100"), "%s",
              client->err_text);
    live_free(client);
    client = live_run(&code, "client", "-c", "99999999", NULL);
    cr_assert_eq(code, 77);
    cr_assert(strstr(client->err_text, "99999999 connections need 100000037 descriptors"), "%s", client->err_text);
    live_free(client);
}

Test(client, no_descriptor_at_run_time_does_not_spin)
{
    int code;
    struct live *server = live_start_ready("server", NULL);
    live_descriptors = 100;
    struct live *client =
        live_run(&code, "client", "-w", "cc", "-c", "4", "--close", "none", "-d", "500ms", "-J", NULL);
    cr_assert_eq(code, 0);
    int64_t established = row(client, "established"), no_fd = row(client, "no_fd");
    cr_assert(established > 70 && established < 100, "%lld established", (long long)established);
    cr_assert(no_fd > 1 && no_fd < 60, "%lld times without a descriptor: one each 10 ms", (long long)no_fd);
    live_stop(server, SIGINT);
    live_free(client);
    live_free(server);
}

Test(client, close_fin)
{
    int code;
    struct live *server = live_start_ready("server", NULL);
    struct live *client = live_run(&code, "client", "-c", "9", "--close", "fin", "-J", NULL);
    cr_assert_eq(live_integer(client->report, "states_before_close", "ESTABLISHED", NULL), 9);
    cr_assert_eq(live_integer(client->report, "states", "TIME_WAIT", NULL), 9);
    cr_assert_eq(live_number("ss -Htan state time-wait 'dport = :8888' | wc -l"), 9);
    live_stop(server, SIGINT);
    live_free(client);
    live_free(server);
}

Test(client, close_rst)
{
    int code;
    struct live *server = live_start_ready("server", "-J", NULL);
    struct live *client = live_run(&code, "client", "-c", "9", "--close", "rst", "-J", NULL);
    cr_assert_eq(json_object_size(json_object_get(client->report, "states")), 0);
    cr_assert_eq(live_nstat("TcpExtTCPAbortOnData"), 9);
    check_all_in(client, "established", 9);
    live_until(0, "ss -Htan 'sport = :8888' | grep -vc LISTEN");
    live_stop(server, SIGINT);
    cr_assert_eq(live_integer(server->report, "connections", "reset_by_peer", NULL), 9);
    live_free(client);
    live_free(server);
}

Test(client, close_half_keeps_the_descriptor_until_the_end)
{
    struct live *server = live_start_ready("server", "--on-eof", "hold", NULL);
    struct live *client = live_start_ready("client", "-c", "9", "--close", "half", "-d", "30s", "-J", NULL);
    live_until(9, "ss -Htanp state fin-wait-2 'dport = :8888' | grep -c pid=%d,", (int)client->pid);
    cr_assert_eq(live_stop(client, SIGINT), 0);
    cr_assert_eq(live_integer(client->report, "states", "FIN_WAIT_2", NULL), 9);
    live_stop(server, SIGINT);
    live_free(client);
    live_free(server);
}

Test(client, close_none_leaves_them_established)
{
    int code;
    struct live *server = live_start_ready("server", NULL);
    struct live *client = live_run(&code, "client", "-c", "9", "--close", "none", "-J", NULL);
    cr_assert_eq(live_integer(client->report, "states", "ESTABLISHED", NULL), 9);
    live_stop(server, SIGINT);
    live_free(client);
    live_free(server);
}

Test(client, echo_repeats_on_the_same_connections)
{
    int code;
    struct live *server = live_start_ready("server", "-J", NULL);
    struct live *client = live_run(&code, "client", "-w", "echo", "-c", "10", "-s", "200k", "--percentiles", "90",
                                   "-d", "700ms", "-J", NULL);
    live_until(0, "ss -Htn 'sport = :8888' | wc -l");
    live_stop(server, SIGINT);
    check_all_in(client, "established", 10);
    int64_t requests = live_integer(client->report, "requests", NULL);
    cr_assert_gt(requests, 20);
    cr_assert_eq(requests, live_integer(client->report, "replies", NULL));
    cr_assert_eq(live_integer(client->report, "bytes_sent", NULL), requests * 204800);
    cr_assert_eq(live_integer(client->report, "bytes_received", NULL), requests * 204800);
    cr_assert_eq(live_integer(server->report, "bytes_received", NULL), requests * 204800);
    cr_assert_eq(live_integer(server->report, "connections", "accepted", NULL), 10);
    cr_assert_eq(live_integer(client->report, "request_latency_us", "count", NULL), requests);
    live_free(client);
    live_free(server);
}

Test(client, cc_connects_and_closes)
{
    int code;
    struct live *server = live_start_ready("server", "-J", NULL);
    struct live *client = live_run(&code, "client", "-w", "cc", "-c", "8", "-n", "500", "-J", NULL);
    check_all_in(client, "established", 500);
    cr_assert_eq(live_nstat("TcpActiveOpens"), 500);
    live_until(0, "ss -Htn 'sport = :8888' | wc -l");
    live_stop(server, SIGINT);
    cr_assert_eq(live_integer(server->report, "connections", "accepted", NULL), 500);
    cr_assert_eq(live_integer(client->report, "bytes_sent", NULL), 0);
    live_free(client);
    live_free(server);
}

Test(client, more_in_all_than_at_once_go_in_waves)
{
    int code;
    struct live *server = live_start_ready("server", "--jsonl", "-i", "10ms", NULL);
    struct live *client = live_run(&code, "client", "-c", "10", "-n", "35", "--hold", "100ms", "-J", NULL);
    check_all_in(client, "established", 35);
    double elapsed = json_number_value(json_object_get(client->report, "elapsed_s"));
    cr_assert(elapsed >= 0.4 && elapsed < 0.8, "four waves of 100 ms took %.2f s", elapsed);
    live_stop(server, SIGINT);
    for (char *line = strtok(server->out_text, "\n"); line; line = strtok(NULL, "\n")) {
        json_t *document = json_loads(line, 0, NULL);
        if (json_object_get(document, "connections"))
            cr_assert_leq(live_integer(document, "connections", "open", NULL), 10);
        json_decref(document);
    }
    live_free(client);
    live_free(server);
}

Test(client, the_schedule_of_a_rate_is_kept)
{
    int code;
    struct live *server = live_start_ready("server", "-J", NULL);
    struct live *client =
        live_run(&code, "client", "-c", "500", "-r", "1000", "-t", "2", "--close", "rst", "-J", NULL);
    check_all_in(client, "established", 500);
    /* 499 ms from the first start to the last; a busy machine may make it later, never earlier. */
    double rate = number(client->report, "rates", "connects_per_s");
    cr_assert_leq(rate, 1003);
    if (!live_integer(client->report, "late_starts", NULL))
        cr_assert_geq(rate, 900);
    live_stop(server, SIGINT);
    live_free(client);
    live_free(server);
}

/* One slot, held for 200 ms each time: the later starts cannot be on time, and their latency counts from where they
 * were due, 10 and 20 ms after the first. */
Test(client, latency_counts_from_the_intended_start)
{
    int code;
    struct live *server = live_start_ready("server", NULL);
    struct live *client = live_run(&code, "client", "-c", "1", "-n", "3", "-r", "100", "--hold", "200ms", "-J", NULL);
    cr_assert_eq(code, 0);
    check_all_in(client, "established", 3);
    cr_assert_eq(live_integer(client->report, "late_starts", NULL), 2);
    double max_us = number(client->report, "connect_latency_us", "max");
    cr_assert(max_us >= 380000 && max_us < 450000, "%.0f us", max_us);
    live_stop(server, SIGINT);
    live_free(client);
    live_free(server);
}

Test(client, sources_are_spread_over)
{
    int code;
    struct live *server = live_start_ready("server", "--on-eof", "hold", "-J", NULL);
    struct live *client = live_run(&code, "client", "-c", "60", "--source", "127.0.1.0/29", NULL);
    cr_assert_eq(code, 0);
    live_until(60, "ss -Htn state close-wait 'sport = :8888' | wc -l");
    live_stop(server, SIGINT);
    cr_assert_eq(json_object_size(json_object_get(server->report, "peers")), 6);
    for (int i = 1; i <= 6; i++) {
        char address[32];
        snprintf(address, sizeof(address), "127.0.1.%d", i);
        cr_assert_eq(live_integer(server->report, "peers", address, NULL), 10);
    }
    live_free(client);
    live_free(server);
}

/* A bind() that chose a port would take it for all destinations; connect() chooses it for one. */
Test(client, one_port_of_a_source_serves_several_destinations)
{
    int code;
    live_shell("echo 40000 40001 > /proc/sys/net/ipv4/ip_local_port_range");
    struct live *server = live_start_ready("server", NULL), *other = live_start_ready("server", "-p", "8889", NULL);
    struct live *first =
        live_start_ready("client", "-c", "2", "--source", "127.0.1.1", "--hold", "60s", "127.0.0.1:8888", NULL);
    live_until(2, "ss -Htn state established 'dport = :8888' | wc -l");
    struct live *client = live_run(&code, "client", "-c", "2", "--source", "127.0.1.1", "-J", "127.0.0.1:8889", NULL);
    cr_assert_eq(code, 0, "%s", client->err_text);
    check_all_in(client, "established", 2);
    live_stop(first, SIGINT);
    live_stop(server, SIGINT);
    live_stop(other, SIGINT);
    live_free(client);
    live_free(first);
    live_free(other);
    live_free(server);
}

Test(client, start_at_waits_for_the_moment)
{
    int code;
    struct timespec at, now;
    char text[64];
    struct live *server = live_start_ready("server", NULL);
    clock_gettime(CLOCK_REALTIME, &at);
    snprintf(text, sizeof(text), "%.3f", (double)at.tv_sec + (double)at.tv_nsec / 1e9 + 0.7);
    struct live *client = live_run(&code, "client", "-c", "1", "--start-at", text, "-J", NULL);
    clock_gettime(CLOCK_REALTIME, &now);
    cr_assert_eq(code, 0, "%s", client->err_text);
    cr_assert_geq((double)now.tv_sec + (double)now.tv_nsec / 1e9, atof(text));
    check_all_in(client, "established", 1);
    live_free(client);
    client = live_run(&code, "client", "--start-at", text, NULL);
    cr_assert_eq(code, 2);
    cr_assert(strstr(client->err_text, "s ago"));
    live_stop(server, SIGINT);
    live_free(client);
    live_free(server);
}

Test(client, a_signal_ends_it_with_a_report)
{
    struct live *server = live_start_ready("server", "-b", "1", "-a", "never", NULL);
    struct live *client = live_start_ready("client", "-c", "50", "-T", "60s", "-J", NULL);
    live_until(48, "ss -Htan state syn-sent | wc -l");
    cr_assert_eq(live_stop(client, SIGINT), 0);
    cr_assert_eq(row(client, "established"), 2);
    cr_assert_eq(row(client, "pending"), 48);
    cr_assert_eq(row(client, "attempted"), 50);
    live_stop(server, SIGINT);
    live_free(client);
    live_free(server);
}

Test(client, percentiles_and_histograms)
{
    int code;
    struct live *server = live_start_ready("server", NULL);
    struct live *client = live_run(&code, "client", "-c", "200", "--percentiles", "25,99.99", "-t", "2", "-J", NULL);
    const json_t *latency = json_object_get(client->report, "connect_latency_us");
    cr_assert_eq(live_integer(latency, "count", NULL), 200);
    double p25 = number(client->report, "connect_latency_us", "p25");
    double p9999 = number(client->report, "connect_latency_us", "p99_99");
    cr_assert(p25 >= number(client->report, "connect_latency_us", "min") && p25 <= p9999);
    cr_assert_null(json_object_get(latency, "p50"));
    cr_assert_eq(live_integer(client->report, "histograms", "connect_latency", "count", NULL), 200);
    live_stop(server, SIGINT);
    live_free(client);
    live_free(server);
}

Test(client, interval_documents_add_up)
{
    int code, intervals = 0;
    struct live *server = live_start_ready("server", NULL);
    struct live *client =
        live_run(&code, "client", "-w", "crr", "-c", "4", "-d", "400ms", "--jsonl", "-i", "50ms", NULL);
    cr_assert_eq(code, 0);
    int64_t before = 0;
    for (char *line = strtok(client->out_text, "\n"); line; line = strtok(NULL, "\n")) {
        json_t *document = json_loads(line, 0, NULL);
        cr_assert_not_null(document);
        if (!strcmp(json_string_value(json_object_get(document, "event")), "interval")) {
            int64_t now = live_integer(document, "connections", "attempted", NULL);
            cr_assert_geq(now, before);
            before = now;
            intervals++;
        }
        json_decref(document);
    }
    cr_assert_geq(intervals, 4);
    live_stop(server, SIGINT);
    live_free(client);
    live_free(server);
}

/* Orders come faster than threads wake: none may be lost. */
Test(client, a_very_short_run_of_many_threads_ends)
{
    struct live *server = live_start_ready("server", NULL);
    for (int i = 0; i < 30; i++) {
        int code;
        struct live *client =
            live_run(&code, "client", "-t", "16", "-c", "64", "-w", i % 2 ? "cc" : "hold", "-d", "1ms", "-J", NULL);
        cr_assert_eq(code, 0);
        cr_assert_eq(row(client, "attempted"), row(client, "established") + row(client, "pending"));
        live_free(client);
    }
    live_stop(server, SIGINT);
    live_free(server);
}

/* Larger than all socket buffers: the reply must be taken while the request still goes out. */
Test(client, a_large_request_does_not_block_its_own_reply)
{
    int code;
    struct live *server = live_start_ready("server", NULL);
    struct live *client =
        live_run(&code, "client", "-w", "crr", "-c", "2", "-n", "6", "-s", "32M", "-d", "60s", "-J", NULL);
    cr_assert_eq(code, 0);
    cr_assert_eq(live_integer(client->report, "replies", NULL), 6);
    cr_assert_eq(live_integer(client->report, "bytes_received", NULL), 6LL * 32 << 20);
    live_stop(server, SIGINT);
    live_free(client);
    live_free(server);
}

Test(client, a_schedule_has_an_end_and_misses_are_counted)
{
    int code;
    struct live *server = live_start_ready("server", "-a", "never", "--on-data", "ignore", NULL);
    struct live *client = live_run(&code, "client", "-w", "cc", "-r", "20", "-d", "500ms", "-J", NULL);
    cr_assert_eq(code, 0);
    cr_assert_eq(row(client, "attempted"), 10);
    cr_assert_eq(live_integer(client->report, "missed_starts", NULL), 0);
    live_free(client);
    client = live_run(&code, "client", "-w", "crr", "-c", "2", "-r", "20", "-d", "500ms", "-J", NULL);
    cr_assert_eq(row(client, "attempted"), 2, "two slots, and nobody answers");
    cr_assert_eq(live_integer(client->report, "missed_starts", NULL), 8);
    live_stop(server, SIGINT);
    live_free(client);
    live_free(server);
}

Test(client, kept_descriptors_do_not_keep_the_run)
{
    int code;
    struct live *server = live_start_ready("server", NULL);
    struct live *client = live_run(&code, "client", "-w", "cc", "-n", "50", "--close", "none", "-J", NULL);
    cr_assert_eq(code, 0);
    cr_assert_lt(number(client->report, "rates", "connects_per_s"), 1e9);
    cr_assert_lt(json_number_value(json_object_get(client->report, "elapsed_s")), 5);
    live_stop(server, SIGINT);
    live_free(client);
    live_free(server);
}

Test(client, half_of_the_ports_in_time_wait_is_said)
{
    int code;
    live_shell("echo 40000 40099 > /proc/sys/net/ipv4/ip_local_port_range");
    struct live *server = live_start_ready("server", NULL);
    struct live *client = live_run(&code, "client", "-w", "cc", "-c", "4", "-n", "90", NULL);
    cr_assert_eq(code, 0);
    cr_assert(strstr(client->out_text, "90 of the 100 local ports for this destination are in TIME_WAIT"), "%s",
              client->out_text);
    live_stop(server, SIGINT);
    live_free(client);
    live_free(server);
}
