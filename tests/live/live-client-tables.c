/* tcplab-client with more connections than one file table holds, and than one address has ports
 * for. */
#include "tests/lib/live.h"

#include <criterion/criterion.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

TestSuite(tables, .init = live_setup, .timeout = LIVE_TIMEOUT_S);

#define SMALL 64 /* descriptors a file table */
#define HELD  "ss -Htn state established 'dport = :8888' | wc -l"

/* Starts a client for 300 connections whose file tables are small. */
#define start_small(...) \
    (live_descriptors = SMALL, live_start_ready("client", "-c", "300", "-J", __VA_ARGS__, NULL))
#define run_small(...) \
    (live_descriptors = SMALL, live_run(&code, "client", "-c", "300", "-J", __VA_ARGS__, NULL))

static int64_t row(const struct live *client, const char *key)
{
    return live_integer(client->report, "connections", key, NULL);
}

/* The row has them all, and there were several tables. */
static void check_all_in(const struct live *client, const char *name, int64_t count)
{
    int64_t loops = live_integer(client->report, "event_loops", NULL);
    cr_assert_eq(row(client, "attempted"), count);
    cr_assert_eq(row(client, name), count, "%s: %lld", name, (long long)row(client, name));
    cr_assert_gt(loops, 300 / SMALL);
    cr_assert_eq(live_integer(client->report, "file_tables", NULL), loops);
    cr_assert_eq(live_integer(client->report, "settings", "threads", NULL), 1, "as it was asked");
    cr_assert(strstr(client->err_text,
                     "300 connections are more than the 64 descriptors of one file table"),
              "%s", client->err_text);
}

static void stop_server(struct live *server)
{
    cr_assert_eq(live_stop(server, SIGINT), 0);
    live_free(server);
}

Test(tables, held_connections_are_those_that_ss_shows)
{
    struct live *server = live_start_ready("server", NULL);
    struct live *client = start_small("--hold", "300s");
    live_until(300, HELD);
    int64_t threads = live_number("ls /proc/%d/task | wc -l", (int)client->pid);
    cr_assert_eq(live_stop(client, SIGINT), 0);
    check_all_in(client, "established", 300);
    cr_assert_eq(live_integer(client->report, "event_loops", NULL), threads);
    cr_assert_eq(live_integer(client->report, "states_before_close", "ESTABLISHED", NULL), 300);
    cr_assert_eq(live_integer(client->report, "connect_latency_us", "count", NULL), 300);
    cr_assert_eq(live_number(HELD), 0);
    live_free(client);
    stop_server(server);
}

/* Two loops of one -t are two tables: with two CPUs they are not a thread for each. */
Test(tables, loops_that_take_turns_run_wherever)
{
    struct live *server = live_start_ready("server", NULL);
    live_descriptors = SMALL;
    struct live *client = live_start_ready("client", "-c", "60", "-J", "--hold", "300s", NULL);
    live_until(60, HELD);
    cr_assert_eq(live_number("grep -h Cpus_allowed_list /proc/%d/task/*/status | sort -u | wc -l",
                             (int)client->pid),
                 1);
    cr_assert_eq(live_stop(client, SIGINT), 0);
    cr_assert_eq(live_integer(client->report, "event_loops", NULL), 2);
    live_free(client);
    stop_server(server);
}

Test(tables, waves)
{
    int code;
    struct live *server = live_start_ready("server", NULL);
    struct live *client = run_small("-n", "1000");
    cr_assert_eq(code, 0);
    check_all_in(client, "established", 1000);
    live_free(client);
    stop_server(server);
}

Test(tables, echo)
{
    int code;
    struct live *server = live_start_ready("server", "-J", NULL);
    struct live *client = run_small("-w", "echo", "-d", "500ms");
    cr_assert_eq(code, 0);
    check_all_in(client, "established", 300);
    int64_t replies = live_integer(client->report, "replies", NULL);
    cr_assert_geq(replies, 300);
    cr_assert_eq(live_integer(client->report, "bytes_received", NULL), 64 * replies);
    cr_assert_eq(live_integer(client->report, "request_latency_us", "count", NULL), replies);
    live_stop(server, SIGINT);
    cr_assert_eq(live_integer(server->report, "connections", "accepted", NULL), 300);
    cr_assert_eq(live_integer(server->report, "bytes_sent", NULL), 64 * replies);
    live_free(client);
    live_free(server);
}

