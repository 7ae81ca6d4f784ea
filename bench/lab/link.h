/* Makes the interfaces of a lab over rtnetlink (libmnl), in the calling thread's network namespace.
 * It needs CAP_NET_ADMIN there. Each function returns 0 or -errno. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Makes a veth pair: `name` here, and `peer_name` in the namespace peer_namespace (a descriptor of
 * /proc/.../ns/net). Each end gets the Ethernet address 02:00:00:00:00:NN, where NN is `ethernet`
 * or `peer_ethernet`. The ends are not up yet. They get no IPv6 link-local address, so the kernel
 * sends no router solicitation and does no duplicate address detection. */
int link_add_veth(const char *name, uint8_t ethernet, const char *peer_name, uint8_t peer_ethernet,
                  int peer_namespace);

/* Turns off segmentation and checksum offloads (SIOCETHTOOL), so that each frame on the wire is a
 * segment with its checksum, as on a cable. */
int link_no_offloads(const char *name);

int link_up(const char *name);

/* Adds an address, "192.0.2.1", 24 or "2001:db8::1", 64. It can be used at once: there is no
 * duplicate address detection. */
int link_add_address(const char *name, const char *address, int prefix);

/* Adds a permanent neighbour entry, so that no ARP or neighbour discovery comes before the first
 * SYN. */
int link_add_neighbour(const char *name, const char *address, uint8_t ethernet);

/* Reads how many received frames the kernel dropped before a socket could get them, because the
 * CPU's backlog queue was full. */
int link_dropped(const char *name, uint64_t *ret);
