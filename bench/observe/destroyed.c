#include "bench/observe/destroyed.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <stdlib.h>
#include <sys/socket.h>

#define DESTROYED_RECEIVE 65536

struct destroyed {
    struct mnl_socket *socket;
    _Alignas(NLMSG_ALIGNTO) unsigned char buffer[DESTROYED_RECEIVE];
};

/* Bound before it joins: a socket without an address joins without an error and never hears
 * anything. */
static int join(struct mnl_socket *socket)
{
    if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID))
        return -errno;
    for (int group = SKNLGRP_INET_TCP_DESTROY; group <= SKNLGRP_INET6_TCP_DESTROY;
         group += SKNLGRP_INET6_TCP_DESTROY - SKNLGRP_INET_TCP_DESTROY)
        if (mnl_socket_setsockopt(socket, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)))
            return -errno;
    return 0;
}

int destroyed_open(struct destroyed **ret)
{
    const int bytes = 4 << 20; /* as much as rmem_max lets through */
    struct destroyed *d = malloc(sizeof(*d));
    if (!d)
        return -ENOMEM;
    d->socket = mnl_socket_open2(NETLINK_SOCK_DIAG, SOCK_CLOEXEC | SOCK_NONBLOCK);
    int r = d->socket ? join(d->socket) : -errno;
    if (r) {
        destroyed_close(d);
        return r;
    }
    setsockopt(mnl_socket_get_fd(d->socket), SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
    *ret = d;
    return 0;
}

void destroyed_close(struct destroyed *d)
{
    if (!d)
        return;
    if (d->socket)
        mnl_socket_close(d->socket);
    free(d);
}

int destroyed_read(struct destroyed *d, sockdiag_visit *visit, void *context)
{
    for (;;) {
        ssize_t n = mnl_socket_recvfrom(d->socket, d->buffer, sizeof(d->buffer));
        if (n < 0)
            return errno == EAGAIN || errno == EINTR ? 0 : -errno;
        int r = sockdiag_parse(d->buffer, (size_t)n, visit, context);
        if (r < 0)
            return r;
    }
}
