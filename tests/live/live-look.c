/* tcplab-look beside what ss, nstat and a server's own log say: each finding brought about, and for
 * each a near miss that must not be found. */
#include "common/process/clock.h"
#include "tests/lib/live.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <math.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

TestSuite(look, .init = live_setup, .timeout = LIVE_TIMEOUT_S);

static struct live *look(int *ret_code, const char *duration)
{
    struct live *l = live_run(ret_code, "look", "--for", duration, "--json", NULL);
    cr_assert_not_null(l->report, "exit %d: %s", *ret_code, l->err_text);
    return l;
}

/* A look that has read its first figures: it waits for the next time in poll(). */
static struct live *start_looking(const char *duration)
{
    struct live *l = live_start("look", "--for", duration, "--json", NULL);
    live_until(1, "grep -c ^poll_ /proc/%d/wchan 2>/dev/null", (int)l->pid);
    return l;
}

static const json_t *finding(const struct live *l, const char *code)
{
    size_t i;
    json_t *f;
    json_array_foreach(json_object_get(l->report, "findings"), i, f)
    {
        if (!strcmp(json_string_value(json_object_get(f, "code")), code))
            return f;
    }
    return NULL;
}

/* Exactly these codes, each once at least; up to NULL. */
static void check_findings(const char *what, int wanted_exit, ...)
{
    int code;
    size_t i, n = 0;
    json_t *f;
    va_list codes;
    struct live *l = look(&code, "600ms");
    char *said = json_dumps(json_object_get(l->report, "findings"), JSON_INDENT(1));
    va_start(codes, wanted_exit);
    for (const char *c; (c = va_arg(codes, const char *)); n++)
        cr_expect(finding(l, c), "%s: no %s in %s", what, c, said);
    va_end(codes);
    json_array_foreach(json_object_get(l->report, "findings"), i, f)
    {
        bool known = false;
        va_start(codes, wanted_exit);
        for (const char *c; (c = va_arg(codes, const char *));)
            known = known || !strcmp(c, json_string_value(json_object_get(f, "code")));
        va_end(codes);
        cr_expect(known, "%s: not wanted: %s", what, said);
    }
    cr_expect_eq(code, wanted_exit, "%s: exit %d: %s", what, code, said);
    free(said);
    live_free(l);
}

/* So many times it has rested. */
static void wait_for_looks(const struct live *l, int n)
{
    live_until(1, "awk '/^voluntary/ {print ($2 >= %d)}' /proc/%d/status", n, (int)l->pid);
}

static const json_t *listener(const struct live *l, int port)
{
    size_t i;
    json_t *at;
    json_array_foreach(json_object_get(l->report, "listeners"), i, at)
    {
        if (json_integer_value(json_object_get(at, "port")) == port)
            return at;
    }
    cr_assert_fail("no listener at port %d", port);
    return NULL;
}

static void check_queue(const char *host)
{
    char target[64];
    int code;
    struct live *server = live_start_ready("server", "-l", host, "-b", "7", "-a", "never", NULL);
    snprintf(target, sizeof(target), strchr(host, ':') ? "[%s]:8888" : "%s:8888", host);
    struct live *client = live_start("client", "-c", "20", "--hold", "100s", target, NULL);
    live_until(8, "ss -Hltn 'sport = :8888' | awk '{print $2}'");
    struct live *l = look(&code, "300ms");
    const json_t *at = listener(l, 8888);
    cr_assert_eq(live_integer(at, "queue", NULL),
                 live_number("ss -Hltn 'sport = :8888' | awk '{print $2}'"));
    cr_assert_eq(live_integer(at, "limit", NULL),
                 live_number("ss -Hltn 'sport = :8888' | awk '{print $3}'"));
    cr_assert_eq(live_integer(at, "pid", NULL), server->pid);
    cr_assert_str_eq(json_string_value(json_object_get(at, "program")), "tcplab-server");
    cr_assert_eq(live_integer(at, "waits_us", "count", NULL) % 8, 0);
    live_free(l);
    live_stop(client, SIGINT);
    live_stop(server, SIGINT);
    live_free(client);
    live_free(server);
}

Test(look, queue_and_limit_are_those_of_ss)
{
    check_queue("127.0.0.1");
    check_queue("::1");
}

/* --- sockets of the test's own --- */

static double unix_now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static struct sockaddr_in address_of(const char *host, int port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    inet_pton(AF_INET, host, &a.sin_addr);
    return a;
}

