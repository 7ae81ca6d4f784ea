/* tcplab-server with more connections than its file table holds, and its censuses while it runs. */
#include "tests/lib/live.h"

#include <criterion/criterion.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

TestSuite(server_tables, .init = live_setup, .timeout = LIVE_TIMEOUT_S);

#define SMALL  64  /* descriptors of a table */
#define MANY   300 /* connections: of several such tables */
#define ACTIVE "ss -Htn state established 'sport = :8888' | wc -l"
#define QUEUED "ss -Hltn 'sport = :8888' | awk '{n += $2} END {print n + 0}'"

static int64_t row(const struct live *server, const char *key)
{
    return live_integer(server->report, "connections", key, NULL);
}

static void check_sum(const struct live *server)
{
    cr_assert_eq(row(server, "accepted"), row(server, "open") + row(server, "closed_by_peer") +
                                              row(server, "closed_by_server") +
                                              row(server, "reset_by_peer") +
                                              row(server, "timed_out"));
}

static void check_told_once(const struct live *server, const char *text)
{
    const char *told = strstr(server->err_text, text);
    cr_assert_not_null(told, "%s", server->err_text);
    cr_assert_null(strstr(told + 1, text), "said once");
}

static int64_t main_table_sockets(const struct live *server)
{
    return live_number("ls -l /proc/%d/fd | grep -c socket:", (int)server->pid);
}

static void check_many(const char *threads)
{
    int code;
    live_descriptors = SMALL;
    struct live *server = live_start_ready("server", "-t", threads, "-J", NULL);
    struct live *echo =
        live_run(&code, "client", "-w", "echo", "-c", "300", "-n", "300", "-d", "3s", "-J", NULL);
    cr_assert_eq(live_integer(echo->report, "connections", "established", NULL), MANY);
    cr_assert_geq(live_integer(echo->report, "replies", NULL), MANY);
    cr_assert_eq(live_integer(echo->report, "replies", NULL),
                 live_integer(echo->report, "requests", NULL));
    live_until_accepted(0);
    struct live *holders = live_start_ready("client", "-c", "300", "--hold", "300s", "-J", NULL);
    live_until_accepted(MANY);
    cr_assert_eq(live_stop(server, SIGINT), 0);
    cr_assert_eq(live_number("ss -Hltn 'sport = :8888' | wc -l"), 0, "no table holds the listener");
    cr_assert_eq(row(server, "accepted"), 2 * MANY);
    cr_assert_eq(row(server, "closed_by_peer"), MANY);
    cr_assert_eq(row(server, "open"), MANY);
    cr_assert_eq(row(server, "accept_errors"), 0);
    cr_assert_geq(row(server, "file_tables"), MANY / SMALL + 1);
    cr_assert_leq(row(server, "file_tables"), 24);
    check_sum(server);
    cr_assert_eq(live_integer(server->report, "states", "ESTABLISHED", NULL), MANY);
    cr_assert_eq(live_integer(server->report, "listener", "queue_now", NULL), 0);
    check_told_once(server, "the file table is full (ulimit -n)");
    cr_assert_null(strstr(server->err_text, "cannot accept"));
    live_stop(holders, SIGINT);
    cr_assert_eq(live_integer(holders->report, "connections", "established", NULL), MANY);
    live_free(holders);
    live_free(echo);
    live_free(server);
}

Test(server_tables, more_connections_than_a_table_holds)
{
    check_many("1");
}

Test(server_tables, two_workers_share_the_first_table)
{
    check_many("2");
}

/* The counters and sysctls are files to be opened: with no descriptor left, some must come free at
 * the end. */
Test(server_tables, it_ends_well_while_its_table_is_full)
{
    live_descriptors = SMALL;
    struct live *server =
        live_start_ready("server", "--sysctl", "net.ipv4.tcp_fin_timeout=7", "-J", NULL);
    struct live *client = live_start_ready("client", "-c", "100", "--hold", "300s", NULL);
    live_until_accepted(100);
    cr_assert_eq(live_stop(server, SIGINT), 0);
    cr_assert_gt(row(server, "file_tables"), 1);
    cr_assert(json_is_object(json_object_get(server->report, "counters")));
    cr_assert_eq(live_number("cat /proc/sys/net/ipv4/tcp_fin_timeout"), 60);
    live_stop(client, SIGINT);
    live_free(client);
    live_free(server);
}

