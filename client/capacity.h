/* Whether a run fits into this machine and this network namespace: descriptors and the tables they
 * stand in, memory, and ports. Asked before the first SYN. */
#pragma once

#include "client/settings.h"

/* Descriptors open at once, and how many event loops the run takes for them. One table
 * (RLIMIT_NOFILE descriptors) serves all the loops if it can; else each loop has its own, and there
 * are as many as must be, at least -t. Raises the process' soft limit to the hard one. This side
 * alone counts: a server on this machine needs as much again. 0; or -EMFILE: not with any number of
 * tables (there is one for each of -c at most); -ENFILE: the whole machine has not as many
 * descriptors left; -ENOMEM: not as much memory. */
struct capacity {
    uint64_t connections, needed; /* descriptors in all */
    uint64_t limit;               /* of a table */
    uint64_t loops, tables;
    uint64_t machine_left;
    uint64_t memory_needed, memory_left; /* bytes */
};
int capacity_fit(const struct settings *s, struct capacity *ret);

/* Local ports for one destination (net.ipv4.ip_local_port_range less ip_local_reserved_ports, from
 * each source address): __inet_hash_connect() finds no other. 0; -EADDRNOTAVAIL: more connections
 * at once than ports; or another -errno (the sysctl could not be read; nothing is known then). */
struct capacity_ports {
    uint64_t needed, addresses, per_address;
    int low, high;
};
int capacity_ports(const struct settings *s, struct capacity_ports *ret);

#define CAPACITY_SHORT_SEARCH 2000 /* ports of an address: walked over in less than 0.3 ms */

/* How many addresses of the loopback network to connect from, so that connect() finds a port at
 * once: it tries every second port first, and when all those are taken it walks over them each time
 * before it tries the others (measured: 4 to 7 ms a connect() in a range of 64,000 ports, beside 15
 * us). Where half of the range is a short walk, the whole of it counts. 1: the kernel's choice is
 * good enough. */
uint64_t capacity_sources(const struct capacity_ports *ports);

/* How many ports of low to high stand in a list as of ip_local_reserved_ports: "8080,9148-9150". */
uint64_t capacity_reserved(const char *list, int low, int high);
