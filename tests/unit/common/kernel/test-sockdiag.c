/* sockdiag against recorded answers of Linux 6.18, with literal values, and against the kernel that
 * runs the test.
 *
 * Recorded in a private namespace: 127.0.0.1:8888 (backlog 4) with one connection accepted and two
 * queued, 8889 (backlog 0) with one queued and two clients whose SYNs are dropped, 7777 with
 * TCP_DEFER_ACCEPT, which leaves a half-open request behind, 6666 with one connection closed by the
 * client and two by the server alone. */
#include "common/kernel/sockdiag.h"
#include "common/kernel/tally.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_SOCKETS 2048

/* A visitor that keeps what it sees, and stops at `stop_after` (0: never) with `stop_with`. */
struct seen {
    size_t n, stop_after;
    int stop_with;
    struct sockdiag_socket sockets[MAX_SOCKETS];
};

static int keep(const struct sockdiag_socket *socket, void *context)
{
    struct seen *seen = context;

    if (seen->n < MAX_SOCKETS)
        seen->sockets[seen->n] = *socket;
    seen->n++;
    return seen->n == seen->stop_after ? seen->stop_with : 0;
}

static struct seen *new_seen(void)
{
    return calloc(1, sizeof(struct seen));
}

struct recording {
    size_t length;
    _Alignas(NLMSG_ALIGNTO) unsigned char bytes[8192];
};

static struct recording *load(const char *name)
{
    struct recording *r = calloc(1, sizeof(*r));
    char path[4096];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", TEST_DATA, name);
    file = fopen(path, "re");
    cr_assert_not_null(file, "%s", path);
    r->length = fread(r->bytes, 1, sizeof(r->bytes), file);
    fclose(file);
    return r;
}

/* In memory of exactly this size, so that a sanitizer sees every read beyond it. */
static int parse_exact(const void *bytes, size_t length, struct seen *seen)
{
    void *exact = malloc(length ? length : 1);
    int r;

    memcpy(exact, bytes, length);
    r = sockdiag_parse(exact, length, keep, seen);
    free(exact);
    return r;
}

Test(sockdiag, state_names)
{
    cr_assert_str_eq(sockdiag_state_name(SOCKDIAG_ESTABLISHED), "ESTABLISHED");
    cr_assert_str_eq(sockdiag_state_name(SOCKDIAG_SYN_RECV), "SYN_RECV");
    cr_assert_str_eq(sockdiag_state_name(SOCKDIAG_FIN_WAIT_2), "FIN_WAIT_2");
    cr_assert_str_eq(sockdiag_state_name(SOCKDIAG_CLOSE), "CLOSED");
    cr_assert_str_eq(sockdiag_state_name(SOCKDIAG_BOUND_INACTIVE), "BOUND_INACTIVE");
    cr_assert_str_eq(sockdiag_state_name(0), "?");
    cr_assert_str_eq(sockdiag_state_name(14), "?");
    cr_assert_str_eq(sockdiag_state_name(UINT32_MAX), "?");
}

struct expected {
    const char *source;
    uint16_t source_port;
    const char *destination;
    uint16_t destination_port;
    unsigned state, timer, retransmits;
    uint32_t expires_ms, rqueue, wqueue, inode, drops;
};

static const struct expected v4[] = {
    {"127.0.0.1", 7777, "0.0.0.0", 0, SOCKDIAG_LISTEN, 0, 0, 0, 0, 4, 8651, 1},
    {"127.0.0.1", 6666, "0.0.0.0", 0, SOCKDIAG_LISTEN, 0, 0, 0, 0, 4, 8653, 0},
    {"127.0.0.1", 8888, "0.0.0.0", 0, SOCKDIAG_LISTEN, 0, 0, 0, 2, 4, 8643, 0},
    {"127.0.0.1", 8889, "0.0.0.0", 0, SOCKDIAG_LISTEN, 0, 0, 0, 1, 0, 8639, 4},
    {"127.0.0.6", 40030, "127.0.0.1", 7777, SOCKDIAG_ESTABLISHED, 0, 0, 0, 0, 0, 8652, 0},
    {"127.0.0.1", 8888, "127.0.0.4", 40003, SOCKDIAG_ESTABLISHED, 0, 0, 0, 0, 0, 0, 0},
    /* a request */
    {"127.0.0.1", 7777, "127.0.0.6", 40030, SOCKDIAG_SYN_RECV, 1, 0, 1724, 0, 0, 0, 0},
    {"127.0.0.8", 40050, "127.0.0.1", 6666, SOCKDIAG_CLOSE_WAIT, 0, 0, 0, 1, 0, 8656, 0},
    {"127.0.0.8", 40051, "127.0.0.1", 6666, SOCKDIAG_CLOSE_WAIT, 0, 0, 0, 1, 0, 8658, 0},
    {"127.0.0.3", 40001, "127.0.0.1", 8888, SOCKDIAG_ESTABLISHED, 0, 0, 0, 0, 0, 8644, 0},
    {"127.0.0.3", 40002, "127.0.0.1", 8888, SOCKDIAG_ESTABLISHED, 0, 0, 0, 0, 0, 8646, 0},
    /* 5 bytes to read */
    {"127.0.0.1", 8888, "127.0.0.3", 40001, SOCKDIAG_ESTABLISHED, 0, 0, 0, 5, 0, 8645, 0},
    {"127.0.0.1", 8889, "127.0.0.2", 40010, SOCKDIAG_ESTABLISHED, 0, 0, 0, 0, 0, 0, 0},
    {"127.0.0.7", 40040, "127.0.0.1", 6666, SOCKDIAG_TIME_WAIT, 3, 0, 58700, 0, 0, 0, 0},
    /* a minisocket */
    {"127.0.0.1", 6666, "127.0.0.8", 40050, SOCKDIAG_FIN_WAIT_2, 3, 0, 58704, 0, 0, 0, 0},
    {"127.0.0.4", 40003, "127.0.0.1", 8888, SOCKDIAG_ESTABLISHED, 0, 0, 0, 0, 0, 8647, 0},
    {"127.0.0.1", 8888, "127.0.0.3", 40002, SOCKDIAG_ESTABLISHED, 0, 0, 0, 0, 0, 0, 0},
    {"127.0.0.2", 40010, "127.0.0.1", 8889, SOCKDIAG_ESTABLISHED, 0, 0, 0, 0, 0, 8640, 0},
    {"127.0.0.2", 40011, "127.0.0.1", 8889, SOCKDIAG_SYN_SENT, 1, 1, 724, 0, 1, 8641, 0},
    {"127.0.0.2", 40012, "127.0.0.1", 8889, SOCKDIAG_SYN_SENT, 1, 1, 724, 0, 1, 8642, 0},
    {"127.0.0.1", 6666, "127.0.0.8", 40051, SOCKDIAG_FIN_WAIT_1, 1, 0, 200, 0, 1, 0, 0},
};

