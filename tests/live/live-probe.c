/* What tcplab-bench probe says of this kernel, compared with what ss, nstat and /proc say; and that
 * predictions reckon with it. */
#include "tests/lib/live.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(probe, .init = live_setup, .timeout = LIVE_TIMEOUT_S);

static struct live *probed(void)
{
    int code;
    struct live *p = live_run(&code, "bench", "probe", "--json", NULL);
    cr_assert_eq(code, 0, "exit %d: %s", code, p->err_text);
    cr_assert_not_null(p->report, "%s", p->out_text);
    return p;
}

static const json_t *rule_of(const struct live *p, const char *name)
{
    const json_t *value = json_object_get(json_object_get(p->report, "rules"), name);
    cr_assert_not_null(value, "no rule %s", name);
    return value;
}

static const char *word_of(const struct live *p, const char *name)
{
    const char *word = json_string_value(rule_of(p, name));
    cr_assert_not_null(word, "%s is no word", name);
    return word;
}

static bool is_there(const char *sysctl)
{
    return live_number("test -e /proc/sys/net/ipv4/%s; echo $((1 - $?))", sysctl) == 1;
}

/* --- the document --- */

Test(probe, the_document_has_what_the_contract_promises)
{
    struct live *p = probed();
    size_t i;
    json_t *detail, *value;
    const char *name;
    cr_assert_str_eq(json_string_value(json_object_get(p->report, "schema")), "tcplab.bench/2");
    cr_assert_str_eq(json_string_value(json_object_get(p->report, "event")), "probe");
    double elapsed_s = json_number_value(json_object_get(p->report, "elapsed_s"));
    cr_assert(elapsed_s > 1 && elapsed_s < 30, "%g s", elapsed_s);
    json_object_foreach(json_object_get(p->report, "rules"), name, value) cr_assert(
        json_is_boolean(value) || json_is_integer(value) ||
            (json_is_string(value) && json_string_length(value) < 24 && json_string_length(value)),
        "%s", name);
    json_array_foreach(json_object_get(p->report, "details"), i, detail)
    {
        name = json_string_value(json_object_get(detail, "rule"));
        value = json_object_get(detail, "value");
        cr_assert(json_equal(value, (json_t *)rule_of(p, name)), "%s: two probes, two answers: %s",
                  name, p->out_text);
        cr_assert(!json_is_string(value) || strcmp(json_string_value(value), "unknown"),
                  "%s is not known: %s", name, json_string_value(json_object_get(detail, "seen")));
        cr_assert(json_string_length(json_object_get(detail, "done")) &&
                      json_string_length(json_object_get(detail, "seen")) &&
                      json_string_length(json_object_get(detail, "means")),
                  "%s", name);
    }
    live_free(p);
}

Test(probe, people_get_a_table)
{
    int code;
    struct live *p = live_run(&code, "bench", "probe", NULL);
    cr_assert_eq(code, 0);
    cr_assert(strstr(p->out_text, "Rules of this kernel\n") &&
                  strstr(p->out_text, "\n  syn_queue_full "),
              "%s", p->out_text);
    cr_assert(strstr(p->out_text, "What was seen\n"));
    for (const char *line = p->out_text; line; line = strchr(line + 1, '\n'))
        cr_assert(strcspn(line + 1, "\n") <= 80, "a line is too long: %.100s", line);
    live_free(p);
}

Test(probe, without_network_namespaces_it_says_what_to_do)
{
    live_need_user_namespaces();
    const char *said = live_shell("unshare -Ur sh -c 'echo 0 >/proc/sys/user/max_net_namespaces; "
                                  "%s/bench/tcplab-bench probe; echo exit $?' 2>&1",
                                  TEST_BUILD);
    cr_assert(strstr(said, "exit 77"), "%s", said);
    cr_assert(strstr(said, "user.max_net_namespaces"), "%s", said);
}

/* --- each rule, seen in another way --- */

/* With TCP_DEFER_ACCEPT a listener keeps its half-open requests though their third ACKs have
 * come. */
