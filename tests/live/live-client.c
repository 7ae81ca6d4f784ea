/* tcplab-client: every way for an attempt to end, and every option, against the kernel's own
 * word. */
#include "common/process/clock.h"
#include "tests/lib/live.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

TestSuite(client, .init = live_setup, .timeout = LIVE_TIMEOUT_S);

static int64_t row(const struct live *client, const char *key)
{
    return live_integer(client->report, "connections", key, NULL);
}

static const char *const rows[] = {"established", "refused", "reset", "timed_out",
                                   "unreachable", "no_port", "no_fd", "pending"};

/* All attempts stand in one row, and in no other. */
static void check_all_in(const struct live *client, const char *name, int64_t count)
{
    cr_assert_eq(row(client, "attempted"), count);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        cr_assert_eq(row(client, rows[i]), strcmp(rows[i], name) ? 0 : count, "%s is %lld", rows[i],
                     (long long)row(client, rows[i]));
}

static double number(const json_t *document, const char *outer, const char *inner)
{
    return json_number_value(json_object_get(json_object_get(document, outer), inner));
}

static const char *text(const json_t *entry, const char *key)
{
    return json_string_value(json_object_get(entry, key));
}

/* The limits' names, "cpu schedule"; "" where the client was none. */
static const char *limits(const struct live *client)
{
    static char names[200];
    size_t i;
    json_t *limit;
    cr_assert(json_is_array(json_object_get(client->report, "limits")), "%s", client->err_text);
    names[0] = '\0';
    json_array_foreach(json_object_get(client->report, "limits"), i, limit)
        snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s%s", i ? " " : "",
                 text(limit, "limit"));
    return names;
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

/* --- names and addresses --- */

#define DEBIANS_HOSTS "127.0.0.1 localhost\n::1 localhost ip6-localhost\n"

Test(client, the_family_of_a_source_decides_which_address_of_a_name_is_taken)
{
    static const char *const sources[] = {"127.0.0.1", "::1"};
    live_replace_file("/etc/hosts", DEBIANS_HOSTS);
    for (int i = 0; i < 2; i++) {
        int code;
        const char *source = sources[i];
        struct live *server = live_start_ready("server", "-l", source, "-J", NULL);
        struct live *client =
            live_run(&code, "client", "-c", "2", "--source", source, "-J", "localhost", NULL);
        cr_assert_eq(code, 0, "%s", client->err_text);
        check_all_in(client, "established", 2);
        cr_assert_eq(strncmp(text(client->report, "target"), i ? "[::1]" : "127.0.0.1", i ? 5 : 9),
                     0);
        cr_assert_null(strstr(client->err_text, "addresses:"), "there was no choice: %s",
                       client->err_text);
        live_stop(server, SIGINT);
        cr_assert_eq(live_integer(server->report, "connections", "accepted", NULL), 2);
        live_free(client);
        live_free(server);
    }
}

Test(client, of_several_addresses_it_says_which_was_taken)
{
    int code;
    live_replace_file("/etc/hosts", DEBIANS_HOSTS "::1 localhost\n192.0.2.1 far\n");
    struct live *server = live_start_ready("server", "-l", "127.0.0.1", NULL);
    struct live *client = live_run(&code, "client", "-c", "2", "-J", "localhost", NULL);
    cr_assert_eq(code, 0);
    check_all_in(client, "refused", 2);
    cr_assert(strstr(client->err_text,
                     "localhost has 2 addresses: all connections go to ::1, none to 127.0.0.1"),
              "%s", client->err_text);
    live_stop(server, SIGINT);
    live_free(client);
    client = live_run(&code, "client", "--source", "::1", "far", NULL);
    cr_assert_eq(code, 2);
    cr_assert(
        strstr(client->err_text, "--source ::1 is of another family than far; give an IPv4 source"),
        "%s", client->err_text);
    live_free(client);
    live_free(server);
}

/* A name server that takes the question and never answers. */
static int deaf_name_server(void)
{
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_port = htons(53), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    live_replace_file("/etc/resolv.conf", "nameserver 127.0.0.1\noptions timeout:30 attempts:5\n");
    live_replace_file("/etc/nsswitch.conf", "hosts: dns\n");
    cr_assert_eq(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    return fd;
}

static void await_question(int fd)
{
    char question[512];
    struct pollfd asked = {fd, POLLIN, 0};
    cr_assert_eq(poll(&asked, 1, 20000), 1, "nobody asks for the name");
    while (recv(fd, question, sizeof(question), MSG_DONTWAIT) > 0)
        ;
}

Test(client, a_signal_ends_the_search_for_a_name)
{
    int fd = deaf_name_server();
    for (int server = 0; server < 2; server++) {
        struct live *p = server ? live_start("server", "-l", "slow.example", NULL)
                                : live_start("client", "slow.example", NULL);
        await_question(fd);
        int64_t began_ns = clock_now_ns();
        cr_assert_eq(live_stop(p, SIGINT), 128 + SIGINT);
        cr_assert_lt(clock_now_ns() - began_ns, 10 * NS_PER_S);
        cr_assert_str_eq(p->out_text, "");
        live_free(p);
    }
    close(fd);
}

Test(client, a_link_local_address_needs_its_interface)
{
    static const struct {
        const char *arguments[3];
        int code;
        const char *says;
    } cases[] = {
        {{"fe80::1"}, 2, "fe80::1 is a link-local address and means nothing without its interface"},
        {{"--source", "fe80::1", "fe80::1%lo"}, 1, "such as fe80::1%eth0"},
        {{"--source", "fe80::1%nosuch", "fe80::1%lo"}, 1, "there is no interface nosuch"},
        {{"--source", "fe80::1%lo", "fe80::1%lo"}, 0, ""},
        {{"--source", "fe80::1%1", "fe80::1%lo"}, 0, ""},
        {{"--source", "fe80::1%lo", "fe80::1"}, 0, ""},
    };
    live_shell("ip addr add fe80::1/64 dev lo nodad");
    struct live *server = live_start_ready("server", "-l", "fe80::1%lo", NULL);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        const char *const *a = cases[i].arguments;
        int code;
        struct live *client = live_run(&code, "client", "-c", "3", "-J", a[0], a[1], a[2], NULL);
        cr_expect_eq(code, cases[i].code, "case %zu: %s", i, client->err_text);
        cr_expect(strstr(client->err_text, cases[i].says), "case %zu: %s", i, client->err_text);
        if (!code)
            check_all_in(client, "established", 3);
        live_free(client);
    }
    live_stop(server, SIGINT);
    live_free(server);
}