static const struct expected v6[] = {
    {"::", 5555, "::", 0, SOCKDIAG_LISTEN, 0, 0, 0, 1, 16, 8661, 0},
    {"::", 5556, "::", 0, SOCKDIAG_LISTEN, 0, 0, 0, 0, 16, 8667, 2},
    {"::ffff:127.0.0.1", 5556, "::ffff:127.0.0.9", 40065, SOCKDIAG_SYN_RECV, 1, 0, 1000, 0, 0, 0,
     0},
    {"::1", 40064, "::1", 5556, SOCKDIAG_ESTABLISHED, 0, 0, 0, 0, 0, 8668, 0},
    {"::ffff:127.0.0.1", 5555, "::ffff:127.0.0.9", 40060, SOCKDIAG_ESTABLISHED, 0, 0, 0, 0, 0, 8663,
     0},
    {"::1", 5555, "::1", 40062, SOCKDIAG_ESTABLISHED, 0, 0, 0, 0, 0, 0, 0},
    {"::1", 40061, "::1", 5555, SOCKDIAG_ESTABLISHED, 0, 0, 0, 0, 0, 8664, 0},
    {"::1", 40062, "::1", 5555, SOCKDIAG_ESTABLISHED, 0, 0, 0, 0, 0, 8666, 0},
    {"::1", 5556, "::1", 40064, SOCKDIAG_SYN_RECV, 1, 0, 1000, 0, 0, 0, 0},
    {"::1", 5555, "::1", 40061, SOCKDIAG_ESTABLISHED, 0, 0, 0, 0, 0, 8665, 0},
};

#define V4_SOCKETS (sizeof(v4) / sizeof(*v4))
#define V6_SOCKETS (sizeof(v6) / sizeof(*v6))

static void expect_socket(const struct sockdiag_socket *s, int family, const struct expected *e)
{
    uint8_t source[16] = {0}, destination[16] = {0};

    inet_pton(family, e->source, source);
    inet_pton(family, e->destination, destination);
    cr_expect_eq(s->family, family);
    cr_expect_eq(s->state, e->state);
    cr_expect_eq(s->timer, e->timer);
    cr_expect_eq(s->retransmits, e->retransmits);
    cr_expect_eq(s->expires_ms, e->expires_ms);
    cr_expect_eq(s->source_port, e->source_port);
    cr_expect_eq(s->destination_port, e->destination_port);
    cr_expect_arr_eq(s->source, source, sizeof(source));
    cr_expect_arr_eq(s->destination, destination, sizeof(destination));
    cr_expect_eq(s->rqueue, e->rqueue);
    cr_expect_eq(s->wqueue, e->wqueue);
    cr_expect_eq(s->inode, e->inode);
    cr_expect_eq(s->drops, e->drops, "port %u", e->source_port);
}

static void check_recording(const char *name, int family, const struct expected *expected, size_t n)
{
    struct recording *r = load(name);
    struct seen *seen = new_seen();

    cr_assert_eq(parse_exact(r->bytes, r->length, seen), 1);
    cr_assert_eq(seen->n, n);
    for (size_t i = 0; i < n; i++)
        expect_socket(&seen->sockets[i], family, &expected[i]);
    free(seen);
    free(r);
}

Test(sockdiag, recorded_v4)
{
    check_recording("sockdiag-v4-sockets.bin", AF_INET, v4, V4_SOCKETS);
}

Test(sockdiag, recorded_v6)
{
    check_recording("sockdiag-v6-sockets.bin", AF_INET6, v6, V6_SOCKETS);
}

Test(sockdiag, recorded_ends)
{
    struct recording *done = load("sockdiag-v4-done.bin"),
                     *error = load("sockdiag-error-einval.bin");
    struct seen *seen = new_seen();

    cr_assert_eq(parse_exact(done->bytes, done->length, seen), 0);
    cr_assert_eq(parse_exact(error->bytes, error->length, seen), -EINVAL);
    cr_assert_eq(seen->n, 0);
    free(done);
    free(error);
    free(seen);
}