static int listen_at(const char *host, int port, int backlog)
{
    const struct sockaddr_in a = address_of(host, port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
    cr_assert_eq(bind(fd, (const struct sockaddr *)&a, sizeof(a)), 0);
    cr_assert_eq(listen(fd, backlog), 0);
    return fd;
}

static int connect_to(const char *host, int port, int flags)
{
    const struct sockaddr_in a = address_of(host, port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
    connect(fd, (const struct sockaddr *)&a, sizeof(a));
    return fd;
}

/* ms by which the oldest wait that a look saw is not the time since then. */
static double wait_error_ms(int port, double since_s)
{
    int code;
    struct live *l = look(&code, "100ms");
    double looked_s = json_number_value(json_object_get(l->report, "waits_at_unix_s")),
           oldest_s = (double)live_integer(listener(l, port), "oldest_wait_us", NULL) / 1e6;
    live_free(l);
    return 1e3 * fabs(oldest_s - (looked_s - since_s));
}

/* A look that another process held up while the kernel answered may be wrong by as much: one of
 * these must be right. */
static void check_wait(int port, double since_s)
{
    double least_ms = INFINITY;
    for (int i = 0; i < 5 && least_ms > 20; i++)
        least_ms = fmin(least_ms, wait_error_ms(port, since_s));
    cr_assert_leq(least_ms, 20);
}

/* What a server's log says: connect() returned when the connection entered the queue, accept()
 * returned when it left it. */
Test(look, the_oldest_wait_is_what_a_log_of_accept_says)
{
    int fd = listen_at("127.0.0.1", 7001, 100);
    connect_to("127.0.0.1", 7001, 0);
    double first_s = unix_now_s();
    check_wait(7001, first_s);
    connect_to("127.0.0.1", 7001, 0); /* a younger one changes nothing */
    double second_s = unix_now_s();
    check_wait(7001, first_s);
    cr_assert_geq(accept(fd, NULL, NULL), 0); /* the oldest leaves */
    cr_assert_gt(second_s - first_s, 0.1);
    check_wait(7001, second_s);
}

/* --- findings --- */

Test(look, who_accepts_nobody_is_found_with_a_full_queue_and_with_a_short_one)
{
    struct live *server = live_start_ready("server", "-b", "4", "-a", "never", NULL);
    struct live *client = live_start("client", "-c", "3", "--hold", "100s", NULL);
    live_until(3, "ss -Hltn 'sport = :8888' | awk '{print $2}'");
    check_findings("a short queue", 0, "stopped_accepting", NULL);
    struct live *more = live_start("client", "-c", "2", "--hold", "100s", NULL);
    live_until(5, "ss -Hltn 'sport = :8888' | awk '{print $2}'");
    check_findings("a full queue", 0, "stopped_accepting", NULL);
    kill(server->pid, SIGUSR1); /* accepts all */
    live_until_accepted(5);
    check_findings("it accepts again", 0, NULL);
    live_stop(client, SIGINT);
    live_stop(more, SIGINT);
    live_stop(server, SIGINT);
    live_free(more);
    live_free(client);
    live_free(server);
}

/* The connection that waits now came with the one that was accepted. */
Test(look, who_accepted_one_has_not_stopped)
{
    int fd = listen_at("127.0.0.1", 7001, 100);
    connect_to("127.0.0.1", 7001, 0);
    connect_to("127.0.0.1", 7001, 0);
    struct live *l = live_start("look", "--for", "1h", "--json", NULL);
    wait_for_looks(l, 30);
    cr_assert_geq(accept(fd, NULL, NULL), 0);
    cr_assert_eq(live_stop(l, SIGINT), 0);
    cr_assert_null(finding(l, "stopped_accepting"), "%s", l->out_text);
    cr_assert_eq(live_integer(listener(l, 7001), "queue", NULL), 1);
    live_free(l);
}

/* More than are asked for one by one. */
Test(look, of_many_that_accept_nobody_each_is_found)
{
    int code;
    for (int i = 0; i < 12; i++) {
        listen_at("127.0.0.1", 7001 + i, 1);
        connect_to("127.0.0.1", 7001 + i, 0);
        connect_to("127.0.0.1", 7001 + i, 0);
    }
    struct live *l = look(&code, "600ms");
    cr_assert_eq(json_array_size(json_object_get(l->report, "findings")), 12);
    for (int i = 0; i < 12; i++)
        cr_assert_gt(live_integer(listener(l, 7001 + i), "oldest_wait_us", NULL), 500000);
    check_findings("twelve", 0, "stopped_accepting", NULL);
    live_free(l);
}

Test(look, who_has_no_descriptors_left_is_told_apart)
{
    struct live *server = live_start_ready("server", "--max-descriptors", "30", NULL);
    struct live *client = live_start("client", "-c", "60", "--hold", "100s", NULL);
    live_until(1, "ss -Hltn 'sport = :8888' | awk '{print ($2 > 20)}'");
    check_findings("EMFILE", 0, "out_of_descriptors", NULL);
    live_stop(client, SIGINT);
    live_stop(server, SIGINT);
    live_free(client);
    live_free(server);
}

/* Few descriptors, and enough: it stands still for another reason. */
Test(look, who_has_some_descriptors_left_has_stopped)
{
    struct live *server =
        live_start_ready("server", "--max-descriptors", "30", "-a", "never", NULL);
    struct live *client = live_start("client", "-c", "25", "--hold", "100s", NULL);
    live_until(25, "ss -Hltn 'sport = :8888' | awk '{print $2}'");
    check_findings("-a never", 0, "stopped_accepting", NULL);
    live_stop(client, SIGINT);
    live_stop(server, SIGINT);
    live_free(client);
    live_free(server);
}

/* One each 20 ms is 50 a second. */
Test(look, who_accepts_too_slowly_is_found_with_its_rate)
{
    int code;
    struct live *server = live_start_ready("server", "-b", "10", "-a", "20ms", NULL);
    struct live *client =
        live_start("client", "-w", "cc", "-c", "5000", "-r", "300", "-d", "100s", NULL);
    live_until(11, "ss -Hltn 'sport = :8888' | awk '{print $2}'");
    struct live *l = look(&code, "2s");
    const json_t *f = finding(l, "accepts_too_slowly");
    cr_assert(f, "%s", json_dumps(json_object_get(l->report, "listeners"), 0));
    cr_assert_null(finding(l, "stopped_accepting"));
    cr_assert_null(finding(l, "bursts"));
    double rate =
        json_number_value(json_object_get(json_object_get(f, "figures"), "accepts_per_s"));
    cr_assert_float_eq(rate, 50, 15, "%f accepts a second", rate);
    cr_assert_eq(code, 3);
    live_free(l);
    live_stop(client, SIGINT);
    live_stop(server, SIGINT);
    live_free(client);
    live_free(server);
}

/* 50 a second come, 200 a second could be accepted. */
Test(look, who_accepts_in_time_is_not_slow)
{
    int code;
    struct live *server = live_start_ready("server", "-b", "100", "-a", "5ms", NULL);
    struct live *client =
        live_start("client", "-w", "cc", "-c", "5000", "-r", "50", "-d", "100s", NULL);
    live_until(1, "nstat -asz TcpPassiveOpens | awk '/^Tcp/ {print ($2 > 10)}'");
    struct live *l = look(&code, "2s");
    cr_assert_eq(json_array_size(json_object_get(l->report, "findings")), 0, "%s",
                 json_dumps(json_object_get(l->report, "findings"), 0));
    cr_assert_eq(code, 0);
    live_free(l);
    live_stop(client, SIGINT);
    live_stop(server, SIGINT);
    live_free(client);
    live_free(server);
}

/* A short stop of a server, in which so many clients come: its queue is empty nearly all the time.
 * somaxconn becomes that once it listens; NULL: it stays. */
static struct live *look_at_burst(int *ret_code, const char *backlog, const char *clients,
                                  const char *somaxconn)
{
    int code;
    struct live *server = live_start_ready("server", "-b", backlog, NULL);
    if (somaxconn)
        live_shell("echo %s >/proc/sys/net/core/somaxconn", somaxconn);
    struct live *l = start_looking("3s");
    live_freeze(server);
    struct live *client =
        live_run(&code, "client", "-c", clients, "-T", "200ms", "--hold", "500ms", NULL);
    kill(server->pid, SIGCONT); /* many looks have seen the queue meanwhile */
    *ret_code = live_wait(l);
    cr_assert_not_null(l->report, "%s", l->err_text);
    live_stop(server, SIGINT);
    live_free(client);
    live_free(server);
    return l;
}

Test(look, bursts_are_found_and_the_limit_is_the_programs_own)
{
    int code;
    struct live *l = look_at_burst(&code, "4", "20", NULL);
    const json_t *f = finding(l, "bursts"), *limit = finding(l, "own_backlog");
    cr_assert(f && limit);
    cr_assert_eq(json_array_size(json_object_get(l->report, "findings")), 2, "%s",
                 json_dumps(json_object_get(l->report, "findings"), 0));
    cr_assert(strstr(json_string_value(json_object_get(limit, "mend")), "--backlog N"));
    cr_assert_eq(live_integer(f, "figures", "drops_in_window", NULL),
                 live_nstat("TcpExtListenDrops"));
    cr_assert_eq(code, 3);
    live_free(l);
}

/* A queue above its limit, and nobody dropped. */
Test(look, a_burst_that_fits_is_none)
{
    int code;
    struct live *l = look_at_burst(&code, "4", "5", NULL);
    cr_assert_eq(live_integer(listener(l, 8888), "queue_peak", NULL), 5);
    cr_assert_eq(json_array_size(json_object_get(l->report, "findings")), 0, "%s",
                 json_dumps(json_object_get(l->report, "findings"), 0));
    cr_assert_eq(code, 0);
    live_free(l);
}

Test(look, a_limit_that_is_somaxconn_is_found)
{
    int code;
    live_shell("echo 4 >/proc/sys/net/core/somaxconn");
    struct live *l = look_at_burst(&code, "100", "20", NULL);
    cr_assert(finding(l, "bursts") && finding(l, "somaxconn_caps"));
    cr_assert_null(finding(l, "own_backlog"));
    live_free(l);
}

/* A listener does not notice a new somaxconn: smaller now, it caps nothing before a restart. */
Test(look, a_limit_above_somaxconn_is_not_capped_by_it)
{
    int code;
    struct live *l = look_at_burst(&code, "5", "20", "4");
    const json_t *limit = finding(l, "own_backlog");
    cr_assert(finding(l, "bursts") && limit);
    cr_assert_null(finding(l, "somaxconn_caps"));
    cr_assert(strstr(json_string_value(json_object_get(limit, "sentence")), "from before"));
    live_free(l);
}

Test(look, one_full_listener_of_two_is_found_and_two_full_ones_are_not)
{
    int roomy = listen_at("127.0.0.1", 7001, 1000);
    listen_at("127.0.0.1", 7001, 3);
    listen_at("127.0.0.2", 7001, 1000); /* another address: no member */
    for (int i = 0; i < 60; i++)
        connect_to("127.0.0.1", 7001, SOCK_NONBLOCK);
    live_until(2, "ss -Hltn 'sport = :7001' | awk '$2 {n++} END {print n + 0}'");
    int code;
    struct live *l = look(&code, "600ms");
    cr_assert(finding(l, "reuseport_skew"));
    live_free(l);
    cr_assert_eq(listen(roomy, 3), 0); /* now that one is above its limit as well */
    l = look(&code, "600ms");
    cr_assert_null(finding(l, "reuseport_skew"));
    live_free(l);
}

/* --- SYNs by hand --- */

static uint16_t checksum(const uint8_t *bytes, size_t n, uint32_t sum)
{
    for (size_t i = 0; i < n; i += 2)
        sum += (uint32_t)(bytes[i] << 8 | bytes[i + 1]);
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

/* SYNs to 127.0.0.1:port from ports 20000 and up of that address. */
static void send_syns(const char *from, int port, int n)
{
    int raw = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
    cr_assert_geq(raw, 0);
    const struct sockaddr_in to = address_of("127.0.0.1", 0);
    for (int i = 0; i < n; i++) {
        uint8_t p[40] = {0x45, [5] = 40, [8] = 64, [9] = 6};
        uint16_t source = (uint16_t)(20000 + i);
        inet_pton(AF_INET, from, p + 12);
        inet_pton(AF_INET, "127.0.0.1", p + 16);
        const uint8_t tcp[] = {(uint8_t)(source >> 8),
                               (uint8_t)source,
                               (uint8_t)(port >> 8),
                               (uint8_t)port,
                               0,
                               0,
                               0,
                               1,
                               0,
                               0,
                               0,
                               0,
                               0x50,
                               2,
                               0xff,
                               0xff};
        memcpy(p + 20, tcp, sizeof(tcp));
        uint16_t sum = checksum(p + 12, 28, 6 + 20); /* addresses, segment; protocol, length */
        p[36] = (uint8_t)(sum >> 8);
        p[37] = (uint8_t)sum;
        cr_assert_eq(sendto(raw, p, sizeof(p), 0, (const struct sockaddr *)&to, sizeof(to)), 40);
    }
    close(raw);
}

/* 198.51.100.0/24 is there, and answers nothing. */
static void make_silent_net(void)
{
    live_shell("ip route add 198.51.100.0/24 dev lo"); /* back in, and not forwarded */
}

static struct live *look_at_syns(int n, int *ret_code, const char *from)
{
    struct live *l = start_looking("700ms");
    send_syns(from, 7001, n);
    *ret_code = live_wait(l);
    cr_assert_not_null(l->report, "%s", l->err_text);
    return l;
}

Test(look, syns_without_a_place_in_the_syn_queue_are_no_overflow)
{
    int code;
    make_silent_net();
    live_shell("echo 0 >/proc/sys/net/ipv4/tcp_syncookies");
    listen_at("127.0.0.1", 7001, 8);
    struct live *l = look_at_syns(4, &code, "198.51.100.1");
    cr_assert_null(finding(l, "drops_without_overflow"));
    cr_assert_eq(live_integer(listener(l, 7001), "half_open", NULL),
                 live_number("ss -Htan state syn-recv | wc -l"));
    cr_assert_eq(code, 0);
    live_free(l);
    l = look_at_syns(40, &code, "198.51.100.2");
    cr_assert(finding(l, "drops_without_overflow"));
    cr_assert_null(finding(l, "bursts"));
    cr_assert_eq(code, 3);
    live_free(l);
}

Test(look, syn_cookies_are_found_and_a_syn_queue_with_room_is_not)
{
    int code;
    make_silent_net();
    listen_at("127.0.0.1", 7001, 8);
    struct live *l = look_at_syns(4, &code, "198.51.100.1");
    cr_assert_null(finding(l, "syn_cookies"));
    live_free(l);
    l = look_at_syns(40, &code, "198.51.100.2");
    const json_t *f = finding(l, "syn_cookies");
    cr_assert(f);
    cr_assert_eq(live_integer(f, "figures", "sent", NULL), live_nstat("TcpExtSyncookiesSent"));
    live_free(l);
}

/* The RST of a half-open scan counts in the listener's drops, and nobody was dropped. */
Test(look, a_half_open_scan_is_no_drop)
{
    int code;
    listen_at("127.0.0.1", 7001, 100);
    struct live *l = look_at_syns(50, &code, "127.0.0.1");
    cr_assert_eq(live_integer(listener(l, 7001), "drops_in_window", NULL), 50);
    cr_assert_eq(live_nstat("TcpExtListenDrops"), 0);
    cr_assert_eq(json_array_size(json_object_get(l->report, "findings")), 0);
    cr_assert_eq(code, 0);
    live_free(l);
}

/* --- what closes, and what opens --- */

Test(look, close_wait_that_stays_is_found_from_ten_on)
{
    int code;
    struct live *server = live_start_ready("server", "--on-eof", "hold", NULL);
    live_free(live_run(&code, "client", "-c", "9", NULL));
    live_until(9, "ss -Htan state close-wait | wc -l");
    check_findings("nine", 0, NULL);
    live_free(live_run(&code, "client", "-c", "1", NULL));
    live_until(10, "ss -Htan state close-wait | wc -l");
    check_findings("ten", 0, "close_wait_leak", NULL);
    live_stop(server, SIGINT);
    live_free(server);
}

/* Ten before the window and ten after it, and none of them all the time. */
Test(look, close_wait_that_does_not_stay_is_no_leak)
{
    int fd = listen_at("127.0.0.1", 7001, 100), code, first[10];
    for (int i = 0; i < 10; i++) {
        close(connect_to("127.0.0.1", 7001, 0));
        first[i] = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
    }
    live_until(10, "ss -Htan state close-wait | wc -l");
    struct live *l = start_looking("1h");
    for (int i = 0; i < 10; i++) {
        close(connect_to("127.0.0.1", 7001, 0));
        cr_assert_geq(accept4(fd, NULL, NULL, SOCK_CLOEXEC), 0);
        close(first[i]);
    }
    live_until(10, "ss -Htan state close-wait | wc -l");
    code = live_stop(l, SIGINT);
    cr_assert_not_null(l->report, "%s", l->err_text);
    cr_assert_eq(json_array_size(json_object_get(l->report, "findings")), 0, "%s",
                 json_dumps(json_object_get(l->report, "findings"), 0));
    cr_assert_eq(code, 0);
    live_free(l);
}

/* Those that have been in it for 4 s or more, however late the count comes. One whose FIN was
 * acknowledged while close() still had the socket keeps it, with the keepalive timer
 * (tcp_rcv_state_process()). */
#define FIN_WAIT_2_OLD           \
    "ss -Htano state fin-wait-2" \
    " | grep -cE '(timewait|keepalive),([1-4]?[0-9]|5[0-6])(\\.[0-9]+)?sec'"

Test(look, orphans_in_fin_wait_2_are_found_from_a_thousand_on)
{
    int code;
    struct live *server = live_start_ready("server", "--on-eof", "hold", NULL);
    live_free(live_run(&code, "client", "-c", "900", NULL));
    live_until(900, FIN_WAIT_2_OLD);
    check_findings("900", 0, "close_wait_leak", NULL);
    live_free(live_run(&code, "client", "-c", "200", NULL));
    check_findings("200 are young", 0, "close_wait_leak", NULL);
    live_until(1100, FIN_WAIT_2_OLD);
    check_findings("1100", 0, "close_wait_leak", "fin_wait_2", NULL);
    live_stop(server, SIGINT);
    live_free(server);
}

Test(look, time_wait_at_its_limit_is_found)
{
    int code;
    live_shell("echo 100 >/proc/sys/net/ipv4/tcp_max_tw_buckets");
    struct live *server = live_start_ready("server", NULL);
    live_free(live_run(&code, "client", "-w", "crr", "-c", "1", "-n", "60", NULL));
    live_until(60, "ss -Htan state time-wait | wc -l");
    check_findings("60 of 100", 0, NULL);
    live_free(live_run(&code, "client", "-w", "crr", "-c", "1", "-n", "30", NULL));
    live_until(90, "ss -Htan state time-wait | wc -l");
    check_findings("90 of 100", 0, "time_wait_limit", NULL);
    live_stop(server, SIGINT);
    live_free(server);
}

/* TIME_WAIT over loopback is used again (tcp_tw_reuse 2): it takes no port away. */
Test(look, ports_towards_one_destination_that_run_out_are_found)
{
    int code;
    live_shell("echo 40000 40099 >/proc/sys/net/ipv4/ip_local_port_range");
    struct live *server = live_start_ready("server", NULL);
    live_free(live_run(&code, "client", "-w", "crr", "-c", "1", "-n", "14", NULL));
    struct live *client = live_start("client", "-c", "70", "--hold", "100s", NULL);
    live_until_accepted(70);
    check_findings("70 and 14 in TIME_WAIT", 0, NULL);
    live_shell("echo 0 >/proc/sys/net/ipv4/tcp_tw_reuse");
    check_findings("70 and 14 in TIME_WAIT, without reuse", 0, "ports_run_out", NULL);
    live_shell("echo 2 >/proc/sys/net/ipv4/tcp_tw_reuse");
    struct live *more = live_start("client", "-c", "12", "--hold", "100s", NULL);
    live_until_accepted(82);
    check_findings("82 of 100", 0, "ports_run_out", NULL);
    live_stop(client, SIGINT);
    live_stop(more, SIGINT);
    live_stop(server, SIGINT);
    live_free(more);
    live_free(client);
    live_free(server);
}

static struct live *connect_from(const char *source, const char *n)
{
    return live_start("client", "-c", n, "--source", source, "-T", "60s", "--hold", "1000s", NULL);
}

/* So many sockets that first only the middle of the range is asked for. */
Test(look, ports_that_run_out_are_found_among_many_sockets)
{
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    if (files.rlim_max < 13000)
        cr_skip_test("only %llu descriptors", (unsigned long long)files.rlim_max);
    live_shell("echo 20000 29999 >/proc/sys/net/ipv4/ip_local_port_range");
    struct live *server = live_start_ready("server", NULL);
    struct live *clients[] = {connect_from("127.0.0.1", "7000"), connect_from("127.0.0.2", "4500"),
                              NULL};
    live_until_accepted(11500);
    check_findings("7000 of 10000", 0, NULL);
    clients[2] = connect_from("127.0.0.1", "1200");
    live_until_accepted(12700);
    check_findings("8200 of 10000", 0, "ports_run_out", NULL);
    for (int i = 0; i < 3; i++) {
        live_stop(clients[i], SIGINT);
        live_free(clients[i]);
    }
    live_stop(server, SIGINT);
    live_free(server);
}

/* From the first SYN on, until so many were sent again. */
static struct live *look_at_connects(int n, const char *host, int port, int again)
{
    struct live *l = start_looking("1h");
    int64_t before = live_nstat("TcpExtTCPSynRetrans");
    for (int i = 0; i < n; i++)
        connect_to(host, port, SOCK_NONBLOCK);
    live_until(1, "nstat -asz TcpExtTCPSynRetrans | awk '/^Tcp/ {print ($2 >= %lld)}'",
               (long long)before + again);
    return l;
}

static void check_syn_retransmissions(struct live *l, bool wanted)
{
    int code = live_stop(l, SIGINT);
    cr_assert_not_null(l->report, "%s", l->err_text);
    cr_assert_eq(finding(l, "syn_retransmissions") != NULL, wanted, "%s",
                 json_dumps(json_object_get(l->report, "findings"), 0));
    cr_assert_eq(code, 0);
    live_free(l);
}

Test(look, syns_that_nobody_answers_are_found_and_one_is_not)
{
    make_silent_net();
    check_syn_retransmissions(look_at_connects(1, "198.51.100.1", 80, 1), false);
    check_syn_retransmissions(look_at_connects(10, "198.51.100.2", 80, 10), true);
}

/* One in a hundred. */
Test(look, syns_that_are_few_beside_what_is_opened_are_not)
{
    int fd = listen_at("127.0.0.1", 7001, 1000);
    make_silent_net();
    struct live *l = look_at_connects(6, "198.51.100.1", 80, 6);
    for (int i = 0; i < 300; i++) {
        connect_to("127.0.0.1", 7001, 0);
        close(accept(fd, NULL, NULL));
    }
    check_syn_retransmissions(l, false);
}

/* A full queue of this host answers nothing, either: that is said of the listener. */
Test(look, syns_that_this_host_dropped_are_its_listeners)
{
    listen_at("127.0.0.1", 7001, 1);
    struct live *l = look_at_connects(22, "127.0.0.1", 7001, 20);
    int code = live_stop(l, SIGINT);
    cr_assert(finding(l, "stopped_accepting"), "%s", l->out_text);
    cr_assert_null(finding(l, "syn_retransmissions"), "%s", l->out_text);
    cr_assert_eq(code, 3);
    live_free(l);
}

/* --- no finding --- */

Test(look, ten_idle_listeners_beside_a_busy_loop_are_not_wrong)
{
    pid_t busy = fork();
    if (!busy)
        for (volatile unsigned n = 0;; n++)
            ;
    for (int i = 0; i < 10; i++)
        listen_at("127.0.0.1", 7001 + i, 100);
    for (int i = 0; i < 20; i++) {
        int code;
        struct live *l = look(&code, "100ms");
        cr_assert_eq(json_array_size(json_object_get(l->report, "findings")), 0);
        cr_assert_eq(json_array_size(json_object_get(l->report, "listeners")), 10);
        cr_assert_eq(code, 0);
        live_free(l);
    }
    kill(busy, SIGKILL);
}

/* --- the command line --- */

Test(look, another_user_sees_figures_without_names)
{
    listen_at("127.0.0.1", 7001, 100);
    connect_to("127.0.0.1", 7001, 0);
    const char *text = live_shell("setpriv --reuid=65534 --regid=65534 --clear-groups "
                                  "%s/bench/look/tcplab-look --for 200ms --json 2>&1",
                                  TEST_BUILD);
    json_t *report = json_loads(text, 0, NULL);
    if (!report)
        cr_skip_test("no other user here: %s", text);
    const json_t *at = json_array_get(json_object_get(report, "listeners"), 0);
    cr_assert_eq(live_integer(at, "queue", NULL), 1);
    cr_assert_eq(live_integer(at, "limit", NULL), 100);
    cr_assert(json_is_null(json_object_get(at, "program")));
    cr_assert(json_is_null(json_object_get(at, "pid")));
    cr_assert(json_is_true(json_object_get(report, "owners_hidden")));
    json_decref(report);
}

/* In a container that shares the network of others: their processes are not in its /proc. */
Test(look, a_container_sees_figures_without_names)
{
    listen_at("127.0.0.1", 7001, 100);
    connect_to("127.0.0.1", 7001, 0);
    const char *text = live_shell("unshare --pid --fork --mount-proc "
                                  "%s/bench/look/tcplab-look --for 200ms --json 2>&1",
                                  TEST_BUILD);
    json_t *report = json_loads(text, 0, NULL);
    cr_assert(report, "%s", text);
    const json_t *at = json_array_get(json_object_get(report, "listeners"), 0);
    cr_assert_eq(live_integer(at, "queue", NULL), 1);
    cr_assert(json_is_null(json_object_get(at, "pid")));
    cr_assert(json_is_true(json_object_get(report, "owners_hidden")), "%s", text);
    json_decref(report);
}

/* Exit code 77 and one line that says what is missing. */
static void check_cannot(const char *said, const char *command)
{
    const char *text =
        live_shell("%s %s/bench/look/tcplab-look --for 100ms 2>&1; echo $?", command, TEST_BUILD);
    cr_expect(strstr(text, said) && strstr(text, "\n77\n"), "%s: %s", command, text);
}

Test(look, where_the_kernel_cannot_be_asked_it_is_exit_77)
{
    if (live_sanitized) /* they need /proc, and no tracer */
        return;
    check_cannot("cannot read /proc/net/snmp",
                 "unshare --mount sh -c 'mount -t tmpfs none /proc && "
                 "exec \"$@\"' sh");
    check_cannot("cannot read sock_diag", "strace -o /dev/null -e trace=socket -e "
                                          "inject=socket:error=EPROTONOSUPPORT");
}

Test(look, a_threshold_that_holds_is_exit_3)
{
    int code;
    listen_at("127.0.0.1", 7001, 100);
    connect_to("127.0.0.1", 7001, 0);
    live_free(live_run(&code, "look", "--for", "100ms", "--fail-if", "queue > 1", NULL));
    cr_assert_eq(code, 0);
    struct live *l = live_run(&code, "look", "--for", "100ms", "--fail-if", "queue > 0", NULL);
    cr_assert_eq(code, 3);
    cr_assert(strstr(l->err_text, "--fail-if queue > 0: it is 1 at 127.0.0.1:7001"), "%s",
              l->err_text);
    live_free(l);
}

static void check_refused(const char *said, const char *a, const char *b, const char *c)
{
    int code;
    struct live *l = live_run(&code, "look", a, b, c, NULL);
    cr_expect_eq(code, 2, "%s %s: %d", a, b, code);
    cr_expect(strstr(l->err_text, said), "%s %s: %s", a, b, l->err_text);
    live_free(l);
}

Test(look, bad_input_is_refused)
{
    check_refused("write 'METRIC OP VALUE'", "--fail-if", "queue", NULL);
    check_refused("has no figure speed", "--fail-if", "speed > 3", NULL);
    check_refused("write a number", "--fail-if", "queue > nan", NULL);
    check_refused("write a number", "--fail-if", "queue > inf", NULL);
    check_refused("write a duration", "--fail-if", "oldest_wait_us > 5x", NULL);
    check_refused("--watch", "-i", "5s", NULL);
    check_refused("give one of them", "--states", "--peers", NULL);
    check_refused("goes with --peers", "80", NULL, NULL);
    check_refused("not a port", "--peers", "70000", NULL);
    check_refused("--watch draws", "--watch", "--json", NULL);
    check_refused("only count", "--states", "--fail-if", "queue > 1");
    check_refused("--for", "--for", "x", NULL);
}

Test(look, a_signal_ends_the_window_and_reports)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++) {
        struct live *l = live_start("look", "--for", "1h", "--json", NULL);
        wait_for_looks(l, 5);
        cr_expect_eq(live_stop(l, signals[i]), 0, "signal %d", signals[i]);
        cr_expect(json_is_array(json_object_get(l->report, "listeners")), "signal %d", signals[i]);
        live_free(l);
        l = live_start("look", "--watch", "-i", "1h", NULL);
        wait_for_looks(l, 5);
        cr_expect_eq(live_stop(l, signals[i]), 0, "signal %d", signals[i]);
        cr_expect(strstr(l->out_text, "Nothing is wrong."), "signal %d", signals[i]);
        live_free(l);
    }
}

Test(look, nohup_looks_on)
{
    signal(SIGHUP, SIG_IGN);
    live_inherits = true;
    struct live *l = live_start("look", "--for", "1h", "--json", NULL);
    wait_for_looks(l, 5);
    kill(l->pid, SIGHUP);
    wait_for_looks(l, 50);
    cr_assert_eq(live_stop(l, SIGINT), 0);
    cr_assert_geq(live_integer(l->report, "cost", "looks", NULL), 40);
    live_free(l);
}

/* Looks of 100 ms each would take more: those that follow are longer. */
Test(look, watch_takes_one_percent_of_a_core)
{
    for (int i = 0; i < 300; i++)
        listen_at("127.0.0.1", 7001 + i, 100);
    int64_t began_ns = clock_now_ns();
    struct live *l = live_start("look", "--watch", "-i", "100ms", NULL);
    live_until(1, "grep -c 'of a core' /proc/%d/fd/%d | awk '{print ($1 >= 4)}'", (int)getpid(),
               l->out);
    double wall_s = (double)(clock_now_ns() - began_ns) / 1e9;
    cr_assert_eq(live_stop(l, SIGINT), 0);
    const struct timeval *u = &l->usage.ru_utime, *k = &l->usage.ru_stime;
    double cpu_s = (double)(u->tv_sec + k->tv_sec) + (double)(u->tv_usec + k->tv_usec) / 1e6;
    /* four looks, of which the first is not compensated, and the start of a fifth */
    cr_assert_lt(cpu_s / wall_s, 0.02, "%f s of %f s", cpu_s, wall_s);
    live_free(l);
}

/* Behind so many others: the whole list of descriptors is read then. */
Test(look, a_listener_with_a_high_descriptor_has_its_program)
{
    int code;
    for (int i = 0; i < 300; i++)
        cr_assert_geq(dup(STDIN_FILENO), 0);
    cr_assert_gt(listen_at("127.0.0.1", 7001, 100), 300);
    struct live *l = look(&code, "100ms");
    cr_assert_eq(live_integer(listener(l, 7001), "pid", NULL), getpid());
    cr_assert(json_is_false(json_object_get(l->report, "owners_hidden")));
    live_free(l);
}

/* At this width a line is longer only if it is one word. */
static void check_width(int columns, const char *arguments)
{
    const char *text = live_shell("TERM=dumb script -qec 'stty cols %d rows 24; "
                                  "%s/bench/look/tcplab-look %s' /dev/null | tr -d '\\r'",
                                  columns, TEST_BUILD, arguments);
    char *lines = strdup(text);
    size_t n = 0;
    for (char *line = strtok(lines, "\n"); line; line = strtok(NULL, "\n"), n++)
        cr_expect(strlen(line) <= (size_t)columns || !strchr(line + strspn(line, " "), ' '),
                  "%d columns: %s", columns, line);
    cr_expect_geq(n, 3, "%s", text);
    free(lines);
}

Test(look, a_narrow_terminal_gets_short_lines)
{
    listen_at("127.0.0.1", 7001, 1);
    for (int i = 0; i < 4; i++)
        connect_to("127.0.0.1", 7001, SOCK_NONBLOCK);
    static const int widths[] = {20, 33, 50, 80, 92, 93, 120};
    for (size_t i = 0; i < sizeof(widths) / sizeof(*widths); i++)
        check_width(widths[i], "--for 600ms");
    check_width(40, "--states");
}

/* Every state that has a socket, and no other. */
static void check_states(void)
{
    static const char *const names[][2] = {
        {"ESTABLISHED", "established"}, {"SYN_SENT", "syn-sent"},     {"SYN_RECV", "syn-recv"},
        {"FIN_WAIT_1", "fin-wait-1"},   {"FIN_WAIT_2", "fin-wait-2"}, {"TIME_WAIT", "time-wait"},
        {"CLOSE_WAIT", "close-wait"},   {"LAST_ACK", "last-ack"},     {"LISTEN", "listening"},
        {"CLOSING", "closing"}};
    int code;
    size_t with = 0;
    struct live *l = live_run(&code, "look", "--states", "--json", NULL);
    const json_t *states = json_object_get(l->report, "states");
    cr_assert_eq(code, 0);
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        int64_t wanted = live_number("ss -Htan state %s | wc -l", names[i][1]);
        const json_t *found = json_object_get(states, names[i][0]);
        cr_expect_eq(json_integer_value(found), wanted, "%s", names[i][0]);
        with += wanted > 0;
    }
    cr_expect_eq(json_object_size(states), with);
    cr_expect_geq(with, 5);
    live_free(l);
}