Test(client, an_ipv6_address_that_may_have_been_meant_with_a_port)
{
    int code;
    struct live *client = live_run(&code, "client", "-c", "1", "-J", "2001:db8::1:8888", NULL);
    cr_assert_eq(code, 0);
    cr_assert_str_eq(text(client->report, "target"), "[2001:db8::1:8888]:8888");
    cr_assert(strstr(client->err_text, "2001:db8::1:8888 is read as an address without a port"));
    live_free(client);
    client = live_run(&code, "client", "-c", "1", "-J", "[2001:db8::1:8888]", NULL);
    cr_assert_str_eq(client->err_text, "");
    live_free(client);
}

Test(client, unreachable)
{
    int code;
    /* no route in here */
    struct live *client = live_run(&code, "client", "-c", "4", "-J", "192.0.2.1:80", NULL);
    cr_assert_eq(code, 0);
    check_all_in(client, "unreachable", 4);
    cr_assert_eq(live_integer(client->report, "errors", "ENETUNREACH", NULL), 4);
    live_free(client);
}

static const char *error_text(const char *target, const char *source, const char *errno_name,
                              int64_t count)
{
    static char *text;
    int code;
    char n[16];
    snprintf(n, sizeof(n), "%lld", (long long)count);
    struct live *client = live_run(&code, "client", "-c", n, "--json=/dev/stderr", target,
                                   source ? "--source" : NULL, source, NULL);
    cr_assert_eq(code, 0, "%s", client->err_text);
    const char *document = strchr(client->err_text, '{');
    client->report = json_loads(document ? document : "", 0, NULL);
    check_all_in(client, "unreachable", count);
    cr_assert_eq(live_integer(client->report, "errors", errno_name, NULL), count);
    cr_assert_str_eq(limits(client), "");
    free(text);
    text = strdup(client->out_text);
    live_free(client);
    return text;
}

/* Whether the report says these words, wherever its lines are broken. */
static bool says(const char *report, const char *words)
{
    char *flat = strdup(report), *to = flat;
    for (const char *c = report; *c; c++)
        if (*c != '\n' && !(*c == ' ' && to > flat && to[-1] == ' '))
            *to++ = *c;
        else if (*c == '\n')
            *to++ = ' ';
    *to = '\0';
    bool found = strstr(flat, words);
    free(flat);
    return found;
}

Test(client, each_error_of_connect_has_its_own_sentence)
{
    static const struct {
        const char *target, *source, *name, *words;
    } cases[] = {
        {"192.0.2.1", NULL, "ENETUNREACH", "ENETUNREACH: 3. No route leads to that address"},
        {"2001:db8::1", NULL, "ENETUNREACH", "ENETUNREACH: 3. No route leads to that address"},
        {"198.51.100.1", NULL, "EINVAL", "route of type blackhole"},
        {"198.51.100.129", NULL, "EHOSTUNREACH", "Nobody answers for that address"},
        {"198.51.100.193", NULL, "EACCES", "The route is one of type prohibit"},
        {"2001:db8:1::1", NULL, "EINVAL", "route of type blackhole"},
        {"10.9.0.2", "127.0.0.1", "EINVAL", "a source in 127.0.0.0/8 reaches no other machine"},
    };
    live_shell(
        "ip route add blackhole 198.51.100.0/25; ip route add unreachable 198.51.100.128/26;ip "
        "route add prohibit 198.51.100.192/26; ip route add blackhole 2001:db8:1::/64;ip link add "
        "v0 type veth peer name v1; ip link set v0 up; ip addr add 10.9.0.1/24 dev v0");
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        const char *text = error_text(cases[i].target, cases[i].source, cases[i].name, 3);
        cr_expect(says(text, cases[i].words), "%s: %s", cases[i].target, text);
    }
    live_shell("echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6");
    const char *text = error_text("::1", NULL, "EADDRNOTAVAIL", 3);
    cr_expect(
        says(text, "EADDRNOTAVAIL: 3. This machine has no address from which to connect there"),
        "%s", text);
}

/* --- socket options --- */

/* The value that the kernel has for a socket of another process that is connected to this port; -1:
 * no such socket. */
static int option_of(pid_t pid, int port, int level, int option)
{
    int value = -1, process = (int)syscall(SYS_pidfd_open, pid, 0);
    for (int i = 3; i < 64 && value < 0; i++) {
        struct sockaddr_in peer = {0};
        socklen_t length = sizeof(peer);
        int fd = (int)syscall(SYS_pidfd_getfd, process, i, 0);
        if (fd >= 0 && !getpeername(fd, (struct sockaddr *)&peer, &length) &&
            ntohs(peer.sin_port) == port) {
            length = sizeof(value);
            getsockopt(fd, level, option, &value, &length);
        }
        if (fd >= 0)
            close(fd);
    }
    close(process);
    return value;
}

