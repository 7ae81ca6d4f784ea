/* Part of bench/model/rule.h. */
#pragma once

#define RULES_OF_LISTENERS(X)                                                                      \
    X(proven_peer,                                                                                 \
      "With tcp_syncookies = 0 the last quarter of tcp_max_syn_backlog, and all that is beyond "   \
      "it, is kept for "                                                                           \
      "peers "                                                                                     \
      "that the kernel has TCP metrics of: an earlier connection whose round trip was measured.",  \
      "tcp_peer_is_proven(), net/ipv4/tcp_metrics.c")                                              \
    X(cookie_counter,                                                                              \
      "TCPReqQFullDoCookies counts the SYNs that meet a full SYN queue (or tcp_syncookies = 2) "   \
      "with cookies"                                                                               \
      " on. A SYN that ends a TIME_WAIT is not counted.",                                          \
      "tcp_syn_flood_action(), net/ipv4/tcp_input.c")                                              \
    X(queued_data,                                                                                 \
      "accept() hands out a connection that its client has left like any other: what came before " \
      "can be read, and "                                                                          \
      "then the end is found.",                                                                    \
      "tcp_recvmsg_locked(), net/ipv4/tcp.c")                                                      \
    X(queued_reset,                                                                                \
      "A connection that is reset while it is queued is CLOSED and ss does not show it, but its"   \
      " entry stays. After accept() recv() gives what had come, and then ECONNRESET (end of "      \
      "file, if a FIN came before the RST).",                                                      \
      "tcp_reset(), net/ipv4/tcp_input.c")                                                         \
    X(relisten,                                                                                    \
      "listen() on a listener only sets the limit anew, capped by somaxconn as it is then, and "   \
      "drops nobody who "                                                                          \
      "waits.",                                                                                    \
      "__inet_listen_sk(), net/ipv4/af_inet.c")                                                    \
    X(shrunk_queue,                                                                                \
      "After the limit was lowered to L the queue takes nobody until accept() has brought it "     \
      "down to L.",                                                                                \
      "sk_acceptq_is_full(), include/net/sock.h")                                                  \
    X(somaxconn_at_listen,                                                                         \
      "A new somaxconn counts from the next listen() on, and changes no listener that is there.",  \
      "__sys_listen_socket(), net/socket.c")                                                       \
    X(reuseport_hash,                                                                              \
      "Of several listeners with SO_REUSEPORT, without a BPF program and SO_INCOMING_CPU, a "      \
      "connection's "                                                                              \
      "addresses and ports choose one, as good as by chance, and each has queues of its own.",     \
      "reuseport_select_sock(), net/core/sock_reuseport.c")                                        \
    X(reuseport_no_spill,                                                                          \
      "A SYN whose listener has a full accept queue is dropped, though another with "              \
      "SO_REUSEPORT has room: none is asked in its place.",                                        \
      "tcp_conn_request(), net/ipv4/tcp_input.c")                                                  \
    X(listener_close_resets,                                                                       \
      "The close of a listener resets every connection in its accept queue, unless another "       \
      "listener with SO_REUSEPORT takes it (tcp_migrate_req = 1, or a BPF program that "           \
      "migrates).",                                                                                \
      "inet_csk_listen_stop(), net/ipv4/inet_connection_sock.c")                                   \
    X(listener_close_requests,                                                                     \
      "With tcp_migrate_req = 0 the half-open requests of a closed listener are silently "         \
      "dropped at their next timeout. If the client sends an ACK or data before that, the "        \
      "request ends at once, and the segment is answered by RST.",                                 \
      "reqsk_timer_handler(), net/ipv4/inet_connection_sock.c; tcp_v4_rcv(), net/ipv4/tcp_ipv4.c") \
    X(listener_close_migrates,                                                                     \
      "With tcp_migrate_req = 1 the connections in the accept queue of a listener that closes "    \
      "move to another one with SO_REUSEPORT, even beyond its limit, and half-open requests at "   \
      "their next timeout or ACK.",                                                                \
      "inet_csk_listen_stop(), reqsk_timer_handler(), inet_csk_complete_hashdance(), "             \
      "net/ipv4/inet_connection_sock.c; tcp_v4_rcv(), net/ipv4/tcp_ipv4.c")                        \
    X(migrate_counter,                                                                             \
      "TCPMigrateReqSuccess counts the connections and the half-open requests that have moved to " \
      "another "                                                                                   \
      "listener.",                                                                                 \
      "inet_csk_listen_stop(), reqsk_timer_handler(), inet_csk_complete_hashdance(), "             \
      "net/ipv4/inet_connection_sock.c")
