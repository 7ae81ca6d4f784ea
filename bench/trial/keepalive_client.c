#include "bench/trial/keepalive_client.h"
#include "bench/trial/segments.h"

#include <netinet/tcp.h>

#define KEEPALIVE_CLIENT_OFFSET_S 0.001
/* probes that are predicted one by one; then their number is all */
#define KEEPALIVE_CLIENT_SHOWN 10

struct keepalive_timing keepalive_client_model(const struct knobs *k, const struct conditions *c)
{
    return (struct keepalive_timing){.hz = c->hz,
                                     .idle = knob(k, "idle"),
                                     .interval = knob(k, "interval"),
                                     .probes = knob(k, "probes")};
}

static void keepalive_client_option(struct trial_socket *s, const struct knobs *k, int option,
                                    const char *name, const char *what)
{
    char text[48];
    snprintf(text, sizeof(text), "%s, %lld", what, (long long)knob(k, name));
    sock_set(s, IPPROTO_TCP, option, (int)knob(k, name), text);
}

void keepalive_client_set(struct trial_socket *client, const struct knobs *k, bool options)
{
    sock_set(client, SOL_SOCKET, SO_KEEPALIVE, 1, "SO_KEEPALIVE");
    if (!options)
        return;
    keepalive_client_option(client, k, TCP_KEEPIDLE, "idle", "TCP_KEEPIDLE");
    keepalive_client_option(client, k, TCP_KEEPINTVL, "interval", "TCP_KEEPINTVL");
    keepalive_client_option(client, k, TCP_KEEPCNT, "probes", "TCP_KEEPCNT");
}

struct trial_socket *keepalive_client_connect(struct trial_socket *client,
                                              struct trial_socket *listener)
{
    sock_connect(client);
    sock_need(client, POLLOUT, "the connection to be established");
    return sock_accept(listener);
}

/* The n-th segment of a connection's client, from 1, or NULL; n 0: *ret_count of all. probes: those
 * with the sequence number before the next one, which has long been acknowledged: keepalive probes.
 * Else those with another, of which the first ends the handshake. */
static const struct segment *find(const struct trial *t, const struct trial_socket *client,
                                  bool probes, int64_t n, int64_t *ret_count)
{
    uint32_t syn = 0;
    int64_t count = 0;
    SEGMENTS_OF(s, t, sock_client_port(client)) {
        if (s->direction != TO_SERVER || s->copy)
            continue;
        if (s->flags & SEGMENT_SYN)
            syn = s->sequence;
        else if (!(s->flags & SEGMENT_RST) && (s->sequence == syn) == probes && ++count == n)
            return s;
    }
    if (ret_count)
        *ret_count = count;
    return NULL;
}

int64_t keepalive_client_zero_ns(const struct trial *t, const struct trial_socket *client)
{
    const struct segment *third = find(t, client, false, 1, NULL);
    return third ? third->at_ns : 0;
}

int64_t keepalive_client_count(const struct trial *t, const struct trial_socket *client)
{
    int64_t count = 0;
    find(t, client, true, 0, &count);
    return count;
}

struct span keepalive_client_span(struct span span)
{
    return (struct span){span.lo - KEEPALIVE_CLIENT_OFFSET_S, span.hi};
}

void keepalive_client_expect(struct prediction *p, const struct keepalive_timing *k, int n)
{
    for (int i = 1; i <= n && i <= KEEPALIVE_CLIENT_SHOWN; i++)
        expect_span(p, keepalive_client_span(keepalive_firing(k, i)),
                    i == 1 ? &rule_keepalive_idle : &rule_keepalive_interval, "client.probe_%d", i);
}

void keepalive_client_see(struct trial *t, const struct trial_socket *client)
{
    int64_t zero_ns = keepalive_client_zero_ns(t, client), n = keepalive_client_count(t, client);
    for (int64_t i = 1; i <= n && i <= KEEPALIVE_CLIENT_SHOWN; i++)
        step_see(t, (double)(find(t, client, true, i, NULL)->at_ns - zero_ns) / 1e9,
                 "client.probe_%lld", (long long)i);
    step_see(t, (double)n, "client.probes");
}
