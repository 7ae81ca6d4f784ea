/* tcplab-bench claims as its users meet it: real runs, their verdicts, and what the one-liners of
 * the articles really print. */
#include "tests/lib/live.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

TestSuite(claims, .init = live_setup, .timeout = LIVE_TIMEOUT_S);

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static const json_t *claims_of(const struct live *p, size_t n)
{
    const json_t *claims = json_object_get(p->report, "claims");
    cr_assert_eq(json_array_size(claims), n, "%s%s", p->out_text, p->err_text);
    return claims;
}

static double end_of(const json_t *observation, size_t i, double open)
{
    const json_t *end = json_array_get(json_object_get(observation, "claimed"), i);
    return json_is_number(end) ? json_number_value(end) : open;
}

static bool is_as_claimed(const json_t *claim)
{
    size_t i;
    json_t *o;
    json_array_foreach(json_object_get(claim, "observed"), i, o)
    {
        double observed = json_number_value(json_object_get(o, "observed"));
        cr_assert(json_is_number(json_object_get(o, "observed")), "%s: %s", text_of(claim, "name"),
                  text_of(o, "name"));
        if (observed < end_of(o, 0, -INFINITY) || observed > end_of(o, 1, INFINITY))
            return false;
    }
    return true;
}

static void check_claim(const json_t *claim)
{
    const char *verdict = text_of(claim, "verdict"), *name = text_of(claim, "name");
    bool history = json_is_null(json_object_get(claim, "experiment"));
    cr_expect_str_neq(verdict, "undecided", "%s: %s", name, text_of(claim, "reason"));
    cr_expect(history || is_as_claimed(claim) == !strcmp(verdict, "holds"), "%s: %s", name,
              verdict);
    cr_expect(!strcmp(verdict, "holds") || *text_of(claim, "truth"),
              "%s does not hold: what is so instead?", name);
    cr_expect(history || json_object_size(json_object_get(claim, "knobs")), "%s", name);
    cr_expect(history || !strncmp(text_of(claim, "command"), "tcplab-bench run ", 17), "%s", name);
}

/* Those of this test do not differ between the kernels that anybody has. */
static void check_verdict(const json_t *claims, size_t i, const char *name, const char *verdict)
{
    const json_t *claim = json_array_get(claims, i);
    cr_assert_str_eq(text_of(claim, "name"), name);
    cr_expect_str_eq(text_of(claim, "verdict"), verdict, "%s", name);
    check_claim(claim);
}

Test(claims, verdicts_come_from_runs)
{
    int code;
    struct live *p = live_run(&code, "bench", "claims", "run", "-j", "4", "--json",
                              "three-way-handshake", "listen-n", "close-sends-fin",
                              "backlog-sum-of-both", "tw-recycle", "established-together", NULL);
    cr_assert_eq(code, 0, "exit %d: %s", code, p->err_text);
    cr_expect_str_eq(text_of(p->report, "schema"), "tcplab.bench/2");
    cr_expect_str_eq(text_of(p->report, "event"), "claims");
    const json_t *claims = claims_of(p, 6);
    check_verdict(claims, 0, "three-way-handshake", "holds");
    check_verdict(claims, 1, "listen-n", "never_true");
    check_verdict(claims, 2, "close-sends-fin", "never_true");
    check_verdict(claims, 3, "backlog-sum-of-both", "holds");
    check_verdict(claims, 4, "tw-recycle", "changed");
    check_verdict(claims, 5, "established-together", "never_true");
    cr_expect_str_eq(text_of(json_array_get(claims, 4), "since"), "Linux 4.12");
    cr_expect(*text_of(json_array_get(claims, 4), "reason"), "why was nothing run?");
    live_free(p);
}