/* Both parts in one piece, as kernels do it that have room for the end behind the last socket. */
Test(sockdiag, sockets_and_end_together)
{
    struct recording *r = load("sockdiag-v4-sockets.bin"), *done = load("sockdiag-v4-done.bin");
    struct seen *seen = new_seen();

    memcpy(r->bytes + r->length, done->bytes, done->length);
    cr_assert_eq(parse_exact(r->bytes, r->length + done->length, seen), 0);
    cr_assert_eq(seen->n, V4_SOCKETS);
    free(r);
    free(done);
    free(seen);
}

Test(sockdiag, visit_ends_the_parse)
{
    static const int results[] = {1, 2, -7, INT32_MIN};
    struct recording *r = load("sockdiag-v4-sockets.bin");

    for (size_t i = 0; i < sizeof(results) / sizeof(*results); i++) {
        struct seen *seen = new_seen();

        seen->stop_after = 3;
        seen->stop_with = results[i];
        cr_assert_eq(parse_exact(r->bytes, r->length, seen), results[i]);
        cr_assert_eq(seen->n, 3);
        free(seen);
    }
    free(r);
}

/* Cut anywhere: the whole messages before the cut are seen, and only a cut between two messages is
 * well formed. */
static void check_truncations(const char *name, size_t messages)
{
    struct recording *r = load(name);
    struct seen *whole = new_seen(), *seen = new_seen();
    size_t well_formed = 0, previous = 0, wrong = 0;

    parse_exact(r->bytes, r->length, whole);
    for (size_t cut = 0; cut < r->length; cut++) {
        int result;

        seen->n = 0;
        result = parse_exact(r->bytes, cut, seen);
        well_formed += result == 1;
        wrong += result != 1 && result != -EBADMSG;
        wrong += seen->n < previous || seen->n > whole->n;
        wrong += memcmp(seen->sockets, whole->sockets, seen->n * sizeof(*seen->sockets)) != 0;
        previous = seen->n;
    }
    cr_assert_eq(wrong, 0);
    cr_assert_eq(well_formed, messages - 1);
    free(whole);
    free(seen);
    free(r);
}

Test(sockdiag, every_truncation)
{
    check_truncations("sockdiag-v4-sockets.bin", V4_SOCKETS);
    check_truncations("sockdiag-v6-sockets.bin", V6_SOCKETS);
    check_truncations("sockdiag-v4-done.bin", 1);
    check_truncations("sockdiag-error-einval.bin", 1);
}

static struct nlmsghdr *message_at(struct recording *r, size_t offset)
{
    return (struct nlmsghdr *)(r->bytes + offset);
}

#define FIRST_V4_MESSAGE 164 /* bytes, the listener on 7777 */

Test(sockdiag, interrupted_dump)
{
    struct recording *r = load("sockdiag-v4-sockets.bin"), *done = load("sockdiag-v4-done.bin");
    struct seen *seen = new_seen();

    message_at(r, FIRST_V4_MESSAGE)->nlmsg_flags |= NLM_F_DUMP_INTR;
    cr_assert_eq(parse_exact(r->bytes, r->length, seen), -EINTR);
    cr_assert_eq(seen->n, 1);
    message_at(done, 0)->nlmsg_flags |= NLM_F_DUMP_INTR;
    cr_assert_eq(parse_exact(done->bytes, done->length, seen), -EINTR);
    free(r);
    free(done);
    free(seen);
}

Test(sockdiag, lying_lengths)
{
    static const uint32_t lengths[] = {0, 1, 15, 17, 87, 3077, 0x7fffffff, 0x80000010, 0xffffffff};
    struct seen *seen = new_seen();

    for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
        struct recording *r = load("sockdiag-v4-sockets.bin");

        seen->n = 0;
        message_at(r, FIRST_V4_MESSAGE)->nlmsg_len = lengths[i];
        cr_expect_eq(parse_exact(r->bytes, r->length, seen), -EBADMSG, "%u", lengths[i]);
        cr_expect_eq(seen->n, 1, "%u", lengths[i]);
        free(r);
    }
    free(seen);
}

Test(sockdiag, not_a_socket)
{
    struct recording *r = load("sockdiag-v4-sockets.bin");
    struct seen *seen = new_seen();
    struct inet_diag_msg *socket = NLMSG_DATA(message_at(r, 0));

    socket->idiag_family = AF_UNIX;
    cr_assert_eq(parse_exact(r->bytes, r->length, seen), -EBADMSG);
    socket->idiag_family = AF_INET;
    message_at(r, 0)->nlmsg_type = NLMSG_NOOP; /* stepped over */
    cr_assert_eq(parse_exact(r->bytes, r->length, seen), 1);
    cr_assert_eq(seen->n, V4_SOCKETS - 1);
    message_at(r, 0)->nlmsg_type = SOCK_DESTROY;
    cr_assert_eq(parse_exact(r->bytes, r->length, seen), -EBADMSG);
    free(r);
    free(seen);
}

static int parse_value(const char *recording, int value)
{
    struct recording *r = load(recording);
    struct seen *seen = new_seen();
    int result;

    memcpy(NLMSG_DATA(message_at(r, 0)), &value, sizeof(value));
    result = parse_exact(r->bytes, r->length, seen);
    free(r);
    free(seen);
    return result;
}

Test(sockdiag, errors_of_the_kernel)
{
    cr_assert_eq(parse_value("sockdiag-error-einval.bin", -ENOENT), -ENOENT);
    cr_assert_eq(parse_value("sockdiag-error-einval.bin", 0), 0); /* an acknowledgement */
    cr_assert_eq(parse_value("sockdiag-error-einval.bin", 1), -EBADMSG);
    cr_assert_eq(parse_value("sockdiag-error-einval.bin", INT32_MIN), -EBADMSG);
    cr_assert_eq(parse_value("sockdiag-v4-done.bin", -ENOMEM), -ENOMEM); /* it failed half-way */
    cr_assert_eq(parse_value("sockdiag-v4-done.bin", INT32_MIN), -EBADMSG);
}

