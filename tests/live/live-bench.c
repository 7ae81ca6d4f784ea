/* tcplab-bench as its users meet it: real labs, real kernels, and what is left behind. What its
 * documents say is compared with ss and nstat, run in the lab's own namespaces while it stands. */
#include "common/process/clock.h"
#include "tests/lib/live.h"
#include "tests/lib/random.h"

#include <criterion/criterion.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

TestSuite(bench, .init = live_setup, .timeout = LIVE_TIMEOUT_S);

static const json_t *run_number(const struct live *p, size_t i)
{
    const json_t *run = json_array_get(json_object_get(p->report, "runs"), i);
    cr_assert_not_null(run, "no run %zu in the document; stderr: %s", i, p->err_text);
    return run;
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static const json_t *check_named(const json_t *run, const char *name)
{
    size_t i;
    json_t *check;
    json_array_foreach(json_object_get(run, "checks"), i,
                       check) if (!strcmp(text_of(check, "name"), name)) return check;
    cr_assert_fail("no check %s in the document", name);
    return NULL;
}

static double observed(const json_t *run, const char *name)
{
    return json_number_value(json_object_get(check_named(run, name), "observed"));
}

static void check_ledger(const json_t *run)
{
    static const char *const rows[] = {"accepted", "queued",      "half_open", "ghost",
                                       "syn_sent", "refused",     "reset",     "timed_out",
                                       "closed",   "unreachable", "no_port",   "no_fd"};
    int64_t sum = 0;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        sum += live_integer(run, "ledger", rows[i], NULL);
    cr_assert_eq(sum, live_integer(run, "ledger", "attempted", NULL), "the rows do not add up");
    cr_assert_eq(json_object_size(json_object_get(run, "ledger")),
                 sizeof(rows) / sizeof(*rows) + 1);
}

/* Every run of a document agrees and has what the contract promises. */
static void check_agrees(const struct live *p, int code, size_t runs)
{
    cr_assert_eq(code, 0, "exit %d: %s", code, p->err_text);
    cr_assert_str_eq(text_of(p->report, "schema"), "tcplab.bench/2");
    cr_assert_eq(json_array_size(json_object_get(p->report, "runs")), runs);
    for (size_t i = 0; i < runs; i++) {
        const json_t *run = run_number(p, i);
        cr_assert_str_eq(text_of(run, "verdict"), "agree", "%s: %s", text_of(run, "experiment"),
                         text_of(run, "reason"));
        cr_assert_gt(json_array_size(json_object_get(run, "checks")), 4);
        cr_assert_gt(json_array_size(json_object_get(run, "timeline")), 1);
        cr_assert(json_is_object(json_object_get(json_object_get(run, "counters"), "server")));
        cr_assert_gt(json_number_value(json_object_get(run, "elapsed_s")), 0);
        check_ledger(run);
    }
}

/* --- the phenomena --- */

Test(bench, resets_are_those_whose_third_ack_met_a_full_queue)
{
    int code;
    struct live *p = live_run(&code, "bench", "run", "rst-on-overflow", "--json", NULL);
    check_agrees(p, code, 1);
    const json_t *run = run_number(p, 0);
    cr_assert_eq(live_integer(run, "ledger", "reset", NULL), 4);
    cr_assert_eq(live_integer(run, "ledger", "queued", NULL), 9);
    cr_assert_eq(live_integer(run, "counters", "server", "Tcp.OutRsts", NULL), 4);
    cr_assert_eq(live_integer(run, "counters", "server", "TcpExt.EmbryonicRsts", NULL), 4);
    live_free(p);
    p = live_run(&code, "bench", "run", "rst-on-overflow", "--set", "syncookies=1", "--set",
                 "backlog=4", "--set", "prefill=limit", "--set", "clients=20", "--json", NULL);
    check_agrees(p, code, 1);
    cr_assert_eq(live_integer(run_number(p, 0), "ledger", "reset", NULL), 4);
    cr_assert_eq(live_integer(run_number(p, 0), "ledger", "ghost", NULL), 15);
    live_free(p);
    p = live_run(&code, "bench", "run", "rst-on-overflow", "--set", "link=loopback", "--json",
                 NULL);
    check_agrees(p, code, 1);
    cr_assert_eq(live_integer(run_number(p, 0), "ledger", "reset", NULL), 0,
                 "nobody is reset over loopback");
    live_free(p);
}

/* The packets of the connection that is shown tell the story by themselves. */
Test(bench, the_one_connection_shown_is_a_reset_one)
{
    int code;
    struct live *p = live_run(&code, "bench", "run", "rst-on-overflow", "--json", NULL);
    const json_t *segments =
        json_object_get(json_object_get(run_number(p, 0), "packets"), "segments");
    static const char *const names[] = {"SYN", "SYN-ACK", "ACK", "RST"};
    cr_assert_eq(json_array_size(segments), 4);
    for (size_t i = 0; i < 4; i++) {
        const json_t *s = json_array_get(segments, i);
        cr_assert_str_eq(text_of(s, "name"), names[i]);
        cr_assert_str_eq(text_of(s, "fate"), "delivered");
        cr_assert_geq(json_number_value(json_object_get(s, "arrived_ms")) -
                          json_number_value(json_object_get(s, "t_ms")),
                      50 - 0.01, "the wire takes 50 ms");
    }
    live_free(p);
}

Test(bench, knobs_far_from_the_defaults_agree)
{
    static const char *const runs[][6] = {
        {"rst-on-overflow", "backlog=0"},
        {"rst-on-overflow", "backlog=1", "ipv6=yes"},
        {"rst-on-overflow", "backlog=128", "clients=2000", "delay=5ms"},
        {"rst-on-overflow", "backlog=1000", "somaxconn=3", "delay=200ms"},
        {"rst-on-overflow", "net.ipv4.tcp_abort_on_overflow=0"},
        {"syn-cookie-ghosts", "backlog=1000", "clients=2000", "delay=5ms"},
        {"syn-cookie-ghosts", "syncookies=0", "max_syn_backlog=16", "backlog=100"},
        {"syn-cookie-ghosts", "syncookies=2", "ipv6=yes"},
        {"accept-queue-full", "again=1", "backlog=-1", "somaxconn=7"},
        {"accept-queue-full", "again=1", "link=wire", "syncookies=0", "ipv6=yes"},
        {"accept-queue-full", "again=1", "accept_delay=100ms"},
        {"third-ack-dropped", "again=0", "clients=20"},
        {"third-ack-dropped", "again=0", "backlog=0", "ipv6=yes"},
        {"fin-wait-2-timeout", "fin_timeout=1", "kill=yes"},
        {"fin-wait-2-timeout", "fin_timeout=1", "orphan=no", "link=loopback"},
        {"fin-wait-2-timeout", "fin_timeout=62", "ipv6=yes"},
        {"fin-wait-2-timeout", "fin_timeout=1", "delay=200ms"},
        {"fin-wait-2-timeout", "net.ipv4.tcp_max_tw_buckets=0", "fin_timeout=3"},
        {"time-wait", "net.ipv4.tcp_max_tw_buckets=-4"},
        {"fin-wait-2-timeout", "net.ipv4.tcp_rto_min_us=1000000", "fin_timeout=1"},
        {"server-restart", "net.ipv4.tcp_max_tw_buckets=-1"},
        {"syn-retries", "net.ipv4.tcp_rto_max_ms=1000"},
        {"rst-on-overflow", "syncookies=2"},
        {"rst-on-overflow", "prefill=5", "link=loopback"},
    };
    int code;
    for (size_t i = 0; i < sizeof(runs) / sizeof(*runs); i++) {
        const char *set[8] = {NULL};
        for (size_t j = 1; j < 6 && runs[i][j]; j++) {
            set[2 * j - 2 < 8 ? 2 * j - 2 : 0] = "--set";
            set[2 * j - 1] = runs[i][j];
        }
        struct live *p = NULL;
        for (int attempt = 0; attempt < 10 && (!p || strstr(p->err_text, "quieter machine"));
             attempt++) {
            live_free(p);
            p = live_run(&code, "bench", "run", runs[i][0], "--json", set[0], set[1], set[2],
                         set[3], set[4], set[5], set[6], set[7], NULL);
        }
        cr_expect_eq(code, 0, "%s %s: %s", runs[i][0], runs[i][1], p->err_text);
        check_agrees(p, code, 1);
        live_free(p);
    }
}

/* What only the lab shows to be too odd. */
Test(bench, too_few_ports_are_refused_with_the_reason)
{
    static const char *const runs[][3] = {
        {"half-close", "net.ipv4.ip_local_port_range=40000 40000",
         "leaves 1 port, and half-close opens more"},
        {"accept-queue-full", "net.ipv4.ip_local_port_range=40000 40010",
         "leaves 11 ports, and accept-queue-full"},
        {"closed-port", "net.ipv4.ip_local_reserved_ports=1-65535",
         "leaves 0 ports, and closed-port opens more"},
        {"port-exhaustion", "net.ipv4.ip_local_reserved_ports=32768-60998",
         "needs all of it; leave it out"},
        {"time-wait-reuse", "net.ipv4.ip_local_port_range=40000 40010",
         "time-wait-reuse sets this sysctl by itself"},
    };
    int code;
    for (size_t i = 0; i < sizeof(runs) / sizeof(*runs); i++) {
        struct live *p = live_run(&code, "bench", "run", runs[i][0], "--set", runs[i][1], NULL);
        cr_expect_eq(code, 2, "%s: %d", runs[i][0], code);
        cr_expect(strstr(p->err_text, runs[i][2]), "%s: %s", runs[i][0], p->err_text);
        live_free(p);
    }
}

/* Those that the sanitizers shall have seen, and time-wait with both ends closing first. All of
 * them, as they are: tests/every-experiment. */
Test(bench, closing_first_at_either_end)
{
    if (live_sanitized) {
        struct live *some =
            live_start("bench", "run", "accept-queue-full", "third-ack-dropped",
                       "fin-wait-2-timeout", "syn-cookie-ghosts", "-j", "4", "--json", NULL);
        check_agrees(some, live_wait(some), 4);
        live_free(some);
        return;
    }
    struct live *server_closes =
        live_start("bench", "run", "time-wait", "--set", "closer=server", "--json", NULL);
    struct live *reuse = live_start("bench", "run", "time-wait", "--set", "tw_reuse=1", "--set",
                                    "ipv6=yes", "--json", NULL);
    struct live *few = live_start("bench", "run", "time-wait", "--set", "max_tw_buckets=5", "--set",
                                  "clients=21", "--json", NULL);
    check_agrees(server_closes, live_wait(server_closes), 1);
    check_agrees(reuse, live_wait(reuse), 1);
    check_agrees(few, live_wait(few), 1);
    live_free(server_closes);
    live_free(reuse);
    live_free(few);
}

/* --- compared with the tools, in the lab's namespaces --- */

#define FAMILY_MAX 64

/* The process and all below it, from /proc: a shell that walks it is too slow beside a run on a
 * busy machine. */
static size_t family_of(pid_t pid, pid_t family[static FAMILY_MAX])
{
    size_t n = 0;
    family[n++] = pid;
    for (size_t i = 0; i < n; i++) {
        char path[64], text[1024];
        snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)family[i], (int)family[i]);
        FILE *file = fopen(path, "re");
        text[file ? fread(text, 1, sizeof(text) - 1, file) : 0] = '\0';
        if (file)
            fclose(file);
        for (char *word = strtok(text, " "); word && n < FAMILY_MAX; word = strtok(NULL, " "))
            family[n++] = atoi(word);
    }
    return n;
}

