/* Part of bench/model/rule.h. */
#pragma once

#define RULES_OF_LISTENERS(X)                                                                                       \
    X(proven_peer,                                                                                                  \
      "With tcp_syncookies = 0 the last quarter of tcp_max_syn_backlog, and all that is beyond it, is kept for "    \
      "peers "                                                                                                      \
      "that the kernel has TCP metrics of: an earlier connection whose round trip was measured.",                   \
      "tcp_peer_is_proven(), net/ipv4/tcp_metrics.c")                                                               \
    X(cookie_counter,                                                                                               \
      "TCPReqQFullDoCookies counts the SYNs that meet a full SYN queue (or tcp_syncookies = 2) with cookies on.",   \
      "tcp_syn_flood_action(), net/ipv4/tcp_input.c")                                                               \
    X(queued_data,                                                                                                  \
      "accept() hands out a connection that its client has left like any other: what came before can be read, and " \
      "then the end is found.",                                                                                     \
      "tcp_recvmsg_locked(), net/ipv4/tcp.c")                                                                       \
    X(queued_reset,                                                                                                 \
      "A connection that is reset while it is queued is CLOSED and no tool shows it, but its entry stays, and "     \
      "recv() after accept() gives ECONNRESET.",                                                                    \
      "tcp_reset(), net/ipv4/tcp_input.c")                                                                          \
    X(relisten,                                                                                                     \
      "listen() on a listener only sets the limit anew, capped by somaxconn as it is then, and drops nobody who "   \
      "waits.",                                                                                                     \
      "__inet_listen_sk(), net/ipv4/af_inet.c")                                                                     \
    X(shrunk_queue,                                                                                                 \
      "After the limit was lowered to L the queue takes nobody until accept() has brought it down to L.",           \
      "sk_acceptq_is_full(), include/net/sock.h")                                                                   \
    X(somaxconn_at_listen,                                                                                          \
      "A new somaxconn counts from the next listen() on, and changes no listener that is there.",                   \
      "__sys_listen_socket(), net/socket.c")
