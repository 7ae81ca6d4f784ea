#include "bench/lab/needs.h"
#include "bench/trial/sockets_inside.h"
#include "bench/trial/steps_inside.h"
#include "common/process/clock.h"
#include "common/process/exit_code.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Notes a call that gave r (0 or errno), and gives it back. */
static int noted(const struct trial_socket *s, int64_t at_ns, int r, const char *call,
                 const char *argument)
{
    const char *name = r ? strerrorname_np(r) : "ok";
    sock_note(s, at_ns, name ? name : "error", "%s(%s)", call, argument);
    return r;
}

static int number_noted(const struct trial_socket *s, int64_t at_ns, int r, const char *call,
                        int64_t argument)
{
    char text[24];
    snprintf(text, sizeof(text), "%lld", (long long)argument);
    return noted(s, at_ns, r, call, text);
}

/* --- making --- */

static struct trial_socket *add(struct trial *t, enum side side, int fd)
{
    struct trial_socket *s = calloc(1, sizeof(*s));
    if (!s || t->n_sockets == TRIAL_SOCKETS) {
        step_fail(t, EXIT_CODE_FAILED, s ? "an experiment has at most %d sockets" : "out of memory",
                  TRIAL_SOCKETS);
        close(fd);
        free(s);
        return NULL;
    }
    *s = (struct trial_socket){.trial = t, .side = side, .fd = fd};
    t->sockets[t->n_sockets++] = s;
    return s;
}

struct trial_socket *sock_new(struct trial *t, enum side side)
{
    if (t->failure)
        return NULL;
    int r = host_enter(side == SIDE_SERVER ? &t->lab.server : &t->lab.client);
    int fd = r ? -1 : socket(t->lab.family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        step_check(t, r ? r : -errno,
                   side == SIDE_SERVER ? "a socket on the server host"
                                       : "a socket on the client host");
        return NULL;
    }
    return add(t, side, fd);
}

static const char *host_address(const struct trial *t, enum side side)
{
    return side == SIDE_SERVER ? t->lab.server_address : t->lab.client_address;
}

static void to_endpoint(const char *address, int port, struct endpoint *ret)
{
    if (endpoint_resolve(address, (uint16_t)port, false, ret))
        *ret = (struct endpoint){0}; /* a number that we wrote: cannot be */
}

static void learn_names(struct trial_socket *s)
{
    s->local.length = s->peer.length = sizeof(s->local.address);
    if (getsockname(s->fd, (struct sockaddr *)&s->local.address, &s->local.length))
        s->local.length = 0;
    if (getpeername(s->fd, (struct sockaddr *)&s->peer.address, &s->peer.length))
        s->peer.length = 0;
}

void sock_check(struct trial_socket *s, int r, const char *what)
{
    if (r && s)
        step_check(s->trial, -r, what);
}

void sock_begin(struct trial *t)
{
    if (t->failure)
        return;
    t->began_ns = clock_now_ns();
    watch_begin(t->watch);
    step_look(t);
}

struct trial_socket *sock_serve_sharing(struct trial *t, int64_t backlog, bool reuseaddr,
                                        bool reuseport)
{
    struct trial_socket *s = sock_new(t, SIDE_SERVER);
    bool first = true;
    for (size_t i = 0; i + 1 < t->n_sockets; i++)
        first = first && t->sockets[i]->side != SIDE_SERVER;
    if (first)
        t->began_ns = clock_now_ns();
    if (reuseaddr)
        sock_set(s, SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR");
    if (reuseport)
        sock_set(s, SOL_SOCKET, SO_REUSEPORT, 1, "SO_REUSEPORT");
    sock_check(s, sock_bind(s, LAB_PORT), "bind()");
    sock_check(s, sock_listen(s, backlog), "listen()");
    if (first && !t->failure)
        watch_begin(t->watch);
    step_look(t);
    return s;
}

struct trial_socket *sock_serve(struct trial *t, int64_t backlog)
{
    return sock_serve_sharing(t, backlog, true, false);
}

/* --- calls --- */

int sock_set(struct trial_socket *s, int level, int option, int value, const char *what)
{
    if (!sock_is_usable(s))
        return 0;
    int64_t now_ns = clock_now_ns();
    return noted(s, now_ns, setsockopt(s->fd, level, option, &value, sizeof(value)) ? errno : 0,
                 "setsockopt", what);
}

int sock_get(struct trial_socket *s, int level, int option)
{
    int value = -1;
    socklen_t length = sizeof(value);
    if (!sock_is_usable(s) || getsockopt(s->fd, level, option, &value, &length))
        return -1;
    return value;
}

int sock_linger(struct trial_socket *s, int seconds)
{
    const struct linger linger = {.l_onoff = 1, .l_linger = seconds};
    if (!sock_is_usable(s))
        return 0;
    int64_t now_ns = clock_now_ns();
    return noted(s, now_ns,
                 setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)) ? errno : 0,
                 "setsockopt", seconds ? "SO_LINGER" : "SO_LINGER, 0 s");
}

int sock_bind_at(struct trial_socket *s, const char *address, int port)
{
    struct endpoint e;
    if (!sock_is_usable(s))
        return 0;
    to_endpoint(address, port, &e);
    int64_t now_ns = clock_now_ns();
    int r = bind(s->fd, (const struct sockaddr *)&e.address, e.length) ? errno : 0;
    learn_names(s);
    return number_noted(s, now_ns, r, "bind", port);
}

int sock_bind(struct trial_socket *s, int port)
{
    return sock_is_usable(s) ? sock_bind_at(s, host_address(s->trial, s->side), port) : 0;
}

