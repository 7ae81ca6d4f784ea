/* Part of bench/model/rule.h. */
#pragma once

#define RULES_OF_CALLS(X)                                                                          \
    X(fin_wait_1,                                                                                  \
      "close() in ESTABLISHED sends a FIN (a RST, if data is unread or SO_LINGER is 0 s). After"   \
      " a FIN the socket waits in FIN_WAIT_1 for its ACK, and becomes CLOSING if the peer's own"   \
      " FIN comes first.",                                                                         \
      "tcp_close_state(), net/ipv4/tcp.c")                                                         \
    X(last_ack,                                                                                    \
      "close() in CLOSE_WAIT sends this end's FIN (a RST, if data is unread or SO_LINGER is 0 "    \
      "s). After a FIN the socket waits in LAST_ACK for its ACK, and then is gone.",               \
      "tcp_close_state(), net/ipv4/tcp.c; tcp_rcv_state_process(), net/ipv4/tcp_input.c")          \
    X(close_four_segments,                                                                         \
      "Each direction is closed by itself: FIN, ACK, FIN, ACK are four segments when the second "  \
      "program closes "                                                                            \
      "after its kernel has acknowledged the first FIN.",                                          \
      "tcp_fin(), net/ipv4/tcp_input.c")                                                           \
    X(close_three_segments,                                                                        \
      "The ACK of the first FIN is delayed, unless the route has quickack or more than a full "    \
      "segment is unacknowledged: by 40 ms (up to 200 ms with a long round trip) where data has "  \
      "come before, else until the next tick. An end that closes within that time sends it with "  \
      "its own FIN: three segments.",                                                              \
      "tcp_fin(), __tcp_ack_snd_check(), net/ipv4/tcp_input.c; tcp_send_delayed_ack(), "           \
      "net/ipv4/tcp_output.c")                                                                     \
    X(fin_with_ack,                                                                                \
      "A FIN that acknowledges the other end's takes it from FIN_WAIT_1 to TIME_WAIT at once: ss " \
      "never "                                                                                     \
      "shows FIN_WAIT_2.",                                                                         \
      "tcp_rcv_state_process(), net/ipv4/tcp_input.c")                                             \
    X(time_wait_bind,                                                                              \
      "bind() to a port and address that a TIME_WAIT of this host holds fails with EADDRINUSE, "   \
      "unless both "                                                                               \
      "sockets have SO_REUSEADDR, or both SO_REUSEPORT.",                                          \
      "inet_csk_bind_conflict(), net/ipv4/inet_connection_sock.c")                                 \
    X(reset_errno,                                                                                 \
      "A RST in CLOSE_WAIT makes the next write fail with EPIPE; in any other state of a "         \
      "connection the next write fails with ECONNRESET, and so does recv() when it has given "     \
      "what had come. Once the peer's FIN has come, recv() gives end of file all the same.",       \
      "tcp_reset(), net/ipv4/tcp_input.c")                                                         \
    X(reset_no_time_wait,                                                                          \
      "A RST that the other end sends and this end believes leaves the connection at neither "     \
      "end: none has "                                                                             \
      "TIME_WAIT.",                                                                                \
      "tcp_reset(), net/ipv4/tcp_input.c")                                                         \
    X(closing,                                                                                     \
      "A FIN that comes before this end's own FIN is acknowledged makes FIN_WAIT_1 CLOSING, "      \
      "which waits for that ACK.",                                                                 \
      "tcp_fin(), net/ipv4/tcp_input.c")                                                           \
    X(time_wait_both, "Where the FINs crossed both ends closed first, and both have TIME_WAIT.",   \
      "tcp_rcv_state_process(), net/ipv4/tcp_input.c")                                             \
    X(close_crossed_segments,                                                                      \
      "FINs that cross are acknowledged one by one, since each is on its way before the other "    \
      "comes: four "                                                                               \
      "segments.",                                                                                 \
      "tcp_fin(), net/ipv4/tcp_input.c")                                                           \
    X(half_close_data,                                                                             \
      "After shutdown(SHUT_WR) the other direction carries data as before, for as long as the "    \
      "peer likes and the descriptor is open.",                                                    \
      "tcp_rcv_state_process(), net/ipv4/tcp_input.c")                                             \
    X(write_after_shutdown,                                                                        \
      "A write after this end's own shutdown(SHUT_WR) fails at once, with EPIPE unless a RST "     \
      "has come, and nothing is sent.",                                                            \
      "tcp_sendmsg_locked(), net/ipv4/tcp.c")                                                      \
    X(time_wait_with_descriptor,                                                                   \
      "A FIN_WAIT_2 becomes TIME_WAIT with the peer's FIN, whether or not the descriptor is "      \
      "still open.",                                                                               \
      "tcp_fin(), net/ipv4/tcp_input.c; tcp_timewait_state_process(), net/ipv4/tcp_minisocks.c")   \
    X(shutdown_read,                                                                               \
      "While the own direction is open, shutdown(SHUT_RD) sends nothing and refuses nothing: "     \
      "what comes is "                                                                             \
      "acknowledged and can be read, and where nothing is there recv() gives end of file instead " \
      "of "                                                                                        \
      "waiting.",                                                                                  \
      "tcp_shutdown(), net/ipv4/tcp.c; tcp_recvmsg_locked(), net/ipv4/tcp.c")                      \
    X(shutdown_both_data,                                                                          \
      "New data that comes after shutdown(SHUT_RDWR) is answered by RST, which counts as "         \
      "TCPAbortOnData.",                                                                           \
      "tcp_rcv_state_process(), net/ipv4/tcp_input.c")                                             \
    X(current_established,                                                                         \
      "CurrEstab counts the connections in ESTABLISHED, and since Linux 6.10 (stable kernels: "    \
      "since mid-2024) those in CLOSE_WAIT.",                                                      \
      "tcp_set_state(), net/ipv4/tcp.c")                                                           \
    X(reset_keeps_received,                                                                        \
      "What had arrived in order before a RST can still be read: recv() gives it before it "       \
      "gives any error.",                                                                          \
      "tcp_recvmsg_locked(), net/ipv4/tcp.c")                                                      \
    X(reset_forgets_unsent,                                                                        \
      "A close() by RST throws away what the peer has not acknowledged, and nobody sends it "      \
      "again.",                                                                                    \
      "tcp_disconnect(), net/ipv4/tcp.c; __tcp_close(), net/ipv4/tcp.c")                           \
    X(reset_challenged,                                                                            \
      "A RST in the window whose number is not exactly the next one expected gets a challenge "    \
      "ACK (one per "                                                                              \
      "tcp_invalid_ratelimit, 500 ms), and the RST that answers this ACK ends the connection. A "  \
      "RST at the "                                                                                \
      "right edge of the SACK blocks, or one number early after a FIN, is believed too; any "      \
      "other outside "                                                                             \
      "of the window gets no answer.",                                                             \
      "tcp_validate_incoming(), tcp_reset_check(), net/ipv4/tcp_input.c")                          \
    X(abort_on_data,                                                                               \
      "TCPAbortOnData counts the close() calls with SO_LINGER 0 s and no unread data, new data "   \
      "that a full "                                                                               \
      "socket gets after both directions were shut down, and with TCP_LINGER2 below 0 the FINs "   \
      "that are "                                                                                  \
      "acknowledged after close(). Data that meets the minisocket which a close() leaves is "      \
      "answered by RST"                                                                            \
      " and not counted.",                                                                         \
      "__tcp_close(), net/ipv4/tcp.c; tcp_rcv_state_process(), net/ipv4/tcp_input.c")              \
    X(established_resets,                                                                          \
      "EstabResets counts at each end the connections that go from ESTABLISHED or CLOSE_WAIT to "  \
      "nothing.",                                                                                  \
      "tcp_set_state(), net/ipv4/tcp.c")                                                           \
    X(close_after_reading,                                                                         \
      "close() of a connection whose data has all been read sends a FIN (a RST, if SO_LINGER is "  \
      "0 s), and after a FIN the kernel goes on to deliver what was sent before.",                 \
      "__tcp_close(), net/ipv4/tcp.c")                                                             \
    X(write_before_reset,                                                                          \
      "A write only hands data to the kernel: with room in the send buffer it succeeds until "     \
      "the kernel itself has been told that the peer is gone, or has given it up.",                \
      "tcp_sendmsg_locked(), net/ipv4/tcp.c")                                                      \
    X(write_after_error,                                                                           \
      "The error of a connection is told once: after that a write fails with EPIPE, and recv() "   \
      "gives what "                                                                                \
      "had come and was not read yet, and then end of file.",                                      \
      "tcp_sendmsg_locked(), net/ipv4/tcp.c; tcp_recvmsg_locked(), net/ipv4/tcp.c")                \
    X(reset_exact,                                                                                 \
      "A RST with exactly the next number ends an open connection at once, even a forged one.",    \
      "tcp_validate_incoming(), net/ipv4/tcp_input.c")                                             \
    X(challenge_limit,                                                                             \
      "A connection sends at most one challenge ACK in tcp_invalid_ratelimit (500 ms; 0: all); "   \
      "TCPACKSkippedChallenge counts those it keeps back. tcp_challenge_ack_limit (none by "       \
      "default) limits all connections of a namespace together.",                                  \
      "tcp_send_challenge_ack(), net/ipv4/tcp_input.c")
