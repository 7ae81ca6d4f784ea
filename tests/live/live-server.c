/* tcplab-server's options, each against the kernel's own word. */
#include "common/process/clock.h"
#include "tests/lib/live.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

TestSuite(server, .init = live_setup, .timeout = LIVE_TIMEOUT_S);

static int connect_to(int port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_eq(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0, "%s", strerror(errno));
    return fd;
}

static const char *string_of(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

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

Test(server, backlog_is_handed_on_as_it_is_and_the_limit_read_back)
{
    static const struct {
        const char *backlog;
        int limit;
    } cases[] = {{"0", 0}, {"1", 1}, {"7", 7}, {"8", 7}, {"-1", 7}, {"2147483647", 7}};
    live_shell("echo 7 > /proc/sys/net/core/somaxconn");
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct live *server =
            live_start_ready("server", "-b", cases[i].backlog, "-a", "never", "-J", NULL);
        cr_assert_eq(live_number("ss -Hltn 'sport = :8888' | awk '{print $3}'"), cases[i].limit);
        cr_assert_eq(live_stop(server, SIGTERM), 0);
        cr_assert_eq(live_integer(server->report, "listener", "queue_limit", NULL), cases[i].limit);
        cr_assert_eq(live_integer(server->report, "listener", "queue_capacity", NULL),
                     cases[i].limit + 1);
        cr_assert_eq(live_integer(server->report, "listener", "backlog", NULL),
                     atoll(cases[i].backlog));
        cr_assert_eq(live_integer(server->report, "listener", "somaxconn", NULL), 7);
        live_free(server);
    }
}

Test(server, several_listeners_have_a_queue_each)
{
    int code;
    struct live *server =
        live_start_ready("server", "-t", "3", "-b", "2", "-a", "never", "-J", NULL);
    struct live *client = live_run(&code, "client", "-c", "200", "-T", "500ms", "-J", NULL);
    int64_t queued = live_number("ss -Hltn 'sport = :8888' | awk '{n += $2} END {print n}'");
    cr_assert_eq(live_number("ss -Hltn 'sport = :8888' | wc -l"), 3);
    cr_assert_eq(live_stop(server, SIGINT), 0);
    cr_assert_eq(queued, 9);
    cr_assert_eq(live_integer(server->report, "listener", "queue_now", NULL), 9);
    cr_assert_eq(live_integer(server->report, "listener", "queue_peak", NULL), 9);
    cr_assert_eq(live_integer(server->report, "listener", "queue_capacity", NULL), 9);
    cr_assert_eq(live_integer(client->report, "connections", "established", NULL), 9);
    live_free(client);
    live_free(server);
}

/* The longest of the accept queues, and how many there are, of connections made from one CPU to a
 * server that is stopped. */
static int64_t longest_queue(const char *address, int cpu, int64_t *ret_queues)
{
    cpu_set_t before, one;
    struct live *server = live_start_ready("server", "-t", "2", "-l", address, NULL);
    live_freeze(server);
    sched_getaffinity(0, sizeof(before), &before);
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    cr_assert_eq(sched_setaffinity(0, sizeof(one), &one), 0);
    struct live *client = live_start_ready("client", "-c", "64", "--hold", "300s", address, NULL);
    live_until(64, "ss -Hltn 'sport = :8888' | awk '{n += $2} END {print n}'");
    sched_setaffinity(0, sizeof(before), &before);
    int64_t longest = live_number("ss -Hltn 'sport = :8888' | awk '$2 > n {n = $2} END {print n}'");
    *ret_queues = live_number("ss -Hltn 'sport = :8888' | awk '$2 > 0' | wc -l");
    kill(server->pid, SIGCONT);
    live_stop(server, SIGINT);
    live_stop(client, SIGINT);
    live_free(client);
    live_free(server);
    return longest;
}

/* SO_INCOMING_CPU, which the choice among listeners heeds since Linux 6.2. */
Test(server, on_loopback_a_listener_gets_the_connections_of_its_cpu)
{
    cpu_set_t usable;
    int64_t queues;
    sched_getaffinity(0, sizeof(usable), &usable);
    if (CPU_COUNT(&usable) < 2 || live_number("uname -r | awk -F. '{print ($1 * 100 + $2 < 602)}'"))
        return;
    int n = 0;
    for (int cpu = 0; n < 2 && cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET(cpu, &usable))
            continue;
        cr_assert_eq(longest_queue("127.0.0.1", cpu, &queues), 64);
        cr_assert_eq(longest_queue("::1", cpu, &queues), 64);
        n++;
    }
    cr_assert_lt(longest_queue("0.0.0.0", 0, &queues), 64,
                 "not beyond loopback: one listener would get all");
    cr_assert_eq(queues, 2);
}

Test(server, several_paced_threads_still_accept_one_each_delay)
{
    int code;
    struct live *server = live_start_ready("server", "-t", "3", "-a", "100ms", "-J", NULL);
    struct live *client = live_run(&code, "client", "-c", "50", "--hold", "1s", "-J", NULL);
    cr_assert_eq(live_stop(server, SIGINT), 0);
    double elapsed = json_number_value(json_object_get(server->report, "elapsed_s"));
    double load = json_number_value(json_object_get(client->report, "elapsed_s"));
    cr_assert_leq((double)row(server, "accepted"), elapsed / 0.1);
    /* Half of them: a busy machine may leave the server without a CPU for a while. */
    cr_assert_geq((double)row(server, "accepted"), load / 0.1 / 2);
    live_free(client);
    live_free(server);
}

