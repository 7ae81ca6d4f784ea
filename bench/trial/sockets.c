#include "bench/trial/sockets.h"
#include "bench/trial/steps.h"
#include "common/kernel/endpoint.h"
#include "common/process/clock.h"
#include "common/process/exit_code.h"
#include "common/report/document.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SOCKETS_CALLS      400 /* that the document has */
#define SOCKETS_CLOSELY_MS 10000
#define SOCKETS_PATIENCE_S 60

static bool sock_is_usable(const struct trial_socket *s)
{
    return s && !s->trial->failure && s->fd >= 0;
}

/* --- the calls, for the report --- */

static json_t *sock_endpoint_json(const struct endpoint *e)
{
    char text[ENDPOINT_TEXT_MAX];
    return e->length && endpoint_port(e) ? json_string(endpoint_format(e, text)) : json_null();
}

static void sock_note(const struct trial_socket *s, int64_t at_ns, const char *result, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
static void sock_note(const struct trial_socket *s, int64_t at_ns, const char *result, const char *format, ...)
{
    struct trial *t = s->trial;
    char call[80];
    va_list arguments;
    if (json_array_size(t->calls) >= SOCKETS_CALLS)
        return;
    va_start(arguments, format);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    vsnprintf(call, sizeof(call), format, arguments);
#pragma GCC diagnostic pop
    va_end(arguments);
    json_array_append_new(t->calls,
                          json_pack("{s:o, s:s, s:s, s:s, s:o, s:o}", "t_ms",
                                    document_real((double)(at_ns - t->began_ns) / 1e6), "side",
                                    s->side == SIDE_SERVER ? "server" : "client", "call", call, "result", result,
                                    "local", sock_endpoint_json(&s->local), "peer", sock_endpoint_json(&s->peer)));
}

/* Notes a call that gave r (0 or errno), and gives it back. */
static int sock_noted(const struct trial_socket *s, int64_t at_ns, int r, const char *call, const char *argument)
{
    const char *name = r ? strerrorname_np(r) : "ok";
    sock_note(s, at_ns, name ? name : "error", "%s(%s)", call, argument);
    return r;
}

static int sock_number_noted(const struct trial_socket *s, int64_t at_ns, int r, const char *call, int64_t argument)
{
    char text[24];
    snprintf(text, sizeof(text), "%lld", (long long)argument);
    return sock_noted(s, at_ns, r, call, text);
}

/* --- making --- */

static struct trial_socket *sock_add(struct trial *t, enum side side, int fd)
{
    struct trial_socket *s = calloc(1, sizeof(*s));
    if (!s || t->n_sockets == TRIAL_SOCKETS) {
        step_fail(t, EXIT_CODE_FAILED, s ? "an experiment has at most %d sockets" : "out of memory", TRIAL_SOCKETS);
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
        step_fail(t, EXIT_CODE_FAILED, "a socket on the %s host: %s", side == SIDE_SERVER ? "server" : "client",
                  strerror(r ? -r : errno));
        return NULL;
    }
    return sock_add(t, side, fd);
}

static const char *sock_host_address(const struct trial *t, enum side side)
{
    return side == SIDE_SERVER ? t->lab.server_address : t->lab.client_address;
}

static void sock_address(const char *address, int port, struct endpoint *ret)
{
    if (endpoint_resolve(address, (uint16_t)port, false, ret))
        *ret = (struct endpoint){0}; /* a number that we wrote: cannot be */
}

static void sock_learn_names(struct trial_socket *s)
{
    s->local.length = s->peer.length = sizeof(s->local.address);
    if (getsockname(s->fd, (struct sockaddr *)&s->local.address, &s->local.length))
        s->local.length = 0;
    if (getpeername(s->fd, (struct sockaddr *)&s->peer.address, &s->peer.length))
        s->peer.length = 0;
}

static void sock_check(struct trial_socket *s, int r, const char *what)
{
    if (r && s)
        step_fail(s->trial, EXIT_CODE_FAILED, "%s: %s", what, strerror(r));
}

void sock_begin(struct trial *t)
{
    if (t->failure)
        return;
    t->began_ns = clock_now_ns();
    watch_begin(t->watch);
    step_look(t);
}

struct trial_socket *sock_serve_sharing(struct trial *t, int64_t backlog, bool reuseaddr, bool reuseport)
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
    return sock_noted(s, now_ns, setsockopt(s->fd, level, option, &value, sizeof(value)) ? errno : 0, "setsockopt",
                      what);
}