Test(tables, crr)
{
    int code;
    struct live *server = live_start_ready("server", "-J", NULL);
    struct live *client = run_small("-w", "crr", "-n", "3000", "--close", "rst");
    cr_assert_eq(code, 0);
    check_all_in(client, "established", 3000);
    cr_assert_eq(live_integer(client->report, "replies", NULL), 3000);
    live_stop(server, SIGINT);
    cr_assert_eq(live_integer(server->report, "connections", "accepted", NULL), 3000);
    live_free(client);
    live_free(server);
}

/* The final states are counted while all tables are still there; then everything is closed. */
static void check_kept(const char *how, const char *state)
{
    int code;
    struct live *server = live_start_ready("server", "--on-eof", "hold", NULL);
    struct live *client = run_small("--close", how);
    cr_assert_eq(code, 0);
    check_all_in(client, "established", 300);
    cr_assert_eq(live_integer(client->report, "states", state, NULL), 300);
    cr_assert_eq(live_number(HELD), 0);
    live_free(client);
    stop_server(server);
}

/* With -d they stay until then, or until a signal. */
static void check_staying(const char *how, const char *server_state)
{
    struct live *server = live_start_ready("server", "--on-eof", "hold", NULL);
    struct live *client = start_small("--close", how, "-d", "300s");
    live_until(300, "ss -Htn state %s 'sport = :8888' | wc -l", server_state);
    cr_assert_eq(live_stop(client, SIGINT), 0);
    check_all_in(client, "established", 300);
    live_free(client);
    stop_server(server);
}

Test(tables, kept_descriptors_are_open_to_the_end)
{
    check_kept("half", "FIN_WAIT_2");
    check_kept("none", "ESTABLISHED");
    check_staying("half", "close-wait");
    check_staying("none", "established");
}

