/* Kernel functions that have another name, or are in another file, in older kernels. `explain`
 * prints them, and bench/kernels/citations compares them with the sources. */
#pragma once

/* X(function, file, until, former function, former file): kernels up to `until` have the former
 * one. */
#define RENAMED_FUNCTIONS(X)                                                                  \
    X("__sys_listen_socket", "net/socket.c", "6.1", "__sys_listen", "net/socket.c")           \
    X("__inet_listen_sk", "net/ipv4/af_inet.c", "6.1", "inet_listen", "net/ipv4/af_inet.c")   \
    X("tcp_time_stamp_ts", "include/net/tcp.h", "6.1", "tcp_time_stamp", "include/net/tcp.h") \
    X("cookie_tcp_check", "net/ipv4/syncookies.c", "6.1", "cookie_v4_check",                  \
      "net/ipv4/syncookies.c")                                                                \
    X("tcp_reqsk_timeout", "include/net/tcp.h", "6.12", "reqsk_timeout",                      \
      "include/net/inet_connection_sock.h")