Test(server, peers_and_states_are_those_of_ss)
{
    int code;
    struct live *server = live_start_ready("server", "--on-eof", "hold", "-J", NULL);
    struct live *one =
        live_run(&code, "client", "-c", "6", "--source", "127.0.0.0/29", "--close", "fin", NULL);
    struct live *two =
        live_start_ready("client", "-c", "4", "--source", "127.0.0.9", "--hold", "300s", NULL);
    live_until_accepted(10);
    cr_assert_eq(live_number("ss -Htan 'sport = :8888 and dst 127.0.0.9' | wc -l"), 4);
    cr_assert_eq(live_stop(server, SIGINT), 0);
    cr_assert_eq(live_integer(server->report, "states", "ESTABLISHED", NULL), 4);
    cr_assert_eq(live_integer(server->report, "states", "CLOSE_WAIT", NULL), 6);
    cr_assert_eq(live_integer(server->report, "states", "LISTEN", NULL), 1);
    cr_assert_eq(live_integer(server->report, "peers", "127.0.0.9", NULL), 4);
    cr_assert_eq(live_integer(server->report, "peers", "127.0.0.1", NULL), 1);
    cr_assert_eq(live_integer(server->report, "peers", "127.0.0.6", NULL), 1);
    cr_assert_eq(json_object_size(json_object_get(server->report, "peers")), 7);
    cr_assert_eq(row(server, "open"), 10);
    check_sum(server);
    live_stop(two, SIGINT);
    live_free(one);
    live_free(two);
    live_free(server);
}

Test(server, close_after_fin_leaves_time_wait_here)
{
    struct live *server = live_start_ready("server", "--close-after", "100ms", "-J", NULL);
    struct live *client = live_start_ready("client", "-c", "20", "--hold", "300s", "-J", NULL);
    live_until_accepted(20);
    live_until(0, "ss -Htan | grep -vcE 'LISTEN|TIME-WAIT'");
    /* A client that is slow may get the port of one that has ended; its SYN ends that TIME_WAIT. */
    int64_t waits = live_number("ss -Htan state time-wait 'sport = :8888' | wc -l");
    cr_assert(waits >= 16 && waits <= 20, "%lld", (long long)waits);
    cr_assert_eq(live_stop(client, SIGINT), 0);
    cr_assert_eq(live_stop(server, SIGINT), 0);
    cr_assert_eq(row(server, "closed_by_server"), 20);
    cr_assert_eq(live_integer(server->report, "states", "TIME_WAIT", NULL), waits);
    cr_assert_eq(live_integer(client->report, "closed_by_peer", NULL), 20);
    cr_assert_eq(live_integer(client->report, "connections", "established", NULL), 20);
    check_sum(server);
    live_free(client);
    live_free(server);
}

Test(server, close_after_rst_resets_the_client)
{
    struct live *server =
        live_start_ready("server", "--close-after", "100ms", "--close-how", "rst", "-J", NULL);
    struct live *client = live_start_ready("client", "-c", "20", "--hold", "300s", "-J", NULL);
    live_until(20, "nstat -asz TcpOutRsts | awk '/^Tcp/ {print $2}'");
    cr_assert_eq(live_number("ss -Htan 'sport = :8888' | grep -vc LISTEN"), 0);
    cr_assert_eq(live_stop(client, SIGINT), 0);
    cr_assert_eq(live_stop(server, SIGINT), 0);
    cr_assert_eq(live_integer(client->report, "connections", "reset", NULL), 20);
    cr_assert_eq(live_integer(client->report, "connections", "established", NULL), 0);
    cr_assert_eq(live_integer(client->report, "errors", "ECONNRESET", NULL), 20);
    cr_assert_eq(row(server, "closed_by_server"), 20);
    live_free(client);
    live_free(server);
}

Test(server, close_after_half_waits_for_the_peers_fin)
{
    struct live *server =
        live_start_ready("server", "--close-after", "50ms", "--close-how", "half", "-J", NULL);
    int fd = connect_to(8888);
    live_until(1, "ss -Htan state fin-wait-2 'sport = :8888' | wc -l");
    cr_assert_eq(live_number("ss -Htanp state fin-wait-2 'sport = :8888' | grep -c users:"), 1,
                 "the descriptor is still open");
    char byte;
    cr_assert_eq(recv(fd, &byte, 1, 0), 0);
    close(fd);
    live_until(1, "ss -Htan state time-wait 'sport = :8888' | wc -l");
    live_until(0, "ss -Htanp 'sport = :8888' | grep -c 'pid=.*ESTAB\\|FIN-WAIT'");
    cr_assert_eq(live_stop(server, SIGINT), 0);
    cr_assert_eq(row(server, "closed_by_server"), 1);
    check_sum(server);
    live_free(server);
}

Test(server, discard_reads_and_answers_nothing)
{
    struct live *server = live_start_ready("server", "--on-data", "discard", "-J", NULL);
    int fd = connect_to(8888);
    cr_assert_eq(send(fd, "hello", 5, 0), 5);
    live_until(1, "ss -Htn 'sport = :8888' | grep -c '^ESTAB *0 *0 '");
    shutdown(fd, SHUT_WR);
    char byte;
    cr_assert_eq(recv(fd, &byte, 1, 0), 0, "no echo, then the server's FIN");
    cr_assert_eq(live_stop(server, SIGINT), 0);
    cr_assert_eq(live_integer(server->report, "bytes_received", NULL), 5);
    cr_assert_eq(live_integer(server->report, "bytes_sent", NULL), 0);
    close(fd);
    live_free(server);
}

