#include "common/kernel/sockdiag.h"
#include "common/kernel/tally.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <limits.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>

/* The kernel fills at most 32 kB at a time, and only if the receiver offers that much. */
#define RECEIVE_SIZE 65536
#define CENSUS_TRIES 5

struct sockdiag {
    struct mnl_socket *socket;
    int unfinished; /* the last answer may not have been read to its end */
    _Alignas(NLMSG_ALIGNTO) unsigned char buffer[RECEIVE_SIZE];
};

const char *sockdiag_state_name(unsigned state)
{
    static const char *const names[SOCKDIAG_STATES] = {
        [SOCKDIAG_ESTABLISHED] = "ESTABLISHED",
        [SOCKDIAG_SYN_SENT] = "SYN_SENT",
        [SOCKDIAG_SYN_RECV] = "SYN_RECV",
        [SOCKDIAG_FIN_WAIT_1] = "FIN_WAIT_1",
        [SOCKDIAG_FIN_WAIT_2] = "FIN_WAIT_2",
        [SOCKDIAG_TIME_WAIT] = "TIME_WAIT",
        [SOCKDIAG_CLOSE] = "CLOSED",
        [SOCKDIAG_CLOSE_WAIT] = "CLOSE_WAIT",
        [SOCKDIAG_LAST_ACK] = "LAST_ACK",
        [SOCKDIAG_LISTEN] = "LISTEN",
        [SOCKDIAG_CLOSING] = "CLOSING",
        [SOCKDIAG_NEW_SYN_RECV] = "NEW_SYN_RECV",
        [SOCKDIAG_BOUND_INACTIVE] = "BOUND_INACTIVE",
    };

    return state < SOCKDIAG_STATES && names[state] ? names[state] : "?";
}

int sockdiag_open(struct sockdiag **ret)
{
    struct sockdiag *d = malloc(sizeof(*d));
    int r;

    if (!d)
        return -ENOMEM;
    d->unfinished = 0;
    d->socket = mnl_socket_open2(NETLINK_SOCK_DIAG, SOCK_CLOEXEC);
    if (d->socket && mnl_socket_bind(d->socket, 0, MNL_SOCKET_AUTOPID) == 0) {
        *ret = d;
        return 0;
    }
    r = -errno;
    sockdiag_close(d);
    return r;
}

void sockdiag_close(struct sockdiag *d)
{
    if (!d)
        return;
    if (d->socket)
        mnl_socket_close(d->socket);
    free(d);
}

/* A port filter in the kernel's bytecode: each condition is two words, the jumps of the comparison
 * and the port. A condition that fails jumps 4 bytes beyond the end: the kernel then skips the
 * socket. */
struct port_condition {
    struct inet_diag_bc_op compare, port;
};
#define CONDITIONS 4

static size_t require_port(struct port_condition *list, size_t n, uint16_t first, uint16_t last,
                           uint8_t not_below, uint8_t not_above)
{
    if (first == 0)
        return n;
    list[n++] = (struct port_condition){{.code = not_below}, {.no = first}};
    list[n++] = (struct port_condition){{.code = not_above}, {.no = last ? last : first}};
    return n;
}

static void put_filter(struct nlmsghdr *message, const struct sockdiag_query *query)
{
    struct port_condition list[CONDITIONS];
    size_t n = 0;

    n = require_port(list, n, query->source_port, query->source_port_last, INET_DIAG_BC_S_GE,
                     INET_DIAG_BC_S_LE);
    n = require_port(list, n, query->destination_port, 0, INET_DIAG_BC_D_GE, INET_DIAG_BC_D_LE);
    for (size_t i = 0; i < n; i++) {
        list[i].compare.yes = sizeof(*list);
        list[i].compare.no = (unsigned short)((n - i) * sizeof(*list) + 4);
    }
    if (n > 0)
        mnl_attr_put(message, INET_DIAG_REQ_BYTECODE, n * sizeof(*list), list);
}

/* One way in which a socket may match, and the jump of those that do: over the ways that follow, to
 * the end. A jump may only lead to where the jumps of success pass by (inet_diag_bc_audit()), so
 * each way but the last ends with this jump, which they come to and which is always taken. */
struct port_way {
    struct port_condition not_below, not_above;
    struct inet_diag_bc_op matched;
};