/* A listener whose attributes are cut, overrun the message, or begin in the padding behind it. */
Test(sockdiag, broken_attributes)
{
    size_t sockets_only = NLMSG_HDRLEN + sizeof(struct inet_diag_msg);
    struct recording *r = load("sockdiag-v4-sockets.bin");
    struct seen *seen = new_seen();

    for (size_t length = sockets_only; length < FIRST_V4_MESSAGE; length++) {
        seen->n = 0;
        message_at(r, 0)->nlmsg_len = (uint32_t)length;
        cr_assert_eq(parse_exact(r->bytes, length, seen), 1);
        cr_assert_eq(seen->n, 1);
        cr_assert(seen->sockets[0].drops == 0 || seen->sockets[0].drops == 1);
    }
    for (unsigned length = 0; length < 0x10000; length += 97) {
        memcpy(r->bytes + sockets_only, &(uint16_t){(uint16_t)length}, 2);
        seen->n = 0;
        message_at(r, 0)->nlmsg_len = FIRST_V4_MESSAGE;
        cr_assert_eq(parse_exact(r->bytes, FIRST_V4_MESSAGE, seen), 1);
    }
    free(r);
    free(seen);
}

/* SKMEMINFO from an older kernel, without the drops: the last thing in the buffer. */
Test(sockdiag, short_meminfo)
{
    size_t sockets_only = NLMSG_HDRLEN + sizeof(struct inet_diag_msg);
    struct nlattr meminfo = {.nla_len = NLA_HDRLEN + SK_MEMINFO_DROPS * 4,
                             .nla_type = INET_DIAG_SKMEMINFO};
    struct recording *r = load("sockdiag-v4-sockets.bin");
    struct seen *seen = new_seen();

    memcpy(r->bytes + sockets_only, &meminfo, sizeof(meminfo));
    message_at(r, 0)->nlmsg_len = (uint32_t)sockets_only + meminfo.nla_len;
    cr_assert_eq(parse_exact(r->bytes, message_at(r, 0)->nlmsg_len, seen), 1);
    cr_assert_eq(seen->n, 1);
    cr_assert_eq(seen->sockets[0].drops, 0);
    free(r);
    free(seen);
}

Test(sockdiag, short_error)
{
    for (uint32_t length = NLMSG_HDRLEN; length < NLMSG_HDRLEN + sizeof(struct nlmsgerr);
         length++) {
        struct recording *r = load("sockdiag-error-einval.bin");
        struct seen *seen = new_seen();

        message_at(r, 0)->nlmsg_len = length;
        cr_assert_eq(parse_exact(r->bytes, length, seen), -EBADMSG);
        free(r);
        free(seen);
    }
}

/* An IPv4 address is 4 bytes; what else stands in the kernel's field is not copied. */
Test(sockdiag, ipv4_address_is_four_bytes)
{
    static const uint8_t zero[12];
    struct recording *r = load("sockdiag-v4-sockets.bin");
    struct seen *seen = new_seen();
    struct inet_diag_msg *socket = NLMSG_DATA(message_at(r, 0));

    memset(&socket->id.idiag_src[1], 0xff, 12);
    memset(&socket->id.idiag_dst[1], 0xff, 12);
    cr_assert_eq(parse_exact(r->bytes, r->length, seen), 1);
    cr_assert_arr_eq(seen->sockets[0].source + 4, zero, sizeof(zero));
    cr_assert_arr_eq(seen->sockets[0].destination + 4, zero, sizeof(zero));
    free(r);
    free(seen);
}

Test(sockdiag, states_as_json)
{
    struct sockdiag_census census = {
        .states = {[SOCKDIAG_ESTABLISHED] = 5, [SOCKDIAG_LISTEN] = 1, [SOCKDIAG_FIN_WAIT_2] = 2}};
    json_t *json = sockdiag_states_json(&census);
    char *text = json_dumps(json, 0);

    cr_assert_str_eq(text, "{\"ESTABLISHED\": 5, \"FIN_WAIT_2\": 2, \"LISTEN\": 1}");
    free(text);
    json_decref(json);
}

/* From here on: the kernel itself. In a namespace of one's own where that is allowed, so that no
 * leftovers of others (TIME_WAIT of the last run) are counted; otherwise in the one there is. */
static void alone(void)
{
    struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP};
    int fd;

    if (unshare(CLONE_NEWNET) < 0)
        return;
    fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    cr_assert_eq(ioctl(fd, SIOCSIFFLAGS, &lo), 0);
    close(fd);
}

TestSuite(sockdiag_live, .init = alone);

static struct sockdiag *opened(void)
{
    struct sockdiag *d = NULL;

    cr_assert_eq(sockdiag_open(&d), 0);
    return d;
}

