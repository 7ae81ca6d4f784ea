#include "client/capacity.h"
#include "client/sources.h"
#include "common/program.h"
#include "common/sysctl_guard.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define CAPACITY_BASE       32 /* stdio, netlink, documents */
#define CAPACITY_PER_THREAD 6  /* epoll, eventfd, timers */

/* Connections whose descriptor is kept to the end of the run add up, for the workloads that repeat. */
static uint64_t capacity_connections(const struct settings *s)
{
    bool kept = s->close_how == CLOSE_HALF || s->close_how == CLOSE_NONE;
    if (kept && s->total != SETTINGS_UNLIMITED)
        return s->total;
    return s->connections < s->total ? s->connections : s->total;
}

static uint64_t capacity_machine_left(void)
{
    unsigned long long allocated, unused, max;
    FILE *file = fopen("/proc/sys/fs/file-nr", "re");
    if (!file)
        return UINT64_MAX;
    int n = fscanf(file, "%llu %llu %llu", &allocated, &unused, &max);
    fclose(file);
    return n == 3 && max > allocated ? max - allocated : n == 3 ? 0 : UINT64_MAX;
}

int capacity_descriptors(const struct settings *s, struct capacity_descriptors *ret)
{
    ret->connections = capacity_connections(s);
    ret->needed = ret->connections + CAPACITY_BASE + CAPACITY_PER_THREAD * s->threads;
    ret->limit = program_raise_descriptors().rlim_cur;
    ret->machine_left = capacity_machine_left();
    if (ret->needed > ret->limit)
        return -EMFILE;
    return ret->needed > ret->machine_left ? -ENFILE : 0;
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
    uint64_t size = (uint64_t)(ret->high - ret->low + 1), taken = capacity_reserved(reserved, ret->low, ret->high);
    uint64_t addresses = sources_count(s);
    ret->addresses = addresses ? addresses : 1;
    ret->per_address = size - taken;
    ret->needed = capacity_connections(s);
    return ret->needed > ret->addresses * ret->per_address ? -EADDRNOTAVAIL : 0;
}