Test(probe, the_syn_queue_as_ss_counts_it)
{
    struct live *p = probed();
    struct live *server = live_start_ready("server", "--backlog", "5", "--accept-delay", "never",
                                           "--defer-accept", "20s", "--listen", "127.0.0.1:8888",
                                           "--sysctl", "net.ipv4.tcp_syncookies=0", NULL);
    struct live *client = live_start("client", "-c", "12", "-d", "10s", NULL);
    live_until(12, "nstat -asz TcpExtListenDrops TcpExtTCPDeferAcceptDrop | awk '/^TcpExt/ {n += "
                   "$2} END {print n}'");
    int64_t requests = live_number("ss -Htn state syn-recv | wc -l");
    cr_assert_eq(requests, strcmp(word_of(p, "syn_queue_full"), ">") ? 5 : 6, "ss counts %lld",
                 (long long)requests);
    live_stop(client, SIGINT);
    live_stop(server, SIGINT);
    live_free(client);
    live_free(server);
    live_free(p);
}

Test(probe, a_full_accept_queue_as_ss_and_nstat_see_it)
{
    struct live *p = probed();
    struct live *server = live_start_ready("server", "--backlog", "3", "--accept-delay", "never",
                                           "--listen", "127.0.0.1:8888", NULL);
    struct live *client = live_start("client", "-c", "5", "-d", "10s", NULL);
    live_until(5, "ss -Htn state syn-sent state established 'dport = :8888' | wc -l");
    live_until(1, "nstat -asz TcpExtListenOverflows | awk '/^TcpExt/ {print ($2 > 0)}'");
    int64_t waiting = live_number("ss -Htn state syn-sent | wc -l");
    cr_assert_eq(waiting, strcmp(word_of(p, "syn_at_full_queue"), "dropped") ? 0 : 1,
                 "ss counts %lld", (long long)waiting);
    live_stop(client, SIGINT);
    live_stop(server, SIGINT);
    live_free(client);
    live_free(server);
    live_free(p);
}

/* The clients have closed their half, and the server holds on. */
Test(probe, close_wait_as_ss_counts_it)
{
    struct live *p = probed();
    struct live *server =
        live_start_ready("server", "--on-eof", "hold", "--listen", "127.0.0.1:8888", NULL);
    struct live *client = live_start("client", "-c", "3", "--close", "half", "-d", "20s", NULL);
    live_until(3, "ss -Htn state close-wait 'sport = :8888' | wc -l");
    live_until(3, "ss -Htn state fin-wait-2 'dport = :8888' | wc -l");
    bool counted = !strcmp(word_of(p, "curr_estab"), "both");
    cr_assert_eq(live_number("ss -s | sed -n 's/^TCP:.*estab \\([0-9]*\\).*/\\1/p'"),
                 counted ? 3 : 0);
    live_stop(client, SIGINT);
    live_stop(server, SIGINT);
    live_free(client);
    live_free(server);
    live_free(p);
}

Test(probe, sysctls_are_there_or_not)
{
    static const char *const names[] = {"tcp_migrate_req", "tcp_rto_max_ms", "tcp_rto_min_us",
                                        "tcp_max_tw_buckets", "tcp_max_orphans"};
    struct live *p = probed();
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        cr_assert_eq(json_is_true(rule_of(p, names[i])), is_there(names[i]), "%s", names[i]);
    cr_assert_str_eq(word_of(p, "syn_timeouts"),
                     is_there("tcp_syn_linear_timeouts") ? "linear" : "doubling");
    cr_assert_str_eq(word_of(p, "time_wait_reuse_clock"),
                     is_there("tcp_tw_reuse_delay") ? "milliseconds" : "seconds");
    static const char *const fast_open[] = {"off", "client", "server", "both"};
    cr_assert_str_eq(word_of(p, "fast_open"),
                     fast_open[live_number("cat /proc/sys/net/ipv4/tcp_fastopen") & 3]);
    live_free(p);
}

/* ss shows a timer's remaining time in whole ticks. */
Test(probe, ticks_as_the_timers_of_sockets_fall)
{
    struct live *p = probed();
    size_t i;
    json_t *detail;
    int64_t step_ms = 0;
    json_array_foreach(json_object_get(p->report, "details"), i, detail)
    {
        const char *steps =
            strstr(json_string_value(json_object_get(detail, "seen")), "in steps of ");
        step_ms = steps ? atoll(steps + strlen("in steps of ")) : step_ms;
    }
    cr_assert_gt(step_ms, 0);
    cr_assert_eq(step_ms, 1000 / json_integer_value(rule_of(p, "hz")), "steps of %lld ms",
                 (long long)step_ms);
    live_free(p);
}