int sock_listen(struct trial_socket *s, int64_t backlog)
{
    if (!sock_is_usable(s))
        return 0;
    int64_t now_ns = clock_now_ns();
    return number_noted(s, now_ns, listen(s->fd, (int)backlog) ? errno : 0, "listen", backlog);
}

int sock_connect_at(struct trial_socket *s, const char *address, int port)
{
    char text[ENDPOINT_TEXT_MAX];
    struct endpoint e;
    if (!sock_is_usable(s))
        return 0;
    to_endpoint(address, port, &e);
    s->connected_ns = clock_now_ns();
    s->attempted = s->attempted || s->side == SIDE_CLIENT;
    int r = connect(s->fd, (const struct sockaddr *)&e.address, e.length) && errno != EINPROGRESS
                ? errno
                : 0;
    learn_names(s);
    s->peer = e;
    s->error = r;
    if (r == EADDRNOTAVAIL && !s->trial->few_ports)
        step_fail_without_port(s->trial, s->side);
    else if (r == EACCES || r == EPERM || r == ENOBUFS || r == ENOMEM)
        sock_check(s, r, "connect()"); /* no SYN was sent, and no experiment is about that */
    return noted(s, s->connected_ns, r, "connect", endpoint_format(&e, text));
}

int sock_connect_to(struct trial_socket *s, int port)
{
    enum side other = s && s->side == SIDE_SERVER ? SIDE_CLIENT : SIDE_SERVER;
    return sock_is_usable(s) ? sock_connect_at(s, host_address(s->trial, other), port) : 0;
}

int sock_connect(struct trial_socket *s)
{
    return sock_connect_to(s, LAB_PORT);
}

int sock_shutdown(struct trial_socket *s, int how)
{
    static const char *const names[] = {"SHUT_RD", "SHUT_WR", "SHUT_RDWR"};
    if (!sock_is_usable(s))
        return 0;
    int64_t now_ns = clock_now_ns();
    return noted(s, now_ns, shutdown(s->fd, how) ? errno : 0, "shutdown", names[how]);
}

int sock_send(struct trial_socket *s, size_t bytes)
{
    static const char nothing[65536];
    if (!sock_is_usable(s))
        return 0;
    int64_t now_ns = clock_now_ns();
    size_t sent = 0;
    int r = 0;
    while (sent < bytes && !r) {
        size_t rest = bytes - sent < sizeof(nothing) ? bytes - sent : sizeof(nothing);
        ssize_t n = send(s->fd, nothing, rest, MSG_NOSIGNAL);
        r = n < 0 ? errno : 0;
        sent += n > 0 ? (size_t)n : 0;
    }
    if (r && r != EAGAIN)
        s->error = s->error ? s->error : r;
    return number_noted(s, now_ns, r, "send", (int64_t)bytes);
}

ssize_t sock_receive(struct trial_socket *s, size_t most)
{
    char buffer[65536], result[24];
    if (!sock_is_usable(s))
        return 0;
    int64_t now_ns = clock_now_ns();
    ssize_t n = recv(s->fd, buffer, most < sizeof(buffer) ? most : sizeof(buffer), 0);
    int r = n < 0 ? errno : 0;
    const char *name = r ? strerrorname_np(r) : NULL;
    if (r && r != EAGAIN)
        s->error = s->error ? s->error : r;
    if (r)
        snprintf(result, sizeof(result), "%s", name ? name : "error");
    else if (n)
        snprintf(result, sizeof(result), "%zd bytes", n);
    else
        strcpy(result, "end of file");
    sock_note(s, now_ns, result, "recv()");
    return r ? -r : n;
}

int sock_close(struct trial_socket *s)
{
    if (!sock_is_usable(s))
        return 0;
    int64_t now_ns = clock_now_ns();
    int r = close(s->fd) ? errno : 0;
    s->fd = -1;
    return noted(s, now_ns, r, "close", "");
}

void sock_set_blocking(struct trial_socket *s)
{
    int flags = sock_is_usable(s) ? fcntl(s->fd, F_GETFL) : 0;
    if (flags < 0 || (sock_is_usable(s) && fcntl(s->fd, F_SETFL, flags & ~O_NONBLOCK)))
        step_fail(s->trial, EXIT_CODE_FAILED, "fcntl(): %s", needs_error(errno));
}

struct trial_socket *sock_try_accept(struct trial_socket *listener)
{
    if (!sock_is_usable(listener))
        return NULL;
    int64_t now_ns = clock_now_ns();
    int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return NULL;
    struct trial_socket *s = add(listener->trial, listener->side, fd);
    if (!s)
        return NULL;
    s->established = true;
    learn_names(s);
    noted(s, now_ns, 0, "accept", "");
    return s;
}

void sock_connection_id(const struct trial_socket *client, struct connection_id *ret)
{
    struct endpoint server;
    memset(ret, 0, sizeof(*ret));
    if (!sock_is_usable(client))
        return;
    size_t length = client->trial->lab.family == AF_INET ? 4 : 16;
    to_endpoint(client->trial->lab.server_address, LAB_PORT, &server);
    ret->family = client->trial->lab.family;
    memcpy(ret->client, endpoint_bytes(&client->local), length);
    memcpy(ret->server, endpoint_bytes(&server), length);
    ret->client_port = (uint16_t)endpoint_port(&client->local);
    ret->server_port = LAB_PORT;
}

uint16_t sock_client_port(const struct trial_socket *s)
{
    return !s ? 0 : (uint16_t)endpoint_port(s->side == SIDE_CLIENT ? &s->local : &s->peer);
}
