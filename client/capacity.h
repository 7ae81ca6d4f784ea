/* Whether a run fits into this process and this network namespace: descriptors and ports. Asked before the first SYN.
 */
#pragma once

#include "client/settings.h"

/* Descriptors open at once, and the connections they are for. Raises the process' soft limit to the hard one. 0; or
 * -EMFILE: the hard limit is too low; -ENFILE: the whole machine has not as many left. */
struct capacity_descriptors {
    uint64_t connections, needed, limit, machine_left;
};
int capacity_descriptors(const struct settings *s, struct capacity_descriptors *ret);

/* Local ports for one destination (net.ipv4.ip_local_port_range less ip_local_reserved_ports, from each source
 * address):
 * __inet_hash_connect() finds no other. 0; -EADDRNOTAVAIL: more connections at once than ports; or another -errno
 * (the sysctl could not be read; nothing is known then). */
struct capacity_ports {
    uint64_t needed, addresses, per_address;
    int low, high;
};
int capacity_ports(const struct settings *s, struct capacity_ports *ret);

/* How many ports of low to high stand in a list as of ip_local_reserved_ports: "8080,9148-9150". */
uint64_t capacity_reserved(const char *list, int low, int high);
