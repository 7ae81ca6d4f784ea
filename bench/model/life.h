/* How long closing states last. */
#pragma once

#include "bench/model/conditions.h"
#include "bench/model/span.h"

/* Returns how long FIN_WAIT_2 of an orphan lasts (tcp_rcv_state_process(), tcp_time_wait(),
 * tcp_keepalive_timer()). F = tcp_fin_timeout. F up to 60 s: F, in a minisocket; above: 2 * (F -
 * 60), first in a full socket for F - 60, then in a minisocket for F - 60. A minisocket lives at
 * least 3.5 RTO. rtt: the round trips, in seconds, that the connections have measured (one
 * each). */
struct span life_fin_wait_2(const struct conditions *c, struct span rtt);

/* Returns how long TIME_WAIT lasts: TCP_TIMEWAIT_LEN, 60 s (include/net/tcp.h); no sysctl changes
 * it. */
struct span life_time_wait(const struct conditions *c);

/* Returns the counter that the kernel moves when it makes the FIN_WAIT_2 minisocket: "TcpExt.TW" if
 * the minisocket's timeout is more than 4 s, else "TcpExt.TWKilled" (__inet_twsk_schedule(),
 * net/ipv4/inet_timewait_sock.c). */
const char *life_fin_wait_2_counter(const struct conditions *c, struct span rtt);