static socklen_t loopback(int family, uint16_t port, struct sockaddr_storage *ret)
{
    memset(ret, 0, sizeof(*ret));
    if (family == AF_INET) {
        *(struct sockaddr_in *)ret = (struct sockaddr_in){
            .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
        return sizeof(struct sockaddr_in);
    }
    *(struct sockaddr_in6 *)ret = (struct sockaddr_in6){
        .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    return sizeof(struct sockaddr_in6);
}

static uint16_t port_of(int fd)
{
    struct sockaddr_in6 address; /* the port is at the same place in both families */
    socklen_t size = sizeof(address);

    cr_assert_eq(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    return ntohs(address.sin6_port);
}

/* On all addresses: a port bound on one address only could be a caller's own on another, and the
 * filter by port would find both. */
static int listening(int family, int backlog, uint16_t *ret_port)
{
    struct sockaddr_storage any = {.ss_family = (sa_family_t)family};
    socklen_t size = family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&any, size) < 0)
        cr_skip_test("no sockets of this family");
    cr_assert_eq(listen(fd, backlog), 0);
    *ret_port = port_of(fd);
    return fd;
}

/* From 127.0.0.`last`, or wherever the kernel likes for 0. Does not wait. */
static int calling(int family, uint16_t port, uint8_t last)
{
    struct sockaddr_in source = {.sin_family = AF_INET, .sin_addr = {htonl(0x7f000000u | last)}};
    struct sockaddr_storage address;
    socklen_t size = loopback(family, port, &address);
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    cr_assert_geq(fd, 0);
    if (last)
        cr_assert_eq(bind(fd, (struct sockaddr *)&source, sizeof(source)), 0);
    if (connect(fd, (struct sockaddr *)&address, size) < 0) {
        if (family == AF_INET6 && errno == EADDRNOTAVAIL)
            cr_skip_test("no ::1 here");
        cr_assert_eq(errno, EINPROGRESS);
    }
    return fd;
}

static int accepted(int listener)
{
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

    cr_assert_geq(fd, 0);
    return fd;
}

/* Until the kernel shows `n` sockets in that state; what it shows instead after ten seconds is a
 * failure. */
static void wait_for(struct sockdiag *d, struct sockdiag_query query, unsigned state, uint64_t n)
{
    time_t deadline = time(NULL) + 10;
    struct sockdiag_census census = {{0}, NULL};

    query.states = SOCKDIAG_BIT(state);
    do {
        cr_assert_eq(sockdiag_census(d, &query, NULL, &census), 0);
        if (census.states[state] == n)
            return;
        sched_yield();
    } while (time(NULL) < deadline);
    cr_assert_fail("%s: %llu instead of %llu", sockdiag_state_name(state),
                   (unsigned long long)census.states[state], (unsigned long long)n);
}

static void check_listener(int family)
{
    struct sockdiag *d = opened();
    struct sockdiag_query query = {.family = family, .states = SOCKDIAG_BIT(SOCKDIAG_LISTEN)};
    struct seen *seen = new_seen();
    struct tcp_info info;
    socklen_t size = sizeof(info);
    int callers[3], listener = listening(family, 4, &query.source_port);

    for (int i = 0; i < 3; i++)
        callers[i] = calling(family, query.source_port, 0);
    query.states = SOCKDIAG_ALL;
    wait_for(d, query, SOCKDIAG_ESTABLISHED, 3);
    query.states = SOCKDIAG_BIT(SOCKDIAG_LISTEN);
    cr_assert_eq(sockdiag_dump(d, &query, keep, seen), 0);
    cr_assert_eq(seen->n, 1);
    cr_assert_eq(getsockopt(listener, IPPROTO_TCP, TCP_INFO, &info, &size), 0);
    cr_assert_eq(seen->sockets[0].family, family);
    cr_assert_eq(seen->sockets[0].state, SOCKDIAG_LISTEN);
    cr_assert_eq(seen->sockets[0].rqueue, 3);
    cr_assert_eq(seen->sockets[0].wqueue, 4);
    cr_assert_eq(seen->sockets[0].rqueue, info.tcpi_unacked);
    cr_assert_eq(seen->sockets[0].wqueue, info.tcpi_sacked);
    cr_assert_neq(seen->sockets[0].inode, 0);
    for (int i = 0; i < 3; i++)
        close(callers[i]);
    close(listener);
    free(seen);
    sockdiag_close(d);
}

Test(sockdiag_live, listener_against_tcp_info)
{
    check_listener(AF_INET);
}

Test(sockdiag_live, listener_against_tcp_info_v6)
{
    check_listener(AF_INET6);
}

/* Each way to filter by port, against sockets that differ from the wanted in one port only. */
Test(sockdiag_live, port_filters)
{
    struct sockdiag *d = opened();
    struct sockdiag_query query = {.family = AF_INET, .states = SOCKDIAG_ALL};
    struct seen *seen = new_seen();
    uint16_t port, other, near, far;
    int listener = listening(AF_INET, 4, &port), second = listening(AF_INET, 4, &other);
    int a = calling(AF_INET, port, 0), b = calling(AF_INET, port, 0),
        c = calling(AF_INET, other, 0);

    near = port_of(a);
    far = port_of(b);
    query.source_port = port;
    wait_for(d, query, SOCKDIAG_ESTABLISHED, 2);
    cr_assert_eq(sockdiag_dump(d, &query, keep, seen), 0);
    cr_assert_eq(seen->n, 3); /* the listener and two children */
    query.destination_port = near;
    seen->n = 0;
    cr_assert_eq(sockdiag_dump(d, &query, keep, seen), 0);
    cr_assert_eq(seen->n, 1);
    cr_assert_eq(seen->sockets[0].source_port, port);
    cr_assert_eq(seen->sockets[0].destination_port, near);
    query.source_port = 0;
    query.destination_port = port;
    seen->n = 0;
    cr_assert_eq(sockdiag_dump(d, &query, keep, seen), 0);
    cr_assert_eq(seen->n, 2);
    cr_assert_eq(seen->sockets[0].source_port ^ seen->sockets[1].source_port, near ^ far);
    query.either_port = port; /* whatever the two others say */
    seen->n = 0;
    cr_assert_eq(sockdiag_dump(d, &query, keep, seen), 0);
    cr_assert_eq(seen->n, 5); /* the listener and both ends of two */
    query.either_port = near;
    seen->n = 0;
    cr_assert_eq(sockdiag_dump(d, &query, keep, seen), 0);
    cr_assert_eq(seen->n, 2);
    cr_assert_eq(seen->sockets[0].source_port ^ seen->sockets[1].source_port, port ^ near);
    close(a), close(b), close(c), close(listener), close(second);
    free(seen);
    sockdiag_close(d);
}

/* Each port is wanted or not by itself, wherever it stands in the list and however long that is. */
Test(sockdiag_live, a_list_of_ports)
{
    enum { LISTENERS = SOCKDIAG_PORTS_MAX + 1 };
    struct sockdiag *d = opened();
    struct seen *seen = new_seen();
    uint16_t ports[LISTENERS];
    int fds[LISTENERS];
    struct sockdiag_query query = {.family = AF_INET,
                                   .states = SOCKDIAG_BIT(SOCKDIAG_LISTEN),
                                   .source_port = 1, /* is ignored */
                                   .source_ports = ports};

    for (size_t i = 0; i < LISTENERS; i++)
        fds[i] = listening(AF_INET, 4, &ports[i]);
    for (query.n_source_ports = 1; query.n_source_ports < LISTENERS; query.n_source_ports++) {
        unsigned long long found = 0;
        seen->n = 0;
        cr_assert_eq(sockdiag_dump(d, &query, keep, seen), 0);
        cr_assert_eq(seen->n, query.n_source_ports);
        for (size_t i = 0; i < seen->n; i++)
            for (size_t j = 0; j < LISTENERS; j++)
                found |= (unsigned long long)(seen->sockets[i].source_port == ports[j]) << j;
        cr_assert_eq(found, (1ULL << query.n_source_ports) - 1);
    }
    for (size_t i = 0; i < LISTENERS; i++)
        close(fds[i]);
    free(seen);
    sockdiag_close(d);
}

/* Both families in one dump, each way to filter by port. */
Test(sockdiag_live, both_families)
{
    struct sockdiag *d = opened();
    uint16_t four, six;
    int fds[] = {listening(AF_INET, 4, &four), listening(AF_INET6, 4, &six)};
    uint16_t ports[] = {four, six};
    const struct sockdiag_query both = {
        .states = SOCKDIAG_ALL, .source_ports = ports, .n_source_ports = 2};
    const struct {
        struct sockdiag_query query;
        int v4, v6;
    } cases[] = {{both, 2, 2},
                 {{.states = SOCKDIAG_ALL, .source_port = six}, 0, 2},
                 {{.states = SOCKDIAG_ALL, .either_port = four}, 3, 0},
                 {{.states = SOCKDIAG_BIT(SOCKDIAG_LISTEN), .source_port = four}, 1, 0}};
    int callers[] = {calling(AF_INET, four, 0), calling(AF_INET6, six, 0)};

    wait_for(d, both, SOCKDIAG_ESTABLISHED, 2);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct seen *seen = new_seen();
        int families[2] = {0};
        cr_assert_eq(sockdiag_dump(d, &cases[i].query, keep, seen), 0);
        for (size_t j = 0; j < seen->n; j++)
            families[seen->sockets[j].family == AF_INET6]++;
        cr_expect_eq(families[0], cases[i].v4, "%zu: %d", i, families[0]);
        cr_expect_eq(families[1], cases[i].v6, "%zu: %d", i, families[1]);
        free(seen);
    }
    for (size_t i = 0; i < 2; i++) {
        close(callers[i]);
        close(fds[i]);
    }
    sockdiag_close(d);
}