static struct port_way port_way(uint8_t not_below, uint8_t not_above, uint16_t port)
{
    return (struct port_way){
        .not_below = {{.code = not_below, .yes = 8, .no = 20}, {.no = port}},
        .not_above = {{.code = not_above, .yes = 8, .no = 12}, {.no = port}},
        .matched = {.code = INET_DIAG_BC_JMP, .yes = 4},
    };
}

static void put_ways(struct nlmsghdr *message, struct port_way *ways, size_t n)
{
    size_t length = n * sizeof(*ways) - sizeof(ways->matched);
    for (size_t i = 0; i < n; i++)
        ways[i].matched.no =
            (unsigned short)(length - i * sizeof(*ways) - offsetof(struct port_way, matched));
    mnl_attr_put(message, INET_DIAG_REQ_BYTECODE, length, ways);
}

static void put_filter_any(struct nlmsghdr *message, const struct sockdiag_query *query)
{
    struct port_way ways[SOCKDIAG_PORTS_MAX];
    size_t n =
        query->n_source_ports < SOCKDIAG_PORTS_MAX ? query->n_source_ports : SOCKDIAG_PORTS_MAX;

    for (size_t i = 0; i < n; i++)
        ways[i] = port_way(INET_DIAG_BC_S_GE, INET_DIAG_BC_S_LE, query->source_ports[i]);
    put_ways(message, ways, n);
}

static void put_filter_either(struct nlmsghdr *message, uint16_t port)
{
    struct port_way ways[] = {port_way(INET_DIAG_BC_S_GE, INET_DIAG_BC_S_LE, port),
                              port_way(INET_DIAG_BC_D_GE, INET_DIAG_BC_D_LE, port)};

    put_ways(message, ways, 2);
}

static unsigned extensions(const struct sockdiag_query *query)
{
    return (query->want_drops ? 1u << (INET_DIAG_SKMEMINFO - 1) : 0) |
           (query->want_info ? 1u << (INET_DIAG_INFO - 1) : 0);
}

/* Only the older request asks for both families in one walk over the kernel's table
 * (inet_diag_dump_compat()). */
static void put_request(struct nlmsghdr *message, const struct sockdiag_query *query)
{
    if (query->family == AF_UNSPEC) {
        struct inet_diag_req *request = mnl_nlmsg_put_extra_header(message, sizeof(*request));
        message->nlmsg_type = TCPDIAG_GETSOCK;
        request->idiag_states = query->states;
        request->idiag_ext = (uint8_t)extensions(query);
    } else {
        struct inet_diag_req_v2 *request = mnl_nlmsg_put_extra_header(message, sizeof(*request));
        message->nlmsg_type = SOCK_DIAG_BY_FAMILY;
        request->sdiag_family = (uint8_t)query->family;
        request->sdiag_protocol = IPPROTO_TCP;
        request->idiag_states = query->states;
        request->idiag_ext = (uint8_t)extensions(query);
    }
}

static int ask(struct sockdiag *d, const struct sockdiag_query *query)
{
    _Alignas(NLMSG_ALIGNTO) char buffer[256 + SOCKDIAG_PORTS_MAX * sizeof(struct port_way)];
    struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);

    if (query->family != AF_INET && query->family != AF_INET6 && query->family != AF_UNSPEC)
        return -EAFNOSUPPORT;
    message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    put_request(message, query);
    if (query->either_port)
        put_filter_either(message, query->either_port);
    else if (query->n_source_ports)
        put_filter_any(message, query);
    else
        put_filter(message, query);
    if (mnl_socket_sendto(d->socket, message, message->nlmsg_len) < 0)
        return -errno;
    d->unfinished = 1;
    return 0;
}

/* Throws away what is left of an earlier answer. The kernel runs one dump at a time on a socket,
 * and makes its next part while the one before is received: once the socket has nothing to read,
 * the dump is over. */
static int drain(struct sockdiag *d)
{
    while (d->unfinished) {
        if (recv(mnl_socket_get_fd(d->socket), d->buffer, sizeof(d->buffer), MSG_DONTWAIT) >= 0 ||
            errno == EINTR)
            continue;
        if (errno != EAGAIN)
            return -errno;
        d->unfinished = 0;
    }
    return 0;
}

