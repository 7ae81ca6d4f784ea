/* One look at both hosts: every TCP socket of the lab's port, from sock_diag. */
#pragma once

#include "bench/lab/segment.h"
#include "common/kernel/sockdiag.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum side { SIDE_SERVER, SIDE_CLIENT };

struct look_side {
    size_t n, size;
    struct sockdiag_socket *sockets; /* LISTEN is not among them */
    uint64_t states[SOCKDIAG_STATES];
    /* of states[SOCKDIAG_FIN_WAIT_2]: orphans that the kernel keeps as time-wait minisockets */
    uint64_t minisockets;
};

struct look {
    int64_t at_ns;    /* before the first question */
    int64_t until_ns; /* after the last answer */
    struct look_side side[2];
    bool listening;
    /* accept queue's length and limit; of several listeners (SO_REUSEPORT) the sums */
    uint32_t queue, limit;
};

/* Takes a new look into *look, whose memory is used again (zeroed at first). server and client ask
 * in their hosts' namespaces; they may be the same. 0 or -errno. */
int look_take(struct look *look, struct sockdiag *server, struct sockdiag *client, int family,
              uint16_t port);
/* The accept queue alone (listening, queue, limit), into a look that has the rest; at_ns is that of
 * the queue then. 0 or -errno. */
int look_take_queue(struct look *look, struct sockdiag *server, int family, uint16_t port);
/* 0 or -ENOMEM. */
int look_copy(const struct look *from, struct look *ret);
void look_release(struct look *look);

/* Which connection a socket of that side belongs to. */
void look_connection(enum side side, const struct sockdiag_socket *socket,
                     struct connection_id *ret);
