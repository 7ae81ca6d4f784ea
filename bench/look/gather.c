#include "bench/look/gather.h"
#include "common/kernel/endpoint.h"
#include "common/process/clock.h"
#include "common/process/thread.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define LOOK_NS        (20 * NS_PER_MS) /* between looks at the listeners, at least, */
#define WAITS_NS       (50 * NS_PER_MS) /* and between looks at what waits in their queues */
#define COST_PARTS     400              /* a look takes one part in so many of the time */
#define SOCKETS_CHEAP  20000            /* so many are looked at one by one at the end */
#define PORTS_BUSY     0.6              /* of the range: then its middle is looked at, */
#define PORTS_ASKED    2048             /* so many ports of it, */
#define ASKED_BUSY     0.4              /* and if so many are in use towards one destination, all */
#define DESTINATIONS   8                /* kept */
#define CLOSE_WAIT_MAX 20000
#define TICK_NS        (10 * NS_PER_MS) /* ages in tcp_info count ticks; the longest, HZ=100 */
#define TRIES          5
#define PORTS          (UINT16_MAX + 1)

struct looker {
    struct gather *g;
    struct sockdiag *diag;
    uint32_t *first_at; /* of each port: its first listener, and 1; 0: nobody listens */
    int64_t look_due_ns, waits_due_ns;
    /* for visits */
    int64_t fin_timeout_ms;
    struct gather_destination *all;
    size_t n_all, size_all;
    int64_t tw_reuse;
};

/* The listeners at a port, one after the other: NULL at the end. */
static struct gather_listener *next_listener(const struct gather *g, uint32_t next)
{
    return next ? &g->listeners[next - 1] : NULL;
}

static struct gather_listener *first_listener(const struct looker *k, uint16_t port)
{
    return next_listener(k->g, k->first_at[port]);
}

static int64_t number_of(const char *path, int64_t absent)
{
    long long value;
    FILE *file = fopen(path, "re");
    int64_t number = file && fscanf(file, "%lld", &value) == 1 ? value : absent;
    if (file)
        fclose(file);
    return number;
}

/* --- listeners --- */

static bool same_listener(const struct gather_listener *l, const struct sockdiag_socket *s)
{
    return l->socket.inode == s->inode && l->socket.source_port == s->source_port &&
           l->socket.family == s->family;
}

static struct gather_listener *listener_of(struct looker *k, const struct sockdiag_socket *s)
{
    struct gather *g = k->g;
    for (struct gather_listener *l = first_listener(k, s->source_port); l;
         l = next_listener(g, l->next))
        if (same_listener(l, s))
            return l;
    if (g->n_listeners == g->size_listeners) {
        size_t size = g->size_listeners ? 2 * g->size_listeners : 32;
        struct gather_listener *bigger = reallocarray(g->listeners, size, sizeof(*bigger));
        if (!bigger)
            return NULL;
        g->listeners = bigger;
        g->size_listeners = size;
    }
    struct gather_listener *l = &g->listeners[g->n_listeners++];
    *l = (struct gather_listener){.drops_before = s->drops, .next = k->first_at[s->source_port]};
    k->first_at[s->source_port] = (uint32_t)g->n_listeners;
    return l;
}

/* The order of a dump is the same from one look to the next: the next listener is tried first. */
static struct gather_listener *listener_at(struct looker *k, size_t *hint,
                                           const struct sockdiag_socket *s)
{
    struct gather *g = k->g;
    if (*hint < g->n_listeners && same_listener(&g->listeners[*hint], s))
        return &g->listeners[(*hint)++];
    struct gather_listener *l = listener_of(k, s);
    *hint = l ? (size_t)(l - g->listeners) + 1 : 0;
    return l;
}

struct listener_visit {
    struct looker *k;
    size_t hint;
};

static int visit_listener(const struct sockdiag_socket *s, void *context)
{
    struct listener_visit *v = context;
    struct gather_listener *l = listener_at(v->k, &v->hint, s);
    if (!l)
        return -ENOMEM;
    l->socket = *s;
    l->gone = false;
    l->limit = s->wqueue;
    l->accepted = l->accepted || s->rqueue < l->queue;
    l->queue = s->rqueue;
    l->drops = s->drops;
    l->looks++;
    l->looks_full += s->rqueue > s->wqueue;
    l->looks_near += 5 * (uint64_t)s->rqueue >= 4 * ((uint64_t)s->wqueue + 1);
    l->looks_empty += !s->rqueue;
    if (s->rqueue > l->queue_peak)
        l->queue_peak = s->rqueue;
    return 0;
}

