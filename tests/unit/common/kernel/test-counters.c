/* counters against files recorded in a private namespace: three connects to a closed port, four
 * connections accepted into queues and two SYNs dropped at a full one, between "before" and
 * "after". */
#include "common/kernel/counters.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char *content(const char *name, size_t *ret_length)
{
    char path[4096], *text = malloc(65536);
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", TEST_DATA, name);
    file = fopen(path, "re");
    cr_assert_not_null(file, "%s", path);
    *ret_length = fread(text, 1, 65536, file);
    fclose(file);
    return text;
}

static void parse_recorded(struct counters *c, const char *name)
{
    size_t length;
    char *text = content(name, &length);

    cr_assert_eq(counters_parse(c, text, length), 0, "%s", name);
    free(text);
}

static struct counters *recorded(const char *snmp, const char *netstat)
{
    struct counters *c = counters_new();

    parse_recorded(c, snmp);
    parse_recorded(c, netstat);
    return c;
}

static struct counters *before(void)
{
    return recorded("snmp-before.txt", "netstat-before.txt");
}

static struct counters *after(void)
{
    return recorded("snmp-after.txt", "netstat-after.txt");
}

Test(counters, recorded_values)
{
    static const struct {
        const char *name;
        int64_t value;
    } expected[] = {
        {"Ip.Forwarding", 2},          {"Ip.OutTransmits", 22},   {"Tcp.RtoAlgorithm", 1},
        {"Tcp.RtoMax", 120000},        {"Tcp.MaxConn", -1},       {"Tcp.ActiveOpens", 9},
        {"Tcp.AttemptFails", 3},       {"Tcp.InCsumErrors", 0},   {"TcpExt.SyncookiesSent", 0},
        {"TcpExt.ListenOverflows", 2}, {"IpExt.OutOctets", 1217},
    };
    struct counters *c = after();

    for (size_t i = 0; i < sizeof(expected) / sizeof(*expected); i++) {
        int known = 0;

        cr_expect_eq(counters_get(c, expected[i].name, &known), expected[i].value, "%s",
                     expected[i].name);
        cr_expect_eq(known, 1, "%s", expected[i].name);
    }
    counters_free(c);
    counters_free(NULL);
}

Test(counters, unknown_names)
{
    static const char *const unknown[] = {"TcpExt.ListenOverflow", "ListenOverflows", "TcpExt.",
                                          "Tcp", ""};
    struct counters *c = after();

    for (size_t i = 0; i < sizeof(unknown) / sizeof(*unknown); i++) {
        int known = 1;

        cr_expect_eq(counters_get(c, unknown[i], &known), 0);
        cr_expect_eq(known, 0, "%s", unknown[i]);
    }
    cr_expect_eq(counters_get(c, "No.Such", NULL), 0);
    counters_free(c);
}

static void assert_delta(const struct counters *from, const struct counters *to,
                         const char *const *prefixes, const char *expected)
{
    json_t *delta = counters_delta(from, to, prefixes);
    char *text = json_dumps(delta, 0);

    cr_assert_str_eq(text, expected);
    free(text);
    json_decref(delta);
}

#define DELTA_TCP                                                                \
    "\"Tcp.ActiveOpens\": 9, \"Tcp.PassiveOpens\": 4, \"Tcp.AttemptFails\": 3, " \
    "\"Tcp.CurrEstab\": 8, "                                                     \
    "\"Tcp.InSegs\": 22, \"Tcp.OutSegs\": 22, \"Tcp.OutRsts\": 3"
#define DELTA_TCPEXT                                                                        \
    "\"TcpExt.ListenOverflows\": 2, \"TcpExt.ListenDrops\": 2, \"TcpExt.TCPPureAcks\": 5, " \
    "\"TcpExt.TCPOrigDataSent\": 1, \"TcpExt.TCPDelivered\": 5"