/* Without it, no attribute is read of a socket that does not listen. */
Test(sockdiag_live, info_only_when_wanted)
{
    struct sockdiag *d = opened();
    struct sockdiag_query query = {.states = SOCKDIAG_BIT(SOCKDIAG_ESTABLISHED)};
    int listener = listening(AF_INET, 4, &query.source_port),
        caller = calling(AF_INET, query.source_port, 0);

    wait_for(d, query, SOCKDIAG_ESTABLISHED, 1);
    for (query.want_info = 0; query.want_info < 2; query.want_info++) {
        struct seen *seen = new_seen();
        cr_assert_eq(sockdiag_dump(d, &query, keep, seen), 0);
        cr_assert_eq(seen->n, 1);
        cr_assert_eq(seen->sockets[0].has_info, query.want_info);
        free(seen);
    }
    close(caller);
    close(listener);
    sockdiag_close(d);
}

static void prepare_request(int listener)
{
    int seconds = 30;

    /* The third ACK is ignored: the request stays. */
    cr_assert_eq(setsockopt(listener, IPPROTO_TCP, TCP_DEFER_ACCEPT, &seconds, sizeof(seconds)), 0);
}

Test(sockdiag_live, half_open_request)
{
    struct sockdiag *d = opened();
    struct sockdiag_query query = {.family = AF_INET, .states = SOCKDIAG_BIT(SOCKDIAG_SYN_RECV)};
    struct seen *seen = new_seen();
    int listener = listening(AF_INET, 4, &query.source_port), caller;

    prepare_request(listener);
    caller = calling(AF_INET, query.source_port, 0);
    wait_for(d, query, SOCKDIAG_SYN_RECV, 1);
    cr_assert_eq(sockdiag_dump(d, &query, keep, seen), 0);
    cr_assert_eq(seen->n, 1);
    cr_assert_eq(seen->sockets[0].state, SOCKDIAG_SYN_RECV);
    cr_assert_eq(seen->sockets[0].timer, 1);
    cr_assert_eq(seen->sockets[0].inode, 0);
    cr_assert_eq(seen->sockets[0].destination_port, port_of(caller));
    close(caller);
    close(listener);
    free(seen);
    sockdiag_close(d);
}