/* Both families in one walk. */
static int dump(struct looker *k, struct sockdiag_query query, sockdiag_visit *visit, void *context)
{
    int r = -EINTR;
    for (int i = 0; i < TRIES && r == -EINTR; i++)
        r = sockdiag_dump(k->diag, &query, visit, context);
    return r == -EINTR ? 0 : r;
}

/* of all lookers together */
static int64_t cost_parts(const struct gather *g)
{
    return COST_PARTS * (int64_t)(g->lookers ? g->lookers : 1);
}

static int look_at_listeners(struct looker *k)
{
    int64_t cpu_ns = thread_cpu_ns();
    int64_t now_ns = clock_now_ns();
    struct listener_visit v = {.k = k};
    for (size_t i = 0; i < k->g->n_listeners; i++)
        k->g->listeners[i].gone = true;
    int r =
        dump(k, (struct sockdiag_query){.states = SOCKDIAG_BIT(SOCKDIAG_LISTEN), .want_drops = 1},
             visit_listener, &v);
    k->g->looks++;
    int64_t pause_ns = cost_parts(k->g) * (thread_cpu_ns() - cpu_ns);
    k->look_due_ns = now_ns + (pause_ns > LOOK_NS ? pause_ns : LOOK_NS);
    return r;
}

/* --- what waits in a queue --- */

static bool is_any(const struct sockdiag_socket *s)
{
    static const uint8_t any[16];
    return !memcmp(s->source, any, s->family == AF_INET ? 4 : 16);
}

/* Whether that listener would take a connection with this local end. */
static bool takes(const struct gather_listener *l, const struct sockdiag_socket *s)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    const struct sockdiag_socket *m = &l->socket;
    if (l->gone || m->source_port != s->source_port)
        return false;
    if (m->family == s->family)
        return is_any(m) || !memcmp(m->source, s->source, m->family == AF_INET ? 4 : 16);
    return m->family == AF_INET6 && (is_any(m) || (!memcmp(m->source, mapped, sizeof(mapped)) &&
                                                   !memcmp(m->source + 12, s->source, 4)));
}

struct waits_visit {
    const struct looker *k;
    int64_t since_ms; /* the look before: younger ones are new */
};

static int keep_wait(struct gather_listener *l, uint32_t wait_ms)
{
    if (l->n_waits == GATHER_WAITS_MAX)
        return 0;
    if (l->n_waits == l->size_waits) {
        size_t size = l->size_waits ? 2 * l->size_waits : 64;
        uint32_t *bigger = reallocarray(l->waits_ms, size, sizeof(*bigger));
        if (!bigger)
            return -ENOMEM;
        l->waits_ms = bigger;
        l->size_waits = size;
    }
    l->waits_ms[l->n_waits++] = wait_ms;
    return 0;
}

static struct gather_peer peer_of(const struct sockdiag_socket *s)
{
    struct gather_peer peer = {.port = s->destination_port};
    memcpy(peer.address, s->destination, sizeof(peer.address));
    return peer;
}

/* A connection in the accept queue is a full socket that nobody has opened yet. It may be that of
 * each listener of a group that has a queue: births are counted at the first. */
static int visit_waiting(const struct sockdiag_socket *s, void *context)
{
    struct waits_visit *v = context;
    const struct gather_listener *first = NULL;
    int r = 0;
    if (s->inode || !s->has_info)
        return 0;
    for (struct gather_listener *l = first_listener(v->k, s->source_port); l && !r;
         l = next_listener(v->k->g, l->next)) {
        if (!l->queue || !takes(l, s) || (first && !gather_same_address(first, l)))
            continue;
        const struct gather_peer peer = peer_of(s);
        l->first_waits = l->first_waits || !memcmp(&peer, &l->first, sizeof(peer));
        if (s->last_sent_ms > l->oldest_ms) {
            l->oldest_ms = s->last_sent_ms;
            l->oldest = peer;
        }
        if (!first)
            l->births += s->last_sent_ms <= v->since_ms;
        first = first ? first : l;
        r = keep_wait(l, s->last_sent_ms);
    }
    return r;
}

/* Whose queues hold something: all of them in one walk over the kernel's table. When there are more
 * than can be asked for at once, it is all ports from the lowest to the highest. */
struct busy_ports {
    uint16_t list[SOCKDIAG_PORTS_MAX], first, last;
    size_t n;
};

