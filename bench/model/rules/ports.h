/* Part of bench/model/rule.h. */
#pragma once

#define RULES_OF_PORTS(X)                                                                          \
    X(ephemeral_ports,                                                                             \
      "connect() without bind() makes at most as many connections at a time from one address to "  \
      "one address"                                                                                \
      " and port as ip_local_port_range has ports (of an odd number above 1 each call overlooks "  \
      "one). Ports"                                                                                \
      " of ip_local_reserved_ports, of listeners and of bound sockets do not count. The next one " \
      "fails with"                                                                                 \
      " EADDRNOTAVAIL.",                                                                           \
      "__inet_hash_connect(), net/ipv4/inet_hashtables.c")                                         \
    X(time_wait_holds_port,                                                                        \
      "A TIME_WAIT on the client's side holds its port towards that destination only, if "         \
      "connect() chose "                                                                           \
      "the port. A port that bind() chose is skipped for every destination.",                      \
      "__inet_hash_connect(), __inet_check_established(), net/ipv4/inet_hashtables.c")             \
    X(time_wait_reuse,                                                                             \
      "With timestamps connect() takes a TIME_WAIT's port again after tcp_tw_reuse_delay (1 s; "   \
      "kernels without this sysctl: when the clock's second changes) if tcp_tw_reuse is 1, or if " \
      "it is 2 (the default) and an address is in 127.0.0.0/8 or ::1, or the old socket was "      \
      "bound to lo. It does not choose a FIN_WAIT_2's.",                                           \
      "tcp_twsk_unique(), net/ipv4/tcp_ipv4.c")                                                    \
    X(time_wait_accepts_syn,                                                                       \
      "A SYN that meets a TIME_WAIT on the server's side goes to the listener if its timestamp "   \
      "is not "                                                                                    \
      "older, and its timestamp or its sequence number is newer.",                                 \
      "tcp_timewait_state_process(), net/ipv4/tcp_minisocks.c")                                    \
    X(time_wait_reuse_refused,                                                                     \
      "connect() does not choose the port of a TIME_WAIT with the same destination while "         \
      "tcp_tw_reuse is 0, or 2 between two machines, or the old connection had no timestamps.",    \
      "tcp_twsk_unique(), net/ipv4/tcp_ipv4.c")                                                    \
    X(time_wait_reuse_bound,                                                                       \
      "Where bind() has chosen the port, connect() takes over a TIME_WAIT with timestamps at "     \
      "once, with any value of tcp_tw_reuse.",                                                     \
      "tcp_twsk_unique(), net/ipv4/tcp_ipv4.c")                                                    \
    X(time_wait_recycled,                                                                          \
      "TWRecycled counts the TIME_WAIT sockets whose 4-tuple connect() has taken over.",           \
      "__inet_check_established(), net/ipv4/inet_hashtables.c")                                    \
    X(time_wait_reuse_numbers,                                                                     \
      "The connection that takes over a TIME_WAIT begins 65537 numbers beyond the next number "    \
      "of the old one, farther than a window without scaling reaches.",                            \
      "tcp_twsk_unique(), net/ipv4/tcp_ipv4.c")                                                    \
    X(bound_ports,                                                                                 \
      "bind() to port 0 reserves a port of its address against all destinations, and fails with "  \
      "EADDRINUSE "                                                                                \
      "when none is left; of an odd number above 1 each call overlooks one (with "                 \
      "ip_autobind_reuse = 1 and "                                                                 \
      "SO_REUSEADDR ports may be shared).",                                                        \
      "inet_csk_find_open_port(), net/ipv4/inet_connection_sock.c")                                \
    X(bound_late,                                                                                  \
      "With IP_BIND_ADDRESS_NO_PORT bind() to port 0 takes the address only and leaves the port "  \
      "to connect(), which knows the destination.",                                                \
      "__inet_bind(), net/ipv4/af_inet.c")                                                         \
    X(bind_conflict,                                                                               \
      "bind() fails with EADDRINUSE while any connection has the port at an address that clashes " \
      "with its "                                                                                  \
      "own, also in TIME_WAIT and FIN_WAIT_2, unless both sockets have SO_REUSEADDR, or both "     \
      "SO_REUSEPORT "                                                                              \
      "and the same user (in TIME_WAIT: any user).",                                               \
      "inet_csk_bind_conflict(), net/ipv4/inet_connection_sock.c")                                 \
    X(bind_reuseaddr,                                                                              \
      "Where both have SO_REUSEADDR, bind() to a given port minds nothing but a socket in "        \
      "LISTEN.",                                                                                   \
      "inet_csk_bind_conflict(), net/ipv4/inet_connection_sock.c")                                 \
    X(bind_conflict_inherited,                                                                     \
      "A connection has SO_REUSEADDR from the listener that made it, and its TIME_WAIT has it, "   \
      "too: what a new "                                                                           \
      "server sets comes too late for them.",                                                      \
      "inet_twsk_alloc(), net/ipv4/inet_timewait_sock.c")                                          \
    X(children_stay,                                                                               \
      "A connection does not depend on its listener once it has been accepted: it stays when the " \
      "listener is "                                                                               \
      "closed, and beside a new one.",                                                             \
      "inet_csk_listen_stop(), net/ipv4/inet_connection_sock.c")                                   \
    X(connect_parity,                                                                              \
      "connect() first tries the ports that are as even or odd as the first of "                   \
      "ip_local_port_range, and the others "                                                       \
      "only when these are used up (not with IP_LOCAL_PORT_RANGE).",                               \
      "__inet_hash_connect(), net/ipv4/inet_hashtables.c")                                         \
    X(bind_parity,                                                                                 \
      "bind() to port 0 first tries the ports that are not as even or odd as the first of "        \
      "ip_local_port_range (or of IP_LOCAL_PORT_RANGE); with SO_REUSEADDR it begins with the "     \
      "lower half of "                                                                             \
      "the range.",                                                                                \
      "inet_csk_find_open_port(), net/ipv4/inet_connection_sock.c")
