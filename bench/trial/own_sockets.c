#include "bench/trial/own_sockets.h"
#include "common/process/clock.h"
#include "common/report/document.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OWN_SOCKETS_CALLS 400 /* that the document has */

bool sock_is_usable(const struct trial_socket *s)
{
    return s && !s->trial->failure && s->fd >= 0;
}

static json_t *endpoint_json(const struct endpoint *e)
{
    char text[ENDPOINT_TEXT_MAX];
    return e->length && endpoint_port(e) ? json_string(endpoint_format(e, text)) : json_null();
}

void sock_note(const struct trial_socket *s, int64_t at_ns, const char *result, const char *format,
               ...)
{
    struct trial *t = s->trial;
    char call[80];
    va_list arguments;
    if (json_array_size(t->calls) >= OWN_SOCKETS_CALLS)
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
                                    s->side == SIDE_SERVER ? "server" : "client", "call", call,
                                    "result", result, "local", endpoint_json(&s->local), "peer",
                                    endpoint_json(&s->peer)));
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

short sock_poll(const struct trial_socket *s, short events)
{
    struct pollfd p = {.fd = sock_is_usable(s) ? s->fd : -1, .events = events};
    return poll(&p, 1, 0) > 0 ? p.revents : 0;
}

void own_sockets_look(struct trial *t)
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

static const char *outcome(struct trial_socket *s)
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

json_t *own_sockets_report(const struct trial *t)
{
    json_t *log = json_array();
    for (size_t i = 0; i < t->n_sockets; i++)
        if (t->sockets[i]->attempted)
            json_array_append_new(log, json_pack("{s:o, s:o, s:s}", "local",
                                                 endpoint_json(&t->sockets[i]->local), "peer",
                                                 endpoint_json(&t->sockets[i]->peer), "outcome",
                                                 outcome(t->sockets[i])));
    return json_pack("{s:{s:I}, s:o}", "connections", "attempted", (json_int_t)json_array_size(log),
                     "connection_log", log);
}

void own_sockets_release(struct trial *t)
{
    for (size_t i = 0; i < t->n_sockets; i++) {
        if (t->sockets[i]->fd >= 0)
            close(t->sockets[i]->fd);
        free(t->sockets[i]);
    }
    t->n_sockets = 0;
}
