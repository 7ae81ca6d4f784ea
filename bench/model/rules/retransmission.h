/* Part of bench/model/rule.h. */
#pragma once

#define RULES_OF_RETRANSMISSION(X)                                                                 \
    X(syn_ladder,                                                                                  \
      "An unanswered SYN is sent again after 1 s, then tcp_syn_linear_timeouts times (where the"   \
      " kernel has it) after 1 s more, then after twice as long each time, up to 120 s.",          \
      "tcp_retransmit_timer(), net/ipv4/tcp_timer.c")                                              \
    X(syn_gives_up,                                                                                \
      "Without TCP_USER_TIMEOUT connect() fails with ETIMEDOUT at the first timeout that finds "   \
      "tcp_syn_retries + tcp_syn_linear_timeouts repetitions sent or 2^(tcp_syn_retries + 1) - 1 " \
      "s gone (up"                                                                                 \
      " to 6 retries). An ICMP message that the host or port cannot be reached ends it at once, "  \
      "with its "                                                                                  \
      "own error.",                                                                                \
      "tcp_write_timeout(), net/ipv4/tcp_timer.c; tcp_v4_err(), net/ipv4/tcp_ipv4.c")              \
    X(syn_ack_ladder,                                                                              \
      "Where nothing more comes, the SYN-ACK of a half-open request is sent again after 1, 3, "    \
      "7, 15, 31 s and so on, at most tcp_synack_retries times.",                                  \
      "reqsk_timer_handler(), net/ipv4/inet_connection_sock.c")                                    \
    X(syn_ack_gives_up,                                                                            \
      "Where nothing more comes, the kernel silently drops a half-open request "                   \
      "2^(tcp_synack_retries + 1) - 1 s after the SYN (up to 6 retries), or sooner if the SYN "    \
      "queue is more than half full and at least half of it is old.",                              \
      "reqsk_timer_handler(), net/ipv4/inet_connection_sock.c")                                    \
    X(request_gone_reset,                                                                          \
      "An ACK or data that a client sends after the server has dropped its half-open request is"   \
      " answered by RST.",                                                                         \
      "tcp_v4_do_rcv(), net/ipv4/tcp_ipv4.c; tcp_rcv_state_process(), net/ipv4/tcp_input.c")       \
    X(challenge_ack,                                                                               \
      "A client that is ESTABLISHED answers a repeated SYN-ACK with a challenge ACK, at most one " \
      "in "                                                                                        \
      "tcp_invalid_ratelimit (500 ms).",                                                           \
      "tcp_validate_incoming(), net/ipv4/tcp_input.c")