static struct busy_ports busy_ports(const struct looker *k)
{
    const struct gather *g = k->g;
    struct busy_ports busy = {.first = UINT16_MAX};
    for (size_t i = 0; i < g->n_listeners; i++) {
        const struct gather_listener *l = &g->listeners[i];
        uint16_t port = l->socket.source_port;
        bool known = !l->queue || l->gone;
        for (size_t j = 0; j < busy.n && j < SOCKDIAG_PORTS_MAX && !known; j++)
            known = busy.list[j] == port;
        if (known)
            continue;
        if (busy.n < SOCKDIAG_PORTS_MAX)
            busy.list[busy.n] = port;
        busy.n++;
        busy.first = port < busy.first ? port : busy.first;
        busy.last = port > busy.last ? port : busy.last;
    }
    return busy;
}

static double unix_now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int look_at_waits(struct looker *k, int64_t last_ns)
{
    int64_t cpu_ns = thread_cpu_ns(), now_ns = clock_now_ns();
    const struct busy_ports busy = busy_ports(k);
    bool many = busy.n > SOCKDIAG_PORTS_MAX;
    struct waits_visit v = {.k = k, .since_ms = last_ns ? (now_ns - last_ns) / NS_PER_MS : -1};
    for (size_t i = 0; i < k->g->n_listeners; i++) {
        struct gather_listener *l = &k->g->listeners[i];
        l->oldest_ms = 0;
        l->oldest = (struct gather_peer){0};
        l->first_waits = false;
    }
    int r = dump(k,
                 (struct sockdiag_query){.states = SOCKDIAG_BIT(SOCKDIAG_ESTABLISHED) |
                                                   SOCKDIAG_BIT(SOCKDIAG_CLOSE_WAIT),
                                         .source_ports = busy.list,
                                         .n_source_ports = many ? 0 : busy.n,
                                         .source_port = busy.first,
                                         .source_port_last = busy.last,
                                         .want_info = 1},
                 visit_waiting, &v);
    /* the kernel read its clock somewhere in between */
    k->g->waits_ns = (now_ns + clock_now_ns()) / 2;
    k->g->waits_unix_s = unix_now_s() - (double)(clock_now_ns() - k->g->waits_ns) / 1e9;
    for (size_t i = 0; i < k->g->n_listeners; i++) {
        struct gather_listener *l = &k->g->listeners[i];
        if (!l->first_waits || l->accepted) {
            l->first = l->oldest;
            l->first_since_ns = k->g->waits_ns;
            l->accepted = false;
        }
    }
    int64_t pause_ns = cost_parts(k->g) * (thread_cpu_ns() - cpu_ns);
    k->waits_due_ns = now_ns + (pause_ns > WAITS_NS ? pause_ns : WAITS_NS);
    return r;
}

/* --- half-open requests, CLOSE_WAIT, FIN_WAIT_2 --- */

/* It has been in CLOSE_WAIT since before the window: the peer's FIN had an ACK, and no other ACK
 * has come since (tcp_ack()). */
static int keep_close_wait(struct gather *g, uint32_t inode)
{
    if (g->n_close_waits == CLOSE_WAIT_MAX)
        return 0;
    if (g->n_close_waits == g->size_close_waits) {
        size_t size = g->size_close_waits ? 2 * g->size_close_waits : 64;
        struct gather_close_wait *bigger = reallocarray(g->close_waits, size, sizeof(*bigger));
        if (!bigger)
            return -ENOMEM;
        g->close_waits = bigger;
        g->size_close_waits = size;
    }
    g->close_waits[g->n_close_waits++] = (struct gather_close_wait){.inode = inode};
    return 0;
}

static int visit_odd(const struct sockdiag_socket *s, void *context)
{
    struct looker *k = context;
    if (s->state == SOCKDIAG_SYN_RECV)
        for (struct gather_listener *l = first_listener(k, s->source_port); l;
             l = next_listener(k->g, l->next))
            if (takes(l, s)) {
                l->half_open++;
                return 0;
            }
    if (s->state == SOCKDIAG_CLOSE_WAIT && s->inode && s->has_info)
        return s->last_ack_ms * NS_PER_MS - TICK_NS < clock_now_ns() - k->g->began_ns
                   ? 0
                   : keep_close_wait(k->g, s->inode);
    if (s->state == SOCKDIAG_FIN_WAIT_2 && !s->inode)
        k->g->fin_wait_2_orphans += (int64_t)s->expires_ms + GATHER_ORPHAN_MS < k->fin_timeout_ms;
    return 0;
}

