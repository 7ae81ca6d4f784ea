/* The time after both ends have closed: how many sockets may be in TIME_WAIT, and what ends a
 * TIME_WAIT early. */
#pragma once

#include "bench/model/conditions.h"
#include "bench/model/span.h"

#include <stdbool.h>

/* Returns how many minisockets a host may have, TIME_WAIT and FIN_WAIT_2 together.
 * inet_twsk_alloc() (net/ipv4/inet_timewait_sock.c) compares unsigned numbers, so a
 * tcp_max_tw_buckets below 0 is no limit. */
int64_t afterlife_room(const struct conditions *c);

/* Returns how many of `closing` connections become minisockets on a host that has none yet. The
 * kernel closes the others at once. */
int64_t afterlife_kept(const struct conditions *c, int64_t closing);

/* Returns when connect() to a destination can use a port of its own host that is in TIME_WAIT
 * towards the same destination, in seconds since the peer's FIN came (tcp_twsk_unique()). Without
 * timestamps never: [INFINITY, INFINITY].
 *   bound     bind() has chosen the port: at once.
 *   loopback  both addresses are in 127.0.0.0/8, or ::1.
 * Otherwise tcp_tw_reuse must be 1, or 2 on loopback: then it can when the kernel's clock of
 * milliseconds has advanced by more than tcp_tw_reuse_delay; on kernels without that sysctl, when
 * its clock of whole seconds has advanced, which takes up to 1 s. */
struct span afterlife_reuse(const struct conditions *c, bool bound, bool loopback);

/* A connection that takes over a TIME_WAIT begins with a sequence number that is so much higher
 * than the next one of the old connection, its tw_snd_nxt (tcp_twsk_unique()): more than the
 * largest window without scaling. */
#define AFTERLIFE_NUMBERS_AHEAD 65537

/* Whether a TIME_WAIT survives a RST that has exactly the next sequence number
 * (tcp_timewait_state_process()). */
bool afterlife_survives_reset(const struct conditions *c);

/* Whether a SYN with the same addresses and ports ends a TIME_WAIT of the server and opens a new
 * connection at once (tcp_timewait_state_process()). timestamp: compares the SYN's with the last
 * one of the old connection: below 0 it is older, above 0 newer; 0: equal, or no timestamps.
 * higher: the SYN's sequence number is higher than the old connection's last one. */
bool afterlife_makes_room(int timestamp, bool higher);

/* Returns how many seconds a TIME_WAIT still lasts after the peer has sent its FIN again: the whole
 * time. */
double afterlife_after_fin(void);