Test(server, ignore_never_reads)
{
    struct live *server = live_start_ready("server", "--on-data", "ignore", "-J", NULL);
    int fd = connect_to(8888);
    cr_assert_eq(send(fd, "hello", 5, 0), 5);
    shutdown(fd, SHUT_WR);
    /* A FIN counts one in Recv-Q. */
    live_until(6, "ss -Htn state close-wait 'sport = :8888' | awk '{print $1}'");
    live_until_accepted(1);
    cr_assert_eq(live_stop(server, SIGINT), 0);
    cr_assert_eq(live_integer(server->report, "bytes_received", NULL), 0);
    cr_assert_eq(row(server, "open"), 1);
    close(fd);
    live_free(server);
}

static int64_t cpu_ticks(const struct live *p)
{
    return live_number("awk '{print $14 + $15}' /proc/%d/stat", (int)p->pid);
}

/* Its threads that wait for something other than a CPU. */
static int64_t sleepers(const struct live *p)
{
    return live_number("grep -h ^State: /proc/%d/task/*/status | grep -c sleeping", (int)p->pid);
}

/* The byte that stands at this place of a long message. */
static char pattern(size_t at)
{
    return (char)(at * 2654435761u >> 24);
}

Test(server, a_peer_that_does_not_read_meets_back_pressure_and_loses_nothing)
{
    enum { total = 64 << 20, piece = 1 << 16 };
    static char block[piece];
    struct live *server = live_start_ready("server", "-J", NULL);
    int fd = connect_to(8888);
    size_t sent = 0, got = 0;
    int64_t before = 0;
    int ready = 1;
    fcntl(fd, F_SETFL, O_NONBLOCK);
    struct pollfd writable = {fd, POLLOUT, 0};
    /* Until there was no room in a span in which the server had a CPU, or did not want one: then
     * the span is measured. */
    while (sent < total && (ready || sleepers(server) != 1)) {
        for (size_t i = 0; i < piece; i++)
            block[i] = pattern(sent + i);
        ssize_t n = send(fd, block, piece, MSG_NOSIGNAL);
        sent += n > 0 ? (size_t)n : 0;
        before = cpu_ticks(server);
        ready = poll(&writable, 1, 500);
    }
    cr_assert_lt(sent, total, "64 MiB went in and nothing came out: somebody keeps them");
    if (!live_sanitized)
        cr_assert_lt(live_number("awk '/VmRSS/ {print $2}' /proc/%d/status", (int)server->pid),
                     8192);
    cr_assert_leq(cpu_ticks(server) - before, 2, "it waits, it does not spin");
    shutdown(fd, SHUT_WR);
    fcntl(fd, F_SETFL, 0);
    for (ssize_t n; (n = recv(fd, block, piece, 0)) > 0; got += (size_t)n)
        for (ssize_t i = 0; i < n; i++)
            if (block[i] != pattern(got + (size_t)i))
                cr_assert_fail("byte %zu is another", got + (size_t)i);
    cr_assert_eq(got, sent);
    cr_assert_eq(live_stop(server, SIGINT), 0);
    cr_assert_eq(live_integer(server->report, "bytes_sent", NULL), (int64_t)sent);
    cr_assert_eq(row(server, "closed_by_peer"), 1);
    close(fd);
    live_free(server);
}

Test(server, a_peers_reset_is_counted)
{
    const struct linger now = {1, 0};
    struct live *server = live_start_ready("server", "-J", NULL);
    for (int i = 0; i < 3; i++) {
        int fd = connect_to(8888);
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
        live_until(1, "ss -Htnp state established 'sport = :8888' | grep -c pid=%d,",
                   (int)server->pid);
        close(fd);
        live_until(0, "ss -Htn 'sport = :8888' | wc -l");
    }
    live_until(0, "ls -l /proc/%d/fd | grep -c 'socket:' | awk '{print $1 - %lld}'",
               (int)server->pid, (long long)live_number("ss -Hltn 'sport = :8888' | wc -l") + 1);
    cr_assert_eq(live_stop(server, SIGINT), 0);
    cr_assert_eq(row(server, "reset_by_peer"), 3);
    check_sum(server);
    live_free(server);
}

Test(server, socket_options_are_inherited_and_read_back)
{
    struct live *server = live_start_ready(
        "server", "--keepalive", "30s,7s,4", "--user-timeout", "9s", "--defer-accept", "5s",
        "--linger2", "200s", "--fastopen", "9000", "--on-data", "discard", "-J", NULL);
    int fd = connect_to(8888);
    cr_assert_eq(send(fd, "x", 1, 0), 1); /* what the deferred accept waits for */
    /* ss -o shows the keepalive timer of the accepted connection: at most 30 s ahead. */
    live_until(1, "ss -Htno state established 'sport = :8888' | grep -c "
                  "'timer:(keepalive,\\(2[0-9]\\|30\\)'");
    cr_assert_eq(live_stop(server, SIGINT), 0);
    const json_t *options = json_object_get(server->report, "socket_options");
    static const struct {
        const char *name;
        int asked, effective;
    } expected[] = {{"SO_KEEPALIVE", 1, 1},           {"TCP_KEEPIDLE", 30, 30},
                    {"TCP_KEEPINTVL", 7, 7},          {"TCP_KEEPCNT", 4, 4},
                    {"TCP_USER_TIMEOUT", 9000, 9000}, {"TCP_DEFER_ACCEPT", 5, 7},
                    {"TCP_LINGER2", 200, 120},        {"TCP_FASTOPEN", 9000, 4096}};
    cr_assert_eq(json_array_size(options), 8);
    for (size_t i = 0; i < 8; i++) {
        const json_t *option = json_array_get(options, i);
        cr_assert_str_eq(string_of(option, "option"), expected[i].name);
        cr_assert_eq(live_integer(option, "asked", NULL), expected[i].asked);
        cr_assert_eq(live_integer(option, "effective", NULL), expected[i].effective, "%s",
                     expected[i].name);
    }
    cr_assert(strstr(server->err_text, "TCP_DEFER_ACCEPT: asked for 5, the kernel made it 7"));
    cr_assert(strstr(server->err_text, "TCP_LINGER2: asked for 200, the kernel made it 120"));
    close(fd);
    live_free(server);
}

