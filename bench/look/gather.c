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
#define WAITS_NS       (50 * NS_PER_MS) /* and between walks over all sockets, for what waits */
#define COST_PARTS     250              /* a look takes one part in so many of the time, */
#define WAITS_PORTS    4                /* of listeners, whose queues are looked into one by one */
#define SOCKETS_CHEAP  20000            /* so many are looked at one by one at the end */
#define PORTS_BUSY     0.6              /* of the range: then they are looked at as well */
#define DESTINATIONS   8                /* kept */
#define CLOSE_WAIT_MAX 20000
#define TRIES          5

static const int families[] = {AF_INET, AF_INET6};

struct looker {
    struct gather *g;
    struct sockdiag *diag;
    int64_t look_due_ns, waits_due_ns;
    /* for visits */
    bool close_wait_again;
    int64_t fin_timeout_ms;
    struct gather_destination *all;
    size_t n_all, size_all;
    int64_t tw_reuse;
    uint8_t listened[(UINT16_MAX + 1) / 8]; /* a bit for each port that somebody listens at */
};

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

static struct gather_listener *listener_of(struct gather *g, const struct sockdiag_socket *s)
{
    for (size_t i = 0; i < g->n_listeners; i++)
        if (same_listener(&g->listeners[i], s))
            return &g->listeners[i];
    if (g->n_listeners == g->size_listeners) {
        size_t size = g->size_listeners ? 2 * g->size_listeners : 32;
        struct gather_listener *bigger = reallocarray(g->listeners, size, sizeof(*bigger));
        if (!bigger)
            return NULL;
        g->listeners = bigger;
        g->size_listeners = size;
    }
    struct gather_listener *l = &g->listeners[g->n_listeners++];
    *l = (struct gather_listener){.drops_before = s->drops};
    return l;
}

/* The order of a dump is the same from one look to the next: the next listener is tried first. */
static struct gather_listener *listener_at(struct gather *g, size_t *hint,
                                           const struct sockdiag_socket *s)
{
    if (*hint < g->n_listeners && same_listener(&g->listeners[*hint], s))
        return &g->listeners[(*hint)++];
    struct gather_listener *l = listener_of(g, s);
    *hint = l ? (size_t)(l - g->listeners) + 1 : 0;
    return l;
}

struct listener_visit {
    struct gather *g;
    size_t hint;
};