static bool is_named(pid_t pid, const char *name)
{
    char path[64], text[64];
    snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
    FILE *file = fopen(path, "re");
    bool named = file && fgets(text, sizeof(text), file) && !strncmp(text, name, strlen(name));
    if (file)
        fclose(file);
    return named;
}

/* The pid of a program in the bench's lab, as this test sees it; waits until it runs. */
static int program_in_lab(const struct live *bench, const char *name)
{
    pid_t family[FAMILY_MAX];
    for (int64_t began_ns = clock_now_ns();
         clock_now_ns() - began_ns < LIVE_STATE_MS * NS_PER_MS;) {
        size_t n = family_of(bench->pid, family);
        for (size_t i = 0; i < n; i++)
            if (is_named(family[i], name))
                return family[i];
        poll(NULL, 0, 1);
    }
    cr_assert_fail("%s never ran in the lab", name);
    return -1;
}

Test(bench, the_queue_is_what_ss_says)
{
    /* The SYNs are sent again each second, and from the fifth on ever more seldom: there is time to
     * look. */
    struct live *p =
        live_start("bench", "run", "accept-queue-full", "--set", "again=6", "--json", NULL);
    int server = program_in_lab(p, "tcplab-server");
    live_until(90, "nsenter -t %d -n nstat -asz TcpExtListenOverflows | awk '/Listen/ {print $2}'",
               server);
    int64_t length = live_number("nsenter -t %d -n ss -Hltn | awk '{print $2}'", server);
    int64_t limit = live_number("nsenter -t %d -n ss -Hltn | awk '{print $3}'", server);
    int64_t syn_sent = live_number("nsenter -t %d -n ss -Htan state syn-sent | wc -l", server);
    check_agrees(p, live_wait(p), 1);
    const json_t *run = run_number(p, 0);
    cr_assert_eq(observed(run, "server.queue"), length);
    cr_assert_eq(observed(run, "server.queue_limit"), limit);
    cr_assert_eq(live_integer(run, "ledger", "syn_sent", NULL), syn_sent);
    cr_assert_eq(live_integer(run, "counters", "server", "TcpExt.ListenOverflows", NULL), 105,
                 "15 more than nstat saw");
    live_free(p);
}

