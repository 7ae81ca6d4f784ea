/* The two programs together: what issue one of any reader is, "how many connections does the queue
 * hold?", and what becomes of the others. Every figure is compared with ss, nstat or the other
 * end. */
#include "tests/lib/live.h"

#include <criterion/criterion.h>
#include <math.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

TestSuite(pair, .init = live_setup, .timeout = LIVE_TIMEOUT_S);

static void check_rows(const json_t *report)
{
    static const char *const rows[] = {"established", "refused", "reset", "timed_out",
                                       "unreachable", "no_port", "no_fd", "pending"};
    int64_t sum = 0;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        sum += live_integer(report, "connections", rows[i], NULL);
    cr_assert_eq(sum, live_integer(report, "connections", "attempted", NULL),
                 "the rows do not add up");
}

static int64_t sum_of_rungs(const json_t *report)
{
    int64_t sum = 0;
    size_t i;
    json_t *rung;
    json_array_foreach(json_object_get(report, "connect_rungs"), i, rung) sum +=
        live_integer(rung, "count", NULL);
    return sum;
}

static void check_full_queue(const char *host)
{
    char target[64];
    int code;
    struct live *server = live_start_ready("server", "--listen", host, "--port", "0", "--backlog",
                                           "4", "--accept-delay", "never", "--json", NULL);
    int port = live_port(server);
    snprintf(target, sizeof(target), strchr(host, ':') ? "[%s]:%d" : "%s:%d", host, port);
    struct live *client =
        live_run(&code, "client", "-c", "10000", "-T", "1s", "--json", target, NULL);
    cr_assert_eq(code, 0, "%s", client->err_text);
    cr_assert_eq(live_integer(client->report, "connections", "established", NULL), 5);
    cr_assert_eq(live_integer(client->report, "connections", "timed_out", NULL), 9995);
    cr_assert_eq(live_integer(client->report, "states_before_close", "ESTABLISHED", NULL), 5);
    check_rows(client->report);
    if (!live_sanitized)
        cr_assert_lt(client->usage.ru_maxrss, 32 * 1024, "client used %ld kB",
                     client->usage.ru_maxrss);

    int64_t recv_q = live_number("ss -Hltn 'sport = :%d' | awk '{print $2}'", port);
    int64_t send_q = live_number("ss -Hltn 'sport = :%d' | awk '{print $3}'", port);
    int64_t drops = live_number("ss -Hltnm 'sport = :%d' | grep -o 'd[0-9]*)' | tr -dc 0-9", port);
    int64_t overflows = live_nstat("TcpExtListenOverflows");
    cr_assert_eq(live_stop(server, SIGINT), 0);
    cr_assert_eq(live_integer(server->report, "listener", "queue_peak", NULL), 5);
    cr_assert_eq(live_integer(server->report, "listener", "queue_now", NULL), recv_q);
    cr_assert_eq(live_integer(server->report, "listener", "queue_limit", NULL), send_q);
    cr_assert_eq(live_integer(server->report, "listener", "queue_capacity", NULL), 5);
    cr_assert_eq(live_integer(server->report, "listener", "drops", NULL), drops);
    cr_assert_eq(send_q, 4);
    cr_assert_geq(overflows, 9995);
    cr_assert_eq(live_integer(server->report, "counters", "TcpExt.ListenOverflows", NULL),
                 overflows);
    cr_assert_eq(live_integer(server->report, "connections", "accepted", NULL), 0);
    cr_assert_eq(live_integer(server->report, "peers", host, NULL), 5);
    live_free(client);
    live_free(server);
}

Test(pair, a_queue_of_five_holds_five_of_ten_thousand)
{
    check_full_queue("127.0.0.1");
}

Test(pair, the_same_over_ipv6)
{
    check_full_queue("::1");
}

