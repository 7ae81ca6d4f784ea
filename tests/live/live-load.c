/* tcplab-bench load and compare: real labs, short rounds. What the documents say of a load is
 * compared with both programs' reports and with the kernel's counters. */
#include "bench/lab/process.h"
#include "common/metric/metric.h"
#include "tests/lib/live.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(load, .init = live_setup, .timeout = LIVE_TIMEOUT_S);

static const char *const both[] = {"client", "server", NULL};

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static const json_t *metric_named(const json_t *document, const char *name)
{
    size_t i;
    json_t *metric;
    json_array_foreach(json_object_get(document, "metrics"), i, metric)
    {
        if (!strcmp(text_of(metric, "metric"), name))
            return metric;
    }
    cr_assert_fail("no metric %s in the document", name);
    return NULL;
}

static double median(const json_t *side)
{
    return json_number_value(json_object_get(side, "median"));
}

/* A file of this test; static until the next call. */
static const char *file_named(const char *name)
{
    static char path[64];
    snprintf(path, sizeof(path), "/tmp/tcplab-load-%d-%s", (int)getpid(), name);
    return path;
}

/* --- load --- */

Test(load, each_round_is_a_fresh_lab_with_both_reports)
{
    int code;
    struct live *p =
        live_run(&code, "bench", "load", "--rounds", "3", "--client",
                 "-w crr -r 400 -c 8 -d 100ms -s '10'", "--server", "--backlog 77", "--set",
                 "net.core.somaxconn=33", "--metric", "server.connections.accepted", "--metric",
                 "server.counters.Tcp.PassiveOpens", "--json", NULL);
    cr_assert_eq(code, 0, "%s", p->err_text);
    cr_assert_str_eq(text_of(p->report, "schema"), "tcplab.load/1");
    cr_assert(json_is_true(json_object_get(p->report, "complete")));
    json_t *rounds = json_object_get(p->report, "rounds"), *round;
    size_t i;
    cr_assert_eq(json_array_size(rounds), 3);
    json_array_foreach(rounds, i, round)
    {
        int64_t made = live_integer(round, "client", "connections", "attempted", NULL);
        cr_assert(made > 0 && made <= 40, "%lld", (long long)made);
        cr_assert_eq(live_integer(round, "client", "connections", "established", NULL), made);
        cr_assert_eq(live_integer(round, "server", "connections", "accepted", NULL), made);
        cr_assert_eq(live_integer(round, "server", "counters", "Tcp.PassiveOpens", NULL), made,
                     "the lab is fresh: nobody else's connection counts");
        cr_assert_eq(live_integer(round, "server", "bytes_received", NULL), 10 * made);
        cr_assert_eq(live_integer(round, "server", "listener", "queue_limit", NULL), 33);
        cr_assert(json_is_number(
            json_object_get(json_object_get(round, "surroundings"), "others_cpu_percent")));
    }
    const json_t *metric = metric_named(p->report, "server.connections.accepted");
    cr_assert_eq(json_array_size(json_object_get(metric, "values")), 3);
    cr_assert(json_is_null(json_object_get(metric, "interval")), "3 values have no interval");
    cr_assert_eq(median(metric),
                 median(metric_named(p->report, "server.counters.Tcp.PassiveOpens")));
    live_free(p);
}

static void check_path(const char *path, const json_t *value)
{
    const char *key;
    json_t *member;
    char longer[256], *message = NULL;
    if (json_is_number(value))
        cr_expect_eq(metric_find(path, both, NULL, &message), 0, "%s", message);
    free(message);
    json_object_foreach((json_t *)value, key, member)
    {
        snprintf(longer, sizeof(longer), "%s.%s", path, key);
        /* the settings and the histograms are no metrics */
        if (strcmp(key, "settings") != 0 && strcmp(key, "histograms") != 0 &&
            strcmp(key, "time_unix_s") != 0)
            check_path(longer, member);
    }
}

/* Each number that the reports have is a metric. */
Test(load, metrics_are_what_the_reports_have)
{
    int code;
    struct live *p =
        live_run(&code, "bench", "load", "--rounds", "1", "--set", "link=wire", "--client",
                 "-w crr -r 400 -d 50ms --seed 4 --arrivals poisson", "--json", NULL);
    cr_assert_eq(code, 0, "%s", p->err_text);
    const json_t *round = json_array_get(json_object_get(p->report, "rounds"), 0);
    check_path("client", json_object_get(round, "client"));
    check_path("server", json_object_get(round, "server"));
    live_free(p);
}

