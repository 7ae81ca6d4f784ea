/* What a user gets wrong: a clear sentence on stderr, nothing on stdout, the right exit code,
 * nothing left behind. */
#include "tests/lib/live.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

TestSuite(usage, .init = live_setup, .timeout = LIVE_TIMEOUT_S);

static const struct {
    const char *program, *arguments[8];
    int code;
    const char *says; /* part of the sentence */
} cases[] = {
    {"server", {"--backlog", "x"}, 2, "--backlog x: "},
    {"server", {"--accept-delay", "-1s"}, 2, "--accept-delay -1s: a duration cannot be negative"},
    {"server", {"--accept-delay", "1parsec"}, 2, "--accept-delay 1parsec: "},
    {"server", {"--port", "70000"}, 2, "70000"},
    {"server", {"--on-data", "eco"}, 2, "did you mean echo?"},
    {"server", {"--backlgo", "4"}, 2, "did you mean --backlog?"},
    {"server", {"--listen", "no.such.host.invalid"}, 1, "no.such.host.invalid"},
    {"server", {"--listen", "192.0.2.1"}, 1, "no interface of this machine"},
    {"server", {"--listen", "[::1"}, 2, "[::1"},
    {"server", {"--listen", "::1:8888"}, 2, "an IPv6 address with a port is written in brackets"},
    {"server", {"--listen", "fe80::1"}, 2, "such as fe80::1%eth0"},
    {"server", {"--listen", "127.0.0.1:9000", "--port", "9001"}, 2, "two ports"},
    {"server", {"--sysctl", "net.ipv4/../../x=1"}, 2, "net.ipv4/../../x=1"},
    {"server", {"--sysctl", "kernel.panic=1"}, 2, "kernel.panic=1"},
    {"server", {"--sysctl", "net.ipv4.tcp_fin_timeout"}, 2, "net.ipv4.tcp_fin_timeout"},
    {"server", {"--sysctl", "net.core.nosuch=1"}, 77, "no such sysctl"},
    {"server",
     {"--sysctl", "net.ipv4.tcp_fin_timout=1"},
     77,
     "did you mean net.ipv4.tcp_fin_timeout?"},
    {"server",
     {"--sysctl", "net.ipv4.tcp_syn_retries=0"},
     2,
     "the kernel refuses this value; it is 6 now"},
    {"server", {"--sysctl", "net.core.rmem_max=1000"}, 77, "belongs to the whole machine"},
    {"server", {"--threads", "0"}, 2, "--threads 0: "},
    {"server", {"--duration", "nan"}, 2, "--duration nan: "},
    {"server", {"--keepalive", "1s,2s"}, 2, "--keepalive 1s,2s: "},
    {"server", {"--json", "--jsonl"}, 2, "--json and --jsonl cannot both go to stdout"},
    {"server", {"--json=x", "--jsonl=x"}, 2, "--json and --jsonl cannot both go to x"},
    {"server", {"--user-timeout", "1.5ms"}, 2, "whole milliseconds"},
    {"server", {"--ready-fd", "77"}, 2, "--ready-fd 77: "},
    {"client", {"--ready-fd", "0"}, 2, "--ready-fd 0: "},
    {"server", {"extra"}, 2, "extra"},
    {"client", {"-c", "0"}, 2, "-c 0: "},
    {"client", {"-c", "99999999"}, 77, "99999999 connections need"},
    {"client", {"-c", "1e3"}, 2, "-c 1e3: "},
    {"client", {"-c", "99999999999999999999"}, 2, "-c 99999999999999999999: "},
    {"client", {"127.0.0.1:70000"}, 2, "127.0.0.1:70000"},
    {"client", {"127.0.0.1:0"}, 2, "port 0"},
    {"client",
     {"::1:8888"},
     2,
     "an IPv6 address with a port is written in brackets, such as [::1]:8888"},
    {"client", {"--source", "::g"}, 2, "such as fd00::/120 or fe80::1%eth0"},
    {"client", {"no.such.host.invalid"}, 1, "no.such.host.invalid"},
    {"client", {"-w", "hodl"}, 2, "did you mean hold?"},
    {"client", {"--source", "192.0.2.7"}, 1, "192.0.2.7"},
    {"client", {"--source", "127.0.0.0/33"}, 2, "127.0.0.0/33"},
    {"client", {"--source", "::1"}, 2, "another family"},
    {"client", {"-t", "5", "-c", "4"}, 2, "more threads than"},
    {"client", {"-w", "crr", "--hold", "1s"}, 2, "--hold is for -w hold"},
    {"client",
     {"-w", "crr", "--every", "1s"},
     2,
     "--every is for -w echo; with -w crr there is one request"},
    {"client", {"-w", "echo", "--every", "1s", "-n", "7"}, 2, "leave -n away"},
    {"server", {"--stall", "200ms"}, 2, "two durations are needed, with a comma between"},
    {"server", {"--stall", "2s,200ms"}, 2, "the stall must be shorter"},
    {"server", {"--stall", "0,1s"}, 2, "a stall lasts at least 1us"},
    {"server", {"--stall", "x,1s"}, 2, "write DUR,EVERY such as 200ms,2s"},
    {"client", {"--reuse"}, 2, "--reuse is for -w crr and -w cc"},
    {"client", {"-w", "cc", "--reuse"}, 2, "add --close rst"},
    {"client", {"-w", "cc", "--close", "rst", "--reuse", "-r", "5"}, 2, "--rate on a schedule"},
    {"client",
     {"-w", "cc", "--close", "rst", "--reuse", "--ramp", "1..5"},
     2,
     "--ramp on a schedule"},
    {"client", {"-r", "-1"}, 2, "a rate cannot be negative; write a number such as 0.5"},
    {"client", {"-r", "0.0000001"}, 2, "a rate has at most 6 decimals"},
    {"client", {"-r", "2G"}, 2, "a rate is at most 1G"},
    {"client", {"-r", "5", "--arrivals", "random"}, 2, "write even, poisson or burst:N"},
    {"client", {"-r", "5", "--arrivals", "burst:0"}, 2, "a burst has from 1 to"},
    {"client", {"-r", "5", "--arrivals", "burst"}, 2, "no such kind of arrivals"},
    {"client", {"--arrivals", "poisson"}, 2, "add one, such as -r 1000"},
    {"client", {"-r", "5", "--seed", "1"}, 2, "with even nothing is drawn"},
    {"client", {"-r", "5", "--ramp", "1..5", "-d", "1s"}, 2, "give one of the two"},
    {"client", {"--ramp", "1..5"}, 2, "over which time? Add it, such as -d 10s"},
    {"client", {"--ramp", "5"}, 2, "two rates are needed, with .. between"},
    {"client", {"--ramp", "0..0"}, 2, "one of the two rates must be above 0"},
    {"client",
     {"-w", "echo", "--every", "1s", "--ramp", "1..2"},
     2,
     "--every needs for its requests"},
    {"client", {"-s", "9"}, 2, "--size is for"},
    {"client", {"--user-timeout", "1.5ms"}, 2, "whole milliseconds"},
    {"client", {"-w", "echo", "--close", "early"}, 2, "--close early is for -w crr"},
    {"client", {"--percentiles", "99,50"}, 2, "--percentiles 99,50: "},
    {"client", {"one", "two"}, 2, "two"},
    {"bench", {"entre"}, 2, "did you mean enter?"},
    {"bench", {"enter", "/no/such/program"}, 1, "/no/such/program"},
    {"bench", {NULL}, 2, "Usage: tcplab-bench"},
};