Test(pair, a_slow_server_is_felt_in_rungs)
{
    int code;
    struct live *server = live_start_ready("server", "-b", "4", "-a", "200ms", "--json", NULL);
    struct live *client =
        live_run(&code, "client", "-c", "30", "-T", "20s", "--hold", "500ms", "--json", NULL);
    cr_assert_eq(code, 0);
    /* A request whose client has gone may still become a connection: its SYN-ACK, and the FIN of a
     * ghost, are sent again. */
    live_until(0, "ss -Htan state syn-recv state fin-wait-1 | wc -l");
    int64_t passive = live_nstat("TcpPassiveOpens");
    cr_assert_eq(live_stop(server, SIGINT), 0);
    cr_assert_eq(live_integer(client->report, "connections", "established", NULL), 30);
    cr_assert_eq(sum_of_rungs(client->report), 30);
    /* The queue held no more than five; a client that was slow to send its 30 SYNs found a place
     * that was free again. */
    int64_t at_once = live_integer(
        json_array_get(json_object_get(client->report, "connect_rungs"), 0), "count", NULL);
    cr_assert(at_once >= 5 && at_once <= 10, "%lld", (long long)at_once);
    check_rows(client->report);
    /* Who was told "established" and is not there is a ghost: at most what reached the queue is
     * accepted or waiting.
     */
    int64_t accepted = live_integer(server->report, "connections", "accepted", NULL);
    cr_assert_eq(accepted + live_integer(server->report, "listener", "queue_now", NULL), passive);
    /* A segment with a valid cookie that comes after its connection has gone makes another
     * (tcp_v4_cookie_check()). */
    cr_assert_leq(passive, 30 + live_nstat("TcpExtSyncookiesRecv"));
    /* One each 200 ms, the first after 200 ms: never more than the time allows. A SYN that is sent
     * again late makes the end of the run wait with an empty queue. */
    double elapsed = json_number_value(json_object_get(server->report, "elapsed_s"));
    cr_assert_leq((double)accepted, elapsed / 0.2);
    cr_assert_geq((double)accepted, fmin(elapsed / 0.2 / 2, 15));
    live_free(client);
    live_free(server);
}

Test(pair, both_texts_let_the_reader_see_the_ghosts)
{
    int code;
    struct live *server = live_start_ready("server", "-b", "4", "-a", "200ms", NULL);
    struct live *client = live_run(&code, "client", "-c", "30", "-T", "20s", NULL);
    int64_t cookies = live_nstat("TcpExtSyncookiesSent"), passive = live_nstat("TcpPassiveOpens");
    cr_assert_eq(live_stop(server, SIGINT), 0);
    cr_assert(strstr(server->out_text,
                     "The queue holds min(backlog, somaxconn) + 1 = min(4, 4096) + 1 = 5"));
    cr_assert_eq(strstr(server->out_text, "ghost") != NULL, cookies > 0);
    cr_assert_eq(strstr(client->out_text, "Tcp.PassiveOpens): the last ACK") != NULL, passive < 30);
    live_free(client);
    live_free(server);
}

static void check_crr(const char *threads)
{
    int code;
    struct live *server = live_start_ready("server", "-t", threads, "--json", NULL);
    struct live *client = live_run(&code, "client", "-w", "crr", "-t", threads, "-c", "16", "-d",
                                   "2s", "--json", NULL);
    cr_assert_eq(code, 0);
    int64_t passive = live_nstat("TcpPassiveOpens"), active = live_nstat("TcpActiveOpens");
    cr_assert_eq(live_stop(server, SIGINT), 0);
    int64_t established = live_integer(client->report, "connections", "established", NULL);
    cr_assert_gt(established, 100);
    cr_assert_eq(established, live_integer(client->report, "connections", "attempted", NULL));
    cr_assert_eq(json_object_size(json_object_get(client->report, "errors")), 0);
    cr_assert_eq(live_integer(client->report, "requests", NULL), established);
    cr_assert_eq(live_integer(client->report, "replies", NULL), established);
    cr_assert_eq(established, active);
    cr_assert_eq(live_integer(server->report, "connections", "accepted", NULL), passive);
    cr_assert_eq(established, passive);
    cr_assert_eq(live_integer(server->report, "connections", "closed_by_peer", NULL), established);
    cr_assert_eq(live_integer(server->report, "bytes_received", NULL), 64 * established);
    cr_assert_eq(live_integer(server->report, "bytes_sent", NULL), 64 * established);
    cr_assert_eq(live_integer(client->report, "bytes_received", NULL), 64 * established);
    double here = json_number_value(
        json_object_get(json_object_get(client->report, "rates"), "connects_per_s"));
    double there = json_number_value(
        json_object_get(json_object_get(server->report, "rates"), "accepts_per_s"));
    cr_assert_float_eq(here / there, 1, 0.03, "%.0f connects a second, %.0f accepts", here, there);
    live_free(client);
    live_free(server);
}