int sock_get(struct trial_socket *s, int level, int option)
{
    int value = -1;
    socklen_t length = sizeof(value);
    if (!sock_is_usable(s) || getsockopt(s->fd, level, option, &value, &length))
        return -1;
    return value;
}

int64_t sock_queue(const struct trial_socket *listener)
{
    struct tcp_info info;
    return sock_info(listener, &info) && info.tcpi_state == TCP_LISTEN ? (int64_t)info.tcpi_unacked : -1;
}

int sock_linger(struct trial_socket *s, int seconds)
{
    const struct linger linger = {.l_onoff = 1, .l_linger = seconds};
    if (!sock_is_usable(s))
        return 0;
    int64_t now_ns = clock_now_ns();
    return sock_noted(s, now_ns, setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)) ? errno : 0,
                      "setsockopt", seconds ? "SO_LINGER" : "SO_LINGER, 0 s");
}

int sock_bind_at(struct trial_socket *s, const char *address, int port)
{
    struct endpoint e;
    if (!sock_is_usable(s))
        return 0;
    sock_address(address, port, &e);
    int64_t now_ns = clock_now_ns();
    int r = bind(s->fd, (const struct sockaddr *)&e.address, e.length) ? errno : 0;
    sock_learn_names(s);
    return sock_number_noted(s, now_ns, r, "bind", port);
}

int sock_bind(struct trial_socket *s, int port)
{
    return sock_is_usable(s) ? sock_bind_at(s, sock_host_address(s->trial, s->side), port) : 0;
}

int sock_listen(struct trial_socket *s, int64_t backlog)
{
    if (!sock_is_usable(s))
        return 0;
    int64_t now_ns = clock_now_ns();
    return sock_number_noted(s, now_ns, listen(s->fd, (int)backlog) ? errno : 0, "listen", backlog);
}

int sock_connect_at(struct trial_socket *s, const char *address, int port)
{
    char text[ENDPOINT_TEXT_MAX];
    struct endpoint e;
    if (!sock_is_usable(s))
        return 0;
    sock_address(address, port, &e);
    s->connected_ns = clock_now_ns();
    s->attempted = s->attempted || s->side == SIDE_CLIENT;
    int r = connect(s->fd, (const struct sockaddr *)&e.address, e.length) && errno != EINPROGRESS ? errno : 0;
    sock_learn_names(s);
    s->peer = e;
    s->error = r;
    if (r == EADDRNOTAVAIL && !s->trial->few_ports)
        step_fail_without_port(s->trial, s->side);
    return sock_noted(s, s->connected_ns, r, "connect", endpoint_format(&e, text));
}

int sock_connect_to(struct trial_socket *s, int port)
{
    enum side other = s && s->side == SIDE_SERVER ? SIDE_CLIENT : SIDE_SERVER;
    return sock_is_usable(s) ? sock_connect_at(s, sock_host_address(s->trial, other), port) : 0;
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
    return sock_noted(s, now_ns, shutdown(s->fd, how) ? errno : 0, "shutdown", names[how]);
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
    return sock_number_noted(s, now_ns, r, "send", (int64_t)bytes);
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
    return sock_noted(s, now_ns, r, "close", "");
}

void sock_set_blocking(struct trial_socket *s)
{
    int flags = sock_is_usable(s) ? fcntl(s->fd, F_GETFL) : 0;
    if (flags < 0 || (sock_is_usable(s) && fcntl(s->fd, F_SETFL, flags & ~O_NONBLOCK)))
        step_fail(s->trial, EXIT_CODE_FAILED, "fcntl(): %s", strerror(errno));
}

struct trial_socket *sock_try_accept(struct trial_socket *listener)
{
    if (!sock_is_usable(listener))
        return NULL;
    int64_t now_ns = clock_now_ns();
    int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return NULL;
    struct trial_socket *s = sock_add(listener->trial, listener->side, fd);
    if (!s)
        return NULL;
    s->established = true;
    sock_learn_names(s);
    sock_noted(s, now_ns, 0, "accept", "");
    return s;
}