static int64_t journals(void)
{
    return live_number("ls /tmp/tcplab /tmp/tcplab-[0-9]* /run/tcplab 2>/dev/null | grep -c json");
}

Test(usage, each_mistake_has_its_sentence_and_code)
{
    int64_t before = journals();
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        const char *const *a = cases[i].arguments;
        int code;
        struct live *p =
            live_run(&code, cases[i].program, a[0], a[1], a[2], a[3], a[4], a[5], a[6], NULL);
        cr_expect_eq(code, cases[i].code, "%s %s %s: exit %d: %s", cases[i].program, a[0],
                     a[1] ? a[1] : "", code, p->err_text);
        cr_expect(strstr(p->err_text, cases[i].says), "%s %s %s says: %s", cases[i].program, a[0],
                  a[1] ? a[1] : "", p->err_text);
        cr_expect_str_eq(p->out_text, "");
        live_free(p);
    }
    cr_assert_eq(journals(), before, "a journal was left behind");
    cr_assert_eq(live_number("cat /proc/sys/net/ipv4/tcp_syn_retries"), 6);
}

Test(usage, port_in_use)
{
    int code;
    struct live *first = live_start_ready("server", NULL);
    struct live *second = live_run(&code, "server", NULL);
    cr_assert_eq(code, 1);
    cr_assert(strstr(second->err_text, "the port is in use (ss -tanp 'sport = :8888'"));
    live_stop(first, SIGINT);
    live_free(second);
    live_free(first);
}