Test(load, thresholds_are_told_and_end_with_3)
{
    int code;
    struct live *p = live_run(&code, "bench", "load", "--rounds", "1", "--client", "-w hold -c 5",
                              "--fail-if", "client.connections.established >= 6", "--json", NULL);
    cr_assert_eq(code, 0, "%s", p->err_text);
    live_free(p);
    p = live_run(&code, "bench", "load", "--rounds", "1", "--client", "-w hold -c 5", "--fail-if",
                 "client.connections.established == 5", "--fail-if", "server.listener.drops > 0",
                 "--json", NULL);
    cr_assert_eq(code, 3, "%s", p->err_text);
    const json_t *list = json_object_get(p->report, "thresholds");
    cr_assert(json_is_true(json_object_get(json_array_get(list, 0), "failed")));
    cr_assert(json_is_false(json_object_get(json_array_get(list, 1), "failed")));
    live_free(p);
    p = live_run(&code, "bench", "load", "--rounds", "1", "--client", "-w hold -c 5", "--fail-if",
                 "client.connections.established == 5", NULL);
    cr_assert_eq(code, 3);
    cr_assert(strstr(p->out_text, "failed  client.connections.established == 5: it is 5"), "%s",
              p->out_text);
    live_free(p);
}

Test(load, a_server_that_is_there_is_measured_without_a_lab)
{
    int code;
    struct live *server = live_start_ready("server", "--json", NULL),
                *p = live_run(&code, "bench", "load", "--target", "127.0.0.1:8888", "--rounds", "2",
                              "--client", "-w cc -n 30 -c 3", "--json", NULL);
    cr_assert_eq(code, 0, "%s", p->err_text);
    const json_t *round = json_array_get(json_object_get(p->report, "rounds"), 1);
    cr_assert_eq(live_integer(round, "client", "connections", "established", NULL), 30);
    cr_assert_null(json_object_get(round, "server"));
    cr_assert_eq(live_stop(server, SIGTERM), 0);
    cr_assert_eq(live_integer(server->report, "connections", "accepted", NULL), 60);
    live_free(server);
    live_free(p);
}

Test(load, what_failed_and_what_had_no_reply_is_said)
{
    int code;
    struct live *p = live_run(&code, "bench", "load", "--target", "127.0.0.1:1", "--rounds", "2",
                              "--client", "-w cc -n 30 -c 3", NULL);
    cr_assert(strstr(p->out_text, "Of 60 connections that the rounds attempted, 0 were "
                                  "established, 60 refused."),
              "%s", p->out_text);
    live_free(p);
    p = live_run(&code, "bench", "load", "--rounds", "1", "--server", "-a never", "--client",
                 "-w crr -c 2 -d 200ms", NULL);
    cr_assert(strstr(p->out_text, "2 requests had no reply when a round ended"), "%s", p->out_text);
    live_free(p);
}

/* jq adds the two up in its own way. */
Test(load, the_reports_of_several_clients_are_added_up)
{
    struct live *server = live_start_ready("server", NULL);
    const char *said = live_shell(
        "t=$(mktemp -d); cd $t; c='%s/client/tcplab-client -w crr -c 4 -d 300ms'; "
        "$c --json=a >u & $c --json=b >v; wait; m=%s/bench/tcplab-bench; $m merge a b --json=m >t; "
        "jq -s 'def sums: map(.[]) | group_by(.[0]) | map([.[0][0], (map(.[1]) | add)]); "
        "(.[0:2] | map(.histograms.connect_latency.buckets) | add | [.] | sums) == "
        ".[2].histograms.connect_latency.buckets, (.[0:2] | map(.connections.established) | add) "
        "== .[2].connections.established, .[2].connections.established > 8' a b m; "
        "$m merge a a 2>&1; echo $?; $m merge a /dev/null 2>&1; echo $?; rm -r $t",
        TEST_BUILD, TEST_BUILD);
    cr_assert(!strncmp(said, "true\ntrue\ntrue\n", 15), "%s", said);
    cr_assert(strstr(said, "\n2\n") && strstr(strstr(said, "\n2\n") + 3, "\n2\n"), "%s", said);
    live_stop(server, SIGTERM);
    live_free(server);
}

/* The server counts both, the client what came after. Connections that are under way at that moment
 * count, at most the 8 at once. */
Test(load, what_was_before_the_warm_up_is_not_counted)
{
    int code;
    struct live *p = live_run(&code, "bench", "load", "--rounds", "1", "--warm-up", "300ms",
                              "--client", "-w crr -r 400 -c 8 -d 100ms", "--json", NULL);
    cr_assert_eq(code, 0, "%s", p->err_text);
    const json_t *round = json_array_get(json_object_get(p->report, "rounds"), 0),
                 *client = json_object_get(round, "client");
    int64_t all = live_integer(round, "server", "connections", "accepted", NULL),
            made = live_integer(client, "connections", "attempted", NULL),
            rung = live_integer(json_array_get(json_object_get(client, "connect_rungs"), 0),
                                "count", NULL);
    cr_assert_gt(all, made, "%lld and %lld", (long long)all, (long long)made);
    cr_assert(rung <= made && made <= rung + 8, "%lld %lld", (long long)rung, (long long)made);
    cr_assert_eq(live_integer(client, "connections", "established", NULL), made);
    cr_assert_eq(live_integer(client, "connect_latency_us", "count", NULL), rung);
    /* a start that was due before the warm-up's end may be made after it: at most 8 are late */
    cr_assert_leq(live_integer(client, "counters", "Tcp.ActiveOpens", NULL), made + 8);
    cr_assert_lt(json_number_value(json_object_get(client, "elapsed_s")), 0.4 + 0.1 * 10);
    live_free(p);
}