Test(client, socket_options_are_set_on_each_connection_and_read_back)
{
    static const struct {
        const char *name;
        int level, option, value;
    } expected[] = {{"SO_KEEPALIVE", SOL_SOCKET, SO_KEEPALIVE, 1},
                    {"TCP_KEEPIDLE", IPPROTO_TCP, TCP_KEEPIDLE, 30},
                    {"TCP_KEEPINTVL", IPPROTO_TCP, TCP_KEEPINTVL, 7},
                    {"TCP_KEEPCNT", IPPROTO_TCP, TCP_KEEPCNT, 4},
                    {"TCP_USER_TIMEOUT", IPPROTO_TCP, TCP_USER_TIMEOUT, 9000}};
    struct live *server = live_start_ready("server", NULL);
    struct live *client = live_start_ready("client", "--keepalive", "30s,7s,4", "--user-timeout",
                                           "9s", "-c", "2", "--hold", "60s", "-J", NULL);
    live_until(2, "ss -Htno state established 'dport = :8888' | grep -c "
                  "'timer:(keepalive,\\(2[0-9]\\|30\\)'");
    for (size_t i = 0; i < 5; i++)
        cr_expect_eq(option_of(client->pid, 8888, expected[i].level, expected[i].option),
                     expected[i].value, "%s", expected[i].name);
    cr_assert_eq(live_stop(client, SIGINT), 0);
    const json_t *options = json_object_get(client->report, "socket_options");
    cr_assert_eq(json_array_size(options), 5);
    for (size_t i = 0; i < 5; i++) {
        const json_t *option = json_array_get(options, i);
        cr_assert_str_eq(text(option, "option"), expected[i].name);
        cr_assert_eq(live_integer(option, "asked", NULL), expected[i].value);
        cr_assert_eq(live_integer(option, "effective", NULL), expected[i].value, "%s",
                     expected[i].name);
    }
    live_stop(server, SIGINT);
    live_free(client);
    live_free(server);
}

/* The loopback interface goes down: from then on nobody answers the probes. 1 s, then two probes, 1
 * s apart. */
Test(client, keepalive_gives_up_on_a_dead_peer)
{
    struct live *server = live_start_ready("server", NULL);
    struct live *client = live_start_ready("client", "--keepalive", "1s,1s,2", "-c", "3", "--hold",
                                           "60s", "-d", "20s", NULL);
    live_until(3, "ss -Htn state established 'dport = :8888' | wc -l");
    live_shell("ip link set lo down");
    live_until(0, "ss -Htn state established 'dport = :8888' | wc -l");
    cr_assert_eq(live_stop(client, SIGINT), 0);
    cr_assert(says(client->out_text, "given up 3 of the timed out"), "%s", client->out_text);
    cr_assert(
        says(client->out_text, "3 connections were established, then the peer answered no more"),
        "%s", client->out_text);
    cr_assert_not(says(client->out_text, "attempts got no answer in time"), "they were answered");
    live_stop(server, SIGINT);
    live_free(client);
    live_free(server);
}

/* --- closing before the reply --- */