static int visit_listener(const struct sockdiag_socket *s, void *context)
{
    struct listener_visit *v = context;
    struct gather_listener *l = listener_at(v->g, &v->hint, s);
    if (!l)
        return -ENOMEM;
    l->socket = *s;
    l->gone = false;
    l->limit = s->wqueue;
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

static int dump(struct looker *k, struct sockdiag_query query, sockdiag_visit *visit, void *context)
{
    for (size_t f = 0; f < sizeof(families) / sizeof(*families); f++) {
        int r = -EINTR;
        query.family = families[f];
        for (int i = 0; i < TRIES && r == -EINTR; i++)
            r = sockdiag_dump(k->diag, &query, visit, context);
        /* a kernel without IPv6 knows no such sockets */
        if (r && r != -EINTR && !(query.family == AF_INET6 && r == -ENOENT))
            return r;
    }
    return 0;
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
    struct listener_visit v = {.g = k->g};
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
    struct gather *g;
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

/* A connection in the accept queue is a full socket that nobody has opened yet. It may be that of
 * each listener of a group that has a queue: births are counted at the first. */
static int visit_waiting(const struct sockdiag_socket *s, void *context)
{
    struct waits_visit *v = context;
    const struct gather_listener *first = NULL;
    int r = 0;
    if (s->inode || !s->has_info)
        return 0;
    for (size_t i = 0; i < v->g->n_listeners && !r; i++) {
        struct gather_listener *l = &v->g->listeners[i];
        if (!l->queue || !takes(l, s) || (first && !gather_same_address(first, l)))
            continue;
        if (s->last_sent_ms > l->oldest_ms)
            l->oldest_ms = s->last_sent_ms;
        if (!first)
            l->births += s->last_sent_ms <= v->since_ms;
        first = first ? first : l;
        r = keep_wait(l, s->last_sent_ms);
    }
    return r;
}

/* Whose queues hold something. Up to WAITS_PORTS ports are asked for one by one; when there are
 * more, one dump is of all from the lowest to the highest. */
struct busy_ports {
    uint16_t list[WAITS_PORTS], first, last;
    size_t n;
};

static struct busy_ports busy_ports(const struct gather *g)
{
    struct busy_ports busy = {.first = UINT16_MAX};
    for (size_t i = 0; i < g->n_listeners; i++) {
        const struct gather_listener *l = &g->listeners[i];
        uint16_t port = l->socket.source_port;
        bool known = !l->queue || l->gone;
        for (size_t j = 0; j < busy.n && j < WAITS_PORTS; j++)
            known = known || busy.list[j] == port;
        if (known)
            continue;
        if (busy.n < WAITS_PORTS)
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
    const struct busy_ports busy = busy_ports(k->g);
    bool many = busy.n > WAITS_PORTS;
    struct waits_visit v = {.g = k->g, .since_ms = last_ns ? (now_ns - last_ns) / NS_PER_MS : -1};
    int r = 0;
    k->g->waits_ns = now_ns;
    k->g->waits_unix_s = unix_now_s();
    for (size_t i = 0; i < k->g->n_listeners; i++)
        k->g->listeners[i].oldest_ms = 0;
    for (size_t i = 0; i < (many ? 1 : busy.n) && !r; i++)
        r = dump(k,
                 (struct sockdiag_query){.states = SOCKDIAG_BIT(SOCKDIAG_ESTABLISHED) |
                                                   SOCKDIAG_BIT(SOCKDIAG_CLOSE_WAIT),
                                         .source_port = many ? busy.first : busy.list[i],
                                         .source_port_last = many ? busy.last : 0,
                                         .want_info = 1},
                 visit_waiting, &v);
    for (size_t i = 0; i < k->g->n_listeners; i++) {
        struct gather_listener *l = &k->g->listeners[i];
        if (l->oldest_ms && !l->oldest_ns) {
            l->oldest_first_ms = l->oldest_ms;
            l->oldest_ns = now_ns;
        }
    }
    int64_t pause_ns = cost_parts(k->g) * (thread_cpu_ns() - cpu_ns);
    k->waits_due_ns = now_ns + (pause_ns > WAITS_NS ? pause_ns : WAITS_NS);
    return r;
}

/* --- half-open requests, CLOSE_WAIT, FIN_WAIT_2 --- */

static int compare_close_waits(const void *a, const void *b)
{
    const struct gather_close_wait *x = a, *y = b;
    return x->inode < y->inode ? -1 : x->inode > y->inode;
}

static int keep_close_wait(struct looker *k, uint32_t inode)
{
    struct gather *g = k->g;
    const struct gather_close_wait key = {.inode = inode};
    struct gather_close_wait *before =
        k->close_wait_again && g->n_close_waits
            ? bsearch(&key, g->close_waits, g->n_close_waits, sizeof(key), compare_close_waits)
            : NULL;
    if (before)
        before->stayed = true;
    if (k->close_wait_again || g->n_close_waits == CLOSE_WAIT_MAX)
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
        for (size_t i = 0; i < k->g->n_listeners; i++)
            if (takes(&k->g->listeners[i], s)) {
                k->g->listeners[i].half_open++;
                return 0;
            }
    if (s->state == SOCKDIAG_CLOSE_WAIT && s->inode)
        return keep_close_wait(k, s->inode);
    if (s->state == SOCKDIAG_FIN_WAIT_2 && !s->inode)
        k->g->fin_wait_2_orphans += (int64_t)s->expires_ms + GATHER_ORPHAN_MS < k->fin_timeout_ms;
    return 0;
}

static int look_at_odd_states(struct looker *k, bool again)
{
    for (size_t i = 0; i < k->g->n_listeners; i++)
        k->g->listeners[i].half_open = 0;
    k->g->fin_wait_2_orphans = 0;
    k->fin_timeout_ms = 1000 * number_of("/proc/sys/net/ipv4/tcp_fin_timeout", 60);
    k->close_wait_again = again;
    k->g->close_waits_twice = again;
    int r = dump(k,
                 (struct sockdiag_query){.states = SOCKDIAG_BIT(SOCKDIAG_SYN_RECV) |
                                                   SOCKDIAG_BIT(SOCKDIAG_CLOSE_WAIT) |
                                                   SOCKDIAG_BIT(SOCKDIAG_FIN_WAIT_2)},
                 visit_odd, k);
    if (k->g->n_close_waits && !again)
        qsort(k->g->close_waits, k->g->n_close_waits, sizeof(*k->g->close_waits),
              compare_close_waits);
    return r;
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

static int visit_any(const struct sockdiag_socket *s, void *context)
{
    struct looker *k = context;
    struct gather *g = k->g;
    g->states[s->state < SOCKDIAG_STATES ? s->state : 0]++;
    bool own = s->state != SOCKDIAG_LISTEN && s->destination_port && !is_used_again(k, s) &&
               s->source_port >= g->port_first && s->source_port <= g->port_last;
    bool listened = k->listened[s->source_port / 8] & 1 << s->source_port % 8;
    for (size_t i = 0; own && listened && i < g->n_listeners; i++)
        own = !takes(&g->listeners[i], s);
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

static int look_at_all(struct looker *k)
{
    struct gather *g = k->g;
    size_t n = 0;
    for (size_t i = 0; i < g->n_listeners; i++) {
        uint16_t port = g->listeners[i].socket.source_port;
        k->listened[port / 8] |= (uint8_t)(1 << port % 8);
    }
    k->tw_reuse = number_of("/proc/sys/net/ipv4/tcp_tw_reuse", 0);
    int r = dump(k, (struct sockdiag_query){.states = SOCKDIAG_ALL}, visit_any, k);
    if (r || !k->n_all)
        return r;
    qsort(k->all, k->n_all, sizeof(*k->all), compare_destinations);
    for (size_t i = 0; i < k->n_all; i++) {
        if (n && !compare_destinations(&k->all[n - 1], &k->all[i]))
            k->all[n - 1].ports++;
        else
            k->all[n++] = k->all[i];
    }
    qsort(k->all, n, sizeof(*k->all), compare_ports);
    g->n_destinations = n < DESTINATIONS ? n : DESTINATIONS;
    g->destinations = calloc(g->n_destinations, sizeof(*g->destinations));
    if (!g->destinations)
        return -ENOMEM;
    memcpy(g->destinations, k->all, g->n_destinations * sizeof(*g->destinations));
    return 0;
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

static int find_owners(struct gather *g)
{
    struct owners *o = owners_new();
    int r = o ? 0 : -ENOMEM;
    for (size_t i = 0; i < g->n_listeners && !r; i++)
        r = owners_want(o, g->listeners[i].socket.inode);
    for (size_t i = 0; i < g->n_close_waits && !r; i++)
        if (g->close_waits[i].stayed)
            r = owners_want(o, g->close_waits[i].inode);
    if (!r) {
        owners_find(o, g->pids, g->n_pids);
        for (size_t i = 0; i < g->n_listeners; i++) {
            struct gather_listener *l = &g->listeners[i];
            l->owner = owners_get(o, l->socket.inode, l->socket.cgroup);
            g->owners_hidden = g->owners_hidden || !l->owner.pid;
        }
        for (size_t i = 0; i < g->n_close_waits; i++)
            if (g->close_waits[i].stayed)
                g->close_waits[i].owner = owners_get(o, g->close_waits[i].inode, 0);
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

static void count_groups(struct gather *g)
{
    for (size_t i = 0; i < g->n_listeners; i++)
        for (size_t j = 0; j < g->n_listeners; j++)
            g->listeners[i].group += gather_same_address(&g->listeners[i], &g->listeners[j]);
    for (size_t i = 0; i < g->n_listeners; i++)
        if (g->listeners[i].n_waits)
            qsort(g->listeners[i].waits_ms, g->listeners[i].n_waits, sizeof(uint32_t),
                  compare_waits);
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
        r = look_at_odd_states(k, true);
    read_sockstat(g);
    g->looked_at_destinations = g->sockstat.in_use + g->sockstat.time_wait <= SOCKETS_CHEAP ||
                                (double)(g->sockstat.in_use + g->sockstat.time_wait) >
                                    PORTS_BUSY * (double)(g->port_last - g->port_first + 1);
    if (!r && g->looked_at_destinations)
        r = look_at_all(k);
    return r;
}

int gather_run(struct gather *g, int64_t until_ns, bool (*stop)(void), const char **ret_step)
{
    struct looker k = {.g = g};
    int64_t cpu_ns = thread_cpu_ns();
    *ret_step = "/proc/net/snmp and netstat";
    int r = counters_read(&g->before);
    if (r)
        return r;
    *ret_step = "sock_diag (NETLINK_SOCK_DIAG)";
    read_port_range(g);
    r = sockdiag_open(&k.diag);
    g->began_ns = clock_now_ns();
    if (!r)
        r = look_at_listeners(&k);
    if (!r)
        r = look_at_odd_states(&k, false);
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
        count_groups(g);
        r = find_owners(g);
    }
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