Test(bench, the_states_are_what_ss_says)
{
    struct live *p = live_start("bench", "run", "fin-wait-2-timeout", "--set", "orphan=no", "--set",
                                "fin_timeout=15", "--json", NULL);
    int server = program_in_lab(p, "tcplab-server"), client = program_in_lab(p, "tcplab-client");
    /* 20, and the one that is the clock */
    live_until(21, "nsenter -t %d -n ss -Htan state fin-wait-2 | wc -l", client);
    live_until(21, "nsenter -t %d -n ss -Htan state close-wait | wc -l", server);
    live_until(1, "nsenter -t %d -n ss -Htano state fin-wait-2 | grep -c timewait", client);
    check_agrees(p, live_wait(p), 1);
    const json_t *run = run_number(p, 0);
    cr_assert_eq(observed(run, "client.FIN_WAIT_2"), 20);
    cr_assert_eq(observed(run, "client.FIN_WAIT_2_in_the_end"), 20);
    const json_t *timeline = json_object_get(run, "timeline");
    cr_assert_eq(live_integer(json_array_get(timeline, json_array_size(timeline) - 1), "client",
                              "FIN_WAIT_2", NULL),
                 20);
    live_free(p);
}

Test(bench, half_open_ones_are_what_ss_says)
{
    struct live *p =
        live_start("bench", "run", "third-ack-dropped", "--set", "again=3", "--json", NULL);
    int server = program_in_lab(p, "tcplab-server"), client = program_in_lab(p, "tcplab-client");
    live_until(3, "nsenter -t %d -n ss -Htano state syn-recv | grep -c ',2)'", server);
    int64_t established =
        live_number("nsenter -t %d -n ss -Htan state established | wc -l", client);
    int64_t repeated = live_number(
        "nsenter -t %d -n nstat -asz TcpExtTCPSynRetrans | awk '/Retrans/ {print $2}'", server);
    check_agrees(p, live_wait(p), 1);
    const json_t *run = run_number(p, 0);
    cr_assert_eq(live_integer(run, "ledger", "half_open", NULL), 3);
    cr_assert_eq(observed(run, "client.ESTABLISHED"), established);
    cr_assert_eq(observed(run, "server.TcpExt.TCPSynRetrans"), repeated + 3,
                 "sent again once more since ss looked");
    live_free(p);
}

Test(bench, the_pcap_file_has_what_the_wire_saw)
{
    int code;
    char folder[] = "/tmp/tcplab-test-XXXXXX";
    cr_assert_not_null(mkdtemp(folder));
    struct live *p = live_run(&code, "bench", "run", "syn-cookie-ghosts", "--repeat", "2", "--pcap",
                              folder, "--json", NULL);
    check_agrees(p, code, 2);
    int64_t records =
        live_number("tcpdump -nr %s/syn-cookie-ghosts.pcap 2>/dev/null | wc -l", folder);
    cr_assert_eq(
        live_number(
            "tcpdump -nr %s/syn-cookie-ghosts.pcap 'tcp[tcpflags] == tcp-syn' 2>/dev/null | wc -l",
            folder),
        20);
    cr_assert_geq(records, live_integer(run_number(p, 0), "wire", "segments", NULL));
    cr_assert_eq(live_number("ls %s | wc -l", folder), 2);
    live_shell("rm -r %s", folder);
    live_free(p);
}

Test(bench, the_page_holds_the_document)
{
    int code;
    char folder[] = "/tmp/tcplab-test-XXXXXX", json[80], page[80];
    cr_assert_not_null(mkdtemp(folder));
    snprintf(json, sizeof(json), "--json=%s/run.json", folder);
    struct live *p =
        live_run(&code, "bench", "run", "handshake", "closed-port", "--html", folder, json, NULL);
    cr_assert_eq(code, 0);
    live_free(p);
    cr_assert_str_eq(live_shell("cd %s && jq -S .runs run.json >run && sed -n "
                                "'/ id=\"document\">/{n;p}' index.html | jq -S .runs >page && "
                                "cmp run page && echo same",
                                folder),
                     "same\n");
    /* what was saved gives the same page */
    snprintf(json, sizeof(json), "%s/run.json", folder);
    snprintf(page, sizeof(page), "%s/again.html", folder);
    p = live_run(&code, "bench", "show", json, "--html", page, NULL);
    cr_assert_eq(code, 0);
    cr_assert_str_eq(p->out_text, "");
    live_free(p);
    cr_assert_str_eq(
        live_shell("cd %s && sed 's/\"time_unix_s\":[0-9.]*//' index.html >one && "
                   "sed 's/\"time_unix_s\":[0-9.]*//' again.html >other && cmp one other && "
                   "echo same",
                   folder),
        "same\n");
    live_shell("rm -r %s", folder);
}

Test(bench, a_page_that_cannot_be_written_is_told_before_the_run)
{
    int code;
    struct live *p =
        live_run(&code, "bench", "run", "handshake", "--html", "/proc/no-folder/x.html", NULL);
    cr_assert_eq(code, 1);
    cr_assert_str_eq(p->out_text, "");
    cr_assert_not_null(strstr(p->err_text, "give --html a file in a folder"));
    live_free(p);
}

/* kill -9 during the run: no half a file, no empty one, and what was there stays. */
Test(bench, a_page_appears_in_one_piece)
{
    char folder[] = "/tmp/tcplab-test-XXXXXX", page[80], old[80];
    cr_assert_not_null(mkdtemp(folder));
    snprintf(page, sizeof(page), "%s/new.html", folder);
    snprintf(old, sizeof(old), "%s/old.xml", folder);
    live_shell("echo before >%s", old);
    struct live *p =
        live_start("bench", "run", "accept-queue-full", "--html", page, "--junit", old, NULL);
    program_in_lab(p, "tcplab-client");
    cr_assert_eq(live_stop(p, SIGKILL), 128 + SIGKILL);
    live_free(p);
    cr_assert_str_eq(live_shell("ls %s && cat %s", folder, old), "old.xml\nbefore\n");
    live_shell("rm -r %s", folder);
}

/* As tshark reads it: how many packets it has of one end that match. */
static int64_t packets_of(const char *file, const char *end, const char *filter)
{
    return live_number("tshark -nr %s -Y 'frame.interface_name == \"%s\" && %s' 2>&1 | "
                       "grep -c -v ^Running",
                       file, end, filter);
}

