#include "server/listener.h"
#include "common/clock.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

struct listener_option {
    const char *name;
    int level, option, value;
    bool wanted;
};

#define LISTENER_OPTIONS 8

/* TCP_NODELAY is for the echo of large messages, which goes out in pieces: the partial segment at the end of one
 * piece must not wait for the ACK of the one before, 40 ms by the delayed ACK. */
static void listener_options(const struct settings *s, struct listener_option rows[static LISTENER_OPTIONS])
{
    bool keepalive = s->keepalive.idle_s > 0;
    const struct listener_option all[LISTENER_OPTIONS] = {
        {"TCP_NODELAY", IPPROTO_TCP, TCP_NODELAY, 1, true},
        {"SO_KEEPALIVE", SOL_SOCKET, SO_KEEPALIVE, 1, keepalive},
        {"TCP_KEEPIDLE", IPPROTO_TCP, TCP_KEEPIDLE, s->keepalive.idle_s, keepalive},
        {"TCP_KEEPINTVL", IPPROTO_TCP, TCP_KEEPINTVL, s->keepalive.interval_s, keepalive},
        {"TCP_KEEPCNT", IPPROTO_TCP, TCP_KEEPCNT, s->keepalive.count, keepalive},
        {"TCP_USER_TIMEOUT", IPPROTO_TCP, TCP_USER_TIMEOUT, (int)(s->user_timeout_ns / NS_PER_MS),
         s->user_timeout_ns != OPTION_NEVER},
        {"TCP_DEFER_ACCEPT", IPPROTO_TCP, TCP_DEFER_ACCEPT, (int)s->defer_accept_s,
         s->defer_accept_s != OPTION_NEVER},
        {"TCP_LINGER2", IPPROTO_TCP, TCP_LINGER2, (int)s->linger2_s, s->linger2_s != OPTION_NEVER},
    };
    memcpy(rows, all, sizeof(all));
}

static int listener_set_options(int fd, const struct settings *s, const char **ret_step)
{
    struct listener_option rows[LISTENER_OPTIONS];
    listener_options(s, rows);
    for (int i = 0; i < LISTENER_OPTIONS; i++) {
        if (!rows[i].wanted || !setsockopt(fd, rows[i].level, rows[i].option, &rows[i].value, sizeof(int)))
            continue;
        *ret_step = rows[i].name;
        return -errno;
    }
    return 0;
}

static int listener_bind(int fd, struct endpoint *at, bool shared, const char **ret_step)
{
    const int on = 1;
    /* A restart must not wait for the TIME_WAIT of the last run's connections. */
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    *ret_step = "SO_REUSEPORT";
    if (shared && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)))
        return -errno;
    *ret_step = "bind";
    at->length = endpoint_family(at) == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    if (bind(fd, (struct sockaddr *)&at->address, at->length))
        return -errno;
    if (getsockname(fd, (struct sockaddr *)&at->address, &at->length))
        return -errno;
    return 0;
}

/* TCP_FASTOPEN last: its queue is capped by the somaxconn in force. */
static int listener_start(int fd, const struct settings *s, const char **ret_step)
{
    *ret_step = "listen";
    if (listen(fd, (int)s->backlog))
        return -errno;
    int queue = (int)s->fastopen;
    *ret_step = "TCP_FASTOPEN";
    if (s->fastopen != OPTION_NEVER && setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN, &queue, sizeof(queue)))
        return -errno;
    return 0;
}

int listener_open(const struct settings *s, struct endpoint *at, bool shared, const char **ret_step)
{
    *ret_step = "socket";
    int fd = socket(endpoint_family(at), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    int r = listener_set_options(fd, s, ret_step);
    if (!r)
        r = listener_bind(fd, at, shared, ret_step);
    if (!r)
        r = listener_start(fd, s, ret_step);
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

static void listener_append_option(json_t *list, int fd, const char *name, int level, int option, int asked)
{
    int effective = 0;
    socklen_t length = sizeof(effective);
    if (getsockopt(fd, level, option, &effective, &length))
        return;
    json_array_append_new(list, json_pack("{s:s, s:i, s:i}", "option", name, "asked", asked, "effective", effective));
}

json_t *listener_options_json(int fd, const struct settings *s)
{
    struct listener_option rows[LISTENER_OPTIONS];
    json_t *list = json_array();
    listener_options(s, rows);
    for (int i = 1; i < LISTENER_OPTIONS; i++) /* the first was nobody's wish */
        if (rows[i].wanted)
            listener_append_option(list, fd, rows[i].name, rows[i].level, rows[i].option, rows[i].value);
    if (s->fastopen != OPTION_NEVER)
        listener_append_option(list, fd, "TCP_FASTOPEN", IPPROTO_TCP, TCP_FASTOPEN, (int)s->fastopen);
    return list;
}