Test(server, never_accepting_costs_no_cpu)
{
    int code;
    struct live *server =
        live_start_ready("server", "-b", "4", "-a", "never", "-d", "1s", "-J", NULL);
    struct live *client = live_run(&code, "client", "-c", "20", "-T", "100ms", NULL);
    cr_assert_eq(live_wait(server), 0);
    if (!live_sanitized)
        cr_assert_lt(server->usage.ru_utime.tv_usec + server->usage.ru_stime.tv_usec, 200000);
    live_free(client);
    live_free(server);
}

Test(server, documents_a_line_each)
{
    struct live *server = live_start_ready("server", "-p", "0", "--jsonl", "-i", "50ms", NULL);
    live_until(1, "grep interval /proc/%d/fd/1 | grep -c LISTEN | awk '{print ($1 > 0)}'",
               (int)server->pid);
    live_until(1, "grep -c '\"event\": *\"interval\"' /proc/%d/fd/1 | awk '{print ($1 >= 4)}'",
               (int)server->pid);
    cr_assert_eq(live_stop(server, SIGINT), 0);
    int n = 0, intervals = 0, censuses = 0;
    const char *last = NULL;
    json_t *document = NULL;
    for (char *line = strtok(server->out_text, "\n"); line; line = strtok(NULL, "\n"), n++) {
        json_decref(document);
        document = json_loads(line, 0, NULL);
        cr_assert_not_null(document, "no JSON: %s", line);
        last = string_of(document, "event");
        cr_assert_str_eq(string_of(document, "schema"), "tcplab.server/1");
        cr_assert(json_object_get(document, "version") && json_object_get(document, "kernel") &&
                  json_object_get(document, "argv") && json_object_get(document, "settings"));
        cr_assert(n != 0 || !strcmp(last, "ready"));
        intervals += !strcmp(last, "interval");
        if (json_object_get(document, "states"))
            censuses += live_integer(document, "states", "LISTEN", NULL) == 1;
    }
    cr_assert_str_eq(last, "report");
    cr_assert_eq(live_integer(document, "settings", "interval_us", NULL), 50000);
    cr_assert_geq(intervals, 4);
    double elapsed = json_number_value(json_object_get(document, "elapsed_s"));
    cr_assert_leq((double)intervals, elapsed / 0.05 + 1);
    cr_assert_geq(censuses, 2, "the report's and an interval's");
    json_decref(document);
    live_free(server);
}

Test(server, json_to_a_file_leaves_the_text_on_stdout)
{
    char path[] = "/tmp/tcplab-test-XXXXXX", option[64];
    int fd = mkstemp(path), code;
    snprintf(option, sizeof(option), "--json=%s", path);
    struct live *server = live_run(&code, "server", "-d", "50ms", option, NULL);
    cr_assert_eq(code, 0);
    cr_assert(strstr(server->out_text, "Accept queue"));
    json_t *document = json_load_file(path, 0, NULL);
    cr_assert_str_eq(string_of(document, "event"), "report");
    json_decref(document);
    unlink(path);
    close(fd);
    live_free(server);
}

Test(server, a_report_that_cannot_be_written_is_a_failure)
{
    int code;
    struct live *server = live_run(&code, "server", "-d", "50ms", "--json=/dev/full", NULL);
    cr_assert_eq(code, 1);
    cr_assert(strstr(server->err_text, "No space left on device"));
    live_free(server);
    server = live_run(&code, "server", "-d", "50ms", "--json=/nowhere/x", NULL);
    cr_assert_eq(code, 1);
    cr_assert(strstr(server->err_text, "/nowhere/x"));
    live_free(server);
}

Test(server, sysctls_come_back_after_a_kill)
{
    int code;
    struct live *server = live_start_ready("server", "--sysctl", "net.ipv4.tcp_fin_timeout=7",
                                           "--sysctl", "net.core.somaxconn=99", NULL);
    cr_assert_eq(live_number("cat /proc/sys/net/core/somaxconn"), 99);
    cr_assert_eq(live_stop(server, SIGKILL), 128 + SIGKILL);
    cr_assert_eq(live_number("cat /proc/sys/net/ipv4/tcp_fin_timeout"), 7);
    struct live *next = live_run(&code, "server", "-d", "20ms", NULL);
    cr_assert_eq(code, 0);
    cr_assert_eq(live_number("cat /proc/sys/net/ipv4/tcp_fin_timeout"), 60);
    cr_assert_eq(live_number("cat /proc/sys/net/core/somaxconn"), 4096);
    cr_assert(strstr(next->err_text, "net.ipv4.tcp_fin_timeout is 60 again"), "%s", next->err_text);
    cr_assert(strstr(next->err_text, "net.core.somaxconn is 4096 again"));
    live_free(next);
    next = live_run(&code, "server", "--restore-sysctls", NULL);
    cr_assert_eq(code, 0);
    cr_assert(strstr(next->out_text, "nothing to put back"));
    live_free(next);
    live_free(server);
}