/* --- ends --- */

/* Ends a load in its third round. What was measured is in the file, and nobody is left. */
static void check_ended(int signal_number, int expected)
{
    char json[96], server[48];
    const char *path = file_named("ended.json");
    int mark = 100000 + (int)getpid(); /* finds the servers of this test alone */
    snprintf(json, sizeof(json), "--json=%s", path);
    snprintf(server, sizeof(server), "--backlog %d", mark);
    struct live *p = live_start("bench", "load", "--rounds", "500", "--client", "-w crr -d 20ms",
                                "--server", server, json, NULL);
    live_until(1, "jq -s '.[0].rounds // [] | length >= 2' %s 2>/dev/null | grep -c true", path);
    cr_assert_eq(live_stop(p, signal_number), expected, "%s", p->err_text);
    live_until(0, "pgrep -fc 'backlog %d[%d]'", mark / 10, mark % 10);
    json_t *document = json_load_file(path, 0, NULL);
    cr_assert(document, "the document is not whole");
    cr_assert(json_is_false(json_object_get(document, "complete")));
    cr_assert_geq(json_array_size(json_object_get(document, "rounds")), 2);
    json_decref(document);
    unlink(path);
    live_free(p);
}

Test(load, what_was_measured_before_a_signal_is_kept)
{
    check_ended(SIGINT, 130);
    check_ended(SIGKILL, 137);
}

/* --- compare --- */

Test(load, a_difference_is_found_and_equal_is_equal)
{
    int code;
    struct live *p =
        live_run(&code, "bench", "compare", "--rounds", "12", "--client", "-w hold", "--server",
                 "--accept-delay never", "--a", "client.c=5", "--b", "client.connections=10", "-m",
                 "server.listener.queue_peak", "-m", "server.listener.queue_limit", "--json", NULL);
    cr_assert_eq(code, 0, "%s", p->err_text);
    cr_assert_str_eq(text_of(p->report, "schema"), "tcplab.compare/1");
    const json_t *peak = metric_named(p->report, "server.listener.queue_peak"),
                 *limit = metric_named(p->report, "server.listener.queue_limit"),
                 *differs = json_object_get(p->report, "differs");
    cr_assert_eq(median(json_object_get(peak, "a")), 5);
    cr_assert_eq(median(json_object_get(peak, "b")), 10);
    cr_assert_eq(json_number_value(json_object_get(peak, "ratio")), 2);
    cr_assert_str_eq(text_of(peak, "verdict"), "higher");
    cr_assert_eq(json_number_value(json_object_get(peak, "p")), 2 / 64.0, "6 blocks");
    cr_assert_str_eq(text_of(limit, "verdict"), "equal");
    cr_assert_eq(json_array_size(json_object_get(differs, "asked")), 2);
    json_t *rounds = json_object_get(p->report, "rounds"), *round;
    size_t i, of_a = 0;
    json_array_foreach(rounds, i, round) of_a += !strcmp(text_of(round, "arm"), "a");
    cr_assert(json_array_size(rounds) == 24 && of_a == 12);
    live_free(p);
}

Test(load, two_documents_are_compared)
{
    int code;
    char a[64], b[64], json[96];
    snprintf(a, sizeof(a), "%s", file_named("a.json"));
    snprintf(b, sizeof(b), "%s", file_named("b.json"));
    for (int i = 0; i < 2; i++) {
        snprintf(json, sizeof(json), "--json=%s", i ? b : a);
        live_free(live_run(&code, "bench", "load", "--rounds", "6", "--client",
                           i ? "-w hold -c 10" : "-w hold -c 5", "--set",
                           i ? "net.core.somaxconn=100" : "net.core.somaxconn=200", json, NULL));
        cr_assert_eq(code, 0);
    }
    struct live *p =
        live_run(&code, "bench", "compare", a, b, "-m", "client.connections.established", NULL);
    cr_assert_eq(code, 0, "%s", p->err_text);
    cr_assert(strstr(p->out_text, "B is higher by 100.0 % (100.0 to 100.0 %)"), "%s", p->out_text);
    const char *differs = strstr(p->out_text, "knobs.net.core.somaxconn: 200 and 100"),
               *number = strstr(p->out_text, "client.connections.established");
    cr_assert(differs && number && differs < number, "what differs is said first: %s", p->out_text);
    live_free(p);
    unlink(a);
    unlink(b);
}