/* The article's line, with the port taken off the address. */
#define PEERS_OF_SS                                            \
    "ss -Htan%s | awk '$1 != \"LISTEN\" {print $5}' | sed -E " \
    "'s/:[0-9]+$//; s/[][]//g; s/^::ffff://' | sort | uniq -c | awk '{print $2, $1}'"

static void check_peers(const char *port)
{
    int code;
    char filter[64] = "", text[512] = "";
    if (port)
        snprintf(filter, sizeof(filter), " 'sport = :%s'", port);
    struct live *l = live_run(&code, "look", "--peers", "--json", port, NULL);
    const char *address;
    json_t *n;
    json_object_foreach(json_object_get(l->report, "peers"), address, n)
    {
        size_t used = strlen(text);
        snprintf(text + used, sizeof(text) - used, "echo %s %lld;", address, json_integer_value(n));
    }
    char *wanted = strdup(live_shell(PEERS_OF_SS, filter));
    cr_assert_str_eq(live_shell("(%s) | sort", text), wanted);
    free(wanted);
    live_free(l);
}

Test(look, states_and_peers_are_those_of_ss)
{
    int code;
    make_silent_net();
    struct live *server = live_start_ready("server", "-l", "::", "--on-eof", "hold", NULL);
    struct live *client = live_start("client", "-c", "30", "--hold", "100s", "[::1]:8888", NULL);
    struct live *other = live_start("client", "-c", "20", "--hold", "100s", NULL);
    live_until_accepted(50);
    live_free(live_run(&code, "client", "-c", "7", "--source", "127.0.0.9", NULL));
    live_until(7, "ss -Htan state close-wait | wc -l");
    for (int i = 0; i < 3; i++)
        connect_to("198.51.100.1", 80, SOCK_NONBLOCK);
    check_states();
    check_peers(NULL);
    check_peers("8888");
    live_stop(client, SIGINT);
    live_stop(other, SIGINT);
    live_stop(server, SIGINT);
    live_free(other);
    live_free(client);
    live_free(server);
}

