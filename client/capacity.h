/* Whether this machine and this network namespace have enough descriptors, file tables, memory and
 * ports for a run. Called before the first SYN. */
#pragma once

#include "client/settings.h"

/* How many descriptors the run has open at once, and how many event loops it takes for them. If one
 * file table (RLIMIT_NOFILE descriptors) is enough, all loops share it; if not, each loop has its
 * own, and there are as many loops as needed, at least -t. Raises the process' soft limit to the
 * hard one. Counts only the client: a server on this machine needs as much again. Returns 0;
 * -EMFILE: no number of tables is enough (at most one for each of -c); -ENFILE: the machine has too
 * few descriptors left; -ENOMEM: it has too little memory left. */
struct capacity {
    uint64_t connections, needed; /* descriptors in all */
    uint64_t limit;               /* of a table */
    uint64_t loops, tables;
    uint64_t machine_left;
    uint64_t memory_needed, memory_left; /* bytes */
};
int capacity_fit(const struct settings *s, struct capacity *ret);

/* Local ports for one destination (net.ipv4.ip_local_port_range less ip_local_reserved_ports, from
 * each source address): __inet_hash_connect() uses no others. Returns 0; -EADDRNOTAVAIL: more
 * connections at once than ports; or another -errno: the sysctl could not be read. */
struct capacity_ports {
    uint64_t needed, addresses, per_address;
    int low, high;
};
int capacity_ports(const struct settings *s, struct capacity_ports *ret);

#define CAPACITY_SHORT_SEARCH 2000 /* ports of an address: walked over in less than 0.3 ms */

/* From how many addresses of the loopback network to connect, so that connect() finds a port
 * quickly: it tries every second port first, and when these are all taken it walks over all of them
 * each time before it tries the others (measured: 4 to 7 ms a connect() in a range of 64,000 ports,
 * instead of 15 us). If half of the range is a short walk, the whole range is used. 1: the address
 * that the kernel chooses is enough. */
uint64_t capacity_sources(const struct capacity_ports *ports);

/* How many ports from low to high are in a list like ip_local_reserved_ports: "8080,9148-9150". */
uint64_t capacity_reserved(const char *list, int low, int high);