struct trial_socket *sock_accept(struct trial_socket *listener)
{
    sock_need(listener, POLLIN, "a connection to be accepted");
    struct trial_socket *s = sock_try_accept(listener);
    if (!s && listener)
        step_fail(listener->trial, EXIT_CODE_FAILED, "accept(): nobody was there, although poll() said so");
    return s;
}

int sock_error(struct trial_socket *s)
{
    int error = 0;
    socklen_t length = sizeof(error);
    if (!sock_is_usable(s))
        return 0;
    int64_t now_ns = clock_now_ns();
    if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &length))
        error = errno;
    s->error = s->error ? s->error : error;
    const char *name = error ? strerrorname_np(error) : "no error";
    sock_note(s, now_ns, name ? name : "error", "getsockopt(SO_ERROR)");
    return error;
}

/* --- waiting --- */

short sock_poll(const struct trial_socket *s, short events)
{
    struct pollfd p = {.fd = sock_is_usable(s) ? s->fd : -1, .events = events};
    return poll(&p, 1, 0) > 0 ? p.revents : 0;
}

/* For step_wait(), whose number cannot be a pointer: the trial has one that is waited for. */
static bool sock_is_ready(struct trial *t, int64_t events)
{
    return sock_poll(t->awaited, (short)events) != 0;
}

bool sock_wait(struct trial_socket *s, short events, double patience_s, const char *what)
{
    if (!sock_is_usable(s))
        return false;
    s->trial->awaited = s;
    return step_wait(s->trial, sock_is_ready, events, patience_s, what);
}

void sock_need(struct trial_socket *s, short events, const char *what)
{
    if (!sock_is_usable(s))
        return;
    s->trial->awaited = s;
    step_need(s->trial, sock_is_ready, events, what);
}

bool sock_wait_closely(struct trial_socket *s, short events)
{
    struct pollfd p = {.fd = sock_is_usable(s) ? s->fd : -1, .events = events};
    return sock_is_usable(s) && poll(&p, 1, SOCKETS_CLOSELY_MS) > 0;
}

struct trial_socket *sock_connection(struct trial_socket *listener, struct trial_socket **ret_server)
{
    struct trial_socket *s = listener ? sock_new(listener->trial, SIDE_CLIENT) : NULL;
    int r = sock_connect(s);
    sock_check(s, r, "connect()");
    sock_need(s, POLLOUT, "the connection to be established");
    if (s && !s->trial->failure && (r = sock_error(s)))
        sock_check(s, r, "connect()");
    if (ret_server)
        *ret_server = sock_accept(listener);
    return s;
}

size_t sock_receive_all(struct trial_socket *s, size_t most, int *ret_error)
{
    size_t all = 0;
    *ret_error = 0;
    while (all < most && sock_is_usable(s)) {
        sock_wait(s, POLLIN, SOCKETS_PATIENCE_S, "data");
        ssize_t n = sock_receive(s, most - all);
        *ret_error = n < 0 ? (int)-n : 0;
        if (n <= 0)
            break;
        all += (size_t)n;
    }
    return all;
}

void sock_pass(struct trial_socket *from, struct trial_socket *to, size_t bytes)
{
    int error;
    sock_check(from, sock_send(from, bytes), "send()");
    size_t came = sock_receive_all(to, bytes, &error);
    if (to && came < bytes)
        step_fail(to->trial, EXIT_CODE_FAILED, "of %zu bytes %zu came", bytes, came);
}

struct trial_socket *sock_try_connection(struct trial *t)
{
    struct trial_socket *s = sock_new(t, SIDE_CLIENT);
    int64_t drops = step_counter(t, SIDE_SERVER, "TcpExt.ListenDrops");
    sock_check(s, sock_connect(s), "connect()");
    int64_t until_ns = clock_now_ns() + SOCKETS_PATIENCE_S * NS_PER_S;
    while (!t->failure && !sock_poll(s, POLLOUT) && step_counter(t, SIDE_SERVER, "TcpExt.ListenDrops") == drops) {
        if (clock_now_ns() > until_ns)
            step_fail(t, EXIT_CODE_FAILED, "waited %d s for an answer to a SYN, or for its drop, in vain",
                      SOCKETS_PATIENCE_S);
        step_look(t);
    }
    return s;
}