static ssize_t receive(struct sockdiag *d)
{
    ssize_t got;

    do
        got = mnl_socket_recvfrom(d->socket, d->buffer, sizeof(d->buffer));
    while (got < 0 && errno == EINTR);
    return got < 0 ? -errno : got;
}

/* The result of one part of an answer, unless it is an error. */
enum { DONE = 0, MORE = 1, STOPPED = 2 };

/* The caller's visitor, and why the dump ended. */
struct visitor {
    sockdiag_visit *visit;
    void *context;
    int attributes; /* read the drops of all sockets, not only of listeners */
    int result;     /* with STOPPED */
};

/* Counts the drops of listeners only: for other sockets the number means something else. */
static void take_attribute(const struct nlattr *attr, struct sockdiag_socket *socket)
{
    uint32_t meminfo[SK_MEMINFO_DROPS + 1];
    struct tcp_info info;
    size_t length = mnl_attr_get_payload_len(attr);
    const void *payload = mnl_attr_get_payload(attr);

    switch (mnl_attr_get_type(attr)) {
    case INET_DIAG_SKMEMINFO:
        if (length < sizeof(meminfo) || socket->state != SOCKDIAG_LISTEN)
            return;
        memcpy(meminfo, payload, sizeof(meminfo));
        socket->drops = meminfo[SK_MEMINFO_DROPS];
        return;
    case INET_DIAG_INFO:
        if (length < offsetof(struct tcp_info, tcpi_pmtu))
            return;
        memcpy(&info, payload, offsetof(struct tcp_info, tcpi_pmtu));
        socket->last_sent_ms = info.tcpi_last_data_sent;
        socket->last_ack_ms = info.tcpi_last_ack_recv;
        socket->has_info = true;
        return;
    case INET_DIAG_CGROUP_ID:
        if (length >= sizeof(socket->cgroup))
            memcpy(&socket->cgroup, payload, sizeof(socket->cgroup));
        return;
    default:
        return;
    }
}

static void take_attributes(const struct nlmsghdr *message, struct sockdiag_socket *socket)
{
    /* Reads up to the message's true end: mnl_attr_for_each() uses the padded length, which may lie
     * outside the buffer. */
    size_t offset = MNL_ALIGN(sizeof(struct inet_diag_msg)),
           length = mnl_nlmsg_get_payload_len(message);
    const void *first = mnl_nlmsg_get_payload_offset(message, sizeof(struct inet_diag_msg));
    const struct nlattr *attr; /* the macro below wants this name */

    length = length > offset ? length - offset : 0;
    mnl_attr_for_each_payload(first, length)
    {
        take_attribute(attr, socket);
    }
}

static int visit_socket(const struct nlmsghdr *message, struct visitor *visitor)
{
    const struct inet_diag_msg *diag = mnl_nlmsg_get_payload(message);
    struct sockdiag_socket socket;
    size_t size;

    if (mnl_nlmsg_get_payload_len(message) < sizeof(*diag))
        return -EBADMSG;
    if (diag->idiag_family != AF_INET && diag->idiag_family != AF_INET6)
        return -EBADMSG;
    socket = (struct sockdiag_socket){
        .family = diag->idiag_family,
        .state = diag->idiag_state,
        .timer = diag->idiag_timer,
        .retransmits = diag->idiag_retrans,
        .expires_ms = diag->idiag_expires,
        .source_port = ntohs(diag->id.idiag_sport),
        .destination_port = ntohs(diag->id.idiag_dport),
        .rqueue = diag->idiag_rqueue,
        .wqueue = diag->idiag_wqueue,
        .inode = diag->idiag_inode,
        .uid = diag->idiag_uid,
    };
    size = socket.family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr);
    memcpy(socket.source, diag->id.idiag_src, size);
    memcpy(socket.destination, diag->id.idiag_dst, size);
    if (visitor->attributes || socket.state == SOCKDIAG_LISTEN)
        take_attributes(message, &socket);
    visitor->result = visitor->visit(&socket, visitor->context);
    return visitor->result ? STOPPED : MORE;
}

static int kernel_error(const struct nlmsghdr *message)
{
    const struct nlmsgerr *reply = mnl_nlmsg_get_payload(message);

    if (mnl_nlmsg_get_payload_len(message) < sizeof(*reply))
        return -EBADMSG;
    /* 0 is an acknowledgement: DONE */
    return reply->error > 0 || reply->error < -4095 ? -EBADMSG : reply->error;
}