Test(counters, recorded_delta)
{
    static const char *const tcp[] = {"Tcp.", "TcpExt.", NULL};
    static const char *const one[] = {"TcpExt.Listen", NULL};
    static const char *const none[] = {NULL};
    struct counters *from = before(), *to = after();

    assert_delta(from, to, tcp, "{" DELTA_TCP ", " DELTA_TCPEXT "}");
    assert_delta(from, to, one, "{\"TcpExt.ListenOverflows\": 2, \"TcpExt.ListenDrops\": 2}");
    assert_delta(from, to, none, "{}");
    assert_delta(to, to, NULL, "{}");
    assert_delta(
        from, to, NULL,
        "{\"Ip.InReceives\": 22, \"Ip.InDelivers\": 22, \"Ip.OutRequests\": 22, "
        "\"Ip.OutTransmits\": 22, " DELTA_TCP ", " DELTA_TCPEXT
        ", \"IpExt.InOctets\": 1217, \"IpExt.OutOctets\": 1217, \"IpExt.InNoECTPkts\": 22}");
    counters_free(from);
    counters_free(to);
}

static struct counters *parsed(const char *text)
{
    struct counters *c = counters_new();

    cr_assert_eq(counters_parse(c, text, strlen(text)), 0, "%s", text);
    return c;
}

Test(counters, delta_falls_and_appears)
{
    struct counters *from = parsed("A: x y gone\nA: 5 -3 1\n"),
                    *to = parsed("A: y new x\nA: -4 7 2\n");

    assert_delta(from, to, NULL, "{\"A.y\": -1, \"A.new\": 7, \"A.x\": -3}");
    counters_free(from);
    counters_free(to);
}

Test(counters, sixty_four_bits)
{
    struct counters *c = parsed(
        "A: max min above\nA: 9223372036854775807 -9223372036854775808 18446744073709551615\n");

    cr_assert_eq(counters_get(c, "A.max", NULL), INT64_MAX);
    cr_assert_eq(counters_get(c, "A.min", NULL), INT64_MIN);
    cr_assert_eq(counters_get(c, "A.above", NULL), -1); /* printed as unsigned, meant as -1 */
    counters_free(c);
}

Test(counters, later_value_replaces)
{
    struct counters *c = parsed("A: x y\nA: 1 2\nB: x\nB: 3\nA: x\nA: 9\n");

    cr_assert_eq(counters_get(c, "A.x", NULL), 9);
    cr_assert_eq(counters_get(c, "A.y", NULL), 2);
    cr_assert_eq(counters_get(c, "B.x", NULL), 3);
    counters_free(c);
}

Test(counters, well_formed_oddities)
{
    counters_free(parsed(""));
    counters_free(parsed("A:\nA:\n"));
    counters_free(parsed("A: x  y \nA:  1 2\n"));
}

Test(counters, malformed)
{
    static const char *const texts[] = {
        "\n",
        "\n\n",
        "A: x\n",             /* no partner */
        "A: x\nA: 1\nA: y\n", /* the second pair has none */
        "A: x\nB: 1\n",       /* another's partner */
        "A: x\nAB: 1\n",      /* a longer name */
        "AB: x\nA: 1\n",      /* a shorter one */
        "A: x y\nA: 1\n",     /* a value missing */
        "A: x\nA: 1 2\n",     /* a name missing */
        "A: x\nA: 1",         /* cut short: the value may be 12 */
        "Ab x\nAb 1\n",       /* no colon */
        "A:: x\nA: 1\n",      /* not the same */
        ": x\n: 1\n",         /* no prefix */
        "A: x\nA: y\n",       /* not a number */
        "A: x\nA: 1x\n",      /* nor this */
        "A: x\nA: 0x1\n",     /* hexadecimal */
        "A: x\nA: -\n",       /* no digits */
        "A: x\nA: --1\n",     /* two signs */
        "A: x\nA: +1\n",      /* the kernel writes no plus */
        "A: x\nA: 1.5\n",     /* not whole */
        "A: x\nA: 18446744073709551616\n" /* 2^64 */,
        "A: x\nA: -9223372036854775809\n" /* -2^63 - 1 */,
        "A: x\nA: 99999999999999999999999\n",
        "A: x\tA: 1\n",
        "A: x\ty\nA: 1\n", /* the kernel separates by blanks */
        "A: \x80\nA: 1\n", /* not ASCII */
        "A: \x7f\nA: 1\n", /* not visible */
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        struct counters *c = counters_new();

        cr_expect_eq(counters_parse(c, texts[i], strlen(texts[i])), -EBADMSG, "%s", texts[i]);
        counters_free(c);
    }
}

