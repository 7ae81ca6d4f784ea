#include "bench/kernel_probe/attempt.h"
#include "common/kernel/endpoint.h"
#include "common/process/clock.h"
#include "common/sysctl/sysctl.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

/* what takes no time by the kernel's rules takes some on an emulated machine */
#define ATTEMPT_PATIENCE_S 5

static int attempt_socket(const struct host *host, int family)
{
    int r = host_enter(host);
    int fd = r ? r : socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    return fd < 0 && !r ? -errno : fd;
}

static int attempt_listen(struct attempt *a, int backlog)
{
    struct endpoint e;
    int r = endpoint_resolve(a->lab->server_address, 0, false, &e);
    if (r)
        return -EINVAL;
    a->listener = attempt_socket(&a->lab->server, a->lab->family);
    if (a->listener < 0)
        return a->listener;
    if (bind(a->listener, (const struct sockaddr *)&e.address, e.length) ||
        listen(a->listener, backlog) ||
        getsockname(a->listener, (struct sockaddr *)&e.address, &e.length))
        return -errno;
    a->port = endpoint_port(&e);
    return 0;
}

int attempt_open(const struct lab *lab, int backlog, struct attempt *ret)
{
    *ret = (struct attempt){.lab = lab, .listener = -1};
    int r = attempt_listen(ret, backlog);
    if (!r)
        r = sockdiag_open(&ret->diag);
    return r ? r : counters_read(&ret->before);
}

void attempt_close(struct attempt *a)
{
    for (size_t i = 0; i < a->n; i++)
        close(a->clients[i]);
    if (a->listener >= 0)
        close(a->listener);
    sockdiag_close(a->diag);
    counters_free(a->before);
}

int attempt_connect(struct attempt *a)
{
    struct endpoint e;
    int fd = a->n < ATTEMPT_CLIENTS ? attempt_socket(&a->lab->client, a->lab->family) : -EMFILE;
    if (fd < 0)
        return fd;
    a->clients[a->n++] = fd;
    if (endpoint_resolve(a->lab->server_address, (uint16_t)a->port, false, &e))
        return -EINVAL;
    return connect(fd, (const struct sockaddr *)&e.address, e.length) && errno != EINPROGRESS
               ? -errno
               : 0;
}

int64_t attempt_counter(const struct attempt *a, const char *name)
{
    struct counters *now;
    if (host_enter(&a->lab->server) || counters_read(&now))
        return -1;
    int64_t moved = (int64_t)(counters_get(now, name, NULL) - counters_get(a->before, name, NULL));
    counters_free(now);
    return moved;
}

static int count(const struct sockdiag_socket *socket, void *context)
{
    (void)socket;
    ++*(int64_t *)context;
    return 0;
}

int64_t attempt_sockets(const struct attempt *a, enum sockdiag_state state)
{
    const struct sockdiag_query query = {
        .family = a->lab->family, .states = SOCKDIAG_BIT(state), .source_port = (uint16_t)a->port};
    int64_t n = 0;
    return sockdiag_dump(a->diag, &query, count, &n) ? -1 : n;
}

uint64_t attempt_held(const struct attempt *a, enum direction direction)
{
    return wire_status(a->lab->wire).held[direction];
}

bool attempt_wait(const struct attempt *a, bool (*reached)(const struct attempt *a))
{
    int64_t until_ns = clock_now_ns() + ATTEMPT_PATIENCE_S * NS_PER_S;
    while (!reached(a)) {
        if (clock_now_ns() > until_ns)
            return false;
        poll(NULL, 0, 1);
    }
    return true;
}

int attempt_set(const struct host *host, const char *key, const char *value)
{
    int r = host_enter(host);
    return r ? r : sysctl_write(key, value);
}
