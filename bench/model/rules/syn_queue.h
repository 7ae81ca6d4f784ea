/* Part of bench/model/rule.h. */
#pragma once

#define RULES_OF_THE_SYN_QUEUE(X)                                                                  \
    X(syn_queue_capacity,                                                                          \
      "The SYN queue has the accept queue's limit L for its own, and holds L + 1 half-open "       \
      "requests besides"                                                                           \
      " (L in some kernels: tcplab-bench probe tells). With tcp_syncookies = 0 "                   \
      "tcp_max_syn_backlog may "                                                                   \
      "allow fewer; a SYN that ends a TIME_WAIT gets in beyond.",                                  \
      "inet_csk_reqsk_queue_is_full(), include/net/inet_connection_sock.h")                        \
    X(syn_queue_full_cookie,                                                                       \
      "With tcp_syncookies = 1 the kernel answers a SYN that meets a full SYN queue with a SYN "   \
      "cookie and "                                                                                \
      "keeps no request. For a SYN that ends a TIME_WAIT it still makes a request. If the accept " \
      "queue is "                                                                                  \
      "also full, it drops both.",                                                                 \
      "tcp_conn_request(), net/ipv4/tcp_input.c")                                                  \
    X(syn_queue_full_drop,                                                                         \
      "With tcp_syncookies = 0 a new SYN that meets a full SYN queue is dropped without an "       \
      "answer, unless it ends a TIME_WAIT.",                                                       \
      "tcp_conn_request(), net/ipv4/tcp_input.c")                                                  \
    X(cookies_always,                                                                              \
      "With tcp_syncookies = 2 every SYN that the accept queue has room for is answered by a SYN " \
      "cookie, "                                                                                   \
      "and no request is kept. A SYN that ends a TIME_WAIT is the exception: it makes a request.", \
      "tcp_conn_request(), net/ipv4/tcp_input.c")                                                  \
    X(max_syn_backlog,                                                                             \
      "tcp_max_syn_backlog = M counts only with tcp_syncookies = 0, and then peers that the "      \
      "kernel has no metrics of make at most M - M / 4 + 1 requests at a listener (SYNs that "     \
      "end a TIME_WAIT aside).",                                                                   \
      "tcp_conn_request(), net/ipv4/tcp_input.c")                                                  \
    X(request_pruning,                                                                             \
      "When more than half of max(8, L) half-open requests wait, and at least twice as many in "   \
      "all as young"                                                                               \
      " ones, the old ones lose retries: one for each doubling, down to 2. With 2 they are "       \
      "dropped at their"                                                                           \
      " third timeout, after 7 s, or, if that is over, at their next one.",                        \
      "reqsk_timer_handler(), net/ipv4/inet_connection_sock.c")                                    \
    X(cookie_mss,                                                                                  \
      "A SYN cookie keeps the largest of four segment sizes that is not above the client's (or "   \
      "the "                                                                                       \
      "listener's TCP_MAXSEG): 536, 1300, 1440, 1460; with IPv6 1220, 1420, 1440, 8940. A "        \
      "smaller one "                                                                               \
      "becomes the first of them.",                                                                \
      "__cookie_v4_init_sequence(), net/ipv4/syncookies.c; __cookie_v6_init_sequence(), "          \
      "net/ipv6/syncookies.c")                                                                     \
    X(cookie_timestamp,                                                                            \
      "With timestamps a SYN cookie keeps window scale, SACK and ECN in six bits of the "          \
      "timestamp that the "                                                                        \
      "client echoes: the lowest ones, before the random offset (none with tcp_timestamps = 2) "   \
      "is added.",                                                                                 \
      "cookie_init_timestamp(), net/ipv4/syncookies.c; cookie_timestamp_decode(), "                \
      "net/ipv4/syncookies.c")                                                                     \
    X(cookie_without_timestamp,                                                                    \
      "Without timestamps the SYN-ACK of a cookie offers neither window scaling nor SACK.",        \
      "tcp_conn_request(), net/ipv4/tcp_input.c")                                                  \
    X(request_keeps_options,                                                                       \
      "A half-open request keeps the options of the SYN that the server's sysctls allow, and "     \
      "the segment size as the client announced it (or the listener's TCP_MAXSEG, if that is "     \
      "smaller).",                                                                                 \
      "tcp_openreq_init(), net/ipv4/tcp_input.c")