Test(server, restore_sysctls_puts_back_and_says_so)
{
    int code;
    struct live *server =
        live_start_ready("server", "--sysctl", "net.ipv4.tcp_fin_timeout=7", NULL);
    live_stop(server, SIGKILL);
    struct live *restore = live_run(&code, "server", "--restore-sysctls", NULL);
    cr_assert_eq(code, 0);
    cr_assert(strstr(restore->out_text, "net.ipv4.tcp_fin_timeout is 60 again"));
    cr_assert_eq(live_number("cat /proc/sys/net/ipv4/tcp_fin_timeout"), 60);
    live_free(restore);
    live_free(server);
}

/* Each signal whose default is to end the process, but for SIGKILL, and for those that
 * tcplab-server uses or ignores. */
Test(server, sysctls_come_back_after_every_signal)
{
    const int signals[] = {SIGHUP,    SIGINT,  SIGQUIT, SIGTERM, SIGALRM, SIGUSR2,  SIGXCPU,
                           SIGVTALRM, SIGPROF, SIGPOLL, SIGPWR,  SIGSYS,  SIGTRAP,  SIGABRT,
                           SIGSTKFLT, SIGSEGV, SIGBUS,  SIGFPE,  SIGILL,  SIGRTMIN, SIGRTMAX};
    for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++) {
        if (live_sanitized && signals[i] >= SIGILL && signals[i] <= SIGSEGV &&
            signals[i] != SIGTRAP)
            continue; /* the sanitizer has its own handler */
        struct live *server =
            live_start_ready("server", "--sysctl", "net.ipv4.tcp_fin_timeout=7", "-J", NULL);
        cr_assert_eq(live_stop(server, signals[i]), 0, "%s", strsignal(signals[i]));
        cr_assert_eq(live_number("cat /proc/sys/net/ipv4/tcp_fin_timeout"), 60, "%s",
                     strsignal(signals[i]));
        cr_assert_not_null(server->report);
        live_free(server);
    }
}

/* ulimit -f: writing the report beyond it is SIGXFSZ. */
Test(server, sysctls_come_back_when_a_file_may_not_grow)
{
    int code;
    char path[] = "/tmp/tcplab-live-XXXXXX", option[64];
    close(mkstemp(path));
    snprintf(option, sizeof(option), "--json=%s", path);
    struct rlimit before, limit;
    getrlimit(RLIMIT_FSIZE, &before);
    limit = before;
    limit.rlim_cur = 700;
    setrlimit(RLIMIT_FSIZE, &limit);
    struct live *server = live_run(&code, "server", "--sysctl", "net.ipv4.tcp_fin_timeout=7", "-d",
                                   "50ms", option, NULL);
    setrlimit(RLIMIT_FSIZE, &before);
    unlink(path);
    cr_assert_eq(code, 1, "%d", code);
    cr_assert(strstr(server->err_text, "File too large"), "%s", server->err_text);
    cr_assert_eq(live_number("cat /proc/sys/net/ipv4/tcp_fin_timeout"), 60);
    live_free(server);
}

Test(server, signals_that_were_blocked_or_ignored_at_the_start)
{
    sigset_t all, before;
    sigfillset(&all);
    for (int ignored = 0; ignored < 2; ignored++) {
        sigprocmask(SIG_SETMASK, &all, &before);
        signal(SIGINT, ignored ? SIG_IGN : SIG_DFL); /* as a shell does for a job with & */
        signal(SIGCHLD, SIG_IGN);
        live_inherits = true;
        struct live *server = live_start_ready("server", "-J", NULL);
        signal(SIGINT, SIG_DFL);
        signal(SIGCHLD, SIG_DFL);
        sigprocmask(SIG_SETMASK, &before, NULL);
        cr_assert_eq(live_stop(server, SIGINT), 0);
        cr_assert_not_null(server->report);
        live_free(server);
    }
}

/* nohup: it goes on. */
Test(server, a_hangup_that_is_ignored_stays_so)
{
    signal(SIGHUP, SIG_IGN);
    live_inherits = true;
    struct live *server = live_start_ready("server", "-J", NULL);
    signal(SIGHUP, SIG_DFL);
    cr_assert_eq(live_number("awk '/^SigIgn/ {print substr($2, 16) %% 2}' /proc/%d/status",
                             (int)server->pid),
                 1);
    kill(server->pid, SIGHUP);
    cr_assert_eq(live_number("ss -Hltn 'sport = :8888' | wc -l"), 1);
    cr_assert_eq(live_stop(server, SIGTERM), 0);
    live_free(server);
}

static void check_spoilt_journal(const struct live *server, int code, int expected,
                                 const char *path)
{
    cr_assert_eq(code, expected, "%d: %s", code, server->err_text);
    cr_assert(strstr(server->err_text, path), "%s", server->err_text);
    cr_assert(strstr(server->err_text, "remove"), "%s", server->err_text);
}