Test(probe, a_user_namespace_as_unshare_makes_it)
{
    struct live *p = probed();
    bool works = live_number("unshare -rn sh -c 'echo 77 >/proc/sys/net/core/somaxconn && cat "
                             "/proc/sys/net/core/somaxconn' 2>&1") == 77;
    cr_assert_eq(!strcmp(word_of(p, "user_namespace"), "writable"), works);
    live_free(p);
}

/* --- predictions reckon with them --- */

static const json_t *run_with(struct live **ret, int *ret_code, const char *rule,
                              const char *experiment, const char *set)
{
    if (rule)
        setenv("TCPLAB_TEST_RULE", rule, 1);
    *ret = live_run(ret_code, "bench", "run", experiment, "--set", set, "--json", NULL);
    unsetenv("TCPLAB_TEST_RULE");
    const json_t *run = json_array_get(json_object_get((*ret)->report, "runs"), 0);
    cr_assert_not_null(run, "%s", (*ret)->err_text);
    return run;
}

static const char *used(const json_t *run, const char *rule)
{
    const json_t *rules = json_object_get(json_object_get(run, "setup"), "kernel_rules");
    const char *word = json_string_value(json_object_get(rules, rule));
    cr_assert_not_null(word, "the run does not say that it used %s", rule);
    return word;
}

/* As it was found the experiment agrees, and with the opposite it differs: the rule matters, and it
 * is this kernel's. */
static void check_matters(const char *rule, const char *one, const char *other,
                          const char *experiment, const char *set)
{
    char text[80];
    struct live *p;
    int code;
    const json_t *run = run_with(&p, &code, NULL, experiment, set);
    cr_assert_eq(code, 0, "%s: exit %d: %s", rule, code, p->out_text);
    const char *opposite = strcmp(used(run, rule), one) ? one : other;
    live_free(p);
    snprintf(text, sizeof(text), "%s=%s", rule, opposite);
    run = run_with(&p, &code, text, experiment, set);
    cr_assert_eq(code, 3, "%s: exit %d: %s", text, code, p->out_text);
    cr_assert_str_eq(used(run, rule), opposite);
    live_free(p);
}

Test(probe, a_wrong_rule_makes_the_prediction_differ)
{
    check_matters("syn_queue_full", ">", ">=", "rst-on-overflow", "backlog=3");
    check_matters("syn_queue_full", ">", ">=", "syn-cookie-ghosts", "clients=9");
    check_matters("syn_at_full_queue", "dropped", "answered", "accept-queue-full", "backlog=2");
    check_matters("syn_timeouts", "linear", "doubling", "accept-queue-full", "backlog=2");
    check_matters("curr_estab", "both", "established", "close-wait-leak", "fin_timeout=1");
    check_matters("cookie_ack_at_full_queue", "dropped", "reset", "syn-cookie-ghosts",
                  "net.ipv4.tcp_abort_on_overflow=1");
}

Test(probe, an_unknown_rule_is_taken_as_in_the_newest_kernel_and_said)
{
    int code;
    struct live *p;
    const json_t *run =
        run_with(&p, &code, "syn_queue_full=unknown", "rst-on-overflow", "backlog=3");
    cr_assert_str_eq(used(run, "syn_queue_full"), "unknown");
    live_free(p);
    const char *text = live_shell("TCPLAB_TEST_RULE=syn_queue_full=unknown %s/bench/tcplab-bench "
                                  "run rst-on-overflow --set backlog=3",
                                  TEST_BUILD);
    cr_assert(strstr(text, "syn_queue_full unknown (reckoned as in the newest kernel)"), "%s",
              text);
}

/* What a prediction does not depend on is not named. */
Test(probe, only_the_rules_that_were_used_are_named)
{
    int code;
    struct live *p;
    const json_t *run = run_with(&p, &code, NULL, "handshake", "delay=1ms");
    const json_t *rules = json_object_get(json_object_get(run, "setup"), "kernel_rules");
    cr_assert(json_is_object(rules));
    cr_assert_eq(json_object_size(rules), 0);
    live_free(p);
}