Test(pair, crr_loses_nothing)
{
    check_crr("1");
}

Test(pair, crr_loses_nothing_with_two_threads)
{
    check_crr("2");
}

Test(pair, fin_wait_2_lasts_tcp_fin_timeout_and_close_wait_for_ever)
{
    int code;
    struct live *server = live_start_ready("server", "--on-eof", "hold", "--sysctl",
                                           "net.ipv4.tcp_fin_timeout=5", "--json", NULL);
    cr_assert_eq(live_number("cat /proc/sys/net/ipv4/tcp_fin_timeout"), 5);
    struct live *client = live_run(&code, "client", "-c", "20", "--json", NULL);
    cr_assert_eq(code, 0);
    cr_assert_eq(live_integer(client->report, "states", "FIN_WAIT_2", NULL), 20);
    /* ss names the time that is left: none has more than 5 s; the last is gone within the timer's
     * lateness, 256 ms at 250 Hz, of that; the rest is for ss on a busy machine. */
    int64_t ms = live_until(0, "ss -Htan state fin-wait-2 'dport = :8888' | wc -l");
    cr_assert_geq(ms, 4500);
    cr_assert_leq(ms, 9000);
    cr_assert_eq(live_number("ss -Htan state time-wait | wc -l"), 0);
    live_until(20, "ss -Htan state close-wait 'sport = :8888' | wc -l");
    cr_assert_eq(live_stop(server, SIGINT), 0);
    cr_assert_eq(live_integer(server->report, "states", "CLOSE_WAIT", NULL), 20);
    cr_assert_eq(live_number("cat /proc/sys/net/ipv4/tcp_fin_timeout"), 60);
    const json_t *change = json_array_get(json_object_get(server->report, "sysctls"), 0);
    cr_assert_str_eq(json_string_value(json_object_get(change, "before")), "60");
    cr_assert_str_eq(json_string_value(json_object_get(change, "set")), "5");
    cr_assert(json_is_true(json_object_get(change, "restored")));
    live_free(client);
    live_free(server);
}

/* --- CPUs --- */

static int64_t cpu_ticks(const struct live *p)
{
    return live_number("awk '{print $14 + $15}' /proc/%d/stat", (int)p->pid);
}

static double polling(const struct live *p)
{
    return json_number_value(json_object_get(json_object_get(p->report, "cpu"), "polling"));
}

/* A tick is 10 ms. The flood shows that the ticks count. */
Test(pair, idle_servers_and_paced_clients_do_not_poll)
{
    int code;
    struct live *server = live_start_ready("server", "-J", NULL);
    struct live *paced =
        live_run(&code, "client", "-w", "crr", "-r", "100", "-d", "1s", "-J", NULL);
    cr_assert_eq(code, 0);
    cr_assert_float_eq(polling(paced), 0, 1e-9);
    int64_t quiet = cpu_ticks(server);
    struct live *flood = live_run(&code, "client", "-w", "crr", "-d", "1s", "-J", NULL);
    cr_assert_eq(code, 0);
    int64_t busy = cpu_ticks(server) - quiet;
    cr_assert_geq(busy, 2 * quiet, "%lld ticks, in the flood %lld", (long long)quiet,
                  (long long)busy);
    cr_assert_eq(live_stop(server, SIGINT), 0);
    live_free(paced);
    live_free(flood);
    live_free(server);
}

