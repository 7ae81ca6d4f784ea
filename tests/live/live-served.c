/* run --live: what browsers get, who gets nothing, and that none of them costs the run anything. */
#include "common/process/clock.h"
#include "tests/lib/live.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

TestSuite(served, .init = live_setup, .timeout = LIVE_TIMEOUT_S);

#define OVER "the run is over"

/* The address that the program has told: "http://127.0.0.1:40000/". */
static const char *url_of(const struct live *p)
{
    static char url[200];
    live_until_said(p, "live at");
    snprintf(
        url, sizeof(url), "%s",
        live_shell("sed -n 's/.*live at //p' /proc/%d/fd/2 | head -n 1 | tr -d '\n'", (int)p->pid));
    cr_assert_eq(strncmp(url, "http://", 7), 0, "%s", url);
    return url;
}

static int port_of(const char *url)
{
    return atoi(strrchr(url, ':') + 1);
}

static const char *status(const char *arguments, const char *url, const char *path)
{
    return live_shell("curl -s -o /dev/null -m 20 -w '%%{http_code}' --path-as-is %s '%s%s'",
                      arguments, url, path);
}

static void check_status(const char *wanted, const char *arguments, const char *url,
                         const char *path)
{
    const char *got = status(arguments, url, path);
    cr_expect_str_eq(got, wanted, "curl %s %s%s: %s, not %s", arguments, url, path, got, wanted);
}

/* Ends it as ^C does. The exit code is the run's. */
static void end(struct live *p, int code)
{
    cr_assert_eq(live_stop(p, SIGINT), code, "%s", p->err_text);
}

static void until_sockets(const struct live *p, int64_t n)
{
    live_until(n, "ls -l /proc/%d/fd 2>/dev/null | grep -c socket:", (int)p->pid);
}

/* --- what there is --- */

static void check_headers(const char *url)
{
    static const char *const headers[] = {
        "Content-Security-Policy: default-src 'none'; script-src 'self'; ",
        "X-Content-Type-Options: nosniff", "Cache-Control: no-store",
        "Referrer-Policy: no-referrer"};
    static const char *const paths[] = {"", "document.json", "events", "nothing"};
    for (size_t i = 0; i < 4; i++)
        for (size_t h = 0; h < 4; h++)
            cr_expect(strstr(live_shell("curl -sI -m 20 '%s%s'", url, paths[i]), headers[h]),
                      "%s: no %s", paths[i], headers[h]);
    cr_expect_null(strstr(live_shell("curl -sI -m 20 '%s'", url), "unsafe"));
}

Test(served, a_late_comer_gets_all)
{
    struct live *p = live_start("bench", "run", "rst-on-overflow", "accept-queue-full", "--live",
                                "--json", NULL);
    const char *url = url_of(p);
    live_until_said(p, OVER);
    check_headers(url);
    check_status("200", "", url, "");
    check_status("200", "", url, "index.html");
    check_status("200", "-I", url, "document.json");
    cr_assert_eq(strncmp(live_shell("curl -s '%s'", url), "<!doctype html>", 15), 0);
    json_t *served = json_loads(live_shell("curl -s '%sdocument.json'", url), 0, NULL);
    cr_assert_not_null(served);
    for (int i = 0; i < 2; i++)
        cr_expect_eq(live_number("bash -c 'cmp <(curl -s %srun-%d.json | jq -S .) "
                                 "<(curl -s %sdocument.json | jq -S .runs[%d]) >&2; echo $?'",
                                 url, i, url, i),
                     0);
    static const char *const none[] = {"run-2.json",  "run--1.json", "run-00.json", "run-0.jsonx",
                                       "run-+1.json", "run-",        "run-0"};
    for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++)
        check_status("404", "", url, none[i]);
    const char *events = live_shell("curl -sN '%sevents' | sed '/^event: end/q'", url);
    cr_expect(strstr(events, "event: document\ndata: {\"run\":0,\"verdict\":\"agree\"}\n"), "%s",
              events);
    cr_expect(strstr(events, "event: document\ndata: {\"run\":1,\"verdict\":\"agree\"}\n"), "%s",
              events);
    cr_expect_null(strstr(events, "event: live"), "the document has it");
    const char *id =
        live_shell("curl -sNm 1 '%sevents' | sed -n 's/^id: //p' | head -n 1 | tr -d '\n'", url);
    char behind[100];
    snprintf(behind, sizeof(behind), "%s", id);
    events = live_shell("curl -sN -H 'Last-Event-ID: %s' '%sevents' | sed '/^event: end/q'", behind,
                        url);
    cr_expect(strstr(events, "\"run\":1"), "%s", events);
    cr_expect_null(strstr(events, "\"run\":0"), "has been had before: %s", events);
    end(p, 0);
    cr_expect(json_equal(json_object_get(served, "runs"), json_object_get(p->report, "runs")),
              "the document of the page is not that of --json");
    json_decref(served);
    live_free(p);
}