Test(server_tables, one_table_is_enough_for_few)
{
    int code;
    live_descriptors = SMALL;
    struct live *server = live_start_ready("server", "-J", NULL);
    struct live *client =
        live_run(&code, "client", "-w", "crr", "-c", "10", "-n", "1000", "-d", "30s", "-J", NULL);
    cr_assert_eq(live_integer(client->report, "replies", NULL), 1000);
    cr_assert_eq(live_stop(server, SIGINT), 0);
    cr_assert_eq(row(server, "file_tables"), 1);
    cr_assert_null(strstr(server->err_text, "file table"));
    live_free(client);
    live_free(server);
}

/* What closes makes room in the table that it was in. The turn goes to the table with most room, so
 * it may take more than one round until it is the first one's. */
Test(server_tables, the_first_table_accepts_again)
{
    live_descriptors = SMALL;
    struct live *server = live_start_ready("server", "-J", NULL);
    int64_t before = main_table_sockets(server), again = 0;
    for (int i = 0; i < 10 && again <= before; i++) {
        struct live *client = live_start_ready("client", "-c", "300", "--hold", "300s", NULL);
        live_until_accepted(MANY);
        again = i ? main_table_sockets(server) : 0;
        live_stop(client, SIGINT);
        live_until_accepted(0);
        live_until(before, "ls -l /proc/%d/fd | grep -c socket:", (int)server->pid);
        live_free(client);
    }
    cr_assert_gt(again, before);
    cr_assert_eq(live_stop(server, SIGINT), 0);
    cr_assert_eq(row(server, "open"), 0);
    cr_assert_eq(row(server, "accept_errors"), 0);
    check_sum(server);
    live_free(server);
}

/* The pace is kept by whichever worker accepts; SIGUSR1 ends it for all, those that come later,
 * too. */
Test(server_tables, usr1_reaches_all_tables)
{
    live_descriptors = SMALL;
    struct live *server = live_start_ready("server", "-a", "30ms", "-J", NULL);
    struct live *client = live_start_ready("client", "-c", "300", "--hold", "300s", NULL);
    live_until(MANY, ACTIVE);
    /* the first table has room for fewer than 70 */
    live_until(1, QUEUED " | awk '{print ($1 < 230)}'");
    kill(server->pid, SIGUSR1);
    cr_assert_lt(live_until(0, QUEUED), 5000, "at the pace of before it would take 6.9 s");
    cr_assert_eq(live_stop(server, SIGINT), 0);
    cr_assert_eq(row(server, "accepted"), MANY);
    cr_assert_eq(row(server, "open"), MANY);
    cr_assert_eq(row(server, "accept_errors"), 0);
    cr_assert_geq(row(server, "file_tables"), MANY / SMALL + 1);
    check_told_once(server, "accepting from now on (SIGUSR1)");
    live_stop(client, SIGINT);
    live_free(client);
    live_free(server);
}

/* Nobody watches these connections: their own table's thread must ask the kernel what became of
 * them. */
Test(server_tables, dead_connections_of_all_tables_are_not_open)
{
    int code;
    live_descriptors = SMALL;
    struct live *server = live_start_ready("server", "--on-data", "ignore", "-J", NULL);
    struct live *client =
        live_run(&code, "client", "-c", "300", "--hold", "300ms", "--close", "rst", NULL);
    cr_assert_eq(code, 0);
    live_until_accepted(0);
    cr_assert_eq(live_stop(server, SIGINT), 0);
    cr_assert_eq(row(server, "accepted"), MANY);
    cr_assert_eq(row(server, "reset_by_peer"), MANY);
    cr_assert_eq(row(server, "open"), 0);
    live_free(client);
    live_free(server);
}

/* --- where no other table can be had --- */