/* Whoever waits for the end of --ready-fd has it while the client runs. */
Test(tables, ready_fd_is_closed)
{
    char byte;
    struct live *server = live_start_ready("server", NULL);
    struct live *client = start_small("--hold", "300s");
    struct pollfd end = {client->ready, POLLIN, 0};
    cr_assert_eq(poll(&end, 1, LIVE_STATE_MS), 1, "a copy of it is open in some table");
    cr_assert_eq(read(client->ready, &byte, 1), 0);
    cr_assert_eq(live_stop(client, SIGINT), 0);
    live_free(client);
    stop_server(server);
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

Test(tables, log_has_every_connection_once)
{
    int code;
    size_t i;
    json_t *entry;
    const char *locals[300];
    struct live *server = live_start_ready("server", NULL);
    struct live *client = run_small("--log-connections");
    cr_assert_eq(code, 0);
    const json_t *log = json_object_get(client->report, "connection_log");
    cr_assert_eq(json_array_size(log), 300);
    json_array_foreach((json_t *)log, i, entry)
    {
        locals[i] = json_string_value(json_object_get(entry, "local"));
        cr_assert_not_null(locals[i]);
        cr_assert_str_eq(json_string_value(json_object_get(entry, "outcome")), "established");
    }
    qsort(locals, 300, sizeof(*locals), compare_texts);
    for (i = 1; i < 300; i++)
        cr_assert_str_neq(locals[i - 1], locals[i]);
    live_free(client);
    stop_server(server);
}

/* --- a signal in each phase --- */

static void check_stopped(struct live *client, const char *name, int64_t count)
{
    cr_assert_eq(live_stop(client, SIGINT), 0, "%s", client->err_text);
    check_all_in(client, name, count);
    live_free(client);
}

Test(tables, a_signal_while_it_waits_for_its_moment)
{
    char at[32];
    snprintf(at, sizeof(at), "%lld", (long long)time(NULL) + 300);
    check_stopped(start_small("--start-at", at), "established", 0);
}

Test(tables, the_moment_comes)
{
    char at[32];
    struct live *server = live_start_ready("server", NULL);
    snprintf(at, sizeof(at), "%lld", (long long)time(NULL) + 2);
    struct live *client = start_small("--start-at", at);
    cr_assert_eq(live_wait(client), 0);
    check_all_in(client, "established", 300);
    cr_assert_geq(time(NULL), atoll(at));
    live_free(client);
    stop_server(server);
}

Test(tables, a_signal_while_it_connects)
{
    struct live *server = live_start_ready("server", "-b", "1", "-a", "never", NULL);
    struct live *client = start_small("-T", "300s");
    live_until(300, "ss -Htan 'dport = :8888' | wc -l");
    cr_assert_eq(live_stop(client, SIGINT), 0);
    cr_assert_eq(row(client, "attempted"), 300);
    cr_assert_eq(row(client, "established") + row(client, "pending"), 300);
    /* The queue holds 2; a ghost or two where handshakes overlapped. */
    cr_assert(row(client, "established") >= 2 && row(client, "established") < 20, "%lld",
              (long long)row(client, "established"));
    live_free(client);
    stop_server(server);
}

Test(tables, a_signal_while_it_waits_for_replies)
{
    struct live *server = live_start_ready("server", "--on-data", "ignore", NULL);
    struct live *client = start_small("-w", "echo", "-d", "300s");
    live_until(300, "ss -Htn state established 'sport = :8888' | awk '$1 == 64' | wc -l");
    check_stopped(client, "established", 300);
    stop_server(server);
}

Test(tables, a_signal_while_requests_come_and_go)
{
    struct live *server = live_start_ready("server", NULL);
    struct live *client = start_small("-w", "echo", "-d", "300s");
    live_until(300, HELD);
    check_stopped(client, "established", 300);
    stop_server(server);
}

/* --- local ports --- */

Test(tables, loopback_has_other_addresses_when_the_ports_of_one_do_not_do)
{
    int code;
    char address[32];
    live_shell("echo 40000 40099 > /proc/sys/net/ipv4/ip_local_port_range");
    struct live *server = live_start_ready("server", "--on-eof", "hold", "-J", NULL);
    struct live *client = live_run(&code, "client", "-c", "300", "-J", NULL);
    cr_assert_eq(code, 0, "%s", client->err_text);
    cr_assert(strstr(client->err_text, "the 300 connections come from 127.0.0.1 to 127.0.0.6"),
              "%s", client->err_text);
    cr_assert_eq(row(client, "established"), 300);
    cr_assert_eq(live_integer(client->report, "local_ports", "source_addresses", NULL), 6);
    cr_assert_eq(live_integer(client->report, "event_loops", NULL), 1);
    live_free(client);
    live_until(300, "ss -Htn state close-wait 'sport = :8888' | wc -l");
    live_stop(server, SIGINT);
    for (int i = 1; i <= 6; i++) {
        snprintf(address, sizeof(address), "127.0.0.%d", i);
        cr_assert_eq(live_integer(server->report, "peers", address, NULL), 50);
    }
    live_free(server);
}

Test(tables, loopback_keeps_to_one_address_where_that_is_enough_or_asked_for)
{
    int code;
    live_shell("echo 40000 42999 > /proc/sys/net/ipv4/ip_local_port_range");
    static const struct {
        const char *connections, *source;
        int64_t addresses;
    } cases[] = {{"1500", NULL, 1}, {"1501", NULL, 2}, {"1501", "127.0.0.9", 1}};
    for (int i = 0; i < 3; i++) {
        struct live *client =
            live_run(&code, "client", "-c", cases[i].connections, "-J", "127.0.0.1:9",
                     cases[i].source ? "--source" : NULL, cases[i].source, NULL);
        cr_assert_eq(code, 0, "%s", client->err_text);
        cr_assert_eq(live_integer(client->report, "local_ports", "source_addresses", NULL),
                     cases[i].addresses);
        live_free(client);
    }
    live_shell("echo 40000 40099 > /proc/sys/net/ipv4/ip_local_port_range");
    static const char *const refused[] = {"[::1]:9", "192.0.2.1:9"};
    for (int i = 0; i < 2; i++) {
        struct live *client = live_run(&code, "client", "-c", "101", refused[i], NULL);
        cr_assert_eq(code, 77, "%s has but one address to come from", refused[i]);
        live_free(client);
    }
}

Test(tables, both_at_once)
{
    int code;
    live_shell("echo 40000 40099 > /proc/sys/net/ipv4/ip_local_port_range");
    struct live *server = live_start_ready("server", NULL);
    struct live *client = run_small("--hold", "10ms");
    cr_assert_eq(code, 0, "%s", client->err_text);
    check_all_in(client, "established", 300);
    cr_assert_eq(live_integer(client->report, "local_ports", "source_addresses", NULL), 6);
    live_free(client);
    stop_server(server);
}