/* The page has what ss sees, while it is so; and no namespace of the lab has a browser's socket. */
Test(served, it_is_shown_while_it_happens)
{
    struct live *p = live_start("bench", "run", "fin-wait-2-timeout", "--live", "--set",
                                "fin_timeout=5", "--set", "link=wire", NULL);
    const char *url = url_of(p);
    live_shell("curl -sN '%sevents' | sed -u '/^event: end/q' >/tmp/tcplab-test-%d &", url, p->pid);
    live_until(1, "grep -c 'FIN_WAIT_2' /tmp/tcplab-test-%d | sed 's/^[1-9].*/1/'", p->pid);
    cr_assert_eq(live_number("grep -cF '" OVER "' /proc/%d/fd/2", p->pid), 0);
    cr_expect_str_eq(
        live_shell("curl -s '%sdocument.json' | jq -c '.runs[0] | .experiment, .verdict'", url),
        "\"fin-wait-2-timeout\"\nnull\n");
    cr_expect_eq(live_number("for pid in %d $(cat /proc/%d/task/*/children); do "
                             "ls -l /proc/$pid/fd | grep -o 'socket:.*' | sort -u; done | sort | "
                             "uniq -d | wc -l",
                             p->pid, p->pid),
                 0, "the cell has a socket of the server");
    live_until_said(p, OVER);
    live_until(1, "grep -c '^event: end' /tmp/tcplab-test-%d", p->pid);
    end(p, 0);
    live_shell("rm /tmp/tcplab-test-%d", p->pid);
    live_free(p);
}

/* --- what there is not --- */

static void check_refused(const char *url)
{
    char local[100];
    snprintf(local, sizeof(local), "http://127.0.0.1:%d/", port_of(url));
    check_status("404", "", url, "../");
    check_status("404", "", url, "..");
    check_status("404", "", url, "../../../../etc/passwd");
    check_status("404", "", url, "%2e%2e/%2e%2e/etc/passwd");
    check_status("404", "", url, "page.js/");
    check_status("404", "", url, "page%2ejs");
    check_status("404", "", url, "/");
    check_status("404", "", url, "document.json%00");
    check_status("405", "-X POST -d a=1", url, "");
    check_status("405", "-X PUT -d a=1", url, "document.json");
    check_status("405", "-X DELETE", url, "events");
    check_status("405", "-X OPTIONS", url, "");
    check_status("403", "-H 'Host: example.com'", url, "");
    check_status("403", "-H 'Host: 127.0.0.1.example.com'", url, "");
    check_status("403", "-H 'Host: 192.0.2.77'", url, "");
    check_status("403", "-0 -H 'Host:'", url, "document.json");
}

Test(served, loopback_needs_no_token)
{
    struct live *p = live_start("bench", "run", "handshake", "--live=[::1]:0", NULL);
    const char *url = url_of(p);
    cr_expect_eq(strncmp(url, "http://[::1]:", 13), 0);
    live_until_said(p, OVER);
    check_refused(url);
    check_status("200", "-H 'Host: localhost:1'", url, "");
    check_status("403", "-H 'Host: 127.0.0.1'", url, "");
    end(p, 0);
    live_free(p);
}

