/* What becomes of a connection's 4-tuple when both ends have closed: TIME_WAIT, how many there may
 * be, and when it is over before its time. */
#pragma once

#include "bench/model/conditions.h"
#include "bench/model/span.h"

#include <stdbool.h>

/* How many minisockets a host may have, TIME_WAIT and FIN_WAIT_2 together (inet_twsk_alloc(),
 * net/ipv4/inet_timewait_sock.c: compared as an unsigned number, so that a tcp_max_tw_buckets below
 * 0 is no limit). */
int64_t afterlife_room(const struct conditions *c);

/* How many of so many closing connections are kept as minisockets where none is there yet; the
 * others are closed at once. */
int64_t afterlife_kept(const struct conditions *c, int64_t closing);

/* When connect() gets the port of a TIME_WAIT of its own towards the same destination: seconds
 * since the peer's FIN came (tcp_twsk_unique()). Never without timestamps: [INFINITY, INFINITY].
 *   bound     bind() chose the port: at once.
 *   loopback  both addresses are in 127.0.0.0/8, or ::1.
 * Else with tcp_tw_reuse 1, or 2 on loopback, once a clock of milliseconds has moved on by more
 * than tcp_tw_reuse_delay; on kernels without that sysctl, once a clock of whole seconds has moved
 * on at all, which takes up to 1 s. */
struct span afterlife_reuse(const struct conditions *c, bool bound, bool loopback);

/* The first sequence number of a connection that takes over a TIME_WAIT lies that far beyond the
 * last one of the old connection: farther than a window without scaling reaches. */
#define AFTERLIFE_NUMBERS_AHEAD 65537

/* Does a TIME_WAIT outlive a RST that has exactly the next sequence number
 * (tcp_timewait_state_process())? */
bool afterlife_survives_reset(const struct conditions *c);

/* Does a TIME_WAIT at the server make room for a SYN of the same addresses and ports at once
 * (tcp_timewait_state_process())? timestamp: the SYN's against the last that the old connection
 * had, below 0: older, above: newer; 0: the same, or without timestamps. higher: its number is
 * beyond the old connection's last. */
bool afterlife_makes_room(int timestamp, bool higher);

/* How much of its time a TIME_WAIT has left when its peer's FIN has just come again: all of it,
 * seconds. */
double afterlife_after_fin(void);