Test(server, a_spoilt_journal_stops_only_who_needs_it)
{
    int code;
    char path[256];
    struct live *server =
        live_start_ready("server", "--sysctl", "net.ipv4.tcp_fin_timeout=7", NULL);
    snprintf(path, sizeof(path), "%s",
             live_shell("grep -l '\"pid\": %d,' /run/tcplab/*.sysctls "
                        "$XDG_RUNTIME_DIR/tcplab/*.sysctls /tmp/tcplab-*/*.sysctls 2>/dev/null",
                        (int)server->pid));
    path[strcspn(path, "\n")] = '\0';
    live_stop(server, SIGKILL);
    live_shell("echo nonsense >%s", path);
    struct live *next = live_run(&code, "server", "-d", "20ms", NULL);
    check_spoilt_journal(next, code, 0, path);
    live_free(next);
    next = live_run(&code, "server", "-d", "20ms", "--sysctl", "net.core.somaxconn=9", NULL);
    check_spoilt_journal(next, code, 1, path);
    cr_assert_eq(live_number("cat /proc/sys/net/core/somaxconn"), 4096);
    live_free(next);
    next = live_run(&code, "server", "--restore-sysctls", NULL);
    check_spoilt_journal(next, code, 1, path);
    live_free(next);
    live_shell("rm %s; echo 60 >/proc/sys/net/ipv4/tcp_fin_timeout", path);
    live_free(server);
}

/* Where no other place is left, the message has the path and the way out. The program is opened
 * first: its build may be below /tmp. */
Test(server, a_place_of_the_journal_that_somebody_else_has)
{
    live_need_private_mounts();
    const char *said = live_shell(
        "unshare -m sh -c 'exec 3<%s/server/tcplab-server; mount -t tmpfs -o ro none /run && mount "
        "-t tmpfs none /tmp && mkdir -m 777 /tmp/tcplab-%u && unset XDG_RUNTIME_DIR; "
        "/proc/self/fd/3 -d 20ms --sysctl net.core.somaxconn=9; echo code $?' 2>&1",
        TEST_BUILD, (unsigned)live_number("awk '{print $2}' /proc/self/uid_map"));
    cr_assert(strstr(said, "/tmp/tcplab-"), "%s", said);
    cr_assert(strstr(said, "remove what is there, or set XDG_RUNTIME_DIR"), "%s", said);
    cr_assert(strstr(said, "code 77"), "%s", said);
}

/* Process 1 of a pid namespace stands for the machine's. */
Test(server, a_knob_that_changes_more_than_itself_is_refused_outside)
{
    static const char *const keys[] = {"net.ipv6.conf.all.disable_ipv6=1",
                                       "net.ipv4.conf.all.forwarding=1",
                                       "net.ipv4.ip_forward=1",
                                       "net.ipv6.route.gc_min_interval=1",
                                       "net.ipv4.route.flush=1",
                                       "net.ipv4.conf.default.rp_filter=1"};
    live_need_private_mounts();
    for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
        const char *said = live_shell("unshare -p -f --mount-proc sh -c '%s/server/tcplab-server "
                                      "-d 20ms --sysctl %s; echo code $?' 2>&1",
                                      TEST_BUILD, keys[i]);
        cr_assert(strstr(said, "code 77") && strstr(said, keys[i]) &&
                      strstr(said, "tcplab-bench enter"),
                  "%s", said);
    }
    int code;
    struct live *server =
        live_run(&code, "server", "-d", "20ms", "--sysctl", "net.ipv4.ip_forward=1", "-J", NULL);
    cr_assert_eq(code, 0, "a private network may be spoilt: %s", server->err_text);
    cr_assert_eq(live_number("cat /proc/sys/net/ipv4/ip_forward"), 0);
    live_free(server);
}

Test(server, sysctls_come_back_when_the_start_fails)
{
    int code;
    struct live *first = live_start_ready("server", NULL);
    struct live *second = live_run(&code, "server", "--sysctl", "net.ipv4.tcp_fin_timeout=7", NULL);
    cr_assert_eq(code, 1);
    cr_assert(strstr(second->err_text, "the port is in use"));
    cr_assert_eq(live_number("cat /proc/sys/net/ipv4/tcp_fin_timeout"), 60);
    live_stop(first, SIGINT);
    live_free(second);
    live_free(first);
}

Test(server, a_value_somebody_else_set_is_left_alone)
{
    struct live *server =
        live_start_ready("server", "--sysctl", "net.ipv4.tcp_fin_timeout=7", "-J", NULL);
    live_shell("echo 33 > /proc/sys/net/ipv4/tcp_fin_timeout");
    cr_assert_eq(live_stop(server, SIGINT), 0);
    cr_assert_eq(live_number("cat /proc/sys/net/ipv4/tcp_fin_timeout"), 33);
    cr_assert(strstr(server->err_text, "somebody changed it since"));
    cr_assert(json_is_false(json_object_get(
        json_array_get(json_object_get(server->report, "sysctls"), 0), "restored")));
    live_free(server);
}

/* A pipe that is full, so that whoever writes to it blocks. */
static int full_pipe(int ret_ends[2])
{
    char block[4096] = {0};
    cr_assert_eq(pipe2(ret_ends, O_CLOEXEC | O_NONBLOCK), 0);
    while (write(ret_ends[1], block, sizeof(block)) > 0)
        ;
    cr_assert_eq(fcntl(ret_ends[1], F_SETFL, 0), 0);
    return ret_ends[1];
}

/* Nobody reads stdout: the first signal ends the serving, but the report blocks. */
Test(server, a_second_signal_ends_at_once_and_still_restores)
{
    int ends[2];
    live_output = full_pipe(ends);
    struct live *server =
        live_start_ready("server", "--sysctl", "net.ipv4.tcp_fin_timeout=7", NULL);
    cr_assert_eq(live_number("cat /proc/sys/net/ipv4/tcp_fin_timeout"), 7);
    kill(server->pid, SIGINT);
    live_until(1, "grep -c '^1 0x1 ' /proc/%d/syscall", (int)server->pid); /* write(1, ...) */
    cr_assert_eq(live_stop(server, SIGINT), 130);
    cr_assert_eq(live_number("cat /proc/sys/net/ipv4/tcp_fin_timeout"), 60);
    live_free(server);
}