/* --- bad input: a sentence and 2, before anything runs --- */

static const struct {
    const char *arguments[8], *says;
    int code;
} cases[] = {
    {{"load", "--client", "-x"}, "--client: there is no option -x", 2},
    {{"load", "--client", "-w 'cc"}, "a quote has no end", 2},
    {{"load", "--client", "-w crr --hold 1s"}, "--client: --hold is for -w hold", 2},
    {{"load", "--client", "--help"}, "--client: leave out --help", 2},
    {{"load", "--client", "--json=/tmp/x"}, "--client: --json is the bench's own", 2},
    {{"load", "--client", "192.0.2.1"}, "is one argument too many", 2},
    {{"load", "--server", "--listen ::1"}, "leave --listen out", 2},
    {{"load", "--server", "--port 0"}, "leave --port 0 out", 2},
    {{"load", "--server", "-b x"}, "--server: -b x: ", 2},
    {{"load", "--set", "link=wir"}, "--set link=wir: write loopback or wire", 2},
    {{"load", "--set", "backlog=4"}, "no knob backlog", 2},
    {{"load", "--set", "net.ipv4.tcp_no_such=1"}, "this kernel has no such sysctl", 2},
    {{"load", "--metric", "client.connect_latency.p99"}, "client.connect_latency_us.p99?", 2},
    {{"load", "--metric", "client.connect_latency_us.p95"}, "--percentiles", 2},
    {{"load", "--fail-if", "server.listener.drops"}, "write 'METRIC OP VALUE'", 2},
    {{"load", "--fail-if", "server.listener.drop > 0"}, "did you mean server.listener.drops?", 2},
    {{"load", "--practical", "-3%"}, "--practical -3%: write a percentage", 2},
    {{"load", "--rounds", "0"}, "--rounds 0: ", 2},
    {{"load", "--client", "--print"}, "tcplab-client ends without its report", 2},
    {{"load", "--server", "--print"}, "tcplab-server ends without its report", 2},
    {{"load", "--target", "192.0.2.1"}, "write its port, too", 2},
    {{"load", "--target", "192.0.2.1:1", "--set", "link=wire"},
     "--set link=wire: with --target",
     2},
    {{"load", "--target", "192.0.2.1:1", "--server", "-b 1"}, "--server: with --target", 2},
    {{"load", "--target", "192.0.2.1:1", "-m", "server.listener.drops"},
     "no report of a server",
     2},
    {{"load", "--json=/nowhere/at/all"}, "cannot write /nowhere/at/all", 1},
    {{"compare"}, "what is compared?", 2},
    {{"compare", "--a", "server.foo=1"}, "A: --server: there is no option --foo", 2},
    {{"compare", "--b", "nothing=1"}, "B: nothing=1: no knob nothing", 2},
    {{"compare", "--b", "build=/tmp/no"}, "there are no tcplab-server and tcplab-client", 2},
    {{"compare", "--b", "server.backlog=1", "--rounds", "3"}, "give an even number", 2},
    {{"compare", "/etc/passwd"}, "with what?", 2},
    {{"compare", "/etc/passwd", "/etc/passwd"}, "give a file that tcplab-bench load", 2},
    {{"compare", "x", "y", "--a", "client.c=1"}, "--a: the two documents", 2},
};

Test(load, bad_input_is_found_before_anything_runs)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        const char *const *a = cases[i].arguments;
        int code;
        struct live *p = live_run(&code, "bench", a[0], a[1], a[2], a[3], a[4], a[5], NULL);
        cr_expect_eq(code, cases[i].code, "%s %s %s: exit %d", a[0], a[1], a[2], code);
        cr_expect(strstr(p->err_text, cases[i].says), "%s %s %s: %s", a[0], a[1], a[2],
                  p->err_text);
        cr_expect_str_eq(p->out_text, "", "%s %s", a[0], a[1]);
        live_free(p);
    }
}

Test(load, a_saved_document_is_shown_again)
{
    int code;
    char json[96];
    const char *path = file_named("shown.json");
    snprintf(json, sizeof(json), "--json=%s", path);
    struct live *p =
        live_run(&code, "bench", "load", "--rounds", "1", "--client", "-w hold -c 5", json, NULL);
    cr_assert_eq(code, 0, "%s", p->err_text);
    struct live *shown = live_run(&code, "bench", "show", path, NULL);
    cr_assert_eq(code, 0, "%s", shown->err_text);
    cr_assert_str_eq(shown->out_text, p->out_text);
    cr_assert(strstr(p->out_text, "1 round: median"), "%s", p->out_text);
    live_free(shown);
    live_free(p);
    unlink(path);
}