static int listen_on(uint16_t port)
{
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_eq(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    cr_assert_eq(listen(fd, 16), 0);
    return fd;
}

/* A server that answers only when the request has ended with a FIN, in two halves. */
Test(client, close_early_ends_the_request_and_reads_the_reply_to_the_end)
{
    char bytes[200];
    int listener = listen_on(8888), code;
    struct live *client = live_start_ready("client", "-w", "crr", "--close", "early", "-c", "1",
                                           "-n", "2", "-s", "100", "-d", "20s", "-J", NULL);
    for (int i = 0; i < 2; i++) {
        int fd = accept(listener, NULL, NULL);
        cr_assert_eq(recv(fd, bytes, 100, MSG_WAITALL), 100);
        cr_assert_eq(recv(fd, bytes, 1, 0), 0, "the FIN follows the request");
        live_until(1, "ss -Htn state fin-wait-2 'dport = :8888' | wc -l");
        cr_assert_eq(send(fd, bytes, 40, 0), 40);
        cr_assert_eq(send(fd, bytes, 60, 0), 60);
        live_until(1, "ss -Htnp state fin-wait-2 'dport = :8888' | awk '$1 == 0' | grep -c pid=%d,",
                   (int)client->pid);
        close(fd);
    }
    code = live_wait(client);
    cr_assert_eq(code, 0, "%s", client->err_text);
    check_all_in(client, "established", 2);
    cr_assert_eq(live_integer(client->report, "requests", NULL), 2);
    cr_assert_eq(live_integer(client->report, "replies", NULL), 2);
    cr_assert_eq(live_integer(client->report, "bytes_received", NULL), 200);
    cr_assert_eq(live_integer(client->report, "closed_by_peer", NULL), 0);
    cr_assert_eq(live_integer(client->report, "states", "TIME_WAIT", NULL), 2);
    close(listener);
    live_free(client);
}

Test(client, close_early_against_our_own_server)
{
    int code;
    struct live *server = live_start_ready("server", "-J", NULL);
    struct live *client = live_run(&code, "client", "-w", "crr", "--close", "early", "-c", "8",
                                   "-n", "500", "-s", "300k", "-d", "30s", "-J", NULL);
    cr_assert_eq(code, 0);
    check_all_in(client, "established", 500);
    cr_assert_eq(live_integer(client->report, "replies", NULL), 500);
    cr_assert_eq(live_integer(client->report, "bytes_received", NULL), 500 * 300 * 1024);
    cr_assert_eq(live_stop(server, SIGINT), 0);
    cr_assert_eq(live_integer(server->report, "connections", "closed_by_peer", NULL), 500);
    live_free(client);
    live_free(server);
}

Test(client, timed_out_by_the_option_and_by_the_kernel)
{
    int code;
    live_shell("echo 1 > /proc/sys/net/ipv4/tcp_syn_retries");
    struct live *server = live_start_ready("server", "-b", "0", "-a", "never", NULL);
    struct live *filler = live_start_ready("client", "-c", "1", "--hold", "300s", NULL);
    live_until(1, "ss -Hltn 'sport = :8888' | awk '{print $2}'");
    struct live *client = live_run(&code, "client", "-c", "3", "-T", "300ms", "-J", NULL);
    check_all_in(client, "timed_out", 3);
    live_free(client);
    client = live_run(&code, "client", "-c", "3", "-T", "300s", "-J", NULL);
    check_all_in(client, "timed_out", 3);
    /* tcp_syn_retries 1: the kernel gives up at 3 s. */
    double elapsed = json_number_value(json_object_get(client->report, "elapsed_s"));
    cr_assert(elapsed >= 3 && elapsed < 6.5, "%.2f s", elapsed);
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
    struct live *client = live_run(&code, "client", "-c", "9", "--source", "127.0.0.1", NULL);
    cr_assert_eq(code, 77);
    cr_assert(strstr(client->err_text, "need as many local ports, and there are 8"), "%s",
              client->err_text);
    cr_assert(strstr(client->err_text, "such as --source 127.0.0.0/24"), "%s", client->err_text);
    cr_assert_eq(live_nstat("TcpActiveOpens"), 0);
    live_free(client);
    for (int i = 0; i < 2; i++) {
        client = live_run(&code, "client", "-c", "9", i ? "192.0.2.1" : "::1", NULL);
        cr_assert_eq(code, 77);
        cr_assert_null(strstr(client->err_text, "127.0.0.0/24"), "of no use for that target: %s",
                       client->err_text);
        cr_assert(strstr(client->err_text, "from more addresses of this machine"), "%s",
                  client->err_text);
        live_free(client);
    }
    client = live_run(&code, "client", "-c", "9", "--source", "127.0.0.1", "--source", "127.0.0.2",
                      "-J", NULL);
    cr_assert_eq(code, 0, "%s", client->err_text);
    live_free(client);
}

Test(client, no_port_at_run_time)
{
    int code;
    live_shell("echo 40000 40009 > /proc/sys/net/ipv4/ip_local_port_range");
    struct live *server = live_start_ready("server", NULL);
    struct live *first = live_start_ready("client", "-c", "7", "--hold", "300s", NULL);
    live_until(7, "ss -Htn state established 'dport = :8888' | wc -l");
    struct live *client = live_run(&code, "client", "-c", "8", "-J", NULL);
    cr_assert_eq(code, 0);
    cr_assert_eq(row(client, "established"), 3);
    cr_assert_eq(row(client, "no_port"), 5);
    cr_assert_str_eq(limits(client), "ports");
    live_stop(first, SIGINT);
    live_stop(server, SIGINT);
    live_free(client);
    live_free(first);
    live_free(server);
}

Test(client, no_descriptor_or_memory_is_told_before_the_first_syn)
{
    int code;
    live_descriptors = 100;
    struct live *client =
        live_run(&code, "client", "-c", "3", "-n", "400", "--close", "half", NULL);
    cr_assert_eq(code, 77);
    cr_assert(
        strstr(client->err_text, "400 connections need 428 descriptors; a file table holds 100"),
        "%s", client->err_text);
    live_free(client);
    client = live_run(&code, "client", "-c", "99999999", NULL);
    cr_assert_eq(code, 77);
    cr_assert(strstr(client->err_text, "99999999 connections need 100000027 descriptors") ||
                  strstr(client->err_text, "99999999 connections need 429153 MiB of memory"),
              "%s", client->err_text);
    cr_assert_eq(live_nstat("TcpActiveOpens"), 0);
    live_free(client);
}

Test(client, no_descriptor_at_run_time_does_not_spin)
{
    int code;
    struct live *server = live_start_ready("server", NULL);
    live_descriptors = 100;
    struct live *client = live_run(&code, "client", "-w", "cc", "-c", "4", "--close", "none", "-d",
                                   "500ms", "-J", NULL);
    cr_assert_eq(code, 0);
    int64_t established = row(client, "established"), no_fd = row(client, "no_fd");
    cr_assert(established > 70 && established < 100, "%lld established", (long long)established);
    double most = json_number_value(json_object_get(client->report, "elapsed_s")) / 0.01 + 10;
    cr_assert(no_fd > 1 && (double)no_fd < most, "%lld times without a descriptor: one each 10 ms",
              (long long)no_fd);
    cr_assert_str_eq(limits(client), "descriptors");
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
    /* A server that gets no CPU does not answer the FIN in the time in which the client looks. */
    const json_t *states = json_object_get(client->report, "states");
    cr_assert_eq(json_integer_value(json_object_get(states, "TIME_WAIT")) +
                     json_integer_value(json_object_get(states, "FIN_WAIT_2")),
                 9);
    live_until(9, "ss -Htan state time-wait 'dport = :8888' | wc -l");
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
    live_until_accepted(0);
    live_stop(server, SIGINT);
    cr_assert_eq(live_integer(server->report, "connections", "reset_by_peer", NULL), 9);
    live_free(client);
    live_free(server);
}

Test(client, close_half_keeps_the_descriptor_until_the_end)
{
    struct live *server = live_start_ready("server", "--on-eof", "hold", NULL);
    struct live *client =
        live_start_ready("client", "-c", "9", "--close", "half", "-d", "300s", "-J", NULL);
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
    struct live *client = live_run(&code, "client", "-w", "echo", "-c", "10", "-s", "200k",
                                   "--percentiles", "90", "-d", "700ms", "-J", NULL);
    live_until_accepted(0);
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

/* Ten connections, three requests each, of 2 s in steps of 200 ms. */
Test(client, requests_on_a_schedule_begin_when_all_is_open)
{
    int code;
    struct live *server = live_start_ready("server", "--accept-delay", "20ms", "-J", NULL);
    struct live *client = live_run(&code, "client", "-w", "echo", "-c", "10", "--every", "500ms",
                                   "-d", "1.5s", "-s", "7", "-J", NULL);
    check_all_in(client, "established", 10);
    cr_assert_eq(live_integer(client->report, "requests", NULL), 30);
    cr_assert_eq(live_integer(client->report, "replies", NULL), 30);
    cr_assert_eq(live_integer(client->report, "bytes_received", NULL), 210);
    cr_assert_eq(live_integer(client->report, "skipped_requests", NULL), 0);
    double rate = number(client->report, "rates", "requests_per_s");
    /* 30 in 1.5 s; the opening does not count */
    cr_assert(rate > 15 && rate <= 20, "%f a second", rate);
    live_stop(server, SIGINT);
    cr_assert_eq(live_integer(server->report, "bytes_received", NULL), 210);
    live_free(client);
    live_free(server);
}

/* A server that never reads: the second and third request of each connection are sent while the
 * first has no answer. */
Test(client, requests_on_a_schedule_that_get_no_answer_are_sent)
{
    int code;
    struct live *server = live_start_ready("server", "--on-data", "ignore", "-J", NULL);
    struct live *client = live_run(&code, "client", "-w", "echo", "-c", "10", "--every", "100ms",
                                   "-d", "300ms", "-t", "2", "-J", NULL);
    live_stop(server, SIGINT);
    cr_assert_eq(live_integer(client->report, "requests", NULL), 30);
    cr_assert_eq(live_integer(client->report, "replies", NULL), 0);
    cr_assert_eq(live_integer(client->report, "skipped_requests", NULL), 0);
    live_free(client);
    live_free(server);
}

static void check_reuse(const char *workload, int64_t requests)
{
    int code;
    struct live *server = live_start_ready("server", "-J", NULL);
    struct live *client = live_run(&code, "client", "-w", workload, "--close", "rst", "--reuse",
                                   "-c", "80", "-n", "1000", "-t", "2", "-J", NULL);
    check_all_in(client, "established", 1000);
    cr_assert_eq(live_integer(client->report, "replies", NULL), requests);
    cr_assert_eq(live_nstat("TcpActiveOpens"), 1000);
    cr_assert_eq(live_nstat("TcpOutRsts"), 1000);
    cr_assert_eq(live_nstat("TcpExtTW"), 0);
    cr_assert_lt(live_nstat("TcpExtTCPAbortOnData"), 500); /* the end of most was not close() */
    live_until_accepted(0);
    live_stop(server, SIGINT);
    cr_assert_eq(live_integer(server->report, "connections", "reset_by_peer", NULL), 1000);
    live_free(client);
    live_free(server);
}

Test(client, crr_with_the_same_sockets_again)
{
    check_reuse("crr", 1000);
}

Test(client, cc_with_the_same_sockets_again)
{
    check_reuse("cc", 0);
}

Test(client, cc_connects_and_closes)
{
    int code;
    struct live *server = live_start_ready("server", "-J", NULL);
    struct live *client = live_run(&code, "client", "-w", "cc", "-c", "8", "-n", "500", "-J", NULL);
    check_all_in(client, "established", 500);
    cr_assert_eq(live_nstat("TcpActiveOpens"), 500);
    live_until_accepted(0);
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
    struct live *client =
        live_run(&code, "client", "-c", "10", "-n", "35", "--hold", "100ms", "-J", NULL);
    check_all_in(client, "established", 35);
    double elapsed = json_number_value(json_object_get(client->report, "elapsed_s"));
    cr_assert(elapsed >= 0.4 && elapsed < 3, "four waves of 100 ms, not 35, took %.2f s", elapsed);
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
    struct live *client = live_run(&code, "client", "-c", "500", "-r", "1000", "-t", "2", "--close",
                                   "rst", "-J", NULL);
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

/* One slot, held for 200 ms each time: the later starts cannot be on time, and their latency counts
 * from where they were due, 10 and 20 ms after the first. */
Test(client, latency_counts_from_the_intended_start)
{
    int code;
    struct live *server = live_start_ready("server", NULL);
    struct live *client =
        live_run(&code, "client", "-c", "1", "-n", "3", "-r", "100", "--hold", "200ms", "-J", NULL);
    cr_assert_eq(code, 0);
    check_all_in(client, "established", 3);
    /* a busy machine has the first late, too */
    cr_assert_geq(live_integer(client->report, "late_starts", NULL), 2);
    cr_assert_eq(live_integer(client->report, "start_lateness_us", "count", NULL), 3);
    double lateness_us = number(client->report, "start_lateness_us", "max");
    cr_assert(lateness_us >= 380000 && lateness_us < 2e6, "%.0f us", lateness_us);
    /* a busy machine adds its own */
    cr_assert(strstr(limits(client), "connections"), "%s", limits(client));
    double max_us = number(client->report, "connect_latency_us", "max");
    cr_assert(max_us >= 380000 && max_us < 2e6, "%.0f us", max_us);
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
    struct live *server = live_start_ready("server", NULL),
                *other = live_start_ready("server", "-p", "8889", NULL);
    struct live *first = live_start_ready("client", "-c", "2", "--source", "127.0.1.1", "--hold",
                                          "300s", "127.0.0.1:8888", NULL);
    live_until(2, "ss -Htn state established 'dport = :8888' | wc -l");
    struct live *client =
        live_run(&code, "client", "-c", "2", "--source", "127.0.1.1", "-J", "127.0.0.1:8889", NULL);
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
    snprintf(text, sizeof(text), "%.3f", (double)at.tv_sec + (double)at.tv_nsec / 1e9 + 2);
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
    struct live *client = live_start_ready("client", "-c", "50", "-T", "300s", "-J", NULL);
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
    struct live *client =
        live_run(&code, "client", "-c", "200", "--percentiles", "25,99.99", "-t", "2", "-J", NULL);
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
    struct live *client = live_run(&code, "client", "-w", "crr", "-c", "4", "-d", "1s", "--jsonl",
                                   "-i", "50ms", NULL);
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
        struct live *client = live_run(&code, "client", "-t", "16", "-c", "64", "-w",
                                       i % 2 ? "cc" : "hold", "-d", "1ms", "-J", NULL);
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
    struct live *client = live_run(&code, "client", "-w", "crr", "-c", "2", "-n", "6", "-s", "32M",
                                   "-d", "60s", "-J", NULL);
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
    struct live *client =
        live_run(&code, "client", "-w", "cc", "-r", "20", "-d", "500ms", "-J", NULL);
    cr_assert_eq(code, 0);
    cr_assert_eq(row(client, "attempted"), 10);
    cr_assert_eq(live_integer(client->report, "missed_starts", NULL), 0);
    live_free(client);
    client =
        live_run(&code, "client", "-w", "crr", "-c", "2", "-r", "20", "-d", "500ms", "-J", NULL);
    cr_assert_eq(row(client, "attempted"), 2, "two slots, and nobody answers");
    cr_assert_eq(live_integer(client->report, "missed_starts", NULL), 8);
    /* a busy machine adds its own */
    cr_assert(strstr(limits(client), "connections"), "%s", limits(client));
    live_stop(server, SIGINT);
    live_free(client);
    live_free(server);
}

Test(client, kept_descriptors_do_not_keep_the_run)
{
    int code;
    struct live *server = live_start_ready("server", NULL);
    struct live *client =
        live_run(&code, "client", "-w", "cc", "-n", "50", "--close", "none", "-J", NULL);
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
    /* a run of more than a second would get ports back */
    live_shell("echo 0 > /proc/sys/net/ipv4/tcp_tw_reuse");
    struct live *server = live_start_ready("server", NULL);
    struct live *client = live_run(&code, "client", "-w", "cc", "-c", "4", "-n", "90", NULL);
    cr_assert_eq(code, 0);
    /* Those that still wait for the server's FIN when the client looks are none yet: on a busy
     * machine a good many. */
    const char *said =
        strstr(client->out_text, " of the 100 local ports for this destination are in TIME_WAIT");
    cr_assert(said && said - client->out_text > 2, "%s", client->out_text);
    int in_time_wait = atoi(said - 2);
    cr_assert(in_time_wait >= 50 && in_time_wait <= 90, "%d: %s", in_time_wait, client->out_text);
    cr_assert_not(says(client->out_text, "tcp_tw_reuse=1"), "%s", client->out_text);
    live_stop(server, SIGINT);
    live_free(client);
    live_free(server);
}

static void put_on_first_cpu(void)
{
    cpu_set_t all, one;
    cr_assert_eq(sched_getaffinity(0, sizeof(all), &all), 0);
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, &all)) {
            CPU_ZERO(&one);
            CPU_SET(cpu, &one);
            break;
        }
    cr_assert_eq(sched_setaffinity(0, sizeof(one), &one), 0);
}

/* A process that keeps this one's CPUs busy, for 60 s at most. */
static pid_t start_busy_loop(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (alarm(60);;)
            ;
    }
    return pid;
}