Test(sockdiag_live, closing_states)
{
    struct sockdiag *d = opened();
    struct sockdiag_query query = {.family = AF_INET, .states = SOCKDIAG_ALL};
    struct sockdiag_query calling_side = {.family = AF_INET};
    struct seen *seen = new_seen();
    int listener = listening(AF_INET, 4, &query.source_port), stays, leaves;

    calling_side.destination_port = query.source_port;
    stays = calling(AF_INET, query.source_port, 0);
    wait_for(d, query, SOCKDIAG_ESTABLISHED, 1);
    close(accepted(listener)); /* an orphan, waiting for the other side */
    wait_for(d, query, SOCKDIAG_FIN_WAIT_2, 1);
    wait_for(d, calling_side, SOCKDIAG_CLOSE_WAIT, 1);
    leaves = calling(AF_INET, query.source_port, 0);
    wait_for(d, query, SOCKDIAG_ESTABLISHED, 1);
    close(leaves);
    close(accepted(listener));
    wait_for(d, calling_side, SOCKDIAG_TIME_WAIT, 1);
    query.states = SOCKDIAG_BIT(SOCKDIAG_FIN_WAIT_2);
    cr_assert_eq(sockdiag_dump(d, &query, keep, seen), 0);
    cr_assert_eq(seen->n, 1);
    cr_assert_eq(seen->sockets[0].inode, 0);
    cr_assert_geq(seen->sockets[0].expires_ms, 1);
    close(stays);
    close(listener);
    free(seen);
    sockdiag_close(d);
}

/* A listener with room for one: the next SYN is dropped and counted. */
Test(sockdiag_live, drops_only_when_wanted)
{
    struct sockdiag *d = opened();
    struct sockdiag_query query = {.family = AF_INET, .states = SOCKDIAG_BIT(SOCKDIAG_LISTEN)};
    struct seen *seen = new_seen();
    int listener = listening(AF_INET, 0, &query.source_port), first, second;

    first = calling(AF_INET, query.source_port, 0);
    wait_for(d, query, SOCKDIAG_ESTABLISHED, 1);
    second = calling(AF_INET, query.source_port, 0);
    cr_assert_eq(sockdiag_dump(d, &query, keep, seen), 0);
    query.want_drops = 1;
    cr_assert_eq(sockdiag_dump(d, &query, keep, seen), 0);
    cr_assert_eq(seen->n, 2);
    cr_assert_eq(seen->sockets[0].drops, 0);
    /* more where the test is so slow that the SYN was repeated */
    cr_assert_geq(seen->sockets[1].drops, 1);
    close(first);
    close(second);
    close(listener);
    free(seen);
    sockdiag_close(d);
}

#define CROWD 300 /* more than one piece of an answer */

struct crowd {
    uint16_t port;
    int listener, callers[CROWD];
};

static struct crowd *gather(struct sockdiag *d)
{
    struct crowd *crowd = calloc(1, sizeof(*crowd));
    struct sockdiag_query query = {.family = AF_INET};
    struct rlimit files;

    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    crowd->listener = listening(AF_INET, CROWD, &crowd->port);
    for (int i = 0; i < CROWD; i++)
        crowd->callers[i] = calling(AF_INET, crowd->port, (uint8_t)(2 + i % 3));
    query.source_port = crowd->port;
    wait_for(d, query, SOCKDIAG_ESTABLISHED, CROWD);
    query = (struct sockdiag_query){.family = AF_INET, .destination_port = crowd->port};
    wait_for(d, query, SOCKDIAG_ESTABLISHED, CROWD);
    return crowd;
}

static void disperse(struct crowd *crowd)
{
    for (int i = 0; i < CROWD; i++)
        close(crowd->callers[i]);
    close(crowd->listener);
    free(crowd);
}

Test(sockdiag_live, usable_after_a_visit_ended_a_dump)
{
    static const int results[] = {1, 2, 42, -7};
    struct sockdiag *d = opened();
    struct crowd *crowd = gather(d);
    struct sockdiag_query query = {
        .family = AF_INET, .states = SOCKDIAG_ALL, .source_port = crowd->port};

    for (size_t i = 0; i < sizeof(results) / sizeof(*results); i++) {
        struct seen *seen = new_seen();

        seen->stop_after = 2;
        seen->stop_with = results[i];
        cr_assert_eq(sockdiag_dump(d, &query, keep, seen), results[i]);
        cr_assert_eq(seen->n, 2);
        seen->n = seen->stop_after = 0;
        cr_assert_eq(sockdiag_dump(d, &query, keep, seen), 0);
        cr_assert_eq(seen->n, CROWD + 1);
        free(seen);
    }
    disperse(crowd);
    sockdiag_close(d);
}