static void check_readable(const char *file)
{
    cr_assert_str_eq(live_shell("capinfos -T %s 2>&1 >/dev/null", file), "");
    cr_assert_str_eq(live_shell("tshark -r %s 2>&1 >/dev/null | grep -v ^Running", file), "");
    cr_assert_eq(live_number("tshark -r %s -T fields -e frame.comment 2>/dev/null | "
                             "grep -v '^tcplab: ' | grep -c .",
                             file),
                 0, "a comment of another kind");
    cr_assert_eq(live_number("tshark -r %s -T fields -e frame.time_epoch 2>/dev/null | "
                             "sort -c -n 2>&1 | wc -l",
                             file),
                 0, "not in the order of time");
}

Test(bench, the_pcapng_file_has_what_each_end_saw)
{
    int code;
    char folder[] = "/tmp/tcplab-test-XXXXXX", file[80];
    cr_assert_not_null(mkdtemp(folder));
    struct live *p = live_run(&code, "bench", "run", "syn-retries", "rst-on-overflow", "--pcapng",
                              folder, "--json", NULL);
    check_agrees(p, code, 2);
    snprintf(file, sizeof(file), "%s/syn-retries.pcapng", folder);
    check_readable(file);
    cr_assert_gt(packets_of(file, "client", "tcp.flags.syn == 1"), 2);
    cr_assert_eq(packets_of(file, "client", "!(frame.comment contains \"cut\")"), 0);
    cr_assert_eq(packets_of(file, "server", "tcp"), 0, "the wire was cut");
    snprintf(file, sizeof(file), "%s/rst-on-overflow.pcapng", folder);
    check_readable(file);
    /* those at the end, of the queued ones, are RST-ACK */
    int64_t resets = live_integer(run_number(p, 1), "ledger", "reset", NULL);
    cr_assert_eq(packets_of(file, "server", "tcp.flags == 4 && frame.packet_flags == 2"), resets);
    cr_assert_eq(packets_of(file, "client", "tcp.flags == 4 && frame.packet_flags == 1"), resets);
    cr_assert_eq(packets_of(file, "server",
                            "frame.comment contains \"check server.TcpExt.ListenOverflows\""),
                 resets, "the third ACKs that met a full queue");
    cr_assert_eq(packets_of(file, "server",
                            "frame.comment contains \"check server.TcpExt.ListenOverflows: \""),
                 1, "the rule stands on the first one");
    cr_assert_geq(packets_of(file, "client", "tcp"),
                  live_integer(run_number(p, 1), "wire", "segments", NULL));
    live_shell("rm -r %s", folder);
    live_free(p);
}

/* Of connections that the document left out the kernel's part is not known. */
Test(bench, the_pcapng_file_says_what_has_no_comments)
{
    int code;
    char folder[] = "/tmp/tcplab-test-XXXXXX", file[80], words[80];
    cr_assert_not_null(mkdtemp(folder));
    struct live *p = live_run(&code, "bench", "run", "rst-on-overflow", "--set", "clients=300",
                              "--pcapng", folder, "--json", NULL);
    snprintf(file, sizeof(file), "%s/rst-on-overflow.pcapng", folder);
    check_readable(file);
    snprintf(words, sizeof(words), "%d segments have no comment",
             (int)live_integer(run_number(p, 0), "left_out", "segments", NULL));
    cr_assert_neq(words[0], '0');
    cr_assert(strstr(live_shell("capinfos -k %s", file), words), "%s", words);
    live_shell("rm -r %s", folder);
    live_free(p);
}

/* --- checks can fail --- */

static void check_falsified(const char *experiment, const char *expectation)
{
    int code;
    setenv("TCPLAB_TEST_FALSIFY", expectation, 1);
    struct live *p = live_run(&code, "bench", "run", experiment, "--json", NULL);
    unsetenv("TCPLAB_TEST_FALSIFY");
    cr_assert_eq(code, 3, "%s with a wrong %s: exit %d", experiment, expectation, code);
    cr_assert_str_eq(text_of(run_number(p, 0), "verdict"), "differ");
    cr_assert_str_eq(text_of(check_named(run_number(p, 0), expectation), "verdict"), "differ");
    cr_assert(strstr(text_of(run_number(p, 0), "reason"), expectation));
    live_free(p);
}

Test(bench, a_wrong_prediction_is_found_to_differ)
{
    check_falsified("rst-on-overflow", "ledger.reset");
    check_falsified("rst-on-overflow", "server.TcpExt.EmbryonicRsts");
    check_falsified("syn-cookie-ghosts", "client.ESTABLISHED");
    check_falsified("accept-queue-full", "client.syn_again_2_last");
    check_falsified("fin-wait-2-timeout", "client.gone_first");
}

/* --- wrong options --- */

static void check_usage(const char *sentence, const char *a, const char *b, const char *c,
                        const char *d)
{
    int code;
    struct live *p = live_run(&code, "bench", "run", a, b, c, d, NULL);
    cr_expect_eq(code, 2, "%s %s: exit %d", a, b ? b : "", code);
    cr_expect(strstr(p->err_text, sentence), "%s %s: said \"%s\"", a, b ? b : "", p->err_text);
    live_free(p);
}

Test(bench, what_makes_no_sense_is_told)
{
    check_usage("did you mean rst-on-overflow?", "rst-on-overflw", NULL, NULL, NULL);
    check_usage("did you mean backlog?", "rst-on-overflow", "--set", "baklog=4", NULL);
    check_usage("write KNOB=VALUE", "rst-on-overflow", "--set", "backlog", NULL);
    check_usage("from -1 to 65535", "rst-on-overflow", "--set", "backlog=70000", NULL);
    check_usage("write loopback or wire", "rst-on-overflow", "--set", "link=cable", NULL);
    check_usage("the queue holds min(backlog, somaxconn) + 1 = min(8, 4096) + 1 = 9",
                "rst-on-overflow", "--set", "prefill=10", NULL);
    check_usage("did you mean net.ipv4.tcp_syn_retries?", "rst-on-overflow", "--set",
                "net.ipv4.tcp_syn_retris=3", NULL);
    check_usage("the kernel takes 1 to 127", "rst-on-overflow", "--set",
                "net.ipv4.tcp_syn_retries=0", NULL);
    check_usage("the kernel refuses that value", "rst-on-overflow", "--set", "net.ipv4.tcp_ecn=100",
                NULL);
    check_usage("give names, or --all", "--all", "rst-on-overflow", NULL, NULL);
    check_usage("which experiment?", "--repeat", "3", NULL, NULL);
    check_usage("kill=yes", "fin-wait-2-timeout", "--set", "kill=yes", "--set=orphan=no");
    check_usage("as many ports as there are clients", "time-wait", "--set", "then=50", NULL);
    check_usage("the SYN queue takes 4 at once", "rst-on-overflow", "--set=backlog=10", "--set",
                "max_syn_backlog=3");
    check_usage("no experiment has a knob of that name", "--all", "--set", "zzz=1", NULL);
    check_usage("did you mean defer-accept?", "accept", NULL, NULL, NULL);
    check_usage("there is no such section", "rst-on-overflow", "--show", "verdict,ledgr", NULL);
    check_usage("--ask asks about one run", "rst-on-overflow", "closed-port", "--ask", NULL);
    check_usage("leave out --no-answers, or --ask", "rst-on-overflow", "--ask", "--no-answers",
                NULL);
    check_usage("give one of the two", "rst-on-overflow", "--brief", "--show=seen", NULL);
    check_usage("that is no folder", "rst-on-overflow", "--pcap", "/dev/null", NULL);
    check_usage("stdout has the text report", "rst-on-overflow", "--html", "-", NULL);
    check_usage("cannot both go to /dev/null", "rst-on-overflow", "--json=/dev/null", "--html",
                "/dev/null");
}