Test(server, the_port_can_be_chosen_by_the_kernel_and_stands_in_the_report)
{
    struct live *server = live_start_ready("server", "--listen", "[::1]:0", "-J", NULL);
    int port = live_port(server);
    cr_assert_gt(port, 1023);
    cr_assert_eq(live_stop(server, SIGHUP), 0);
    cr_assert_eq(live_integer(server->report, "listener", "port", NULL), port);
    cr_assert_str_eq(string_of(json_object_get(server->report, "listener"), "address"), "::1");
    live_free(server);
}

Test(server, a_restart_does_not_wait_for_time_wait)
{
    struct live *server = live_start_ready("server", "--close-after", "1ms", NULL);
    struct live *client = live_start_ready("client", "-c", "3", "--hold", "300s", NULL);
    live_until(3, "ss -Htan state time-wait 'sport = :8888' | wc -l");
    live_stop(client, SIGINT);
    cr_assert_eq(live_stop(server, SIGINT), 0);
    struct live *again = live_start_ready("server", NULL);
    cr_assert_eq(live_stop(again, SIGINT), 0);
    live_free(again);
    live_free(client);
    live_free(server);
}

/* A connection that is not watched may die: the kernel knows. */
Test(server, dead_connections_are_not_open)
{
    int code;
    struct live *server = live_start_ready("server", "--on-data", "ignore", "-J", NULL);
    struct live *client = live_run(&code, "client", "-c", "5", "--close", "rst", NULL);
    live_until_accepted(0);
    cr_assert_eq(live_stop(server, SIGINT), 0);
    cr_assert_eq(row(server, "reset_by_peer"), 5);
    cr_assert_eq(row(server, "open"), 0);
    check_sum(server);
    live_free(client);
    live_free(server);
}

Test(server, close_after_also_ends_what_on_eof_holds)
{
    int code;
    struct live *server =
        live_start_ready("server", "--on-eof", "hold", "--close-after", "2s", "-J", NULL);
    int64_t began_ns = clock_now_ns();
    struct live *client = live_run(&code, "client", "-c", "5", NULL);
    live_until_accepted(0);
    cr_assert_geq(clock_now_ns() - began_ns, 2 * NS_PER_S, "held until then");
    cr_assert_eq(live_stop(server, SIGINT), 0);
    cr_assert_eq(row(server, "closed_by_peer"), 5);
    live_free(client);
    live_free(server);
}

Test(server, threads_do_not_share_a_port_with_another_server)
{
    int code;
    struct live *first = live_start_ready("server", "-t", "2", NULL);
    struct live *second = live_run(&code, "server", "-t", "2", NULL);
    cr_assert_eq(code, 1);
    cr_assert(strstr(second->err_text, "the port is in use"));
    live_stop(first, SIGINT);
    live_free(second);
    live_free(first);
}

Test(server, too_few_descriptors_for_its_loops_is_said)
{
    int code;
    live_descriptors = 60;
    struct live *server = live_run(&code, "server", "-t", "20", NULL);
    cr_assert_eq(code, 77);
    cr_assert(strstr(server->err_text, "20 threads need 116 descriptors"), "%s", server->err_text);
    live_free(server);
}

Test(server, a_start_that_fails_leaves_an_older_report_alone)
{
    char path[] = "/tmp/tcplab-test-XXXXXX", option[64], text[8] = "";
    int fd = mkstemp(path), code;
    cr_assert_eq(write(fd, "older", 5), 5);
    snprintf(option, sizeof(option), "--json=%s", path);
    struct live *server = live_run(&code, "server", option, "--sysctl", "net.core.nosuch=1", NULL);
    cr_assert_eq(code, 77);
    cr_assert_eq(pread(fd, text, sizeof(text), 0), 5);
    cr_assert_str_eq(text, "older");
    unlink(path);
    close(fd);
    live_free(server);
}

/* What is closed must not become a socket or a file that gets the messages. */
Test(server, closed_standard_descriptors_do_no_harm)
{
    cr_assert_eq(
        live_number("f=$(mktemp); %s/server/tcplab-server -d 50ms --json=$f <&- >&- 2>&-; grep -c "
                    "'^  \"event\": \"report\"' $f; head -c1 $f | grep -vc '{' ; rm $f",
                    TEST_BUILD),
        1);
}

Test(server, one_signal_restores_though_the_reader_is_stuck)
{
    int ends[2];
    live_output = full_pipe(ends);
    struct live *server = live_start("server", "--sysctl", "net.ipv4.tcp_fin_timeout=7", "--jsonl",
                                     "-i", "1ms", NULL);
    live_until(7, "grep -q '^1 0x1 ' /proc/%d/syscall && cat /proc/sys/net/ipv4/tcp_fin_timeout",
               (int)server->pid);
    kill(server->pid, SIGINT);
    live_until(60, "cat /proc/sys/net/ipv4/tcp_fin_timeout");
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    char block[4096];
    while (read(ends[0], block, sizeof(block)) > 0)
        ;
    cr_assert_eq(live_wait(server), 1, "the documents were not all written");
    live_free(server);
}

#define QUEUED "ss -Hltn 'sport = :8888' | awk '{n += $2} END {print n + 0}'"

/* 12 connections wait for ever, or for very long, in one queue or two; SIGUSR1 lets all of them
 * in. */
