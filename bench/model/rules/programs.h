/* Part of bench/model/rule.h. What the kernel tells a program: poll(), close() that lingers. */
#pragma once

#define RULES_OF_PROGRAMS(X)                                                                                         \
    X(poll_unconnected, "poll() gives POLLOUT and POLLHUP for a socket that has no connection.",                     \
      "tcp_poll(), net/ipv4/tcp.c")                                                                                  \
    X(poll_half_closed,                                                                                              \
      "When the peer's FIN has come poll() gives POLLIN, POLLRDHUP (where it was asked for) and POLLOUT as before, " \
      "but no POLLHUP.",                                                                                             \
      "tcp_poll(), net/ipv4/tcp.c")                                                                                  \
    X(poll_own_shutdown,                                                                                             \
      "After this end's own shutdown(SHUT_WR) poll() gives POLLOUT: a write would not wait, it fails.",              \
      "tcp_poll(), net/ipv4/tcp.c")                                                                                  \
    X(poll_hung_up, "POLLHUP comes when both directions are shut, asked for or not, and POLLOUT with it.",           \
      "tcp_poll(), net/ipv4/tcp.c")                                                                                  \
    X(poll_error,                                                                                                    \
      "After a RST poll() gives POLLERR, until somebody fetches the error, and POLLIN, POLLOUT, POLLRDHUP and "      \
      "POLLHUP.",                                                                                                    \
      "tcp_poll(), net/ipv4/tcp.c; tcp_reset(), net/ipv4/tcp_input.c")                                               \
    X(linger_time,                                                                                                   \
      "With SO_LINGER on, close() waits for at most that time, on a non-blocking socket as well; the exit of a "     \
      "process never waits.",                                                                                        \
      "inet_release(), net/ipv4/af_inet.c")                                                                          \
    X(linger_acknowledged,                                                                                           \
      "A close() that lingers is back as soon as the peer's kernel has acknowledged the FIN, whether or not its "    \
      "program has read anything.",                                                                                  \
      "sk_stream_wait_close(), net/core/stream.c")                                                                   \
    X(linger_result,                                                                                                 \
      "close() gives 0 also when the linger time is over, and the kernel goes on to deliver what is left, as after " \
      "any close().",                                                                                                \
      "inet_release(), net/ipv4/af_inet.c; __tcp_close(), net/ipv4/tcp.c")