static int look_at_odd_states(struct looker *k)
{
    k->fin_timeout_ms = 1000 * number_of("/proc/sys/net/ipv4/tcp_fin_timeout", 60);
    return dump(k,
                (struct sockdiag_query){.states = SOCKDIAG_BIT(SOCKDIAG_SYN_RECV) |
                                                  SOCKDIAG_BIT(SOCKDIAG_CLOSE_WAIT) |
                                                  SOCKDIAG_BIT(SOCKDIAG_FIN_WAIT_2),
                                        .want_info = 1},
                visit_odd, k);
}

/* --- all sockets: states, and local ports towards each destination --- */

/* A port in TIME_WAIT that connect() takes again after a second (tcp_tw_reuse 1; 2, the default:
 * over loopback). */
static bool is_used_again(const struct looker *k, const struct sockdiag_socket *s)
{
    static const uint8_t loopback6[16] = {[15] = 1};
    bool loopback = s->family == AF_INET ? s->destination[0] == 127
                                         : !memcmp(s->destination, loopback6, sizeof(loopback6));
    return s->state == SOCKDIAG_TIME_WAIT && (k->tw_reuse == 1 || (k->tw_reuse == 2 && loopback));
}

static int visit_own(const struct sockdiag_socket *s, void *context)
{
    struct looker *k = context;
    const struct gather *g = k->g;
    bool own = s->state != SOCKDIAG_LISTEN && s->destination_port && !is_used_again(k, s) &&
               s->source_port >= g->port_first && s->source_port <= g->port_last;
    for (const struct gather_listener *l = first_listener(k, s->source_port); own && l;
         l = next_listener(g, l->next))
        own = !takes(l, s);
    if (!own)
        return 0;
    if (k->n_all == k->size_all) {
        size_t size = k->size_all ? 2 * k->size_all : 1024;
        struct gather_destination *bigger = reallocarray(k->all, size, sizeof(*bigger));
        if (!bigger)
            return -ENOMEM;
        k->all = bigger;
        k->size_all = size;
    }
    k->all[k->n_all++] = (struct gather_destination){.socket = *s, .ports = 1};
    return 0;
}

static int visit_any(const struct sockdiag_socket *s, void *context)
{
    struct looker *k = context;
    k->g->states[s->state < SOCKDIAG_STATES ? s->state : 0]++;
    return visit_own(s, context);
}

static int compare_destinations(const void *a, const void *b)
{
    const struct sockdiag_socket *x = &((const struct gather_destination *)a)->socket,
                                 *y = &((const struct gather_destination *)b)->socket;
    int r = memcmp(x->destination, y->destination, sizeof(x->destination));
    if (!r)
        r = memcmp(x->source, y->source, sizeof(x->source));
    return r ? r : (int)x->destination_port - (int)y->destination_port;
}

static int compare_ports(const void *a, const void *b)
{
    const struct gather_destination *x = a, *y = b;
    return x->ports < y->ports ? 1 : x->ports > y->ports ? -1 : 0;
}

/* Makes of k->all one for each destination, those with the most ports first. Returns how many. */
static size_t count_ports(struct looker *k)
{
    size_t n = 0;
    if (k->n_all)
        qsort(k->all, k->n_all, sizeof(*k->all), compare_destinations);
    for (size_t i = 0; i < k->n_all; i++) {
        if (n && !compare_destinations(&k->all[n - 1], &k->all[i]))
            k->all[n - 1].ports++;
        else
            k->all[n++] = k->all[i];
    }
    if (n)
        qsort(k->all, n, sizeof(*k->all), compare_ports);
    return n;
}

static int keep_destinations(struct looker *k)
{
    struct gather *g = k->g;
    size_t n = count_ports(k);
    g->n_destinations = n < DESTINATIONS ? n : DESTINATIONS;
    g->destinations = calloc(g->n_destinations + 1, sizeof(*g->destinations));
    if (!g->destinations)
        return -ENOMEM;
    if (n)
        memcpy(g->destinations, k->all, g->n_destinations * sizeof(*g->destinations));
    return 0;
}

static int look_at_ports(struct looker *k, int64_t first, int64_t last)
{
    k->n_all = 0;
    return dump(k,
                (struct sockdiag_query){.states = SOCKDIAG_ALL_BUT_LISTEN,
                                        .source_port = (uint16_t)first,
                                        .source_port_last = (uint16_t)last},
                visit_own, k);
}

/* Looks at the ports in the middle of the range, and at all if many of these are in use towards one
 * destination. connect() goes through the range from a random port on and takes every second one
 * first (__inet_hash_connect()): if four fifths are in use, so are half of any part. */
