/* Looks at both hosts made by hand: what sock_diag would have said. */
#pragma once

#include "bench/observe/look.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define LOOKS_PORT 8888

/* 192.0.2.2:port -> 192.0.2.1:8888. */
static inline struct connection_id looks_id(unsigned port)
{
    return (struct connection_id){.family = AF_INET,
                                  .client = {192, 0, 2, 2},
                                  .server = {192, 0, 2, 1},
                                  .client_port = (uint16_t)port,
                                  .server_port = LOOKS_PORT};
}

/* [2001:db8::2]:port -> [2001:db8::1]:8888. */
static inline struct connection_id looks_id6(unsigned port)
{
    return (struct connection_id){.family = AF_INET6,
                                  .client = {0x20, 0x01, 0x0d, 0xb8, [15] = 2},
                                  .server = {0x20, 0x01, 0x0d, 0xb8, [15] = 1},
                                  .client_port = (uint16_t)port,
                                  .server_port = LOOKS_PORT};
}

/* A connection's socket on one side; inode 0: no descriptor. */
static inline void looks_put(struct look *look, enum side side, const struct connection_id *id,
                             unsigned state, uint32_t inode)
{
    struct look_side *s = &look->side[side];
    bool client = side == SIDE_CLIENT;
    struct sockdiag_socket socket = {.family = id->family,
                                     .state = state,
                                     .inode = inode,
                                     .source_port = client ? id->client_port : id->server_port,
                                     .destination_port =
                                         client ? id->server_port : id->client_port};
    memcpy(socket.source, client ? id->client : id->server, 16);
    memcpy(socket.destination, client ? id->server : id->client, 16);
    if (s->n == s->size) {
        s->size = s->size ? 2 * s->size : 16;
        s->sockets = realloc(s->sockets, s->size * sizeof(*s->sockets));
        cr_assert_not_null(s->sockets);
    }
    s->sockets[s->n++] = socket;
    s->states[state < SOCKDIAG_STATES ? state : 0]++;
}