/* --- thresholds --- */

static const json_t *threshold_number(const struct live *p, size_t i)
{
    return json_array_get(json_object_get(run_number(p, 0), "thresholds"), i);
}

/* The ledger, a counter, the server's report and the client's: the same four resets each time. */
Test(bench, a_threshold_that_holds_is_exit_3)
{
    int code;
    struct live *p = live_run(&code, "bench", "run", "rst-on-overflow", "--fail-if",
                              "ledger.reset > 4", "--fail-if=server.Tcp.OutRsts > 4", "--fail-if",
                              "client.request_latency_us.p50 > 0", "--json", NULL);
    check_agrees(p, code, 1);
    cr_assert_eq(json_number_value(json_object_get(threshold_number(p, 0), "value")), 4);
    cr_assert(json_is_null(json_object_get(threshold_number(p, 2), "value")), "no request");
    live_free(p);
    p = live_run(&code, "bench", "run", "rst-on-overflow", "--fail-if", "ledger.reset > 3",
                 "--fail-if", "server.counters.Tcp.OutRsts == 4", "--fail-if",
                 "server.listener.queue_peak < 9", "--fail-if", "client.connections.attempted == 7",
                 "--fail-if", "client.destroyed == 4", "--json", NULL);
    cr_assert_eq(code, 3);
    cr_assert_str_eq(text_of(run_number(p, 0), "verdict"), "agree", "the rule still holds");
    for (size_t i = 0; i < 5; i++) {
        const json_t *t = threshold_number(p, i);
        cr_assert(json_is_true(json_object_get(t, "failed")) == (i != 2), "%s: %g",
                  text_of(t, "fail_if"), json_number_value(json_object_get(t, "value")));
    }
    live_free(p);
    const char *said =
        live_shell("%s/bench/tcplab-bench run closed-port --brief --fail-if 'ledger.refused > 0' "
                   "--fail-if 'client.refused_after > 1m'; echo exit $?; %s/bench/tcplab-bench run "
                   "closed-port --tap --fail-if 'ledger.refused > 0'",
                   TEST_BUILD, TEST_BUILD);
    cr_assert(strstr(said, "\n  failed  ledger.refused > 0: it is 1\n"), "%s", said);
    cr_assert(strstr(said, "exit 3\n"), "%s", said);
    cr_assert(strstr(said, "not ok 10 fail-if ledger.refused > 0\n    # fail-if ledger.refused > "
                           "0: it is 1\nnot ok 1 closed-port\n"),
              "%s", said);
}

Test(bench, a_metric_that_no_run_has_is_refused)
{
    check_usage("did you mean ledger.reset?", "rst-on-overflow", "--fail-if", "ledger.rset > 0",
                NULL);
    check_usage("did you mean server.queue_peak?", "rst-on-overflow", "--fail-if",
                "server.queue_pek > 0", NULL);
    check_usage("did you mean server.listener.drops?", "rst-on-overflow", "--fail-if", "drops > 0",
                NULL);
    check_usage("did you mean client.syn_again_1_first?", "--all", "--fail-if",
                "client.syn_again_1_frst > 0", NULL);
    check_usage("there is no metric client.syn_again_1_first", "rst-on-overflow", "--fail-if",
                "client.syn_again_1_first > 0", NULL);
    check_usage("p50, p90, p99 and p99_9 only", "rst-on-overflow", "--fail-if",
                "client.connect_latency_us.p95 > 0", NULL);
    check_usage("write a number", "rst-on-overflow", "--fail-if", "ledger.reset > many", NULL);
}

/* --- several runs --- */

Test(bench, repetitions_and_labs_at_once)
{
    int code;
    struct live *p = live_run(&code, "bench", "run", "rst-on-overflow", "syn-cookie-ghosts",
                              "--repeat", "3", "-j", "3", "--json", NULL);
    check_agrees(p, code, 6);
    for (size_t i = 0; i < 6; i++)
        cr_assert_eq(live_integer(run_number(p, i), "repetition", NULL), (int64_t)(i % 3 + 1));
    live_free(p);
}

/* One document a run while it goes on, and the report last. */
Test(bench, jsonl_has_a_line_a_run)
{
    int code;
    struct live *p =
        live_run(&code, "bench", "run", "rst-on-overflow", "--repeat", "2", "--jsonl", NULL);
    char *line = strtok(p->out_text, "\n");
    for (int i = 0; i < 3; i++, line = strtok(NULL, "\n")) {
        json_t *document = line ? json_loads(line, 0, NULL) : NULL;
        cr_assert_not_null(document);
        cr_assert_str_eq(text_of(document, "event"), i < 2 ? "run" : "report");
        json_decref(document);
    }
    cr_assert_null(line);
    live_free(p);
}

/* --- nothing is left behind --- */

/* Descriptors of all processes below `pid`, as they are now. */
static size_t open_family(pid_t pid, int descriptors[static FAMILY_MAX])
{
    pid_t family[FAMILY_MAX];
    size_t n = 0, members = family_of(pid, family);
    for (size_t i = 0; i < members; i++) {
        int fd = (int)syscall(SYS_pidfd_open, family[i], 0);
        if (fd >= 0)
            descriptors[n++] = fd;
    }
    return n;
}

/* All of them end. */
static void check_family_ends(int family[static FAMILY_MAX], size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct pollfd end = {.fd = family[i], .events = POLLIN};
        cr_assert_eq(poll(&end, 1, LIVE_STATE_MS), 1, "a process of the lab outlived the bench");
        close(family[i]);
    }
}

