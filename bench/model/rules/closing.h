/* Part of bench/model/rule.h. */
#pragma once

#define RULES_OF_CLOSING(X)                                                                        \
    X(close_of_killed, "The kernel closes the connections of a killed process as close() would.",  \
      "do_exit(), kernel/exit.c")                                                                  \
    X(close_with_unread_data,                                                                      \
      "close() of a connection with unread data sends RST instead of FIN.",                        \
      "__tcp_close(), net/ipv4/tcp.c")                                                             \
    X(close_with_linger_0,                                                                         \
      "After SO_LINGER with 0 s close() of a connection sends RST, and neither end has "           \
      "TIME_WAIT, unless both have sent their FIN before.",                                        \
      "__tcp_close(), tcp_disconnect(), net/ipv4/tcp.c")                                           \
    X(fin_acknowledged,                                                                            \
      "The peer's kernel acknowledges each FIN that arrives, so FIN_WAIT_1 becomes FIN_WAIT_2 "    \
      "and the peer "                                                                              \
      "is in CLOSE_WAIT, even if its program does nothing. Behind data that the peer's window "    \
      "keeps back "                                                                                \
      "the FIN waits.",                                                                            \
      "tcp_fin(), net/ipv4/tcp_input.c")                                                           \
    X(fin_wait_2_orphan,                                                                           \
      "A FIN_WAIT_2 without descriptor is replaced by a minisocket that lasts tcp_fin_timeout "    \
      "(or TCP_LINGER2; at least 3.5 RTO), and then is gone. This is so from 0 to 60 s.",          \
      "tcp_rcv_state_process(), net/ipv4/tcp_input.c; tcp_fin_time(), include/net/tcp.h")          \
    X(fin_wait_2_no_time_wait,                                                                     \
      "A FIN_WAIT_2 becomes TIME_WAIT only when the peer's FIN comes, never by the end of its "    \
      "time.",                                                                                     \
      "tcp_timewait_state_process(), net/ipv4/tcp_minisocks.c")                                    \
    X(fin_wait_2_above_60,                                                                         \
      "With tcp_fin_timeout = F above 60 s a FIN_WAIT_2 without descriptor lasts 2 * (F - 60) "    \
      "s: a full socket for F - 60 s, then a minisocket for another F - 60 s (at least 3.5 "       \
      "RTO).",                                                                                     \
      "tcp_keepalive_timer(), net/ipv4/tcp_timer.c")                                               \
    X(fin_wait_2_with_descriptor,                                                                  \
      "A FIN_WAIT_2 whose descriptor is open (shutdown(SHUT_WR)) has no timeout, unless "          \
      "SO_KEEPALIVE ends "                                                                         \
      "it.",                                                                                       \
      "tcp_rcv_state_process(), net/ipv4/tcp_input.c")                                             \
    X(fin_wait_2_data, "New data for a FIN_WAIT_2 without descriptor is answered by RST.",         \
      "tcp_timewait_state_process(), net/ipv4/tcp_minisocks.c")                                    \
    X(close_wait_write,                                                                            \
      "A write in CLOSE_WAIT succeeds, and when the peer's FIN_WAIT_2 is gone it is answered by "  \
      "RST. After "                                                                                \
      "that RST a write fails with EPIPE.",                                                        \
      "tcp_reset(), net/ipv4/tcp_input.c")                                                         \
    X(close_wait_no_timer,                                                                         \
      "CLOSE_WAIT has no timer of its own: without SO_KEEPALIVE, and with nothing to send, it "    \
      "lasts until the program calls close() or shutdown(SHUT_WR), or a RST comes.",               \
      "tcp_fin(), net/ipv4/tcp_input.c")                                                           \
    X(time_wait_length,                                                                            \
      "TIME_WAIT's timer runs for 60 s, and no sysctl changes that: tcp_fin_timeout applies to "   \
      "FIN_WAIT_2 only.",                                                                          \
      "TCP_TIMEWAIT_LEN, include/net/tcp.h")                                                       \
    X(time_wait_first_closer,                                                                      \
      "The end that sends its FIN first usually has TIME_WAIT once both have closed, and the "     \
      "other end has nothing, unless the FINs cross.",                                             \
      "tcp_fin(), net/ipv4/tcp_input.c")                                                           \
    X(time_wait_buckets,                                                                           \
      "A namespace holds tcp_max_tw_buckets minisockets (TIME_WAIT and FIN_WAIT_2 together), and " \
      "closes further ones at once.",                                                              \
      "inet_twsk_alloc(), net/ipv4/inet_timewait_sock.c")