/* Each attempt is refused at once, so the client always has the next one to make: as fast as its
 * CPU allows. On a busy machine the kernel may put the refusal off until another thread has run,
 * and the client waits: then once more. */
Test(client, a_client_that_is_the_limit_says_so)
{
    int code;
    struct live *client = NULL;
    for (int i = 0; i < 20 && (!client || !*limits(client)); i++) {
        live_free(client);
        client = live_run(&code, "client", "-w", "cc", "-c", "4", "-d", "300ms", "-J",
                          "127.0.0.1:9", NULL);
    }
    cr_assert_str_eq(limits(client), "cpu");
    cr_assert_geq(number(client->report, "cpu", "busy"), 0.95);
    live_free(client);
    client = live_run(&code, "client", "-w", "cc", "-r", "10M", "-d", "300ms", "127.0.0.1:9", NULL);
    cr_assert(strstr(client->out_text, "\nWhat limited this run\n"), "%s", client->out_text);
    cr_assert(strstr(client->out_text,
                     "\n  The schedule of --rate was not kept, because this client was too"),
              "%s", client->out_text);
    live_free(client);
}

Test(client, a_client_without_a_cpu_says_so)
{
    int code;
    pid_t busy[3];
    put_on_first_cpu();
    for (int i = 0; i < 3; i++)
        busy[i] = start_busy_loop();
    struct live *client = NULL;
    for (int i = 0; i < 20 && (!client || !*limits(client)); i++) { /* as above */
        live_free(client);
        client =
            live_run(&code, "client", "-w", "cc", "-c", "4", "-d", "1s", "-J", "127.0.0.1:9", NULL);
    }
    for (int i = 0; i < 3; i++) {
        kill(busy[i], SIGKILL);
        waitpid(busy[i], NULL, 0);
    }
    const json_t *limit = json_array_get(json_object_get(client->report, "limits"), 0);
    cr_assert_str_eq(limits(client), "cpu");
    cr_assert(strstr(text(limit, "sentence"), "There was no CPU for this client"), "%s",
              text(limit, "sentence"));
    cr_assert_gt(number(client->report, "cpu", "waiting"), 0.2);
    live_free(client);
}