void sock_connection_id(const struct trial_socket *client, struct connection_id *ret)
{
    struct endpoint server;
    memset(ret, 0, sizeof(*ret));
    if (!sock_is_usable(client))
        return;
    size_t length = client->trial->lab.family == AF_INET ? 4 : 16;
    sock_address(client->trial->lab.server_address, LAB_PORT, &server);
    ret->family = client->trial->lab.family;
    memcpy(ret->client, endpoint_bytes(&client->local), length);
    memcpy(ret->server, endpoint_bytes(&server), length);
    ret->client_port = (uint16_t)endpoint_port(&client->local);
    ret->server_port = LAB_PORT;
}

/* --- observing --- */

void sockets_look(struct trial *t)
{
    int64_t now_ns = clock_now_ns();
    for (size_t i = 0; i < t->n_sockets && !t->failure; i++) {
        struct trial_socket *s = t->sockets[i];
        if (s->fd < 0 || (!s->connected_ns && !s->established))
            continue; /* without a connection poll() says POLLHUP */
        short now = sock_poll(s, POLLOUT);
        if (now & (POLLERR | POLLHUP)) {
            s->ended_ns = s->ended_ns ? s->ended_ns : now_ns;
            continue;
        }
        s->established = s->established || (s->connected_ns && now & POLLOUT);
        s->fine_ns = now_ns;
    }
}

void sock_see_end(struct trial_socket *s, int64_t zero_ns, const char *name)
{
    if (!sock_is_usable(s) || !s->ended_ns)
        return;
    step_see(s->trial, (double)(s->ended_ns - zero_ns) / 1e9, "%s_first", name);
    step_see(s->trial, fmax(0, (double)(s->fine_ns - zero_ns) / 1e9), "%s_last", name);
}

#define SOCKETS_LOOK_S 2 /* how far two looks may be apart on a machine with other work */

void expect_end(struct prediction *p, struct span span, const struct rule *rule, const char *name)
{
    expect_between(p, "s", span.lo, span.hi + SOCKETS_LOOK_S, rule, "%s_first", name);
    expect_between(p, "s", fmax(0, span.lo - SOCKETS_LOOK_S), span.hi, rule, "%s_last", name);
}

bool sock_info(const struct trial_socket *s, struct tcp_info *ret)
{
    socklen_t length = sizeof(*ret);
    *ret = (struct tcp_info){0};
    return sock_is_usable(s) && !getsockopt(s->fd, IPPROTO_TCP, TCP_INFO, ret, &length);
}

double sock_rto(const struct trial_socket *s)
{
    struct tcp_info info;
    return sock_info(s, &info) ? (double)info.tcpi_rto / 1e6 : NAN;
}

/* --- the ledger --- */

static const char *sock_outcome(struct trial_socket *s)
{
    if (!s->error && sock_poll(s, 0) & POLLERR)
        sock_error(s);
    switch (s->error) {
    case ECONNREFUSED:
        return "refused";
    case ECONNRESET:
    case EPIPE:
        return "reset";
    case ETIMEDOUT:
        return "timed_out";
    case EADDRNOTAVAIL:
    case EADDRINUSE:
        return "no_port";
    case EHOSTUNREACH:
    case ENETUNREACH:
        return "unreachable";
    default:
        return s->established ? "established" : "pending";
    }
}

json_t *sockets_report(const struct trial *t)
{
    json_t *log = json_array();
    for (size_t i = 0; i < t->n_sockets; i++)
        if (t->sockets[i]->attempted)
            json_array_append_new(
                log, json_pack("{s:o, s:o, s:s}", "local", sock_endpoint_json(&t->sockets[i]->local), "peer",
                               sock_endpoint_json(&t->sockets[i]->peer), "outcome", sock_outcome(t->sockets[i])));
    return json_pack("{s:{s:I}, s:o}", "connections", "attempted", (json_int_t)json_array_size(log), "connection_log",
                     log);
}

void sockets_release(struct trial *t)
{
    for (size_t i = 0; i < t->n_sockets; i++) {
        if (t->sockets[i]->fd >= 0)
            close(t->sockets[i]->fd);
        free(t->sockets[i]);
    }
    t->n_sockets = 0;
}
