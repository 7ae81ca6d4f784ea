#include "client/sources.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static unsigned host_bits(const struct network *n)
{
    unsigned bits = (n->family == AF_INET ? 32u : 128u) - (unsigned)n->prefix;
    return bits > 32 ? 32 : bits;
}

/* A network's first address and its last (broadcast) are no hosts, unless there are but one or
 * two. */
static uint64_t sources_hosts(const struct network *n)
{
    unsigned bits = host_bits(n);
    return bits < 2 ? UINT64_C(1) << bits : (UINT64_C(1) << bits) - 2;
}

uint64_t sources_count(const struct settings *s)
{
    uint64_t count = 0;
    for (size_t i = 0; i < s->n_sources; i++)
        count += sources_hosts(&s->sources[i]);
    return count;
}

/* address + offset; the host part is at most the last 32 bits, so nothing is carried further. */
static void sources_at(const struct settings *s, size_t which, uint64_t offset,
                       struct endpoint *ret)
{
    const struct network *n = &s->sources[which];
    uint8_t bytes[16];
    size_t last = n->family == AF_INET ? 3 : 15;
    memcpy(bytes, n->address, sizeof(bytes));
    for (size_t i = 0; i < 4; i++, offset >>= 8)
        bytes[last - i] = (uint8_t)(bytes[last - i] | (offset & 0xff));
    endpoint_from_bytes(n->family, bytes, 0, ret);
    endpoint_set_zone(ret, s->source_interfaces[which]);
}

void sources_pick(const struct settings *s, uint64_t i, struct endpoint *ret)
{
    i %= sources_count(s);
    for (size_t which = 0;; which++) {
        uint64_t hosts = sources_hosts(&s->sources[which]);
        if (i < hosts) {
            sources_at(s, which, host_bits(&s->sources[which]) < 2 ? i : i + 1, ret);
            return;
        }
        i -= hosts;
    }
}

int sources_bind(int fd, const struct endpoint *source)
{
    const int on = 1;
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
    return bind(fd, (const struct sockaddr *)&source->address, source->length) ? -errno : 0;
}

int sources_try(const struct endpoint *source)
{
    int fd = socket(endpoint_family(source), SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    int r = sources_bind(fd, source);
    close(fd);
    return r;
}

int sources_spread_loopback(struct settings *s, uint64_t n)
{
    struct settings loopback = {
        .n_sources = 1, .sources = {{.family = AF_INET, .prefix = 30, .address = {127, 0, 0, 0}}}};
    struct endpoint last;
    while (sources_count(&loopback) < n && loopback.sources[0].prefix > 8)
        loopback.sources[0].prefix--;
    sources_pick(&loopback, sources_count(&loopback) - 1, &last);
    if (sources_count(&loopback) < n || sources_try(&last))
        return -EADDRNOTAVAIL;
    s->sources[0] = loopback.sources[0];
    s->n_sources = 1;
    return 0;
}
