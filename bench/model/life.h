/* How long closing states last. */
#pragma once

#include "bench/model/conditions.h"
#include "bench/model/span.h"

/* FIN_WAIT_2 of an orphan, from entering it until it is gone (tcp_rcv_state_process(),
 * tcp_time_wait(), tcp_keepalive_timer()): F = tcp_fin_timeout up to 60 s in a minisocket; above
 * that 2 * (F - 60): a full socket for F - 60, then a minisocket for as long again. A minisocket
 * lives for 3.5 RTO at least; rtt: the round trips, in seconds, that the connections have measured
 * (one each). */
struct span life_fin_wait_2(const struct conditions *c, struct span rtt);

/* TIME_WAIT: TCP_TIMEWAIT_LEN, 60 s (include/net/tcp.h), no sysctl. */
struct span life_time_wait(const struct conditions *c);

/* "TcpExt.TW" or "TcpExt.TWKilled": which counter the making of the FIN_WAIT_2 minisocket moves
 * (__inet_twsk_schedule(), net/ipv4/inet_timewait_sock.c: by its own timeout > 4 s). */
const char *life_fin_wait_2_counter(const struct conditions *c, struct span rtt);