Test(served, other_addresses_need_the_token)
{
    char wrong[200], without[200];
    live_shell("ip address add 192.0.2.9/32 dev lo");
    struct live *p = live_start("bench", "run", "handshake", "--live=192.0.2.9:0", NULL);
    const char *url = url_of(p);
    cr_assert_eq(strspn(strrchr(url, ':') + 1, "0123456789/abcdef"), strlen(strrchr(url, ':') + 1));
    snprintf(without, sizeof(without), "http://192.0.2.9:%d/", port_of(url));
    cr_assert_eq(strlen(url), strlen(without) + 33, "128 bits: %s", url);
    live_until_said(p, OVER);
    check_refused(url);
    check_status("200", "", url, "");
    check_status("200", "", url, "document.json");
    check_status("403", "-H 'Host: localhost'", url, "");
    check_status("404", "", without, "");
    check_status("404", "", without, "document.json");
    check_status("404", "-X POST", without, "events");
    for (size_t i = 0; i < 32; i += 31) {
        strcpy(wrong, url);
        char *digit = wrong + strlen(without) + i;
        *digit = *digit == '0' ? '1' : '0';
        check_status("404", "", wrong, "");
    }
    strcpy(wrong, url);
    wrong[strlen(wrong) - 2] = '\0';
    check_status("404", "", wrong, "");
    cr_assert_str_eq(
        live_shell("ss -Hltn 'sport = :%d' | awk '{print $4}' | sed 's/:.*//'", port_of(url)),
        "192.0.2.9\n", "and it listens nowhere else");
    end(p, 0);
    struct live *next = live_start("bench", "run", "handshake", "--live=192.0.2.9:0", NULL);
    cr_assert_str_neq(url_of(next) + strlen(without) - 1, wrong + strlen(without) - 1);
    live_stop(next, SIGINT);
    live_free(next);
    live_free(p);
}

/* What is wrong is told before anything runs. */
Test(served, bad_addresses_are_told_of_first)
{
    static const struct {
        const char *option, *words;
    } bad[] = {
        {"--live=192.0.2.77:0", "no address of this machine"},
        {"--live=127.0.0.1", "the port is missing"},
        {"--live=65536", "65535"},
        {"--live=", "empty"},
        {"--live=nobody.invalid:80", "no such address"},
        {"--live=::1:80", "::1"},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        int code;
        struct live *p = live_run(&code, "bench", "run", "handshake", bad[i].option, NULL);
        cr_expect_eq(code, 2, "%s: exit %d", bad[i].option, code);
        cr_expect(strstr(p->err_text, bad[i].words), "%s: %s", bad[i].option, p->err_text);
        cr_expect_str_eq(p->out_text, "");
        live_free(p);
    }
    int code;
    char option[40];
    struct live *p = live_start("bench", "run", "handshake", "--live", NULL);
    snprintf(option, sizeof(option), "--live=%d", port_of(url_of(p)));
    struct live *second = live_run(&code, "bench", "run", "handshake", option, NULL);
    cr_expect_eq(code, 2);
    cr_expect(strstr(second->err_text, "in use"), "%s", second->err_text);
    cr_expect_str_eq(second->out_text, "");
    live_free(second);
    live_until_said(p, OVER);
    end(p, 0);
    p = live_run(&code, "bench", "run", "nothing-of-that-name", option, NULL);
    cr_expect_eq(code, 2);
    cr_expect_null(strstr(p->err_text, "live at"), "%s", p->err_text);
    live_free(p);
}

/* --- many, and bad ones --- */

static int connect_to(int port, int receive_bytes)
{
    const struct sockaddr_in at = {.sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (receive_bytes)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof(receive_bytes));
    cr_assert_eq(connect(fd, (const struct sockaddr *)&at, sizeof(at)), 0);
    return fd;
}