static void check_usr1_ends(const char *delay, const char *threads)
{
    int code;
    struct live *server =
        live_start_ready("server", "-b", "12", "-a", delay, "-t", threads, "-J", NULL);
    struct live *client = live_start_ready("client", "-c", "12", "--hold", "300s", NULL);
    live_until(12, QUEUED);
    kill(server->pid, SIGUSR1);
    live_until(12, "ss -Htnp state established 'sport = :8888' | grep -c pid=%d,",
               (int)server->pid);
    cr_assert_eq(live_number(QUEUED), 0);
    kill(server->pid, SIGUSR1); /* one more changes nothing */
    struct live *later =
        live_run(&code, "client", "-w", "crr", "-c", "4", "-n", "100", "-d", "60s", "-J", NULL);
    cr_assert_eq(live_integer(later->report, "replies", NULL), 100, "eager from then on");
    cr_assert_eq(live_stop(client, SIGINT), 0);
    cr_assert_eq(live_stop(server, SIGINT), 0, "it still ends by a signal");
    cr_assert_eq(row(server, "accepted"), 112);
    cr_assert_eq(live_integer(server->report, "listener", "queue_now", NULL), 0);
    double ended = json_number_value(json_object_get(server->report, "accept_delay_ended_s"));
    cr_assert(ended > 0 && ended < json_number_value(json_object_get(server->report, "elapsed_s")),
              "%.3f", ended);
    const char *told = strstr(server->err_text, "accepting from now on (SIGUSR1)");
    cr_assert_not_null(told);
    cr_assert_null(strstr(told + 1, "accepting from now on"), "said once");
    live_free(later);
    live_free(client);
    live_free(server);
}

/* 500 a second for 1 s, and nobody accepts from 0.5 to 0.9 s: 200 of them need a place. */
Test(server, a_stall_fills_the_queue)
{
    static const char *const backlogs[] = {"1000", "99"};
    for (int i = 0; i < 2; i++) {
        int code;
        struct live *server =
            live_start_ready("server", "--stall", "400ms,1s", "-b", backlogs[i], "-J", NULL);
        struct live *client = live_run(&code, "client", "-w", "hold", "-c", "500", "-r", "500",
                                       "-d", "1s", "-J", NULL);
        cr_assert_eq(code, 0, "%s", client->err_text);
        live_stop(server, SIGINT);
        int64_t peak = live_integer(server->report, "listener", "queue_peak", NULL),
                drops = live_integer(server->report, "listener", "drops", NULL);
        if (i) {
            cr_expect_eq(peak, 100);
            cr_expect_geq(drops, 50, "%lld", (long long)drops);
        } else {
            cr_expect_geq(peak, 150, "%lld", (long long)peak);
            cr_expect_eq(drops, 0);
        }
        live_free(client);
        live_free(server);
    }
}

Test(server, usr1_ends_never)
{
    check_usr1_ends("never", "1");
    check_usr1_ends("never", "2");
}

Test(server, usr1_ends_a_long_delay)
{
    check_usr1_ends("1h", "1");
    check_usr1_ends("1h", "2");
}

Test(server, usr1_without_a_delay_changes_nothing)
{
    int code;
    struct live *server = live_start_ready("server", "-J", NULL);
    kill(server->pid, SIGUSR1);
    struct live *client = live_run(&code, "client", "-w", "crr", "-n", "50", "-J", NULL);
    cr_assert_eq(live_integer(client->report, "replies", NULL), 50);
    cr_assert_eq(live_stop(server, SIGINT), 0);
    cr_assert(json_is_null(json_object_get(server->report, "accept_delay_ended_s")));
    cr_assert_null(strstr(server->err_text, "SIGUSR1"));
    live_free(client);
    live_free(server);
}

/* Before it serves, the server waits for a reader of its report file: a pipe. After serving it
 * waits until that has read. Neither time SIGUSR1 does any harm, and the first is not lost. */
Test(server, usr1_is_remembered_until_it_serves_and_harmless_afterwards)
{
    char path[] = "/tmp/tcplab-test-XXXXXX", option[64], block[4096];
    int ends[2];
    close(mkstemp(path));
    unlink(path);
    cr_assert_eq(mkfifo(path, 0600), 0);
    snprintf(option, sizeof(option), "--json=%s", path);
    live_output = full_pipe(ends);
    struct live *server = live_start("server", "-b", "4", "-a", "never", option, NULL);
    live_until(1, "ss -Hltn 'sport = :8888' | wc -l");
    struct live *client = live_start_ready("client", "-c", "5", "--hold", "300s", NULL);
    live_until(5, QUEUED);
    kill(server->pid, SIGUSR1);
    int reader = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    live_until(5, "ss -Htnp state established 'sport = :8888' | grep -c pid=%d,", (int)server->pid);
    cr_assert_eq(live_number(QUEUED), 0);
    kill(server->pid, SIGINT);
    live_until(0, "ss -Hltn 'sport = :8888' | wc -l");
    kill(server->pid, SIGUSR1); /* the text goes to a pipe that is full */
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    while (read(ends[0], block, sizeof(block)) > 0)
        ;
    cr_assert_eq(live_wait(server), 0, "%s", server->err_text);
    json_t *report = json_loadfd(reader, 0, NULL);
    cr_assert_eq(live_integer(report, "connections", "accepted", NULL), 5);
    cr_assert_eq(live_stop(client, SIGINT), 0);
    json_decref(report);
    close(reader);
    unlink(path);
    live_free(client);
    live_free(server);
}