Test(claims, as_text_and_as_a_document)
{
    int code;
    char path[64], json[80];
    snprintf(path, sizeof(path), "/tmp/tcplab-live-claims-%d.json", (int)getpid());
    snprintf(json, sizeof(json), "--json=%s", path);
    struct live *p = live_run(&code, "bench", "claims", "run", "somaxconn-128",
                              "keepalive-75-minutes", "closed-port-refuses", json, NULL);
    cr_assert_eq(code, 0, "exit %d: %s", code, p->err_text);
    cr_expect(strstr(p->out_text, "Of 3 claims"), "%s", p->out_text);
    cr_expect(strstr(p->out_text,
                     "net.ipv4.tcp_keepalive_intvl                         4,500               75"),
              "%s", p->out_text);
    json_t *document = json_load_file(path, 0, NULL);
    unlink(path);
    const json_t *claims = json_object_get(document, "claims");
    cr_assert_eq(json_array_size(claims), 3);
    const json_t *refused =
        json_array_get(json_object_get(json_array_get(claims, 2), "observed"), 1);
    cr_expect_eq(live_integer(refused, "observed", NULL), ECONNREFUSED);
    cr_expect_str_eq(text_of(refused, "observed_errno"), "ECONNREFUSED");
    cr_expect_str_eq(
        json_string_value(json_array_get(json_object_get(refused, "claimed_errno"), 1)),
        "ECONNREFUSED");
    json_decref(document);
    live_free(p);
}

Test(claims, list_and_wrong_usage)
{
    static const char *const wrong[][3] = {{"claims", "run", "listn-n"},
                                           {"claims", "list", "listen-n"},
                                           {"claims", "listen-n", NULL},
                                           {"claims", "run", "--jobs=none"}};
    static const char *const says[] = {"did you mean listen-n?", "claims run listen-n",
                                       "write claims list, or claims run", "none"};
    int code;
    struct live *p = live_run(&code, "bench", "claims", "list", NULL);
    cr_expect_eq(code, 0);
    cr_expect(strstr(p->out_text, "\nlisten-n "), "%s", p->out_text);
    live_free(p);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        p = live_run(&code, "bench", wrong[i][0], wrong[i][1], wrong[i][2], NULL);
        cr_expect_eq(code, 2, "%s %s", wrong[i][1], wrong[i][2]);
        cr_expect(strstr(p->err_text, says[i]), "%s", p->err_text);
        cr_expect_str_eq(p->out_text, "");
        live_free(p);
    }
}

/* What is wrong with --html is told before anything runs. */
Test(claims, page_where_it_cannot_be)
{
    static const struct {
        const char *words[4], *told;
        int code;
    } wrong[] = {
        {{"list", "--html", "page.html"}, "only claims run makes a page", 2},
        {{"run", "three-way-handshake", "--html", "-"}, "give a file", 2},
        {{"run", "--json=/dev/null", "--html", "/dev/null"}, "cannot both go to /dev/null", 2},
        {{"run", "three-way-handshake", "--html", "/proc/no-folder/x"}, "give --html a file", 1},
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        int code;
        const char *const *words = wrong[i].words;
        struct live *p =
            live_run(&code, "bench", "claims", words[0], words[1], words[2], words[3], NULL);
        cr_expect_eq(code, wrong[i].code, "%s: exit %d", wrong[i].told, code);
        cr_expect(strstr(p->err_text, wrong[i].told), "%s", p->err_text);
        cr_expect_str_eq(p->out_text, "");
        live_free(p);
    }
}

Test(claims, the_list_as_a_document)
{
    int code;
    struct live *p = live_run(&code, "bench", "claims", "list", "--json", NULL);
    cr_assert_eq(code, 0, "%s", p->err_text);
    cr_expect_str_eq(text_of(p->report, "event"), "claims_list");
    const json_t *claims =
        claims_of(p, (size_t)live_number("%s/bench/tcplab-bench claims list | wc -l", TEST_BUILD));
    size_t i, found = 0;
    json_t *claim;
    json_array_foreach(claims, i, claim)
    {
        bool history = json_is_null(json_object_get(claim, "experiment"));
        cr_expect(*text_of(claim, "says") && *text_of(claim, "source"), "%s",
                  text_of(claim, "name"));
        if (strcmp(text_of(claim, "name"), "tw-recycle"))
            continue;
        found++;
        cr_expect(history && *text_of(claim, "truth"));
        cr_expect_str_eq(text_of(claim, "since"), "Linux 4.12");
    }
    cr_expect_eq(found, 1);
    live_free(p);
    const char *shown = live_shell("%s/bench/tcplab-bench claims list --json | "
                                   "%s/bench/tcplab-bench show - 2>&1",
                                   TEST_BUILD, TEST_BUILD);
    cr_expect(strstr(shown, "no list of runs or claims"), "%s", shown);
}

