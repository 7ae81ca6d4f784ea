/* Interfaces of a lab, over rtnetlink (libmnl): in the calling thread's network namespace, needs
 * CAP_NET_ADMIN over it. Each returns 0 or -errno. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* A veth pair: `name` here, `peer_name` in the namespace that peer_namespace (a descriptor of
 * /proc/.../ns/net) stands for. Each end gets its Ethernet address (02:00:00:00:00:NN, NN given).
 * Neither is up yet. IPv6 on them makes no link-local address by itself (no router solicitation, no
 * duplicate detection in the way). */
int link_add_veth(const char *name, uint8_t ethernet, const char *peer_name, uint8_t peer_ethernet,
                  int peer_namespace);

/* Segmentation and checksum offloads off (SIOCETHTOOL): each frame that the wire sees is a segment
 * as it would be on a cable, with its checksum. */
int link_no_offloads(const char *name);

int link_up(const char *name);

/* "192.0.2.1", 24 or "2001:db8::1", 64: usable at once (no duplicate address detection). */
int link_add_address(const char *name, const char *address, int prefix);

/* A permanent neighbour entry: no ARP, no neighbour discovery before the first SYN. */
int link_add_neighbour(const char *name, const char *address, uint8_t ethernet);

/* How many frames arrived at the interface and were thrown away before anybody saw them: the queue
 * of the CPU was full. */
int link_dropped(const char *name, uint64_t *ret);
