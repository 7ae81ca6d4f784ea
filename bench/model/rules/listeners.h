/* Part of bench/model/rule.h. */
#pragma once

#define RULES_OF_LISTENERS(X)                                                                                     \
    X(proven_peer,                                                                                                \
      "With tcp_syncookies = 0 the last quarter of tcp_max_syn_backlog, and all that is beyond it, is kept for "  \
      "peers "                                                                                                    \
      "that the kernel has TCP metrics of: an earlier connection whose round trip was measured.",                 \
      "tcp_peer_is_proven(), net/ipv4/tcp_metrics.c")                                                             \
    X(cookie_counter,                                                                                             \
      "TCPReqQFullDoCookies counts the SYNs that meet a full SYN queue (or tcp_syncookies = 2) with cookies on.", \
      "tcp_syn_flood_action(), net/ipv4/tcp_input.c")