/* What had ended by then is judged; the others are undecided, and say why. */
Test(claims, interrupted)
{
    struct live *p = live_start("bench", "claims", "run", "--json", "-j", "2", "time-wait-is-60",
                                "accept-opens", NULL);
    live_until(2, "pgrep -P %d | wc -l", (int)p->pid); /* both labs; then the short one is over */
    live_until(1, "pgrep -P %d | wc -l", (int)p->pid);
    cr_expect_eq(live_stop(p, SIGINT), 130);
    const json_t *claims = claims_of(p, 2);
    cr_expect_str_eq(text_of(json_array_get(claims, 0), "verdict"), "undecided");
    cr_expect_str_eq(text_of(json_array_get(claims, 0), "reason"), "the run did not end");
    cr_expect_str_eq(text_of(json_array_get(claims, 1), "verdict"), "never_true");
    live_free(p);
}

/* --- netstat, beside the server's report --- */

#define STATES "awk '/^tcp/ {++S[$NF]} END {for (a in S) print a, S[a]}'"
#define PEERS  "awk '{print $5}' | cut -d: -f1 | sort | uniq -c | sort -n"

/* Three connections over IPv4, one from each of two networks of IPv6; no program has accepted
 * them. */
Test(claims, what_the_one_liners_count)
{
    static const char *const addresses[] = {"127.0.0.1", "2001:db8::1", "2001:db8:1::1"};
    char target[64];
    struct live *clients[3];
    if (live_number("command -v netstat >/dev/null; echo $?"))
        cr_skip_test("there is no netstat here");
    live_shell(
        "ip addr add 2001:db8::1/64 dev lo nodad; ip addr add 2001:db8:1::1/64 dev lo nodad");
    struct live *server =
        live_start_ready("server", "-l", "::", "-b", "8", "-a", "never", "--json", NULL);
    for (size_t i = 0; i < 3; i++) {
        snprintf(target, sizeof(target), i ? "[%s]:8888" : "%s:8888", addresses[i]);
        clients[i] = live_start("client", "-c", i ? "1" : "3", "--source", addresses[i], "--hold",
                                "300s", target, NULL);
    }
    live_until(10, "ss -Htan state established | wc -l");
    cr_expect_eq(live_number("netstat -n | " STATES " | awk '/^ESTABLISHED/ {print $2}'"), 10,
                 "both ends of five");
    cr_expect_eq(live_number("netstat -n | " STATES " | grep -c LISTEN"), 0,
                 "listeners are left out");
    cr_expect_eq(live_number("netstat -nat | " STATES " | awk '/^LISTEN/ {print $2}'"), 1);
    cr_expect_eq(live_number("netstat -nat | " PEERS " | awk '$2 == 2001 {print $1}'"), 4,
                 "two networks, both ends");
    cr_expect_eq(live_number("netstat -nat | " PEERS " | grep -c -w -e Address -e and"), 2,
                 "words of the heading");
    for (size_t i = 0; i < 3; i++)
        live_stop(clients[i], SIGINT);
    live_stop(server, SIGINT);
    cr_expect_eq(live_integer(server->report, "peers", "127.0.0.1", NULL), 3);
    cr_expect_eq(live_integer(server->report, "peers", "2001:db8::1", NULL), 1);
    cr_expect_eq(live_integer(server->report, "peers", "2001:db8:1::1", NULL), 1);
    for (size_t i = 0; i < 3; i++)
        live_free(clients[i]);
    live_free(server);
}
