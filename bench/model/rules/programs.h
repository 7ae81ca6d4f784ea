/* Part of bench/model/rule.h. What the kernel tells a program: poll(), close() that lingers,
 * listeners beside each other, who is woken. */
#pragma once

#define RULES_OF_PROGRAMS(X)                                                                       \
    X(poll_unconnected,                                                                            \
      "poll() gives POLLHUP, and POLLOUT if that was asked for, for a new socket, before its "     \
      "listen() or "                                                                               \
      "connect().",                                                                                \
      "tcp_poll(), net/ipv4/tcp.c")                                                                \
    X(poll_half_closed,                                                                            \
      "When the peer's FIN has come poll() gives POLLIN and POLLRDHUP (where they were asked "     \
      "for) and "                                                                                  \
      "POLLOUT as before, but no POLLHUP while this end's own direction is open.",                 \
      "tcp_poll(), net/ipv4/tcp.c")                                                                \
    X(poll_own_shutdown,                                                                           \
      "After this end's own shutdown(SHUT_WR) poll() gives POLLOUT, if it was asked for: a write " \
      "would not "                                                                                 \
      "wait, it fails.",                                                                           \
      "tcp_poll(), net/ipv4/tcp.c")                                                                \
    X(poll_hung_up,                                                                                \
      "POLLHUP comes when both directions are shut, asked for or not, and POLLOUT with it if "     \
      "that is asked for.",                                                                        \
      "tcp_poll(), net/ipv4/tcp.c")                                                                \
    X(poll_error,                                                                                  \
      "After a RST poll() gives POLLHUP, and POLLERR until somebody fetches the error. It gives "  \
      "POLLIN, "                                                                                   \
      "POLLOUT and POLLRDHUP if they were asked for.",                                             \
      "tcp_poll(), net/ipv4/tcp.c; tcp_reset(), net/ipv4/tcp_input.c")                             \
    X(linger_time,                                                                                 \
      "With SO_LINGER on, close() waits for at most that time, on a non-blocking socket as well; " \
      "the exit of a "                                                                             \
      "process never waits.",                                                                      \
      "inet_release(), net/ipv4/af_inet.c")                                                        \
    X(linger_acknowledged,                                                                         \
      "A close() that lingers is back as soon as the peer's kernel has acknowledged the FIN, "     \
      "whether or not its "                                                                        \
      "program has read anything.",                                                                \
      "sk_stream_wait_close(), net/core/stream.c")                                                 \
    X(linger_result,                                                                               \
      "close() gives 0 also when the linger time is over, and the kernel goes on to deliver what " \
      "is left, as after "                                                                         \
      "any close().",                                                                              \
      "inet_release(), net/ipv4/af_inet.c; __tcp_close(), net/ipv4/tcp.c")                         \
    X(bind_wildcard,                                                                               \
      "0.0.0.0 clashes with every IPv4 address of the host; :: clashes with every IPv6 address "   \
      "and, without IPV6_V6ONLY, with every IPv4 address. SO_REUSEADDR of both sockets is "        \
      "enough for bind() unless the other one listens.",                                           \
      "inet_csk_bind_conflict(), inet_bhash2_addr_any_conflict(), inet_rcv_saddr_equal(), "        \
      "net/ipv4/inet_connection_sock.c")                                                           \
    X(bind_reuseport,                                                                              \
      "With SO_REUSEPORT of both sockets, and the same user, both may bind() and listen, at any "  \
      "addresses.",                                                                                \
      "inet_csk_bind_conflict(), net/ipv4/inet_connection_sock.c")                                 \
    X(listen_binds_again,                                                                          \
      "listen() asks for the port once more: of two bound sockets that clash only the first to "   \
      "call it gets it, unless both have SO_REUSEPORT and the same user.",                         \
      "inet_csk_listen_start(), net/ipv4/inet_connection_sock.c")                                  \
    X(listener_specific,                                                                           \
      "A connection goes to the listener at the address that it calls; one at the wildcard "       \
      "address gets "                                                                              \
      "what no such listener does.",                                                               \
      "__inet_lookup_listener(), net/ipv4/inet_hashtables.c")                                      \
    X(wake_accept,                                                                                 \
      "A new connection wakes one of those that wait in accept(), the one that has waited "        \
      "longest (or in its place one epoll descriptor with EPOLLEXCLUSIVE).",                       \
      "inet_csk_wait_for_connect(), net/ipv4/inet_connection_sock.c")                              \
    X(wake_poll,                                                                                   \
      "A new connection wakes all that wait in poll() or select(), and one waiter at each epoll "  \
      "descriptor "                                                                                \
      "that has the listener without EPOLLEXCLUSIVE.",                                             \
      "sock_def_readable(), net/core/sock.c")                                                      \
    X(wake_exclusive,                                                                              \
      "Of the epoll descriptors that have the listener with EPOLLEXCLUSIVE, and that somebody "    \
      "waits at, a new connection wakes one (or in its place one that waits in accept()).",        \
      "sock_def_readable(), net/core/sock.c; ep_poll_callback(), fs/eventpoll.c")