Test(sockdiag_live, census)
{
    static const uint8_t second[] = {127, 0, 0, 3};
    struct sockdiag *d = opened();
    struct crowd *crowd = gather(d);
    struct sockdiag_query query = {
        .family = AF_INET, .states = SOCKDIAG_ALL, .source_port = crowd->port};
    struct sockdiag_census census = {{0}, tally_new()};
    json_t *peers, *expected = json_pack("{s:i, s:i, s:i}", "127.0.0.2", 100, "127.0.0.3", 100,
                                         "127.0.0.4", 100);

    for (int again = 0; again < 2; again++) { /* a census does not add to the one before */
        cr_assert_eq(sockdiag_census(d, &query, NULL, &census), 0);
        cr_assert_eq(census.states[SOCKDIAG_ESTABLISHED], CROWD);
        cr_assert_eq(census.states[SOCKDIAG_LISTEN], 1);
        peers = tally_to_json(census.peers);
        cr_assert(json_equal(peers, expected));
        json_decref(peers);
    }
    cr_assert_eq(sockdiag_census(d, &query, second, &census), 0);
    cr_assert_eq(census.states[SOCKDIAG_ESTABLISHED], 100);
    cr_assert_eq(census.states[SOCKDIAG_LISTEN], 0);
    cr_assert_eq(tally_distinct(census.peers), 1);
    query.states = SOCKDIAG_ALL_BUT_LISTEN;
    cr_assert_eq(sockdiag_census(d, &query, NULL, &census), 0);
    cr_assert_eq(census.states[SOCKDIAG_LISTEN], 0);
    query.family = AF_UNIX;
    cr_assert_eq(sockdiag_census(d, &query, NULL, &census), -EAFNOSUPPORT);
    cr_assert_eq(census.states[SOCKDIAG_ESTABLISHED], 0);
    cr_assert_eq(tally_total(census.peers), 0);
    json_decref(expected);
    tally_free(census.peers);
    disperse(crowd);
    sockdiag_close(d);
}

/* ss -H -t -a -n: "ESTAB 0 0 127.0.0.1:8888 127.0.0.2:40001". */
static void count_with_ss(uint16_t port, uint64_t counts[static SOCKDIAG_STATES],
                          unsigned listener_queues[static 2])
{
    static const char *const names[SOCKDIAG_STATES] = {
        [SOCKDIAG_ESTABLISHED] = "ESTAB",     [SOCKDIAG_SYN_SENT] = "SYN-SENT",
        [SOCKDIAG_SYN_RECV] = "SYN-RECV",     [SOCKDIAG_FIN_WAIT_1] = "FIN-WAIT-1",
        [SOCKDIAG_FIN_WAIT_2] = "FIN-WAIT-2", [SOCKDIAG_TIME_WAIT] = "TIME-WAIT",
        [SOCKDIAG_CLOSE_WAIT] = "CLOSE-WAIT", [SOCKDIAG_LAST_ACK] = "LAST-ACK",
        [SOCKDIAG_LISTEN] = "LISTEN",         [SOCKDIAG_CLOSING] = "CLOSING",
    };
    char command[128], line[512], state[32];
    unsigned queues[2];
    FILE *ss;

    snprintf(command, sizeof(command), "exec ss -Htan 'sport = :%u or dport = :%u'", port, port);
    ss = popen(command, "re");
    cr_assert_not_null(ss);
    while (fgets(line, sizeof(line), ss)) {
        cr_assert_eq(sscanf(line, "%31s %u %u", state, &queues[0], &queues[1]), 3, "%s", line);
        for (unsigned i = 0; i < SOCKDIAG_STATES; i++)
            counts[i] += names[i] && strcmp(names[i], state) == 0;
        if (strcmp(state, "LISTEN") == 0)
            memcpy(listener_queues, queues, sizeof(queues));
    }
    if (pclose(ss) != 0)
        cr_skip_test("ss (iproute2) does not run here");
}

Test(sockdiag_live, census_against_ss)
{
    struct sockdiag *d = opened();
    struct sockdiag_query here = {.family = AF_INET, .states = SOCKDIAG_ALL}, there = here;
    struct sockdiag_census serving = {{0}, NULL}, calls = {{0}, NULL};
    uint64_t counts[SOCKDIAG_STATES] = {0};
    unsigned queues[2] = {0, 0};
    struct seen *seen = new_seen();
    int listener = listening(AF_INET, 4, &here.source_port), callers[6];

    there.destination_port = here.source_port;
    callers[0] = calling(AF_INET, here.source_port, 0);
    wait_for(d, here, SOCKDIAG_ESTABLISHED, 1);
    close(accepted(listener));
    wait_for(d, here, SOCKDIAG_FIN_WAIT_2, 1);
    for (int i = 1; i < 4; i++)
        callers[i] = calling(AF_INET, here.source_port, 0);
    wait_for(d, here, SOCKDIAG_ESTABLISHED, 3);
    prepare_request(listener);
    for (int i = 4; i < 6; i++)
        callers[i] = calling(AF_INET, here.source_port, 0);
    wait_for(d, here, SOCKDIAG_SYN_RECV, 2);
    wait_for(d, there, SOCKDIAG_ESTABLISHED, 5);
    count_with_ss(here.source_port, counts, queues);
    cr_assert_eq(sockdiag_census(d, &here, NULL, &serving), 0);
    cr_assert_eq(sockdiag_census(d, &there, NULL, &calls), 0);
    for (unsigned i = 0; i < SOCKDIAG_STATES; i++)
        cr_expect_eq(serving.states[i] + calls.states[i], counts[i], "%s", sockdiag_state_name(i));
    cr_expect_eq(counts[SOCKDIAG_ESTABLISHED], 8);
    here.states = SOCKDIAG_BIT(SOCKDIAG_LISTEN);
    cr_assert_eq(sockdiag_dump(d, &here, keep, seen), 0);
    cr_expect_eq(seen->sockets[0].rqueue, queues[0]);
    cr_expect_eq(seen->sockets[0].wqueue, queues[1]);
    for (int i = 0; i < 6; i++)
        close(callers[i]);
    close(listener);
    free(seen);
    sockdiag_close(d);
}