/* 200 connections a second are nothing for a client, and it says nothing. */
Test(client, a_server_that_is_the_limit_leaves_limits_empty)
{
    int code;
    struct live *server = live_start_ready("server", "--accept-delay", "5ms", NULL);
    struct live *client =
        live_run(&code, "client", "-w", "crr", "-c", "4", "-d", "500ms", "-J", NULL);
    cr_assert_eq(code, 0);
    cr_assert_str_eq(limits(client), "");
    cr_assert_null(json_object_get(client->report, "start_lateness_us"), "there was no schedule");
    live_free(client);
    client = live_run(&code, "client", "-w", "crr", "-c", "4", "-d", "500ms", NULL);
    cr_assert_null(strstr(client->out_text, "What limited"), "%s", client->out_text);
    live_stop(server, SIGINT);
    live_free(client);
    live_free(server);
}

static void tally(json_t *counts, const char *key)
{
    if (key)
        json_object_set_new(counts, key,
                            json_integer(1 + json_integer_value(json_object_get(counts, key))));
}

static bool is_null(const json_t *entry, const char *key)
{
    cr_assert_not_null(json_object_get(entry, key), "no %s", key);
    return json_is_null(json_object_get(entry, key));
}

/* What can be said of any entry. `after_us`: when the one before it was started. */
static void check_entry(const json_t *entry, int64_t after_us)
{
    const char *outcome = text(entry, "outcome");
    int64_t started_us = live_integer(entry, "started_us", NULL), established_us = started_us;
    cr_assert_geq(started_us, after_us);
    cr_assert_eq(json_object_size(entry), 8);
    cr_assert_eq(is_null(entry, "established_us"), is_null(entry, "retransmits"));
    if (!is_null(entry, "established_us"))
        established_us = live_integer(entry, "established_us", NULL);
    cr_assert_geq(established_us, started_us);
    if (!is_null(entry, "ended_us"))
        cr_assert_geq(live_integer(entry, "ended_us", NULL), established_us);
    cr_assert_eq(is_null(entry, "errno"),
                 !strcmp(outcome, "established") || !strcmp(outcome, "pending"));
    cr_assert(!json_is_true(json_object_get(entry, "closed_by_peer")) ||
              !strcmp(outcome, "established"));
    cr_assert(!is_null(entry, "local") || !strcmp(outcome, "no_port") ||
              !strcmp(outcome, "no_fd") || !strcmp(outcome, "unreachable"));
}