static int look_at_busy_ports(struct looker *k)
{
    const struct gather *g = k->g;
    int64_t middle = (g->port_first + g->port_last) / 2, first = middle - PORTS_ASKED / 2,
            last = first + PORTS_ASKED - 1;
    int r = 0;
    if (g->port_last - g->port_first >= 4 * PORTS_ASKED) {
        r = look_at_ports(k, first, last);
        if (r || !count_ports(k) || (double)k->all[0].ports < ASKED_BUSY * PORTS_ASKED)
            return r;
    }
    r = look_at_ports(k, g->port_first, g->port_last);
    return r ? r : keep_destinations(k);
}

static int look_at_all(struct looker *k)
{
    int r = dump(k, (struct sockdiag_query){.states = SOCKDIAG_ALL}, visit_any, k);
    k->g->counted_states = !r;
    return r ? r : keep_destinations(k);
}

static int look_at_many(struct looker *k)
{
    struct gather *g = k->g;
    int64_t sockets = g->sockstat.in_use + g->sockstat.time_wait;
    k->tw_reuse = number_of("/proc/sys/net/ipv4/tcp_tw_reuse", 0);
    if (sockets <= SOCKETS_CHEAP)
        return look_at_all(k);
    return (double)sockets > PORTS_BUSY * (double)(g->port_last - g->port_first + 1)
               ? look_at_busy_ports(k)
               : 0;
}

/* --- /proc --- */

static void read_sockstat(struct gather *g)
{
    char line[256];
    long long in_use, orphans, time_wait;
    FILE *file = fopen("/proc/net/sockstat", "re");
    while (file && fgets(line, sizeof(line), file))
        if (sscanf(line, "TCP: inuse %lld orphan %lld tw %lld", &in_use, &orphans, &time_wait) ==
            3) {
            g->sockstat.in_use = in_use;
            g->sockstat.orphans = orphans;
            g->sockstat.time_wait = time_wait;
        }
    if (file)
        fclose(file);
    g->sockstat.max_orphans = number_of("/proc/sys/net/ipv4/tcp_max_orphans", -1);
    g->sockstat.max_time_wait = number_of("/proc/sys/net/ipv4/tcp_max_tw_buckets", -1);
    g->somaxconn = number_of("/proc/sys/net/core/somaxconn", -1);
    g->syncookies = number_of("/proc/sys/net/ipv4/tcp_syncookies", 0) > 0;
}

static void read_port_range(struct gather *g)
{
    long long first = 32768, last = 60999;
    FILE *file = fopen("/proc/sys/net/ipv4/ip_local_port_range", "re");
    if (file && fscanf(file, "%lld %lld", &first, &last) != 2) {
        first = 32768;
        last = 60999;
    }
    if (file)
        fclose(file);
    g->port_first = first;
    g->port_last = last;
}

/* --- owners --- */

static int compare_pids(const void *a, const void *b)
{
    const struct gather_close_wait *x = a, *y = b;
    return (x->owner.pid > y->owner.pid) - (x->owner.pid < y->owner.pid);
}

static int find_owners(struct gather *g)
{
    struct owners *o = owners_new();
    int r = o ? 0 : -ENOMEM;
    for (size_t i = 0; i < g->n_listeners && !r; i++)
        r = owners_want(o, g->listeners[i].socket.inode);
    for (size_t i = 0; i < g->n_close_waits && !r; i++)
        r = owners_want(o, g->close_waits[i].inode);
    if (!r) {
        owners_find(o, g->pids, g->n_pids);
        for (size_t i = 0; i < g->n_listeners; i++) {
            struct gather_listener *l = &g->listeners[i];
            l->owner = owners_get(o, l->socket.inode, l->socket.cgroup);
            g->owners_hidden = g->owners_hidden || !l->owner.pid;
        }
        for (size_t i = 0; i < g->n_close_waits; i++)
            g->close_waits[i].owner = owners_get(o, g->close_waits[i].inode, 0);
        if (g->n_close_waits)
            qsort(g->close_waits, g->n_close_waits, sizeof(*g->close_waits), compare_pids);
    }
    owners_free(o);
    return r;
}

/* --- the window --- */