/* Each sample once, each line a comment or NAME{LABELS} NUMBER, "# EOF" last. */
Test(look, metrics_are_well_formed)
{
    int code;
    char path[] = "/tmp/tcplab-metrics-XXXXXX";
    close(mkstemp(path));
    listen_at("127.0.0.1", 7001, 3);
    listen_at("127.0.0.1", 7001, 3); /* the same labels */
    for (int i = 0; i < 30; i++)
        connect_to("127.0.0.1", 7001, SOCK_NONBLOCK);
    live_free(live_run(&code, "look", "--for", "600ms", "--metrics", path, NULL));
    cr_assert_eq(live_number("grep -vcE '^(# (TYPE|HELP|EOF)|"
                             "[a-z_]+[{]([a-z]+=\"[^\"]*\",?)+[}] [0-9.e+-]+$)' %s",
                             path),
                 0);
    cr_assert_str_eq(live_shell("grep -v '^#' %s | sed 's/} .*//' | sort | uniq -d", path), "");
    cr_assert_geq(live_number("grep -c ^tcplab_findings{ %s", path), 1);
    cr_assert_str_eq(live_shell("tail -1 %s", path), "# EOF\n");
    cr_assert_eq(live_number("grep '^tcplab_listener_queue{' %s | sed 's/.* //'", path), 4);
    unlink(path);
}
