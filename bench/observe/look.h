/* One look at both hosts: all TCP sockets of the lab's port, from sock_diag. */
#pragma once

#include "bench/lab/segment.h"
#include "common/kernel/sockdiag.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum side { SIDE_SERVER, SIDE_CLIENT };

struct look_side {
    size_t n, size;
    struct sockdiag_socket *sockets; /* without those in LISTEN */
    uint64_t states[SOCKDIAG_STATES];
    /* how many of states[SOCKDIAG_FIN_WAIT_2] are orphans that the kernel keeps as minisockets */
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

/* Takes a new look. *look is {0} or an earlier look, whose memory it uses again. server and client
 * ask in the namespaces of their hosts, and may be the same. Returns 0 or -errno. */
int look_take(struct look *look, struct sockdiag *server, struct sockdiag *client, int family,
              uint16_t port);
/* Reads only the accept queue (listening, queue, limit) into a look that has the rest, and sets
 * at_ns. Returns 0 or -errno. */
int look_take_queue(struct look *look, struct sockdiag *server, int family, uint16_t port);
/* Copies a look; release it with look_release(). Returns 0 or -ENOMEM. */
int look_copy(const struct look *from, struct look *ret);
void look_release(struct look *look);

/* Sets *ret to the connection of a socket of that side. */
void look_connection(enum side side, const struct sockdiag_socket *socket,
                     struct connection_id *ret);