static int compare_waits(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

static void count_groups(const struct looker *k)
{
    const struct gather *g = k->g;
    for (size_t i = 0; i < g->n_listeners; i++) {
        struct gather_listener *l = &g->listeners[i];
        for (const struct gather_listener *m = first_listener(k, l->socket.source_port); m;
             m = next_listener(g, m->next))
            l->group += gather_same_address(l, m);
        if (l->n_waits)
            qsort(l->waits_ms, l->n_waits, sizeof(uint32_t), compare_waits);
    }
}

static bool any_waits(const struct gather *g)
{
    for (size_t i = 0; i < g->n_listeners; i++)
        if (g->listeners[i].queue)
            return true;
    return false;
}

static int watch_window(struct looker *k, int64_t until_ns, bool (*stop)(void))
{
    int r = 0;
    int64_t waits_ns = 0;
    while (!r && !(stop && stop())) {
        int64_t now_ns = clock_now_ns();
        if (now_ns >= until_ns)
            break;
        int64_t due_ns = k->look_due_ns < until_ns ? k->look_due_ns : until_ns;
        if (due_ns > now_ns) {
            const struct timespec rest = {.tv_sec = (due_ns - now_ns) / NS_PER_S,
                                          .tv_nsec = (due_ns - now_ns) % NS_PER_S};
            if (ppoll(NULL, 0, &rest, NULL) && errno == EINTR)
                continue;
        }
        r = look_at_listeners(k);
        if (!r && clock_now_ns() >= k->waits_due_ns && any_waits(k->g)) {
            int64_t began_ns = clock_now_ns();
            r = look_at_waits(k, waits_ns);
            waits_ns = began_ns;
        }
    }
    return r;
}

static int end_window(struct looker *k)
{
    struct gather *g = k->g;
    int r = look_at_listeners(k);
    if (!r && any_waits(g))
        r = look_at_waits(k, 0);
    if (!r)
        r = look_at_odd_states(k);
    read_sockstat(g);
    if (!r)
        r = look_at_many(k);
    return r;
}

int gather_run(struct gather *g, int64_t until_ns, bool (*stop)(void), const char **ret_step)
{
    struct looker k = {.g = g, .first_at = calloc(PORTS, sizeof(*k.first_at))};
    int64_t cpu_ns = thread_cpu_ns();
    *ret_step = "/proc/net/snmp and netstat";
    int r = k.first_at ? counters_read(&g->before) : -ENOMEM;
    if (r) {
        free(k.first_at);
        return r;
    }
    *ret_step = "sock_diag (NETLINK_SOCK_DIAG)";
    read_port_range(g);
    r = sockdiag_open(&k.diag);
    g->began_ns = clock_now_ns();
    if (!r)
        r = look_at_listeners(&k);
    if (!r)
        r = watch_window(&k, until_ns, stop);
    if (!r)
        r = end_window(&k);
    g->ended_ns = clock_now_ns();
    sockdiag_close(k.diag);
    free(k.all);
    if (!r) {
        *ret_step = "/proc/net/snmp and netstat";
        r = counters_read(&g->after);
    }
    if (!r) {
        *ret_step = "memory";
        count_groups(&k);
        r = find_owners(g);
    }
    free(k.first_at);
    g->cpu_s = (double)(thread_cpu_ns() - cpu_ns) / 1e9;
    return r;
}

void gather_release(struct gather *g)
{
    for (size_t i = 0; i < g->n_listeners; i++)
        free(g->listeners[i].waits_ms);
    free(g->listeners);
    free(g->close_waits);
    free(g->destinations);
    counters_free(g->before);
    counters_free(g->after);
    *g = (struct gather){0};
}

int64_t gather_moved(const struct gather *g, const char *counter)
{
    return counters_get(g->after, counter, NULL) - counters_get(g->before, counter, NULL);
}

double gather_seconds(const struct gather *g)
{
    return (double)(g->ended_ns - g->began_ns) / 1e9;
}

bool gather_drops_now(const struct gather *g, const struct gather_listener *l)
{
    return gather_dropped(l) && gather_moved(g, "TcpExt.ListenDrops") > 0;
}

bool gather_same_address(const struct gather_listener *a, const struct gather_listener *b)
{
    return a->socket.family == b->socket.family && a->socket.source_port == b->socket.source_port &&
           !memcmp(a->socket.source, b->socket.source, sizeof(a->socket.source));
}

uint32_t gather_dropped(const struct gather_listener *l)
{
    return l->drops - l->drops_before;
}

uint32_t gather_wait_ms(const struct gather_listener *l, double part)
{
    size_t i = (size_t)(part * (double)l->n_waits);
    return !l->n_waits ? 0 : l->waits_ms[i < l->n_waits ? i : l->n_waits - 1];
}