/* A dump that failed half-way has the error in its last message. */
static int end_of_dump(const struct nlmsghdr *message)
{
    int error = 0;

    if (mnl_nlmsg_get_payload_len(message) >= sizeof(error))
        memcpy(&error, mnl_nlmsg_get_payload(message), sizeof(error));
    if (error < -4095)
        return -EBADMSG;
    return error < 0 ? error : DONE;
}

static int take_message(const struct nlmsghdr *message, struct visitor *visitor)
{
    if (message->nlmsg_type == NLMSG_ERROR)
        return kernel_error(message);
    if (message->nlmsg_flags & NLM_F_DUMP_INTR)
        return -EINTR;
    switch (message->nlmsg_type) {
    case SOCK_DIAG_BY_FAMILY:
    case TCPDIAG_GETSOCK:
        return visit_socket(message, visitor);
    case NLMSG_DONE:
        return end_of_dump(message);
    case NLMSG_NOOP:
        return MORE;
    default:
        return -EBADMSG;
    }
}

/* mnl_nlmsg_ok() compares lengths as int: one above INT_MAX passes there. */
static int is_whole(const struct nlmsghdr *message, int left)
{
    return mnl_nlmsg_ok(message, left) && message->nlmsg_len <= (unsigned)left;
}

static int take_messages(const void *buffer, size_t length, struct visitor *visitor)
{
    const struct nlmsghdr *message = buffer;
    int left = (int)length, r = MORE;

    if (length == 0 || length > INT_MAX)
        return -EBADMSG;
    while (r == MORE && left > 0) {
        if (!is_whole(message, left))
            return -EBADMSG;
        r = take_message(message, visitor);
        message = mnl_nlmsg_next(message, &left);
    }
    return r;
}

int sockdiag_parse(const void *buffer, size_t length, sockdiag_visit *visit, void *context)
{
    struct visitor visitor = {.visit = visit, .context = context, .attributes = 1};
    int r = take_messages(buffer, length, &visitor);

    return r == STOPPED ? visitor.result : r;
}

int sockdiag_dump(struct sockdiag *d, const struct sockdiag_query *query, sockdiag_visit *visit,
                  void *context)
{
    struct visitor visitor = {.visit = visit, .context = context, .attributes = query->want_info};
    int r = drain(d);

    if (r == 0)
        r = ask(d, query);
    if (r < 0)
        return r;
    do {
        ssize_t got = receive(d);

        r = got < 0 ? (int)got : take_messages(d->buffer, (size_t)got, &visitor);
    } while (r == MORE);
    if (r == DONE)
        d->unfinished = 0;
    return r == STOPPED ? visitor.result : r;
}

struct counting {
    struct sockdiag_census *census;
    const void *destination;
    size_t address_size;
};

static int count_socket(const struct sockdiag_socket *socket, void *context)
{
    const struct counting *counting = context;
    struct sockdiag_census *census = counting->census;

    if (counting->destination &&
        memcmp(socket->destination, counting->destination, counting->address_size) != 0)
        return 0;
    census->states[socket->state < SOCKDIAG_STATES ? socket->state : 0]++;
    if (!census->peers || socket->state == SOCKDIAG_LISTEN || socket->destination_port == 0)
        return 0;
    return tally_add(census->peers, socket->family, socket->destination);
}

static void empty(struct sockdiag_census *census)
{
    memset(census->states, 0, sizeof(census->states));
    if (census->peers)
        tally_clear(census->peers);
}

int sockdiag_census(struct sockdiag *d, const struct sockdiag_query *query, const void *destination,
                    struct sockdiag_census *ret)
{
    struct counting counting = {
        .census = ret,
        .destination = destination,
        .address_size = query->family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr),
    };
    int r = -EINTR;

    for (int try = 0; try < CENSUS_TRIES && r == -EINTR; try++) {
        empty(ret);
        r = sockdiag_dump(d, query, count_socket, &counting);
    }
    if (r < 0)
        empty(ret);
    return r;
}

json_t *sockdiag_states_json(const struct sockdiag_census *census)
{
    json_t *states = json_object();
    for (unsigned i = 1; i < SOCKDIAG_STATES; i++)
        if (census->states[i])
            json_object_set_new(states, sockdiag_state_name(i),
                                json_integer((json_int_t)census->states[i]));
    return states;
}