static void say(int fd, const char *text)
{
    cr_assert_eq(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* The server has ended the connection, and not because this end did. */
static void expect_dropped(int fd)
{
    static char bytes[65536];
    struct pollfd gone = {.fd = fd, .events = POLLRDHUP};
    cr_assert_eq(poll(&gone, 1, LIVE_STATE_MS), 1, "it was not dropped");
    while (recv(fd, bytes, sizeof(bytes), 0) > 0)
        ;
    close(fd);
}

#define ASK "GET /document.json HTTP/1.1\r\nHost: localhost\r\n\r\n"

/* Never reads what it asks for, hundreds of times. */
static int start_deaf(int port)
{
    int fd = connect_to(port, 4096);
    for (int i = 0; i < 400; i++)
        say(fd, ASK);
    return fd;
}

static void ask_often(const char *url, int times)
{
    cr_expect_eq(
        live_number("curl -s -m 60 -H 'Connection: close' -o /dev/null -w '%%{http_code}\\n' "
                    "'%s?[1-%d]' | grep -cx 200",
                    url, times),
        times);
}

Test(served, bad_browsers_cost_the_run_nothing)
{
    struct live *p =
        live_start("bench", "run", "rst-on-overflow", "fin-wait-2-timeout", "--live", NULL);
    const char *url = url_of(p);
    int port = port_of(url), half[20], deaf[5];
    for (int i = 0; i < 20; i++) {
        half[i] = connect_to(port, 0);
        say(half[i], i % 2 ? "GET /events HTT" : "GET / HTTP/1.1\r\nHost: local");
    }
    for (int i = 0; i < 50; i++) /* they ask and are gone */ {
        int fd = connect_to(port, 0);
        say(fd, "GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
        close(fd);
    }
    int junk = connect_to(port, 0);
    say(junk, "\x16\x03\x01 no HTTP at all\r\n\r\n\r\n\r\n");
    ask_often(url, 200); /* more may take longer than the run does */
    cr_assert_eq(live_number("grep -cF '" OVER "' /proc/%d/fd/2", p->pid), 0);
    live_until_said(p, OVER);
    for (int i = 0; i < 5; i++)
        deaf[i] = start_deaf(port);
    check_status("200", "", url, "document.json");
    for (int i = 0; i < 20; i++)
        expect_dropped(half[i]);
    expect_dropped(junk);
    until_sockets(p, 1); /* a deaf one does not even hear that it was dropped */
    for (int i = 0; i < 5; i++)
        close(deaf[i]);
    int64_t descriptors = live_number("ls /proc/%d/fd | wc -l", p->pid);
    ask_often(url, 1000);
    until_sockets(p, 1);
    cr_expect_eq(live_number("ls /proc/%d/fd | wc -l", p->pid), descriptors);
    end(p, 0);
    live_free(p);
}

/* Sends that on a connection of its own; ret_sent: all of it. */
static int ask(int port, const char *text, bool *ret_sent)
{
    int fd = connect_to(port, 0);
    *ret_sent = send(fd, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text);
    return fd;
}

/* Reads to the end. The status of the answer; 0: it was dropped without one. */
static int answer(int fd, bool sent)
{
    static char reply[65536];
    size_t n = 0;
    ssize_t got;
    while (sent && (got = recv(fd, reply + n % 60000, sizeof(reply) - n % 60000, 0)) > 0)
        n += (size_t)got;
    close(fd);
    return n < 12 ? 0 : atoi(reply + 9);
}

#define LOCAL  "Host: localhost\r\nConnection: close\r\n\r\n"
#define KINDS  12
#define HEADER 200000

static const struct {
    const char *text; /* NULL: a header of HEADER bytes */
    int status;       /* 0: any that refuses, or none */
} kinds[KINDS] = {
    {"GET / HTTP/1.1\r\n" LOCAL, 200},
    {"HEAD /page.js HTTP/1.1\r\n" LOCAL, 200},
    {"GET /../../../etc/passwd HTTP/1.1\r\n" LOCAL, 404},
    {"GET /%2e%2e/etc/passwd HTTP/1.1\r\n" LOCAL, 404},
    {"GET /0123456789abcdef0123456789abcdef/ HTTP/1.1\r\n" LOCAL, 404},
    {"POST / HTTP/1.1\r\nContent-Length: 3\r\n" LOCAL "a=1", 405},
    {"POST /events HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" LOCAL "fffffffff\r\n", 405},
    {"GET / HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n", 403},
    {"GET / HTTP/1.0\r\n\r\n", 403},
    {"BREW / HTTP/1.1\r\n" LOCAL, 405},
    {"\x16\x03\x01\r\n\r\n\r\n", 0},
    {NULL, 0},
};

static void abuse(int port, int times)
{
    int wrong[KINDS] = {0};
    char *big = NULL;
    cr_assert(asprintf(&big, "GET / HTTP/1.1\r\nX: %0*d\r\n" LOCAL, HEADER - 60, 0) > 0);
    for (int i = 0; i < times; i += KINDS) {
        int fds[KINDS];
        bool sent[KINDS];
        for (int kind = 0; kind < KINDS; kind++)
            fds[kind] = ask(port, kinds[kind].text ? kinds[kind].text : big, &sent[kind]);
        for (int kind = 0; kind < KINDS; kind++) {
            int status = answer(fds[kind], sent[kind]), wanted = kinds[kind].status;
            wrong[kind] += wanted ? status != wanted : status > 0 && status < 400;
        }
    }
    for (int kind = 0; kind < KINDS; kind++)
        cr_expect_eq(wrong[kind], 0, "%d answers that are wrong to %s", wrong[kind],
                     kinds[kind].text ? kinds[kind].text : "an enormous header");
    free(big);
}

static int64_t descriptors_of(const struct live *p)
{
    return live_number("ls /proc/%d/fd | wc -l", (int)p->pid);
}

static int64_t memory_kb_of(const struct live *p)
{
    int64_t kb = live_number("awk '/^VmRSS:/ {print $2}' /proc/%d/status", (int)p->pid);
    cr_assert_gt(kb, 0);
    return kb;
}

/* More of them than the server takes; all are dropped, and then it serves as before. */
static void abuse_by_number(const struct live *p, int port)
{
    int many[600];
    for (int i = 0; i < 600; i++)
        many[i] = connect_to(port, 0);
    for (int i = 0; i < 600; i++)
        close(many[i]);
    until_sockets(p, 1);
}

/* As many as the server takes send half a request; others wait a moment, not as long as for a
 * browser that is slow. */
Test(served, half_requests_do_not_keep_others_out)
{
    int half[512];
    struct live *p = live_start("bench", "run", "handshake", "--live", NULL);
    const char *url = url_of(p);
    live_until_said(p, OVER);
    for (int i = 0; i < 512; i++) {
        half[i] = connect_to(port_of(url), 0);
        say(half[i], "GET / HTTP/1.1\r\nHost: loc");
    }
    int64_t began_ns = clock_now_ns();
    check_status("200", "--retry 9 --retry-all-errors --retry-delay 1 --retry-max-time 7", url, "");
    int64_t took_ms = (clock_now_ns() - began_ns) / NS_PER_MS;
    cr_expect_leq(took_ms, 7000, "%d ms", (int)took_ms);
    for (int i = 0; i < 512; i++)
        close(half[i]);
    end(p, 0);
    live_free(p);
}

/* The run has 200 idle connections and 10,000 requests to bear, and agrees as ever; 5,000 more
 * leave no descriptor and no memory taken. */
Test(served, abuse)
{
    int idle[200];
    struct live *p = live_start("bench", "run", "fin-wait-2-timeout", "--live", "--set",
                                "fin_timeout=10", "--set", "link=wire", NULL);
    int port = port_of(url_of(p));
    for (int i = 0; i < 200; i++)
        idle[i] = connect_to(port, 0);
    abuse(port, 10000);
    for (int i = 0; i < 200; i++)
        expect_dropped(idle[i]);
    live_until_said(p, OVER);
    abuse(port, 500);
    abuse_by_number(p, port);
    int64_t descriptors = descriptors_of(p), memory_kb = memory_kb_of(p);
    abuse(port, live_sanitized ? 1000 : 5000);
    abuse_by_number(p, port);
    cr_expect_eq(descriptors_of(p), descriptors);
    if (!live_sanitized)
        cr_expect_leq(memory_kb_of(p), memory_kb + 256, "%d kB before, %d kB after", (int)memory_kb,
                      (int)memory_kb_of(p));
    end(p, 0);
    live_free(p);
}

Test(served, forty_browsers_at_once)
{
    struct live *p = live_start("bench", "run", "accept-queue-full", "--live", NULL);
    const char *url = url_of(p);
    char folder[] = "/tmp/tcplab-test-XXXXXX";
    cr_assert_not_null(mkdtemp(folder));
    live_shell("for i in $(seq 40); do curl -sN '%sevents' | sed -u '/^event: end/q' >%s/$i & done",
               url, folder);
    live_until_said(p, OVER);
    live_until(40, "grep -l '^event: end' %s/* | wc -l", folder);
    cr_expect_eq(live_number("grep -h -A 1 '^event: document' %s/* | grep -c agree", folder), 40);
    cr_expect_geq(live_number("cat %s/* | grep -c '^event: live'", folder), 40);
    live_shell("rm -r %s", folder);
    until_sockets(p, 1);
    end(p, 0);
    cr_expect_eq(live_number("ss -Htan 'sport = :%d' | grep -vc TIME-WAIT", port_of(url)), 0);
    live_free(p);
}

/* ^C while it runs ends it as ever. */
Test(served, a_signal_ends_it_at_once)
{
    struct live *p = live_start("bench", "run", "time-wait", "--live", NULL);
    const char *url = url_of(p);
    int fd = connect_to(port_of(url), 0);
    say(fd, "GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
    live_until(1, "curl -sNm 1 '%sevents' | grep -c '\"waiting\"' | sed 's/^[1-9].*/1/'", url);
    int64_t began_ns = clock_now_ns();
    end(p, 130);
    cr_expect_lt(clock_now_ns() - began_ns, 5 * NS_PER_S);
    expect_dropped(fd);
    live_free(p);
}
