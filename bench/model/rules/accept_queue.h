/* Part of bench/model/rule.h. */
#pragma once

#define RULES_OF_THE_ACCEPT_QUEUE(X)                                                               \
    X(accept_queue_limit,                                                                          \
      "The accept queue's limit is min(backlog, somaxconn), taken at listen(); a backlog below 0 " \
      "means somaxconn.",                                                                          \
      "__sys_listen_socket(), net/socket.c")                                                       \
    X(accept_queue_capacity,                                                                       \
      "A queue with limit L holds L + 1 connections: the kernel asks \"length > L\".",             \
      "sk_acceptq_is_full(), include/net/sock.h")                                                  \
    X(queued_is_established,                                                                       \
      "A connection enters the accept queue when its handshake is over (with TCP Fast Open at "    \
      "its SYN): accept() only hands it to the program.",                                          \
      "inet_csk_complete_hashdance(), inet_csk_accept(), net/ipv4/inet_connection_sock.c")         \
    X(queued_keeps_its_place,                                                                      \
      "A client that closes or resets its connection while it is queued frees no place.",          \
      "inet_csk_accept(), net/ipv4/inet_connection_sock.c")                                        \
    X(accept_pace,                                                                                 \
      "Each accept() makes room for one more connection, so a full queue takes as many "           \
      "connections as the program accepts.",                                                       \
      "inet_csk_accept(), net/ipv4/inet_connection_sock.c")                                        \
    X(syn_dropped,                                                                                 \
      "A new SYN that meets a full accept queue is dropped without an answer, and no request is"   \
      " kept.",                                                                                    \
      "tcp_conn_request(), net/ipv4/tcp_input.c")                                                  \
    X(syn_retry_admitted,                                                                          \
      "A client whose SYN was dropped connects with the first repeated SYN that finds room.",      \
      "tcp_conn_request(), net/ipv4/tcp_input.c")                                                  \
    X(third_ack_dropped,                                                                           \
      "With tcp_abort_on_overflow = 0 the third ACK of a half-open request that meets a full "     \
      "accept queue "                                                                              \
      "is dropped, and the request is kept.",                                                      \
      "tcp_check_req(), net/ipv4/tcp_minisocks.c")                                                 \
    X(third_ack_reset,                                                                             \
      "With tcp_abort_on_overflow = 1 the third ACK of a half-open request that meets a full "     \
      "accept queue is "                                                                           \
      "answered by RST, and the request is gone.",                                                 \
      "tcp_check_req(), net/ipv4/tcp_minisocks.c")                                                 \
    X(third_ack_late,                                                                              \
      "A handshake whose third ACK was dropped completes when there is room at the next ACK, "     \
      "which the next repeated SYN-ACK or the client's own data causes.",                          \
      "tcp_check_req(), net/ipv4/tcp_minisocks.c")                                                 \
    X(cookie_ack_dropped,                                                                          \
      "A SYN cookie's ACK that meets a full accept queue is dropped without an answer, with "      \
      "tcp_abort_on_overflow = 0 or 1.",                                                           \
      "tcp_get_cookie_sock(), net/ipv4/syncookies.c")                                              \
    X(ghost,                                                                                       \
      "The server keeps nothing of a connection whose cookie ACK was dropped, while the client "   \
      "stays ESTABLISHED. Its first data completes the handshake if there is room, and is "        \
      "dropped while the queue is full. More data after that, or a cookie that is too old, is "    \
      "answered by RST.",                                                                          \
      "tcp_get_cookie_sock(), cookie_tcp_check(), net/ipv4/syncookies.c")                          \
    X(never_refused,                                                                               \
      "A full queue refuses nobody: ECONNREFUSED usually comes from a port where nobody listens, " \
      "or from a "                                                                                 \
      "firewall.",                                                                                 \
      "tcp_v4_rcv(), net/ipv4/tcp_ipv4.c")                                                         \
    X(never_reset_by_syn,                                                                          \
      "No SYN is answered by RST because a queue is full, with tcp_abort_on_overflow = 0 or 1.",   \
      "tcp_conn_request(), net/ipv4/tcp_input.c")                                                  \
    X(loopback_handshake,                                                                          \
      "Over loopback the whole handshake is usually over before connect() returns, so handshakes " \
      "of one "                                                                                    \
      "thread's first SYNs do not overlap, and no third ACK of theirs meets a full queue.",        \
      "loopback_xmit(), drivers/net/loopback.c")                                                   \
    X(row_empty, "Every connection is in one of the other rows, by the rules given there.",        \
      "tcp_conn_request(), net/ipv4/tcp_input.c; tcp_check_req(), net/ipv4/tcp_minisocks.c")       \
    X(handshakes_overlap,                                                                          \
      "When all SYNs arrive before the first third ACK, none of them meets an accept queue that "  \
      "the others filled, so the overflow happens at the third ACKs.",                             \
      "tcp_conn_request(), net/ipv4/tcp_input.c")                                                  \
    X(accept_loop_room,                                                                            \
      "A loop that takes a connection out of the accept queue and then works on it has room for "  \
      "limit + 2: limit + 1 in the queue, and the one that it works on.",                          \
      "inet_csk_accept(), net/ipv4/inet_connection_sock.c")                                        \
    X(accept_load_random,                                                                          \
      "Of random arrivals (Poisson) some meet a full queue although the loop is faster than the "  \
      "rate: their"                                                                                \
      " share, repeated SYNs aside, is that of M/D/1/K with K = limit + 2.",                       \
      "tcp_conn_request(), net/ipv4/tcp_input.c")                                                  \
    X(accept_load_even,                                                                            \
      "Even arrivals never meet a full queue if the loop accepts faster than they come. If it "    \
      "accepts more "                                                                              \
      "slowly, a longer queue loses as many.",                                                     \
      "tcp_conn_request(), net/ipv4/tcp_input.c")                                                  \
    X(accept_load_burst,                                                                           \
      "A burst needs a place in the queue for each of its connections that the loop does not "     \
      "accept "                                                                                    \
      "meanwhile.",                                                                                \
      "tcp_conn_request(), net/ipv4/tcp_input.c")                                                  \
    X(accept_load_stall,                                                                           \
      "While the loop stands still, each new connection needs a place, so the queue must hold "    \
      "the rate "                                                                                  \
      "times the stall.",                                                                          \
      "tcp_conn_request(), net/ipv4/tcp_input.c")