Test(counters, nul_in_the_text)
{
    static const char text[] = "A: x\0y\nA: 1\n";
    struct counters *c = counters_new();

    cr_assert_eq(counters_parse(c, text, sizeof(text) - 1), -EBADMSG);
    counters_free(c);
}

/* Any beginning of a recorded file is either whole pairs of lines or refused. */
Test(counters, every_truncation)
{
    size_t length, accepted = 0;
    char *text = content("netstat-after.txt", &length);

    for (size_t cut = 0; cut <= length; cut++) {
        char *exact = malloc(cut ? cut : 1);
        struct counters *c = counters_new();
        int r;

        memcpy(exact, text, cut);
        r = counters_parse(c, exact, cut);
        if (r != 0 && r != -EBADMSG)
            cr_assert_fail("%d at %zu", r, cut);
        accepted += r == 0;
        counters_free(c);
        free(exact);
    }
    cr_assert_eq(accepted, 4); /* nothing, TcpExt, IpExt, MPTcpExt */
    free(text);
}

/* Far more names than any kernel has: everything inside must grow. */
Test(counters, many_names)
{
    enum { MANY = 20000 };
    char *text = NULL;
    size_t length, wrong = 0;
    FILE *stream = open_memstream(&text, &length);
    struct counters *c = counters_new();

    fputs("Many:", stream);
    for (int i = 0; i < MANY; i++)
        fprintf(stream, " SomeRatherLongCounterName%d", i);
    fputs("\nMany:", stream);
    for (int i = 0; i < MANY; i++)
        fprintf(stream, " %d", i * 7);
    fputs("\n", stream);
    fclose(stream);
    cr_assert_eq(counters_parse(c, text, length), 0);
    for (int i = 0; i < MANY; i++) {
        char name[64];
        int known;

        snprintf(name, sizeof(name), "Many.SomeRatherLongCounterName%d", i);
        wrong += counters_get(c, name, &known) != i * 7 || !known;
    }
    cr_assert_eq(wrong, 0);
    counters_free(c);
    free(text);
}

/* A port nobody listens on: a socket's own, bound but not listening. */
static void connect_refused(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof(address);
    int holder = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
        caller = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    cr_assert_eq(bind(holder, (struct sockaddr *)&address, size), 0);
    cr_assert_eq(getsockname(holder, (struct sockaddr *)&address, &size), 0);
    cr_assert_eq(connect(caller, (struct sockaddr *)&address, size), -1);
    cr_assert_eq(errno, ECONNREFUSED);
    close(holder);
    close(caller);
}

Test(counters, live)
{
    struct counters *from = NULL, *to = NULL;

    cr_assert_eq(counters_read(&from), 0);
    connect_refused();
    cr_assert_eq(counters_read(&to), 0);
    /* At least: others in this namespace may be at work, too. */
    cr_assert_geq(
        counters_get(to, "Tcp.ActiveOpens", NULL) - counters_get(from, "Tcp.ActiveOpens", NULL), 1);
    cr_assert_geq(counters_get(to, "Tcp.OutRsts", NULL) - counters_get(from, "Tcp.OutRsts", NULL),
                  1);
    cr_assert_eq(counters_get(to, "Tcp.MaxConn", NULL), -1);
    counters_free(from);
    counters_free(to);
}

static void *read_in_new_namespace(void *ret)
{
    if (unshare(CLONE_NEWNET) < 0 || counters_read(ret) < 0)
        return NULL;
    return ret;
}

Test(counters, of_the_calling_thread)
{
    struct counters *here = NULL, *there = NULL;
    pthread_t thread;
    void *done = NULL;

    connect_refused();
    cr_assert_eq(counters_read(&here), 0);
    cr_assert_eq(pthread_create(&thread, NULL, read_in_new_namespace, &there), 0);
    pthread_join(thread, &done);
    if (!done)
        cr_skip_test("no right to make a network namespace");
    cr_assert_geq(counters_get(here, "Tcp.ActiveOpens", NULL), 1);
    cr_assert_eq(counters_get(there, "Tcp.ActiveOpens", NULL), 0);
    counters_free(here);
    counters_free(there);
}