/* One connection that waits for its echo, each end on a CPU of its own. Beside other programs it
 * may not pay: then once more. */
Test(pair, ends_with_a_cpu_each_poll_and_say_so)
{
    int code;
    double server_polled = 0, client_polled = 0;
    if (live_number("nproc") < 2)
        cr_skip_test("one CPU");
    for (int i = 0; i < 50 && (server_polled <= 0 || client_polled <= 0); i++) {
        struct live *server = live_start_ready("server", "--poll", "500us", "-J", NULL);
        struct live *client = live_run(&code, "client", "-w", "echo", "-c", "1", "-d", "300ms",
                                       "--poll", "500us", "-J", NULL);
        cr_assert_eq(code, 0);
        cr_assert_eq(live_stop(server, SIGINT), 0);
        server_polled = fmax(server_polled, polling(server));
        client_polled = fmax(client_polled, polling(client));
        live_free(client);
        live_free(server);
    }
    cr_assert_gt(server_polled, 0);
    cr_assert_gt(client_polled, 0);
    struct live *server = live_start_ready("server", "--poll", "0", "-J", NULL);
    struct live *client = live_run(&code, "client", "-w", "echo", "-c", "1", "-d", "300ms",
                                   "--poll", "0", "-J", NULL);
    cr_assert_eq(live_stop(server, SIGINT), 0);
    cr_assert_float_eq(polling(server) + polling(client), 0, 1e-9);
    live_free(client);
    live_free(server);
}

/* On how many different sets of CPUs the threads of a process may run. */
static int64_t places(const struct live *program)
{
    return live_number("grep -h Cpus_allowed_list /proc/%d/task/*/status | sort -u | wc -l",
                       (int)program->pid);
}

static void check_places(const char *threads, int64_t expected)
{
    struct live *server = live_start_ready("server", "-t", threads, NULL);
    struct live *client =
        live_start_ready("client", "-c", "100", "-t", threads, "--hold", "300s", NULL);
    live_until(100, "ss -Htn state established 'dport = :8888' | wc -l");
    cr_assert_eq(places(server), expected, "server, -t %s", threads);
    cr_assert_eq(places(client), expected, "client, -t %s", threads);
    cr_assert_eq(live_stop(client, SIGINT), 0);
    cr_assert_eq(live_stop(server, SIGINT), 0);
    live_free(client);
    live_free(server);
}

/* There each poll finds the other end's answer, but only because it gave the CPU away. */
Test(pair, ends_that_share_a_cpu_do_not_poll)
{
    int code, cpu = 0;
    cpu_set_t all, one;
    cr_assert_eq(sched_getaffinity(0, sizeof(all), &all), 0);
    while (!CPU_ISSET(cpu, &all))
        cpu++;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    cr_assert_eq(sched_setaffinity(0, sizeof(one), &one), 0);
    struct live *server = live_start_ready("server", "--poll", "500us", "-J", NULL);
    struct live *client = live_run(&code, "client", "-w", "echo", "-c", "1", "-d", "1s", "--poll",
                                   "500us", "-J", NULL);
    cr_assert_eq(code, 0);
    cr_assert_eq(live_stop(server, SIGINT), 0);
    cr_assert_lt(polling(server), 0.1);
    cr_assert_lt(polling(client), 0.1);
    live_free(client);
    live_free(server);
}

/* On loopback, with a thread for each CPU, each has its own; with more or fewer all run
 * wherever. */
Test(pair, threads_stay_on_cpus_of_their_own)
{
    char threads[16];
    int64_t cpus = live_number("nproc");
    if (cpus < 2 || cpus > 90)
        cr_skip_test("%lld CPUs", (long long)cpus);
    snprintf(threads, sizeof(threads), "%d", (int)cpus);
    check_places(threads, cpus);
    snprintf(threads, sizeof(threads), "%d", (int)cpus + 1);
    check_places(threads, 1);
    check_places("1", 1);
}