Test(bench, kill_9_leaves_nothing)
{
    static const char host[] =
        "ip -br link; ip netns; sysctl -a 2>/dev/null | grep -E 'tcp_|somaxconn|port_range'";
    char *before = strdup(live_shell("%s", host));
    for (int i = 0; i < (live_sanitized ? 8 : 25); i++) {
        int family[FAMILY_MAX];
        struct live *p = live_start("bench", "run", "--all", "-j", "6", "--json", NULL);
        poll(NULL, 0, (int)(next_random() % 400)); /* a random moment: nothing is waited for */
        size_t n = open_family(p->pid, family);
        cr_assert_eq(live_stop(p, SIGKILL), 128 + SIGKILL);
        check_family_ends(family, n);
        live_free(p);
    }
    cr_assert_str_eq(live_shell("%s", host), before);
    free(before);
}

static void check_signal(int signal_number, int expected)
{
    int family[FAMILY_MAX];
    struct live *p = live_start("bench", "run", "fin-wait-2-timeout", "--json", NULL);
    program_in_lab(p, "tcplab-server");
    size_t n = open_family(p->pid, family);
    cr_assert_gt(n, 2);
    cr_assert_eq(live_stop(p, signal_number), expected);
    cr_assert_not_null(p->report, "the document is whole: %s", p->out_text);
    check_family_ends(family, n);
    live_free(p);
}

Test(bench, a_signal_ends_it_at_once)
{
    check_signal(SIGINT, 130);
    check_signal(SIGTERM, 143);
}

/* It never goes on: the run ends by itself, says what it waited for, and leaves nobody. */
static void check_stopped(const char *program, const char *of)
{
    int ends[FAMILY_MAX];
    struct live *p =
        live_start("bench", "run", "accept-queue-full", "--set", "again=6", "--json", NULL);
    int stopped = program_in_lab(p, program);
    int64_t began_ns = clock_now_ns();
    program_in_lab(p, "tcplab-client");
    kill(stopped, SIGSTOP);
    size_t n = open_family(p->pid, ends);
    cr_assert_gt(n, 2);
    cr_expect_eq(live_wait(p), 1);
    cr_expect_lt(clock_now_ns() - began_ns, 100 * NS_PER_S, "it waited for what cannot come");
    const char *reason = text_of(run_number(p, 0), "reason");
    cr_expect_eq(strncmp(reason, of, strlen(of)), 0, "%s", reason);
    cr_expect(
        strstr(reason, "stopped by a signal (SIGSTOP, SIGTSTP) for 5 s, and the run waits for "),
        "%s", reason);
    check_family_ends(ends, n);
    live_free(p);
}

/* The process that makes the lab itself. */
Test(bench, a_stopped_lab_ends_the_run)
{
    int ends[FAMILY_MAX];
    struct live *p =
        live_start("bench", "run", "accept-queue-full", "--set", "again=6", "--json", NULL);
    int64_t began_ns = clock_now_ns();
    kill(live_number("ps -o ppid= -p %d", program_in_lab(p, "tcplab-client")), SIGSTOP);
    size_t n = open_family(p->pid, ends);
    cr_expect_eq(live_wait(p), 1);
    cr_expect_lt(clock_now_ns() - began_ns, 60 * NS_PER_S, "it waited for what cannot come");
    const char *reason = text_of(run_number(p, 0), "reason");
    cr_expect(strstr(reason, "the lab has been stopped by a signal (SIGSTOP, SIGTSTP) for 5 s"),
              "%s", reason);
    check_family_ends(ends, n);
    live_free(p);
}

Test(bench, a_stopped_program_ends_the_run)
{
    check_stopped("tcplab-server", "tcplab-server has been ");
    check_stopped("tcplab-client", "tcplab-client has been ");
}

/* The lab, and with it the wire, stands still from when that program's host has a socket in that
 * state (as in /proc/net/tcp) until a timer of that host has sent something again. */
static struct live *run_with_a_late_wire(const char *experiment, const char *setting,
                                         const char *program, const char *state)
{
    struct live *p = live_start("bench", "run", experiment, "--set", setting, "--set",
                                "delay=300ms", "--json", NULL);
    int of = program_in_lab(p, program), lab = (int)live_number("ps -o ppid= -p %d", of);
    live_shell("timeout 30 sh -c '"
               "waits() { grep -qE \":[0-9A-F]{4} %s \" /proc/%d/net/tcp; };"
               "stop() { kill -STOP %d; waits || { kill -CONT %d; false; }; };"
               "until waits && stop; do :; done;"
               "until awk \"/^Tcp: [0-9]/ { exit !\\$13 }\" /proc/%d/net/snmp; do :; done;"
               "kill -CONT %d' 2>&1",
               state, of, lab, lab, of, lab);
    return p;
}

static void check_late_wire(struct live *p, int code, const char *verdict)
{
    cr_expect_eq(live_wait(p), code, "%s", p->out_text);
    cr_expect_str_eq(text_of(run_number(p, 0), "verdict"), verdict, "%s", p->out_text);
    if (code)
        cr_expect(strstr(text_of(run_number(p, 0), "reason"), "more than 1 s"), "%s", p->err_text);
    live_free(p);
}

Test(bench, a_wire_that_is_late_makes_no_verdict_wrong)
{
    check_late_wire(run_with_a_late_wire("accept-queue-full", "link=wire", "tcplab-client", "02"),
                    0, "agree");
    check_late_wire(run_with_a_late_wire("rst-on-overflow", "link=wire", "tcplab-server", "03"), 0,
                    "agree");
    check_late_wire(run_with_a_late_wire("third-ack-dropped", "again=1", "tcplab-server", "03"), 1,
                    "inconclusive");
}

/* Blocked or ignored in what started it. */
Test(bench, a_signal_ends_it_whatever_it_inherited)
{
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    signal(SIGCHLD, SIG_IGN);
    live_inherits = true;
    struct live *p = live_start("bench", "run", "fin-wait-2-timeout", "--json", NULL);
    signal(SIGCHLD, SIG_DFL);
    sigprocmask(SIG_SETMASK, &before, NULL);
    program_in_lab(p, "tcplab-server");
    cr_assert_eq(live_stop(p, SIGINT), 130);
    live_free(p);
    check_signal(SIGQUIT, 131);
}

/* --- what a machine may lack --- */

Test(bench, a_machine_without_network_namespaces_is_told_of_first)
{
    live_need_user_namespaces();
    const char *said = live_shell("unshare -Ur sh -c 'echo 0 >/proc/sys/user/max_net_namespaces; "
                                  "%s/bench/tcplab-bench run rst-on-overflow; echo exit $?' 2>&1",
                                  TEST_BUILD);
    cr_assert(strstr(said, "exit 77"), "%s", said);
    cr_assert(strstr(said, "user.max_net_namespaces"), "%s", said);
}