Test(usage, help_and_version_go_to_stdout)
{
    static const char *const programs[] = {"server", "client", "bench"};
    for (size_t i = 0; i < 3; i++) {
        int code;
        struct live *p = live_run(&code, programs[i], "--help", NULL);
        cr_assert_eq(code, 0);
        cr_assert(strstr(p->out_text, "xamples"));
        cr_assert_str_eq(p->err_text, "");
        live_free(p);
        p = live_run(&code, programs[i], "-V", NULL);
        cr_assert_eq(code, 0);
        cr_assert_eq(strncmp(p->out_text, "tcplab-", 7), 0);
        live_free(p);
    }
}

Test(usage, enter_is_a_network_of_its_own)
{
    int code;
    live_shell("echo 5 > /proc/sys/net/ipv4/tcp_fin_timeout");
    struct live *p = live_run(&code, "bench", "enter", "sh", "-c",
                              "cat /proc/sys/net/ipv4/tcp_fin_timeout; ss -Hltn | wc -l; ip -br "
                              "link | grep -c 'lo.*UP'; exit 9",
                              NULL);
    cr_assert_eq(code, 9, "%s", p->err_text);
    cr_assert_str_eq(p->out_text, "60\n0\n1\n");
    live_free(p);
}

Test(usage, enter_without_a_shell_in_the_environment)
{
    cr_assert_eq(
        live_number("echo 'echo 42' | SHELL= %s/bench/tcplab-bench enter 2>/dev/null", TEST_BUILD),
        42);
}

Test(usage, a_file_without_its_equals_sign)
{
    int code;
    struct live *p = live_run(&code, "client", "-J", "out.json", NULL);
    cr_assert_eq(code, 1);
    cr_assert(strstr(p->err_text, "--json=FILE"), "%s", p->err_text);
    live_free(p);
}

Test(usage, help_that_cannot_be_written_is_a_failure)
{
    cr_assert_eq(live_number("%s/server/tcplab-server --help >/dev/full; echo $?", TEST_BUILD), 1);
}

static int64_t thresholds(const struct live *p, const char *text)
{
    json_t *list = json_object_get(p->report, "thresholds"), *one;
    size_t i;
    json_array_foreach(list, i, one)
    {
        if (!strcmp(json_string_value(json_object_get(one, "fail_if")), text))
            return json_is_true(json_object_get(one, "failed"));
    }
    return -1;
}

Test(usage, a_threshold_that_holds_makes_the_exit_code_3)
{
    int code;
    struct live *server =
        live_start_ready("server", "--json", "--fail-if", "server.connections.accepted >= 5",
                         "--fail-if", "server.listener.drops != 0", NULL);
    struct live *client = live_run(&code, "client", "-c", "5", "--json", "--fail-if",
                                   "client.connections.established > 5", "--fail-if",
                                   "client.connect_latency_us.p99 > 1m", NULL);
    cr_assert_eq(code, 0, "%s", client->err_text);
    cr_assert_eq(thresholds(client, "client.connections.established > 5"), 0);
    cr_assert_eq(thresholds(client, "client.connect_latency_us.p99 > 1m"), 0);
    live_free(client);
    client = live_run(&code, "client", "-c", "5", "--json", "--fail-if",
                      "client.connections.established == 5", "--fail-if",
                      "client.counters.Tcp.ActiveOpens < 5", NULL);
    cr_assert_eq(code, 3, "%s", client->err_text);
    cr_assert_eq(thresholds(client, "client.connections.established == 5"), 1);
    cr_assert_eq(thresholds(client, "client.counters.Tcp.ActiveOpens < 5"), 0);
    live_free(client);
    cr_assert_eq(live_stop(server, SIGINT), 3, "%s", server->err_text);
    cr_assert_eq(thresholds(server, "server.connections.accepted >= 5"), 1);
    cr_assert_eq(thresholds(server, "server.listener.drops != 0"), 0);
    live_free(server);
}

Test(usage, a_threshold_that_cannot_hold_is_refused)
{
    static const struct {
        const char *text, *said;
    } refused[] = {
        {"client.conections.reset > 0", "did you mean client.connections.reset?"},
        {"client.connect_latency_us.p95 > 1ms", "no 95th percentile; name it in --percentiles"},
        {"server.listener.drops > 0", "there is no metric server.listener.drops"},
        {"client.connections.reset => 0", "write 'METRIC OP VALUE'"},
        {"client.elapsed_s > 5x", "write a duration"},
    };
    for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
        int code;
        struct live *p = live_run(&code, "client", "--fail-if", refused[i].text, NULL);
        cr_assert_eq(code, 2, "%s", refused[i].text);
        cr_assert(strstr(p->err_text, refused[i].said), "%s", p->err_text);
        live_free(p);
    }
}
