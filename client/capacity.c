#include "client/capacity.h"
#include "client/sources.h"
#include "common/report/program.h"
#include "common/sysctl/sysctl_guard.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* descriptors that each table needs for standard streams, documents, netlink, /proc and inherited
 * ones */
#define CAPACITY_BASE     24
#define CAPACITY_PER_LOOP 4    /* epoll, two timers, and the eventfd that wakes it */
#define CAPACITY_MEMORY   4500 /* bytes a connection: the kernel's socket and file, and the flow */

static uint64_t at_once(const struct settings *s)
{
    return s->connections < s->total ? s->connections : s->total;
}

/* With the workloads that repeat, connections that keep their descriptor to the end of the run add
 * up. */
static uint64_t capacity_connections(const struct settings *s)
{
    bool kept = s->close_how == CLOSE_HALF || s->close_how == CLOSE_NONE;
    return kept && s->total != SETTINGS_UNLIMITED ? s->total : at_once(s);
}

static uint64_t machine_left(void)
{
    unsigned long long allocated, unused, max;
    FILE *file = fopen("/proc/sys/fs/file-nr", "re");
    if (!file)
        return UINT64_MAX;
    int n = fscanf(file, "%llu %llu %llu", &allocated, &unused, &max);
    fclose(file);
    return n == 3 && max > allocated ? max - allocated : n == 3 ? 0 : UINT64_MAX;
}

static uint64_t memory_left(void)
{
    char line[128];
    unsigned long long kib;
    uint64_t left = UINT64_MAX;
    FILE *file = fopen("/proc/meminfo", "re");
    while (file && fgets(line, sizeof(line), file))
        if (sscanf(line, "MemAvailable: %llu kB", &kib) == 1)
            left = kib * 1024;
    if (file)
        fclose(file);
    return left;
}

/* Whether n file tables, with one loop in each, have room for all connections. A new table has a
 * copy of the eventfd of every loop; the first thread keeps its copies to the end. */
static bool tables_hold(const struct capacity *c, uint64_t tables)
{
    uint64_t share = (c->connections + tables - 1) / tables;
    return share + CAPACITY_BASE + CAPACITY_PER_LOOP + tables <= c->limit;
}

/* Sets how many loops are needed; false: more than there can be. */
static bool choose_loops(const struct settings *s, struct capacity *c)
{
    if (c->connections + CAPACITY_BASE + CAPACITY_PER_LOOP * c->loops <= c->limit)
        return true;
    uint64_t loops = s->threads > 2 ? s->threads : 2, most = at_once(s);
    while (loops < most && loops < c->limit && !tables_hold(c, loops))
        loops++;
    if (loops > most || !tables_hold(c, loops))
        return false;
    c->tables = c->loops = loops;
    return true;
}

int capacity_fit(const struct settings *s, struct capacity *ret)
{
    uint64_t connections = capacity_connections(s);
    *ret = (struct capacity){.connections = connections,
                             .loops = s->threads,
                             .tables = 1,
                             .limit = program_raise_descriptors().rlim_cur,
                             .machine_left = machine_left(),
                             .memory_needed = connections < UINT64_MAX / CAPACITY_MEMORY
                                                  ? connections * CAPACITY_MEMORY
                                                  : UINT64_MAX,
                             .memory_left = memory_left()};
    bool enough_memory = ret->memory_needed <= ret->memory_left;
    bool enough_tables = enough_memory && choose_loops(s, ret);
    ret->needed = connections + CAPACITY_BASE + CAPACITY_PER_LOOP * ret->loops;
    if (ret->needed > ret->machine_left)
        return -ENFILE;
    return !enough_memory ? -ENOMEM : enough_tables ? 0 : -EMFILE;
}

uint64_t capacity_reserved(const char *list, int low, int high)
{
    uint64_t count = 0;
    char *end;
    for (; *list; list = *end == ',' ? end + 1 : end) {
        long first = strtol(list, &end, 10), last = first;
        if (end == list)
            return count;
        if (*end == '-')
            last = strtol(end + 1, &end, 10);
        if (first < low)
            first = low;
        if (last > high)
            last = high;
        if (first <= last)
            count += (uint64_t)(last - first + 1);
    }
    return count;
}

int capacity_ports(const struct settings *s, struct capacity_ports *ret)
{
    char range[SYSCTL_VALUE_MAX], reserved[SYSCTL_VALUE_MAX];
    int r = sysctl_read("net.ipv4.ip_local_port_range", range);
    if (r)
        return r;
    if (sscanf(range, "%d %d", &ret->low, &ret->high) != 2)
        return -EBADMSG;
    if (sysctl_read("net.ipv4.ip_local_reserved_ports", reserved))
        reserved[0] = '\0';
    uint64_t size = (uint64_t)(ret->high - ret->low + 1),
             taken = capacity_reserved(reserved, ret->low, ret->high);
    uint64_t addresses = sources_count(s);
    ret->addresses = addresses ? addresses : 1;
    ret->per_address = size - taken;
    ret->needed = capacity_connections(s);
    return ret->needed > ret->addresses * ret->per_address ? -EADDRNOTAVAIL : 0;
}

uint64_t capacity_sources(const struct capacity_ports *p)
{
    uint64_t found_at_once =
        p->per_address > CAPACITY_SHORT_SEARCH ? p->per_address / 2 : p->per_address;
    return found_at_once ? (p->needed + found_at_once - 1) / found_at_once : 1;
}