Test(bench, more_clients_than_descriptors_are_refused_first)
{
    int code;
    live_descriptors = 100;
    struct live *p =
        live_run(&code, "bench", "run", "rst-on-overflow", "--set", "clients=2000", "--json", NULL);
    cr_assert_eq(code, 77, "exit %d: %s", code, p->err_text);
    cr_assert_str_eq(text_of(run_number(p, 0), "verdict"), "skipped");
    cr_assert(strstr(p->err_text, "need 2054 descriptors"), "%s", p->err_text);
    live_free(p);
}

/* --- what a person sees --- */

#define TERMINAL "script -qec \"stty cols %d rows 24; %s\" /dev/null </dev/null | tr -d '\\r'"

Test(bench, a_prediction_of_ones_own_stands_beside_the_rule)
{
    const char *said = live_shell(
        "printf 'seven\\n7\\n\\n' | %s/bench/tcplab-bench run closed-port --ask --brief 2>&1",
        TEST_BUILD);
    cr_assert(strstr(said, "That is no number."), "%s", said);
    const char *you = strstr(said, "\nYour prediction\n");
    cr_assert(you, "%s", said);
    cr_assert_lt(strstr(said, "Your prediction? A number"), strstr(said, "\n  verdict     agree"),
                 "asked first");
    cr_assert(strstr(you, " 7 "), "%s", you);
    cr_assert_null(strstr(said, "\nSet-up\n"), "--brief");
}

Test(bench, a_saved_document_is_shown_as_it_was_printed)
{
    const char *said = live_shell(
        "t=$(mktemp -d); cd $t && b=%s/bench/tcplab-bench && $b run closed-port handshake --json=d "
        ">a && "
        "$b show d >b && cmp a b && $b show - <d | cmp a - && $b run closed-port --brief --json=d "
        ">a && $b show d | cmp a - && echo same; $b show --show ledger d | grep -c '^Set-up'; head "
        "-c 900 d | $b show - 2>&1; echo exit $?; sed s:bench/2:bench/9: d | $b show - 2>&1; echo "
        "exit $?; echo '{\"schema\": \"tcplab.client/1\"}' | $b show - 2>&1; $b show 2>&1; echo "
        "exit $?; sed s:bench/2:bench/1x: d | $b show - 2>&1; $b show / 2>&1; jq '.runs[1] = 1' d "
        "| $b "
        "show - 2>&1; rm -r $t",
        TEST_BUILD);
    cr_assert(strstr(said, "same\n0\n"), "%s", said);
    cr_assert(strstr(said, "number 2 of its runs is no run"), "%s", said);
    cr_assert(strstr(said, "-: not a whole JSON document"), "%s", said);
    cr_assert(strstr(said, "its schema is tcplab.bench/1x"), "%s", said);
    cr_assert(strstr(said, "/: Is a directory"), "%s", said);
    cr_assert(strstr(said, "tcplab.bench/9 is newer than this tcplab-bench"), "%s", said);
    cr_assert(strstr(said, "no document of tcplab-bench run: its schema is tcplab.client/1"), "%s",
              said);
    cr_assert(strstr(said, "which document?") && strstr(said, "exit 2"), "%s", said);
}

/* Each verb that prints more than a screen; `last`: words near its end. */
Test(bench, test_drivers_get_a_line_for_each_check)
{
    const char *said = live_shell(
        "f=/tmp/tcplab-junit-%d; b=%s/bench/tcplab-bench; $b run closed-port --tap --junit $f | "
        "tail "
        "-n 2; TCPLAB_TEST_FALSIFY=ledger.refused $b run closed-port handshake --tap --junit $f; "
        "echo exit $?; python3 -c \"import sys, xml.dom.minidom as m; d = m.parse(sys.argv[1]); "
        "print(*[s.getAttribute('name') + ' ' + s.getAttribute('failures') for s in "
        "d.getElementsByTagName('testsuite')])\" $f; rm $f; $b run closed-port --tap -J 2>&1",
        (int)getpid(), TEST_BUILD);
    cr_assert(strstr(said, "    ok 9 client.Tcp.AttemptFails\nok 1 closed-port\n"), "%s", said);
    cr_assert(strstr(said, "KTAP version 1\n1..2\n    KTAP version 1\n    # Subtest: closed-port\n"
                           "    1..9\n"),
              "%s", said);
    cr_assert(strstr(said, "    not ok 2 ledger.refused\n    # ledger.refused: predicted 2, "
                           "observed 1 connections\n"),
              "%s", said);
    cr_assert(strstr(said, "\nnot ok 1 closed-port\n# ledger.refused: predicted 2, observed 1\n"),
              "%s", said);
    cr_assert(strstr(said, "\nok 2 handshake\nexit 3\nclosed-port 1 handshake 0\n"), "%s", said);
    cr_assert(strstr(said, "--tap and a document cannot both go to stdout"), "%s", said);
}

Test(bench, a_long_report_on_a_terminal_goes_through_the_pager)
{
    static const struct {
        const char *verb, *last;
    } long_ones[] = {
        {"run closed-port", "Try next"},
        {"explain closed-port", "Try next"},
        {"explain --kernels", "currestab-is-established"},
        {"claims list", "one-liner-per-state"},
        {"claims run closed-port-refuses rst-means-closed syn-takes-a-number",
         "syn-takes-a-number"},
    };
    for (size_t i = 0; i < sizeof(long_ones) / sizeof(*long_ones); i++) {
        const char *verb = long_ones[i].verb, *last = long_ones[i].last;
        char command[256];
        snprintf(command, sizeof(command),
                 "PAGER='head -4; echo PAGED' TERM=xterm %s/bench/tcplab-bench %s", TEST_BUILD,
                 verb);
        const char *said = live_shell(TERMINAL, 70, command);
        cr_assert(strstr(said, "PAGED") && !strstr(said, last), "%s: %s", verb, said);
        if (!i)
            cr_assert(strstr(said,
                             "\n==============================================================="
                             "=======\n"),
                      "70 columns: %s", said);
        strncat(command, " --no-pager", sizeof(command) - strlen(command) - 1);
        said = live_shell(TERMINAL, 70, command);
        cr_assert(!strstr(said, "PAGED") && strstr(said, last), "%s: %s", verb, said);
        said = live_shell("PAGER='head -4; echo PAGED' TERM=xterm %s/bench/tcplab-bench %s",
                          TEST_BUILD, verb);
        cr_assert(!strstr(said, "PAGED") && strstr(said, last), "%s to a pipe: %s", verb, said);
    }
}

