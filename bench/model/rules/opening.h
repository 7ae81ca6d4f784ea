/* Part of bench/model/rule.h. */
#pragma once

#define RULES_OF_OPENING(X)                                                                        \
    X(handshake_syn_sent,                                                                          \
      "Without Fast Open connect() sends a SYN, and the client waits in SYN_SENT for the "         \
      "SYN-ACK.",                                                                                  \
      "tcp_v4_connect(), net/ipv4/tcp_ipv4.c")                                                     \
    X(handshake_request,                                                                           \
      "The server usually answers a SYN from a small request socket in SYN_RECV; the listener "    \
      "itself stays in LISTEN, and its program does not notice.",                                  \
      "tcp_conn_request(), net/ipv4/tcp_input.c")                                                  \
    X(handshake_client_first,                                                                      \
      "Without Fast Open the SYN-ACK makes the client ESTABLISHED, half a round trip before the"   \
      " server can be: it is the ACK that makes the server's socket.",                             \
      "tcp_rcv_synsent_state_process(), net/ipv4/tcp_input.c; tcp_check_req(), "                   \
      "net/ipv4/tcp_minisocks.c")                                                                  \
    X(syn_takes_a_number,                                                                          \
      "SYN takes one sequence number, though it is no byte: without Fast Open each end "           \
      "acknowledges the other's first number + 1.",                                                \
      "tcp_openreq_init(), net/ipv4/tcp_input.c; tcp_rcv_synsent_state_process(), "                \
      "net/ipv4/tcp_input.c")                                                                      \
    X(handshake_segments,                                                                          \
      "An undisturbed handshake is three segments: SYN, SYN-ACK, ACK (RFC 9293, 3.5).",            \
      "tcp_conn_request(), net/ipv4/tcp_input.c; tcp_rcv_synsent_state_process(), "                \
      "net/ipv4/tcp_input.c")                                                                      \
    X(syn_user_timeout,                                                                            \
      "With TCP_USER_TIMEOUT an unanswered SYN is given up when that time is over, but not "       \
      "before 1 s, or "                                                                            \
      "at the first timeout that finds tcp_syn_retries + tcp_syn_linear_timeouts repetitions "     \
      "sent; the time "                                                                            \
      "that tcp_syn_retries stands for no longer counts.",                                         \
      "tcp_clamp_rto_to_user_timeout(), net/ipv4/tcp_timer.c; retransmits_timed_out(), "           \
      "net/ipv4/tcp_timer.c")                                                                      \
    X(syn_count_option,                                                                            \
      "TCP_SYNCNT takes the place of tcp_syn_retries on a client's socket, and of "                \
      "tcp_synack_retries on a "                                                                   \
      "listener.",                                                                                 \
      "tcp_write_timeout(), net/ipv4/tcp_timer.c; reqsk_timer_handler(), "                         \
      "net/ipv4/inet_connection_sock.c")                                                           \
    X(attempt_fails,                                                                               \
      "AttemptFails counts the connections that an error ends in SYN_SENT or in SYN_RECV, and "    \
      "the half-open"                                                                              \
      " requests that the client's RST, or a SYN with another number in the window, ends. A "      \
      "close() in "                                                                                \
      "SYN_SENT and a request that times out do not count.",                                       \
      "tcp_done(), net/ipv4/tcp.c; tcp_check_req(), net/ipv4/tcp_minisocks.c")                     \
    X(no_socket_reset,                                                                             \
      "A segment other than a RST for a port where no socket listens, and of no connection, is "   \
      "answered by "                                                                               \
      "RST at once, and a SYN's RST acknowledges it; bind() alone is no listening.",               \
      "tcp_v4_rcv(), net/ipv4/tcp_ipv4.c; tcp_v4_send_reset(), net/ipv4/tcp_ipv4.c")               \
    X(refused,                                                                                     \
      "A RST in SYN_SENT that acknowledges the SYN ends it with ECONNREFUSED; no SYN is sent "     \
      "again.",                                                                                    \
      "tcp_reset(), net/ipv4/tcp_input.c")                                                         \
    X(resets_sent_counter,                                                                         \
      "OutRsts counts every RST that TCP sends; those of a firewall are not in it.",               \
      "tcp_v4_send_reset(), net/ipv4/tcp_ipv4.c; tcp_send_active_reset(), net/ipv4/tcp_output.c")  \
    X(crossed_syn_sent,                                                                            \
      "Without Fast Open connect() sends a SYN at each end, and each waits in SYN_SENT for an "    \
      "answer.",                                                                                   \
      "tcp_v4_connect(), net/ipv4/tcp_ipv4.c")                                                     \
    X(crossed_syns,                                                                                \
      "A SYN without ACK that meets a SYN_SENT makes it SYN_RECV: a full socket with its "         \
      "descriptor, which "                                                                         \
      "answers with a SYN-ACK; no listener is needed.",                                            \
      "tcp_rcv_synsent_state_process(), net/ipv4/tcp_input.c")                                     \
    X(crossed_syn_acks,                                                                            \
      "In SYN_RECV the acknowledgement of the own SYN makes the socket ESTABLISHED, and the two "  \
      "SYN-ACKs "                                                                                  \
      "that cross do that at both ends.",                                                          \
      "tcp_rcv_state_process(), net/ipv4/tcp_input.c")                                             \
    X(crossed_acks,                                                                                \
      "The SYN in a SYN-ACK that crossed has been there before, and each end answers that with a " \
      "bare ACK: six "                                                                             \
      "segments, where RFC 9293 draws four.",                                                      \
      "tcp_data_queue(), net/ipv4/tcp_input.c; tcp_validate_incoming(), net/ipv4/tcp_input.c")     \
    X(active_opens,                                                                                \
      "ActiveOpens counts the sockets that send a first SYN, by connect() or "                     \
      "sendto(MSG_FASTOPEN), at both "                                                             \
      "ends of a simultaneous open; PassiveOpens counts none of them.",                            \
      "tcp_connect(), net/ipv4/tcp_output.c")                                                      \
    X(data_is_third_ack,                                                                           \
      "Without TCP_DEFER_ACCEPT any segment in the window that acknowledges the SYN-ACK serves "   \
      "as the third"                                                                               \
      " ACK, with data or without, unless it is a RST or a SYN.",                                  \
      "tcp_check_req(), net/ipv4/tcp_minisocks.c")                                                 \
    X(request_waits_for_ack,                                                                       \
      "A half-open request whose third ACK is lost stays in SYN_RECV at first, while the client"   \
      " is ESTABLISHED and does not notice.",                                                      \
      "tcp_conn_request(), net/ipv4/tcp_input.c")                                                  \
    X(defer_rounds_up,                                                                             \
      "TCP_DEFER_ACCEPT becomes a number of SYN-ACK timeouts, the least whose time covers the "    \
      "seconds "                                                                                   \
      "given: 1, 3, 7, 15 s and so on; getsockopt() tells that time.",                             \
      "secs_to_retrans(), net/ipv4/tcp.c")                                                         \
    X(defer_drops_ack,                                                                             \
      "With TCP_DEFER_ACCEPT a bare third ACK is dropped until the time is over, and the "         \
      "request stays in SYN_RECV; TCPDeferAcceptDrop counts it. The ACK of a SYN cookie is not "   \
      "dropped.",                                                                                  \
      "tcp_check_req(), net/ipv4/tcp_minisocks.c")                                                 \
    X(defer_ends,                                                                                  \
      "Once the third ACK has come, TCP_DEFER_ACCEPT keeps the SYN-ACK from being sent again "     \
      "until its last"                                                                             \
      " timeout. The ACK that answers that one completes the connection without data: it is "      \
      "handed over "                                                                               \
      "late, not dropped.",                                                                        \
      "syn_ack_recalc(), net/ipv4/inet_connection_sock.c")                                         \
    X(defer_data,                                                                                  \
      "With TCP_DEFER_ACCEPT the first data completes the connection at once, if the accept "      \
      "queue has room,"                                                                            \
      " and accept() and the read both succeed.",                                                  \
      "tcp_check_req(), net/ipv4/tcp_minisocks.c")                                                 \
    X(fastopen_child,                                                                              \
      "A SYN with data and a valid cookie (none is asked for with bit 512 of tcp_fastopen), at a " \
      "listener "                                                                                  \
      "with TCP_FASTOPEN or bit 1024 of tcp_fastopen (and bit 2), and with room in its queues, "   \
      "makes a full"                                                                               \
      " socket in SYN_RECV in the accept queue: accept() and read() work before the handshake is " \
      "over.",                                                                                     \
      "tcp_fastopen_create_child(), net/ipv4/tcp_fastopen.c")                                      \
    X(fastopen_limit,                                                                              \
      "TCP_FASTOPEN = q (at most somaxconn) allows q connections whose handshake is not over, "    \
      "accepted or "                                                                               \
      "not; a SYN beyond that gets an ordinary handshake. A connection that the client's RST "     \
      "ended after "                                                                               \
      "accept() counts for 60 s more.",                                                            \
      "tcp_fastopen_queue_check(), net/ipv4/tcp_fastopen.c")                                       \
    X(fastopen_falls_back,                                                                         \
      "A client whose data the SYN-ACK does not acknowledge sends it again with its ACK, and "     \
      "that completes "                                                                            \
      "an ordinary handshake.",                                                                    \
      "tcp_rcv_fastopen_synack(), net/ipv4/tcp_input.c")                                           \
    X(fastopen_slot,                                                                               \
      "A place of TCP_FASTOPEN is given back by the handshake's last ACK, not by accept(). The "   \
      "client's RST"                                                                               \
      " gives it back, too, 60 s later if the connection was accepted; so do at once a RST that "  \
      "the "                                                                                       \
      "server's close() sends and the end of the retries.",                                        \
      "reqsk_fastopen_remove(), net/core/request_sock.c")                                          \
    X(fastopen_overflow_counter,                                                                   \
      "TCPFastOpenListenOverflow counts the SYNs with data or the Fast Open option that find "     \
      "TCP_FASTOPEN's"                                                                             \
      " places taken (tcp_fastopen with bit 2, and no SYN cookie); with 0 places none counts.",    \
      "tcp_fastopen_queue_check(), net/ipv4/tcp_fastopen.c")                                       \
    X(syn_challenged,                                                                              \
      "A SYN for an open connection does not end it, with any sequence number: the kernel "        \
      "answers it with a challenge ACK, at most one in tcp_invalid_ratelimit (500 ms).",           \
      "tcp_validate_incoming(), net/ipv4/tcp_input.c")                                             \
    X(syn_sent_resets,                                                                             \
      "A socket in SYN_SENT that gets an ACK of something else answers it with a RST of exactly "  \
      "the number that "                                                                           \
      "the "                                                                                       \
      "ACK asked for, and that ends the other end's old connection.",                              \
      "tcp_rcv_synsent_state_process(), net/ipv4/tcp_input.c")                                     \
    X(syn_again_soon,                                                                              \
      "After an ACK of something else in SYN_SENT, a SYN that was not sent again yet is sent "     \
      "again: from Linux 5.6 on after two timer ticks, before that after 1 s.",                    \
      "tcp_rcv_synsent_state_process(), net/ipv4/tcp_input.c")                                     \
    X(self_connect,                                                                                \
      "A SYN that comes back to the socket in SYN_SENT that sent it makes a simultaneous open "    \
      "with itself.",                                                                              \
      "tcp_rcv_synsent_state_process(), net/ipv4/tcp_input.c")                                     \
    X(icmp_ends_connect,                                                                           \
      "In SYN_SENT an ICMP or ICMPv6 message of an unreachable destination ends connect() at "     \
      "once, with "                                                                                \
      "EHOSTUNREACH if it is the host. Later it ends nothing by itself and is remembered "         \
      "(without "                                                                                  \
      "IP_RECVERR), and so is one that meets a system call.",                                      \
      "tcp_v4_err(), net/ipv4/tcp_ipv4.c; tcp_v6_err(), net/ipv6/tcp_ipv6.c")                      \
    X(neighbour_fails,                                                                             \
      "On its own network a host asks for an address that it does not know yet mcast_solicit "     \
      "times, retrans_time_ms apart: by default three times, 1 s apart. If nobody answers, its "   \
      "kernel sends itself an ICMP message of an unreachable host, which ends connect(); no SYN"   \
      " has left.",                                                                                \
      "neigh_timer_handler(), net/core/neighbour.c; ipv4_link_failure(), net/ipv4/route.c; "       \
      "ip6_link_failure(), net/ipv6/route.c")
