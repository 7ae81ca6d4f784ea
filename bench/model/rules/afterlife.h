/* Part of bench/model/rule.h. */
#pragma once

#define RULES_OF_AFTERLIFE(X)                                                                      \
    X(last_ack_waits,                                                                              \
      "The end that closes second waits in LAST_ACK for the ACK of its FIN, and sends the FIN "    \
      "again until "                                                                               \
      "that comes, or until it gives up (tcp_orphan_retries; tcp_retries2 while a program has "    \
      "the "                                                                                       \
      "descriptor).",                                                                              \
      "tcp_retransmit_timer(), net/ipv4/tcp_timer.c")                                              \
    X(time_wait_answers,                                                                           \
      "TIME_WAIT answers a FIN that comes again with the ACK that was lost: that is the main "     \
      "purpose of TIME_WAIT.",                                                                     \
      "tcp_timewait_state_process(), net/ipv4/tcp_minisocks.c")                                    \
    X(time_wait_begins_anew, "Each repeated FIN restarts TIME_WAIT's 60 s.",                       \
      "tcp_timewait_state_process(), net/ipv4/tcp_minisocks.c")                                    \
    X(time_wait_missing,                                                                           \
      "Without TIME_WAIT nothing is left of the connection at the end that closed first. The "     \
      "other end's "                                                                               \
      "FIN is answered by RST if it comes after the ACK of the first one to an end that has "      \
      "called close();"                                                                            \
      " else it is acknowledged, and only its repetition gets RST.",                               \
      "tcp_v4_rcv(), net/ipv4/tcp_ipv4.c")                                                         \
    X(buckets_counter,                                                                             \
      "TCPTimeWaitOverflow counts the sockets that the kernel closed at once because no "          \
      "minisocket was left.",                                                                      \
      "tcp_time_wait(), net/ipv4/tcp_minisocks.c")                                                 \
    X(bucket_keeps_its_place,                                                                      \
      "A FIN_WAIT_2 minisocket that gets its FIN becomes TIME_WAIT in the place that it has.",     \
      "tcp_timewait_state_process(), net/ipv4/tcp_minisocks.c")                                    \
    X(bucket_refused,                                                                              \
      "An end without minisocket has no socket for the connection any more, so it answers the "    \
      "peer's FIN with RST.",                                                                      \
      "tcp_v4_rcv(), net/ipv4/tcp_ipv4.c")                                                         \
    X(time_wait_old_segment,                                                                       \
      "TIME_WAIT answers old data, whose numbers are outside of its window, with an ACK, and its " \
      "60 s "                                                                                      \
      "restart. An old ACK without data gets an answer only when tcp_invalid_ratelimit (500 ms) "  \
      "is over "                                                                                   \
      "since the last.",                                                                           \
      "tcp_timewait_state_process(), net/ipv4/tcp_minisocks.c")                                    \
    X(nobody_resets,                                                                               \
      "The kernel answers an ACK for an unknown connection (but not that of a SYN cookie) with a " \
      "RST that "                                                                                  \
      "has exactly the number that the ACK asks for.",                                             \
      "tcp_v4_send_reset(), net/ipv4/tcp_ipv4.c")                                                  \
    X(time_wait_assassination,                                                                     \
      "With tcp_rfc1337 = 0, the default, a RST that has the next number, and no older "           \
      "timestamp, ends TIME_WAIT at once.",                                                        \
      "tcp_timewait_state_process(), net/ipv4/tcp_minisocks.c; tcp_paws_reject(), "                \
      "include/net/tcp.h")                                                                         \
    X(time_wait_rfc1337, "With tcp_rfc1337 = 1 TIME_WAIT ignores every RST.",                      \
      "tcp_timewait_state_process(), net/ipv4/tcp_minisocks.c")                                    \
    X(time_wait_old_syn,                                                                           \
      "A SYN that meets a TIME_WAIT and has an older timestamp, or neither a newer timestamp "     \
      "nor a higher number, is answered by an ACK of the old numbers, at most one in "             \
      "tcp_invalid_ratelimit (500 ms). A SYN with an older timestamp also restarts the 60 s.",     \
      "tcp_timewait_state_process(), net/ipv4/tcp_minisocks.c")