/* After 13 s of its minute the run is ended. */
Test(bench, a_long_wait_explains_more_than_the_rule)
{
    const char *said = live_shell(
        "t=$(mktemp); script -qefc 'exec %s/bench/tcplab-bench run time-wait' $t </dev/null "
        ">/dev/null 2>&1 & pid=$!; for i in $(seq 600); do grep -q 'The first purpose' $t && "
        "break; sleep 0.1; done; kill $pid; wait $pid; cat $t; rm $t",
        TEST_BUILD);
    const char *time = strstr(said, "the time"), *purpose = strstr(said, "The first purpose");
    cr_assert(time && purpose && time < purpose, "%s", said);
}

Test(bench, the_prompt_says_that_it_is_a_lab)
{
    static const char *const shells[] = {"/bin/bash", "/bin/sh"};
    for (size_t i = 0; i < 2; i++) {
        const char *said =
            live_shell("echo exit | SHELL=%s script -qec '%s/bench/tcplab-bench enter' /dev/null",
                       shells[i], TEST_BUILD);
        cr_assert(strstr(said, "(tcplab) "), "%s: %s", shells[i], said);
    }
}

static json_t *document_of(const char *arguments)
{
    json_t *document =
        json_loads(live_shell("%s/bench/tcplab-bench %s", TEST_BUILD, arguments), 0, NULL);
    cr_assert_str_eq(text_of(document, "schema"), "tcplab.bench/2", "%s", arguments);
    cr_assert(!strncmp(live_shell("uname -r"), text_of(document, "kernel"),
                       strlen(text_of(document, "kernel"))),
              "%s", arguments);
    return document;
}

static const json_t *named(const json_t *list, const char *name)
{
    size_t i;
    json_t *one;
    json_array_foreach(list, i, one) if (!strcmp(text_of(one, "name"), name)) return one;
    cr_assert_fail("no %s in it", name);
    return NULL;
}

Test(bench, the_list_as_a_document)
{
    json_t *document = document_of("list --json");
    const json_t *list = json_object_get(document, "experiments");
    cr_assert_eq((int64_t)json_array_size(list),
                 live_number("%s/bench/tcplab-bench list | wc -l", TEST_BUILD));
    const json_t *one = named(list, "time-wait");
    cr_expect_str_eq(text_of(one, "part"), "What remains of it");
    cr_expect(
        strstr(live_shell("%s/bench/tcplab-bench list", TEST_BUILD), text_of(one, "question")));
    json_decref(document);
}

/* What explain predicts of a number of its own knobs is what the run checks. */
Test(bench, an_explanation_as_a_document)
{
    json_t *document = document_of("explain rst-on-overflow --set backlog=2 --json");
    const json_t *e = json_object_get(document, "experiment"), *knobs = json_object_get(e, "knobs"),
                 *backlog = named(knobs, "backlog"), *link = named(knobs, "link");
    static const char *const texts[] = {"question",  "claim",    "kernel",
                                        "falsified", "why_link", "time"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        cr_expect(*text_of(e, texts[i]), "no %s", texts[i]);
    cr_expect_str_eq(text_of(backlog, "default"), "8");
    cr_expect_str_eq(text_of(backlog, "value"), "2");
    cr_expect(json_is_null(json_object_get(backlog, "choices")));
    cr_expect_str_eq(json_string_value(json_array_get(json_object_get(link, "choices"), 1)),
                     "wire");
    cr_expect_str_eq(text_of(named(knobs, "somaxconn"), "sysctl"), "net.core.somaxconn");
    cr_expect(json_is_null(json_object_get(named(knobs, "somaxconn"), "default")));
    cr_expect_str_eq(text_of(named(knobs, "prefill"), "word"), "limit");
    cr_expect(json_array_size(json_object_get(e, "see_also")) &&
              json_array_size(json_object_get(e, "try_next")) &&
              json_array_size(json_object_get(e, "drawing")));
    cr_expect(*text_of(json_array_get(json_object_get(e, "by_hand"), 0), "command"));
    int code;
    struct live *p =
        live_run(&code, "bench", "run", "rst-on-overflow", "--set", "backlog=2", "--json", NULL);
    const json_t *run = json_array_get(json_object_get(p->report, "runs"), 0),
                 *checks = json_object_get(run, "checks"),
                 *predicted = json_object_get(e, "predicted");
    static const char *const same[] = {"name", "unit", "predicted", "rule", "source"};
    cr_assert_eq(json_array_size(predicted), json_array_size(checks));
    for (size_t i = 0; i < json_array_size(checks); i++)
        for (size_t j = 0; j < sizeof(same) / sizeof(*same); j++)
            cr_expect(json_equal(json_object_get(json_array_get(predicted, i), same[j]),
                                 json_object_get(json_array_get(checks, i), same[j])),
                      "%s of check %zu", same[j], i);
    live_free(p);
    json_decref(document);
    document = document_of("explain rst-on-overflow --no-answers --json");
    e = json_object_get(document, "experiment");
    cr_expect(!json_object_get(e, "predicted") && !json_object_get(e, "kernel") &&
              !json_object_get(e, "drawing") && !json_object_get(e, "falsified"));
    json_decref(document);
    p = live_run(&code, "bench", "explain", "--kernels", "--json", NULL);
    cr_expect(code == 2 && strstr(p->err_text, "probe --json"), "%s", p->err_text);
    live_free(p);
}

Test(bench, list_and_explain)
{
    int code;
    struct live *p = live_run(&code, "bench", "list", NULL);
    cr_assert_eq(code, 0);
    cr_assert(strstr(p->out_text, "rst-on-overflow"));
    live_free(p);
    p = live_run(&code, "bench", "explain", "rst-on-overflow", NULL);
    cr_assert_eq(code, 0);
    static const char *const parts[] = {"What is often said", "What the kernel does",
                                        "tcp_check_req",      "backlog",
                                        "ledger.reset",       "By hand"};
    for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
        cr_assert(strstr(p->out_text, parts[i]), "no \"%s\" in it", parts[i]);
    live_free(p);
    p = live_run(&code, "bench", "explain", "rst-on-overflow", "--no-answers", NULL);
    cr_assert_eq(code, 0);
    cr_assert(!strstr(p->out_text, "tcp_check_req") && !strstr(p->out_text, "Prediction"), "%s",
              p->out_text);
    live_free(p);
    p = live_run(&code, "bench", "explain", "rst-on-overflow", "--set", "backlog=0", "--set",
                 "net.core.somaxconn=0", NULL);
    cr_assert_eq(code, 0);
    cr_assert(strstr(p->out_text, "ledger.reset                                 0 connections"),
              "%s", p->out_text);
    live_free(p);
    p = live_run(&code, "bench", "explain", "rst-on-overflw", NULL);
    cr_assert_eq(code, 2);
    cr_assert(strstr(p->err_text, "did you mean rst-on-overflow?"));
    live_free(p);
}