/* With this little address space left there is no room for the stack of another thread. */
static struct live *start_without_threads(rlim_t descriptors)
{
    live_descriptors = descriptors;
    struct live *server = live_start_ready("server", "-J", NULL);
    live_shell(
        "prlimit --pid %d --as=$(($(awk '/VmSize/ {print $2}' /proc/%d/status) * 1024 + 1000000))",
        (int)server->pid, (int)server->pid);
    return server;
}

static int64_t cpu_ticks(const struct live *p)
{
    return live_number("awk '{print $14 + $15}' /proc/%d/stat", (int)p->pid);
}

Test(server_tables, out_of_descriptors_it_pauses_costs_nothing_and_goes_on)
{
    if (live_sanitized) /* whose address space is not the program's */
        return;
    struct live *server = start_without_threads(40);
    struct live *client = live_start_ready("client", "-c", "100", "--hold", "300s", "-J", NULL);
    live_until(100, ACTIVE);
    live_until_said(server, "cannot accept");
    /* CPU ticks (10 ms) of the server over half a second of being without descriptors. */
    int64_t before = cpu_ticks(server);
    struct pollfd nothing = {-1, 0, 0};
    poll(&nothing, 1, 500); /* the span that is measured */
    int64_t ticks = cpu_ticks(server) - before;
    cr_assert_leq(ticks, 2, "%lld ticks in half a second", (long long)ticks);
    cr_assert_eq(live_stop(client, SIGINT), 0);
    live_until_accepted(0);
    cr_assert_eq(live_stop(server, SIGINT), 0);
    cr_assert_eq(row(server, "accepted"), 100);
    cr_assert_gt(row(server, "accept_errors"), 0);
    cr_assert_eq(row(server, "file_tables"), 1);
    check_sum(server);
    check_told_once(
        server,
        "cannot accept: Too many open files (ulimit -n), and a thread with another file table");
    live_free(client);
    live_free(server);
}

/* When one of its own connections ends, the server goes on at once: many times faster than it looks
 * by itself, each 100 ms. */
Test(server_tables, a_descriptor_that_comes_free_is_used_at_once)
{
    int code;
    if (live_sanitized)
        return;
    struct live *server = start_without_threads(30);
    struct live *client =
        live_run(&code, "client", "-w", "crr", "-c", "60", "-n", "2000", "-d", "30s", "-J", NULL);
    cr_assert_eq(live_stop(server, SIGINT), 0);
    cr_assert_eq(live_integer(client->report, "replies", NULL), 2000);
    cr_assert_gt(row(server, "accept_errors"), 0);
    cr_assert_eq(row(server, "file_tables"), 1);
    cr_assert_lt(json_number_value(json_object_get(client->report, "elapsed_s")), 4);
    live_free(client);
    live_free(server);
}

/* --- where no other table is wanted --- */

Test(server_tables, max_descriptors_are_kept_and_accept_fails_without_spinning)
{
    char file[64], json[80];
    snprintf(file, sizeof(file), "/tmp/tcplab-test-%d.json", (int)getpid());
    snprintf(json, sizeof(json), "--json=%s", file);
    struct live *server = live_start_ready("server", "--max-descriptors", "40", json, NULL);
    struct live *client = live_start_ready("client", "-c", "100", "--hold", "60s", "-J", NULL);
    live_until(1, QUEUED " | awk '{print ($1 > 50)}'");
    live_until(100, ACTIVE);
    live_until(40, "ls /proc/%d/fd | wc -l", (int)server->pid);
    int64_t before = cpu_ticks(server), waiting = live_number(QUEUED);
    struct pollfd nothing = {-1, 0, 0};
    poll(&nothing, 1, 500); /* the span that is measured */
    int64_t ticks = cpu_ticks(server) - before;
    cr_assert_leq(ticks, 2, "%lld ticks in half a second", (long long)ticks);
    cr_assert_eq(live_number(QUEUED), waiting, "nothing came free");
    cr_assert_eq(live_number("ls /proc/%d/task | wc -l", (int)server->pid), 1,
                 "no thread with another table");
    cr_assert_eq(live_stop(client, SIGINT), 0);
    live_until(0, "ss -Htn 'sport = :8888' | wc -l");
    cr_assert_eq(live_stop(server, SIGINT), 0);
    server->report = json_load_file(file, 0, NULL);
    unlink(file);
    cr_assert_eq(row(server, "accepted"), 100);
    cr_assert_eq(row(server, "open"), 0);
    cr_assert_eq(row(server, "file_tables"), 1);
    cr_assert_eq(live_integer(server->report, "settings", "max_descriptors", NULL), 40);
    int64_t failed = row(server, "accept_errors");
    cr_assert(failed >= 5 && failed < 200, "%lld: each 100 ms, and when one ends",
              (long long)failed);
    cr_assert_eq(atoll(strstr(server->out_text, "accept() failed ") + 16), failed, "%s",
                 server->out_text);
    cr_assert(strstr(server->out_text, "(--max-descriptors)"), "%s", server->out_text);
    check_sum(server);
    check_told_once(
        server, "accept() fails with EMFILE: all 40 descriptors of --max-descriptors are in use");
    live_free(client);
    live_free(server);
}

