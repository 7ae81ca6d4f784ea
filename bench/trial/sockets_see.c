#include "bench/trial/sockets.h"
#include "bench/trial/steps.h"

#include <math.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#define SOCKETS_LOOK_S 2 /* how far two looks may be apart on a machine with other work */

int64_t sock_queue(const struct trial_socket *listener)
{
    struct tcp_info info;
    return sock_info(listener, &info) && info.tcpi_state == TCP_LISTEN ? (int64_t)info.tcpi_unacked
                                                                       : -1;
}

void sock_see_end(struct trial_socket *s, int64_t zero_ns, const char *name)
{
    if (!sock_is_usable(s) || !s->ended_ns)
        return;
    step_see(s->trial, (double)(s->ended_ns - zero_ns) / 1e9, "%s_first", name);
    step_see(s->trial, fmax(0, (double)(s->fine_ns - zero_ns) / 1e9), "%s_last", name);
}

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
