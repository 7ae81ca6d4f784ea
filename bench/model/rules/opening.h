/* Part of bench/model/rule.h. */
#pragma once

#define RULES_OF_OPENING(X)                                                                                         \
    X(handshake_syn_sent, "connect() sends a SYN, and the client is in SYN_SENT until the SYN-ACK comes.",          \
      "tcp_v4_connect(), net/ipv4/tcp_ipv4.c")                                                                      \
    X(handshake_request,                                                                                            \
      "The server answers a SYN from a small request socket in SYN_RECV; the listener itself stays in LISTEN, and " \
      "no program knows of it.",                                                                                    \
      "tcp_conn_request(), net/ipv4/tcp_input.c")                                                                   \
    X(handshake_client_first,                                                                                       \
      "The SYN-ACK makes the client ESTABLISHED, half a round trip before the server can be: it is the ACK that "   \
      "makes the server's socket.",                                                                                 \
      "tcp_rcv_synsent_state_process(), net/ipv4/tcp_input.c; tcp_check_req(), net/ipv4/tcp_minisocks.c")           \
    X(syn_takes_a_number,                                                                                           \
      "SYN takes one sequence number, though it carries no byte: each end acknowledges the other's first number + " \
      "1.",                                                                                                         \
      "RFC 9293, 3.4")                                                                                              \
    X(handshake_segments, "An undisturbed handshake is three segments: SYN, SYN-ACK, ACK.", "RFC 9293, 3.5")