Test(server_tables, max_descriptors_that_cannot_be)
{
    static const struct {
        const char *n, *says;
        int code;
    } cases[] = {
        {"20",
         "--max-descriptors 20: a server with --threads 1 needs 21 before the first connection", 2},
        {"65", "--max-descriptors 65: this process may open 64 (the hard limit)", 77},
        {"0", "--max-descriptors 0: ", 2}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        int code;
        live_descriptors = SMALL;
        struct live *server = live_run(&code, "server", "--max-descriptors", cases[i].n, NULL);
        cr_expect_eq(code, cases[i].code, "%s", server->err_text);
        cr_expect(strstr(server->err_text, cases[i].says), "%s", server->err_text);
        live_free(server);
    }
}

/* --- censuses while it runs --- */

/* Of documents that come faster than censuses may, most repeat the last and say how old it is. */
Test(server_tables, a_census_says_how_old_it_is)
{
    int code;
    struct live *server = live_start_ready("server", "--jsonl", "-i", "2ms", "-d", "3s", NULL);
    struct live *client = live_run(&code, "client", "-c", "5", "--hold", "300s", "-d", "2s", NULL);
    cr_assert_eq(live_wait(server), 0);
    int documents = 0, fresh = 0, with_clients = 0;
    double last = 1e9, oldest = 0;
    for (char *line = strtok(server->out_text, "\n"); line; line = strtok(NULL, "\n")) {
        json_t *document = json_loads(line, 0, NULL);
        if (json_object_get(document, "states_age_s")) {
            double age = json_number_value(json_object_get(document, "states_age_s"));
            cr_assert_eq(live_integer(document, "states", "LISTEN", NULL), 1);
            cr_assert_geq(age, 0);
            documents++;
            fresh += age < last;
            with_clients +=
                json_object_get(json_object_get(document, "states"), "ESTABLISHED") != NULL;
            oldest = age > oldest ? age : oldest;
            last = age;
        }
        json_decref(document);
    }
    cr_assert_gt(fresh, 1);
    cr_assert_gt(documents, fresh, "%d of %d documents have a census of their own", fresh,
                 documents);
    cr_assert_gt(with_clients, 0);
    cr_assert_gt(oldest, 0);
    live_free(client);
    live_free(server);
}

/* A dump walks the kernel's whole table, also when it is nearly empty: milliseconds. */
Test(server_tables, censuses_cost_next_to_nothing)
{
    int code;
    if (live_sanitized)
        return;
    struct live *server = live_run(&code, "server", "--jsonl", "-i", "20ms", "-d", "3s", NULL);
    cr_assert_eq(code, 0);
    double cpu_s = (double)(server->usage.ru_utime.tv_sec + server->usage.ru_stime.tv_sec) +
                   (double)(server->usage.ru_utime.tv_usec + server->usage.ru_stime.tv_usec) / 1e6;
    /* 1 %, and the start, 150 documents, and the end */
    cr_assert_lt(cpu_s, 0.2, "%.3f s of 3 s", cpu_s);
    live_free(server);
}