/* The log, counted, is what the rest of the report says. */
static const json_t *check_log(const struct live *client)
{
    const json_t *log = json_object_get(client->report, "connection_log");
    json_t *outcomes = json_object(), *errors = json_object(), *rungs = json_object(), *entry;
    int64_t closed_by_peer = 0, before_us = 0;
    size_t i;
    cr_assert(json_is_false(json_object_get(client->report, "connection_log_truncated")));
    cr_assert_eq((int64_t)json_array_size(log), row(client, "attempted"));
    json_array_foreach((json_t *)log, i, entry)
    {
        char rung[32];
        check_entry(entry, before_us);
        before_us = live_integer(entry, "started_us", NULL);
        tally(outcomes, text(entry, "outcome"));
        tally(errors, text(entry, "errno"));
        closed_by_peer += json_is_true(json_object_get(entry, "closed_by_peer"));
        snprintf(rung, sizeof(rung), "%lld",
                 (long long)json_integer_value(json_object_get(entry, "retransmits")));
        tally(rungs, is_null(entry, "retransmits") ? NULL : rung);
    }
    for (i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        cr_assert_eq(json_integer_value(json_object_get(outcomes, rows[i])), row(client, rows[i]),
                     "%s", rows[i]);
    cr_assert(json_equal(errors, json_object_get(client->report, "errors")));
    cr_assert_eq(closed_by_peer, live_integer(client->report, "closed_by_peer", NULL));
    json_array_foreach(json_object_get(client->report, "connect_rungs"), i, entry)
    {
        char rung[32];
        snprintf(rung, sizeof(rung), "%lld", (long long)live_integer(entry, "retransmits", NULL));
        cr_assert_eq(json_integer_value(json_object_get(rungs, rung)),
                     live_integer(entry, "count", NULL));
    }
    cr_assert_eq(i, json_object_size(rungs));
    json_decref(outcomes);
    json_decref(errors);
    json_decref(rungs);
    return log;
}

#define LOGGED "--log-connections", "-J"

static void check_log_all_in(struct live *client, const char *name, int64_t count)
{
    check_all_in(client, name, count);
    check_log(client);
    live_free(client);
}

Test(client, log_without_a_connection)
{
    int code;
    check_log_all_in(live_run(&code, "client", "-c", "7", LOGGED, "127.0.0.1:9", NULL), "refused",
                     7);
    check_log_all_in(live_run(&code, "client", "-c", "7", "-t", "2", LOGGED, "192.0.2.1:80", NULL),
                     "unreachable", 7);
}

Test(client, log_of_a_full_queue)
{
    int code;
    struct live *server = live_start_ready("server", "-b", "4", "-a", "never", NULL);
    struct live *client = live_run(&code, "client", "-c", "30", "-T", "300ms", LOGGED, NULL);
    cr_assert_eq(row(client, "established"), 5);
    cr_assert_eq(row(client, "timed_out"), 25);
    check_log(client);
    live_free(client);
    client = live_start_ready("client", "-c", "30", "-T", "300s", LOGGED, NULL);
    live_until(30, "ss -Htan state syn-sent | wc -l");
    live_stop(client, SIGINT);
    check_log_all_in(client, "pending", 30);
    live_stop(server, SIGINT);
    live_free(server);
}

Test(client, log_of_what_waited_for_room)
{
    int code, waited = 0;
    size_t i;
    json_t *entry;
    struct live *server = live_start_ready("server", "-b", "2", "-a", "200ms", NULL);
    struct live *client = live_run(&code, "client", "-c", "8", "-T", "20s", LOGGED, NULL);
    check_all_in(client, "established", 8);
    json_array_foreach((json_t *)check_log(client), i, entry)
    {
        int64_t took_us =
            live_integer(entry, "established_us", NULL) - live_integer(entry, "started_us", NULL);
        cr_assert_geq(took_us, live_integer(entry, "retransmits", NULL) * 1000000);
        waited += took_us > 900000;
    }
    cr_assert_geq(waited, 4, "the queue has room for three");
    live_stop(server, SIGINT);
    live_free(client);
    live_free(server);
}

Test(client, log_without_ports_or_descriptors)
{
    int code;
    live_shell("echo 40000 40009 > /proc/sys/net/ipv4/ip_local_port_range");
    struct live *server = live_start_ready("server", NULL);
    struct live *first = live_start_ready("client", "-c", "7", "--hold", "300s", NULL);
    live_until(7, "ss -Htn state established 'dport = :8888' | wc -l");
    struct live *client = live_run(&code, "client", "-c", "8", "-t", "2", LOGGED, NULL);
    cr_assert_eq(row(client, "established"), 3);
    cr_assert_eq(row(client, "no_port"), 5);
    check_log(client);
    live_stop(first, SIGINT);
    live_free(first);
    live_free(client);
    live_shell("echo 30000 39999 > /proc/sys/net/ipv4/ip_local_port_range");
    live_descriptors = 100;
    client = live_run(&code, "client", "-w", "cc", "-c", "4", "--close", "none", "-d", "300ms",
                      LOGGED, NULL);
    cr_assert_gt(row(client, "no_fd"), 1);
    check_log(client);
    live_stop(server, SIGINT);
    live_free(client);
    live_free(server);
}

/* The server ends what it has accepted while the client waits for its answer. */
static struct live *run_against_a_closing_server(const char *how)
{
    int code;
    struct live *server = live_start_ready("server", "--on-data", "discard", "--close-after",
                                           "30ms", "--close-how", how, NULL);
    struct live *client = live_run(&code, "client", "-w", "crr", "-c", "16", "-n", "100", "-t", "4",
                                   "-d", "60s", LOGGED, NULL);
    cr_assert_eq(code, 0, "%s", client->err_text);
    live_stop(server, SIGINT);
    live_free(server);
    return client;
}

Test(client, log_of_resets)
{
    struct live *client = run_against_a_closing_server("rst");
    const json_t *entry = json_array_get(json_object_get(client->report, "connection_log"), 50);
    cr_assert(!is_null(entry, "established_us"), "a handshake was done before the reset");
    cr_assert_str_eq(text(entry, "errno"), "ECONNRESET");
    check_log_all_in(client, "reset", 100);
}

Test(client, log_of_closing_peers)
{
    struct live *client = run_against_a_closing_server("fin");
    cr_assert_eq(live_integer(client->report, "closed_by_peer", NULL), 100);
    check_log_all_in(client, "established", 100);
}

Test(client, log_of_many_short_connections_in_threads)
{
    int code;
    struct live *server = live_start_ready("server", NULL);
    struct live *client =
        live_run(&code, "client", "-w", "crr", "-c", "16", "-t", "4", "-d", "300ms", LOGGED, NULL);
    check_log(client);
    live_free(client);
    check_log_all_in(live_run(&code, "client", "-n", "2", "-c", "8", "-t", "4", LOGGED, NULL),
                     "established", 2);
    live_stop(server, SIGINT);
    live_free(server);
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The addresses of this end, sorted, as one text. */
static const char *sorted_locals(const json_t *log)
{
    static char all[1000];
    const char *locals[20];
    size_t n = json_array_size(log), length = 0;
    cr_assert_leq(n, 20);
    for (size_t i = 0; i < n; i++)
        locals[i] = text(json_array_get(log, i), "local");
    qsort(locals, n, sizeof(*locals), compare_texts);
    for (size_t i = 0; i < n; i++)
        length += (size_t)snprintf(all + length, sizeof(all) - length, "%s\n", locals[i]);
    return all;
}

static void check_log_against_ss(const char *listen, const char *target)
{
    struct live *server = live_start_ready("server", "-l", listen, NULL);
    struct live *client =
        live_start_ready("client", "-c", "9", "-t", "3", "--hold", "300s", LOGGED, target, NULL);
    live_until(9, "ss -Htanp state established 'dport = :8888' | grep -c pid=%d,",
               (int)client->pid);
    char *expected = strdup(
        live_shell("ss -Htanp 'dport = :8888' | grep pid=%d, | awk '{print $4}' | LC_ALL=C sort",
                   (int)client->pid));
    live_stop(client, SIGINT);
    cr_assert_str_eq(sorted_locals(check_log(client)), expected);
    live_stop(server, SIGINT);
    free(expected);
    live_free(client);
    live_free(server);
}

Test(client, log_has_the_addresses_that_ss_shows)
{
    check_log_against_ss("127.0.0.1", "127.0.0.1:8888");
    check_log_against_ss("::1", "[::1]:8888");
}

/* When this side ended them: with fin and half after the hold, with none not at all. */
Test(client, log_of_the_end)
{
    static const char *const how[] = {"fin", "rst", "half", "none"};
    int code;
    size_t i;
    json_t *entry;
    struct live *server = live_start_ready("server", NULL);
    for (int h = 0; h < 4; h++) {
        struct live *client = live_run(&code, "client", "-c", "5", "--hold", "100ms", "--close",
                                       how[h], LOGGED, NULL);
        json_array_foreach((json_t *)check_log(client), i, entry)
        {
            cr_assert_eq(is_null(entry, "ended_us"), h == 3, "%s", how[h]);
            if (h != 3)
                cr_assert_geq(live_integer(entry, "ended_us", NULL),
                              live_integer(entry, "established_us", NULL) + 100000);
        }
        check_log_all_in(client, "established", 5);
    }
    live_stop(server, SIGINT);
    live_free(server);
}

Test(client, log_needs_a_document)
{
    int code;
    struct live *client = live_run(&code, "client", "--log-connections", "127.0.0.1:9", NULL);
    cr_assert_eq(code, 2);
    cr_assert(strstr(client->err_text, "add --json or --jsonl"), "%s", client->err_text);
    live_free(client);
    client = live_run(&code, "client", "-J", "127.0.0.1:9", NULL);
    cr_assert_null(json_object_get(client->report, "connection_log"));
    live_free(client);
    client = live_run(&code, "client", "--log-connections", "--jsonl", "127.0.0.1:9", NULL);
    cr_assert(strstr(client->out_text, "\"connection_log\":"));
    live_free(client);
}
