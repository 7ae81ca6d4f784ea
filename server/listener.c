#include "server/listener.h"
#include "common/kernel/socket_options.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

/* In this order in the report. TCP_FASTOPEN comes last: its queue is capped by the somaxconn in
 * force, so it is set after listen(). */
enum {
    LISTENER_DEFER_ACCEPT = SOCKET_OPTIONS_ALIVE,
    LISTENER_LINGER2,
    LISTENER_FASTOPEN,
    LISTENER_OPTIONS
};

static void options(const struct settings *s, struct socket_option rows[static LISTENER_OPTIONS])
{
    socket_options_alive(&s->keepalive, s->user_timeout_ns, rows);
    rows[LISTENER_DEFER_ACCEPT] =
        (struct socket_option){"TCP_DEFER_ACCEPT", IPPROTO_TCP, TCP_DEFER_ACCEPT,
                               (int)s->defer_accept_s, s->defer_accept_s != OPTION_NEVER};
    rows[LISTENER_LINGER2] = (struct socket_option){
        "TCP_LINGER2", IPPROTO_TCP, TCP_LINGER2, (int)s->linger2_s, s->linger2_s != OPTION_NEVER};
    rows[LISTENER_FASTOPEN] = (struct socket_option){"TCP_FASTOPEN", IPPROTO_TCP, TCP_FASTOPEN,
                                                     (int)s->fastopen, s->fastopen != OPTION_NEVER};
}

static int listener_bind(int fd, struct endpoint *at, bool shared, const char **ret_step)
{
    const int on = 1;
    /* A restart must not fail because connections of the last run are in TIME_WAIT. */
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    *ret_step = "SO_REUSEPORT";
    if (shared && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)))
        return -errno;
    *ret_step = "bind";
    at->length =
        endpoint_family(at) == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    if (bind(fd, (struct sockaddr *)&at->address, at->length))
        return -errno;
    if (getsockname(fd, (struct sockaddr *)&at->address, &at->length))
        return -errno;
    return 0;
}

/* TCP_NODELAY is for the echo of large messages, which is sent in pieces: the partial segment at
 * the end of a piece must not wait for the ACK of the piece before, which a delayed ACK makes 40
 * ms. */
static int prepare(int fd, const struct settings *s, struct endpoint *at, bool shared,
                   const char **ret_step)
{
    struct socket_option rows[LISTENER_OPTIONS];
    const int on = 1;
    options(s, rows);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    int r = socket_options_set(fd, rows, LISTENER_FASTOPEN, ret_step);
    if (!r)
        r = listener_bind(fd, at, shared, ret_step);
    if (r)
        return r;
    *ret_step = "listen";
    if (listen(fd, (int)s->backlog))
        return -errno;
    return socket_options_set(fd, &rows[LISTENER_FASTOPEN], 1, ret_step);
}

int listener_open(const struct settings *s, struct endpoint *at, bool shared, const char **ret_step)
{
    *ret_step = "socket";
    int fd = socket(endpoint_family(at), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    int r = prepare(fd, s, at, shared, ret_step);
    if (!r)
        return fd;
    close(fd);
    return r;
}

void listener_prefer_cpu(int fd, int cpu)
{
    if (cpu >= 0)
        setsockopt(fd, SOL_SOCKET, SO_INCOMING_CPU, &cpu, sizeof(cpu));
}

int listener_check_free(const struct endpoint *at)
{
    struct endpoint probe = *at;
    const char *step;
    int fd = socket(endpoint_family(at), SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    int r = listener_bind(fd, &probe, false, &step);
    close(fd);
    return r;
}

int listener_queue(int fd, struct listener_queue *ret)
{
    struct tcp_info info = {0};
    socklen_t length = sizeof(info);
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length))
        return -errno;
    *ret = (struct listener_queue){.length = info.tcpi_unacked, .limit = info.tcpi_sacked};
    return 0;
}

uint64_t listener_capacity(uint32_t limit)
{
    return (uint64_t)limit + 1;
}

json_t *listener_options_json(int fd, const struct settings *s)
{
    struct socket_option rows[LISTENER_OPTIONS];
    options(s, rows);
    return socket_options_json(fd, rows, LISTENER_OPTIONS);
}
