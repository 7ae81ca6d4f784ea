#include "bench/observe/look.h"
#include "common/process/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define LOOK_TRIES           5
#define LOOK_TIMER_TIME_WAIT 3 /* idiag_timer of a minisocket (inet_diag.h has no name for it) */

static int add(struct look_side *s, const struct sockdiag_socket *socket)
{
    if (s->n == s->size) {
        size_t size = s->size ? 2 * s->size : 256;
        struct sockdiag_socket *sockets = realloc(s->sockets, size * sizeof(*sockets));
        if (!sockets)
            return -ENOMEM;
        s->sockets = sockets;
        s->size = size;
    }
    s->sockets[s->n++] = *socket;
    s->states[socket->state < SOCKDIAG_STATES ? socket->state : 0]++;
    if (socket->state == SOCKDIAG_FIN_WAIT_2 && socket->timer == LOOK_TIMER_TIME_WAIT)
        s->minisockets++;
    return 0;
}

/* A dump, and whose sockets it brings: of one side, or of both. */
struct look_dump {
    struct look *look;
    bool wanted[2];
    uint16_t port;
};

/* A socket from the port to itself is both sides'. */
static int visit(const struct sockdiag_socket *socket, void *context)
{
    const struct look_dump *d = context;
    int r = 0;
    if (d->wanted[SIDE_SERVER] && socket->source_port == d->port)
        r = add(&d->look->side[SIDE_SERVER], socket);
    if (!r && d->wanted[SIDE_CLIENT] && socket->destination_port == d->port)
        r = add(&d->look->side[SIDE_CLIENT], socket);
    return r;
}

static int look_dump(struct look_dump *d, struct sockdiag *diag, const struct sockdiag_query *query)
{
    int r = -EINTR;
    for (int i = 0; i < LOOK_TRIES && r == -EINTR; i++) { /* the table changed under the dump */
        for (int side = 0; side < 2; side++) {
            struct look_side *s = &d->look->side[side];
            if (!d->wanted[side])
                continue;
            s->n = s->minisockets = 0;
            memset(s->states, 0, sizeof(s->states));
        }
        r = sockdiag_dump(diag, query, visit, d);
    }
    return r;
}

static int at_listener(const struct sockdiag_socket *socket, void *context)
{
    struct look *look = context;
    look->listening = true;
    look->queue += socket->rqueue;
    look->limit += socket->wqueue;
    return 0;
}

static int at_queue(struct look *look, struct sockdiag *server, int family, uint16_t port)
{
    const struct sockdiag_query query = {
        .family = family, .states = SOCKDIAG_BIT(SOCKDIAG_LISTEN), .source_port = port};
    look->listening = false;
    look->queue = look->limit = 0;
    return sockdiag_dump(server, &query, at_listener, look);
}

int look_take_queue(struct look *look, struct sockdiag *server, int family, uint16_t port)
{
    look->at_ns = clock_now_ns();
    return at_queue(look, server, family, port);
}

/* A dump costs a walk over the machine's whole hash table, some ms, however few sockets are in it:
 * one host is asked once. */
int look_take(struct look *look, struct sockdiag *server, struct sockdiag *client, int family,
              uint16_t port)
{
    struct sockdiag_query query = {.family = family, .states = SOCKDIAG_ALL_BUT_LISTEN};
    struct look_dump dump = {.look = look,
                             .wanted = {[SIDE_CLIENT] = true, [SIDE_SERVER] = server == client},
                             .port = port};
    look->at_ns = clock_now_ns();
    *(server == client ? &query.either_port : &query.destination_port) = port;
    int r = look_dump(&dump, client, &query);
    if (!r && server != client) {
        dump = (struct look_dump){.look = look, .wanted = {[SIDE_SERVER] = true}, .port = port};
        query = (struct sockdiag_query){
            .family = family, .states = SOCKDIAG_ALL_BUT_LISTEN, .source_port = port};
        r = look_dump(&dump, server, &query);
    }
    if (!r)
        r = at_queue(look, server, family, port);
    look->until_ns = clock_now_ns();
    return r;
}

int look_copy(const struct look *from, struct look *ret)
{
    *ret = *from;
    for (int side = 0; side < 2; side++) {
        struct look_side *s = &ret->side[side];
        s->size = s->n;
        s->sockets = calloc(s->n + 1, sizeof(*s->sockets));
        if (!s->sockets) {
            ret->side[SIDE_CLIENT].sockets =
                side == SIDE_SERVER ? NULL : ret->side[SIDE_CLIENT].sockets;
            look_release(ret);
            return -ENOMEM;
        }
        if (s->n)
            memcpy(s->sockets, from->side[side].sockets, s->n * sizeof(*s->sockets));
    }
    return 0;
}

void look_release(struct look *look)
{
    free(look->side[SIDE_SERVER].sockets);
    free(look->side[SIDE_CLIENT].sockets);
    *look = (struct look){0};
}

void look_connection(enum side side, const struct sockdiag_socket *s, struct connection_id *ret)
{
    bool client = side == SIDE_CLIENT;
    size_t length = s->family == AF_INET ? 4 : 16;
    memset(ret, 0, sizeof(*ret));
    ret->family = s->family;
    memcpy(ret->client, client ? s->source : s->destination, length);
    memcpy(ret->server, client ? s->destination : s->source, length);
    ret->client_port = client ? s->source_port : s->destination_port;
    ret->server_port = client ? s->destination_port : s->source_port;
}
