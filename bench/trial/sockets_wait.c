#include "bench/trial/sockets_inside.h"
#include "bench/trial/steps.h"
#include "common/process/clock.h"
#include "common/process/exit_code.h"

#define SOCKETS_CLOSELY_MS 10000
#define SOCKETS_PATIENCE_S 60

/* For step_wait(), whose number cannot be a pointer: the trial has one that is waited for. */
static bool is_ready(struct trial *t, int64_t events)
{
    return sock_poll(t->awaited, (short)events) != 0;
}

bool sock_wait(struct trial_socket *s, short events, double patience_s, const char *what)
{
    if (!sock_is_usable(s))
        return false;
    s->trial->awaited = s;
    return step_wait(s->trial, is_ready, events, patience_s, what);
}

void sock_need(struct trial_socket *s, short events, const char *what)
{
    if (!sock_is_usable(s))
        return;
    s->trial->awaited = s;
    step_need(s->trial, is_ready, events, what);
}

bool sock_wait_closely(struct trial_socket *s, short events)
{
    struct pollfd p = {.fd = sock_is_usable(s) ? s->fd : -1, .events = events};
    return sock_is_usable(s) && poll(&p, 1, SOCKETS_CLOSELY_MS) > 0;
}

struct trial_socket *sock_accept(struct trial_socket *listener)
{
    sock_need(listener, POLLIN, "a connection to be accepted");
    struct trial_socket *s = sock_try_accept(listener);
    if (!s && listener)
        step_fail(listener->trial, EXIT_CODE_FAILED,
                  "accept(): nobody was there, although poll() said so");
    return s;
}

struct trial_socket *sock_connection(struct trial_socket *listener,
                                     struct trial_socket **ret_server)
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
    while (!t->failure && !sock_poll(s, POLLOUT) &&
           step_counter(t, SIDE_SERVER, "TcpExt.ListenDrops") == drops) {
        if (clock_now_ns() > until_ns)
            step_fail(t, EXIT_CODE_FAILED,
                      "timed out after %d s: waited for an answer to a SYN, or for its drop",
                      SOCKETS_PATIENCE_S);
        step_look(t);
    }
    return s;
}
