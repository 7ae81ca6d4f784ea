/* Part of bench/model/rule.h. */
#pragma once

#define RULES_OF_SENDING(X)                                                                        \
    X(window_closes,                                                                               \
      "A receiver whose buffer is full acknowledges what it has with a window of 0, and the "      \
      "sender keeps the rest, usually with nothing under way.",                                    \
      "__tcp_select_window(), net/ipv4/tcp_output.c")                                              \
    X(window_probe_first,                                                                          \
      "Data that waits before a closed window, with none under way, is probed for after one RTO, " \
      "200 ms at least.",                                                                          \
      "tcp_check_probe_timer(), include/net/tcp.h")                                                \
    X(window_probe_is_empty,                                                                       \
      "A probe of a window of 0 carries no data: it is an ACK with the number before the next, "   \
      "which asks for an answer. A window that is open, but too small for the next segment, is "   \
      "probed with data.",                                                                         \
      "tcp_write_wakeup(), tcp_xmit_probe_skb(), net/ipv4/tcp_output.c")                           \
    X(window_probe_doubles,                                                                        \
      "Answered or not, each window probe doubles the wait for the next, up to 120 s "             \
      "(tcp_rto_max_ms, where the kernel has it), and at most "                                    \
      "tcp_retries2 times; an answer sets the timer again.",                                       \
      "tcp_probe0_when(), include/net/tcp.h; tcp_ack_probe(), net/ipv4/tcp_input.c")               \
    X(window_probe_answers,                                                                        \
      "An empty window probe is an ACK with an old number, and such ones get an answer only when " \
      "tcp_invalid_ratelimit (500 ms) is over since the last: a healthy receiver leaves a probe "  \
      "unanswered "                                                                                \
      "that comes sooner.",                                                                        \
      "tcp_oow_rate_limited(), net/ipv4/tcp_input.c")                                              \
    X(window_probe_kept,                                                                           \
      "Each answer lets the count of unanswered window probes begin at 0 again, so with "          \
      "tcp_retries2 above "                                                                        \
      "0, while a program has the descriptor and each probe is answered, only TCP_USER_TIMEOUT "   \
      "gives the "                                                                                 \
      "connection up.",                                                                            \
      "tcp_probe_timer(), net/ipv4/tcp_timer.c; tcp_ack(), net/ipv4/tcp_input.c")                  \
    X(window_probe_gives_up,                                                                       \
      "While a program has the descriptor, a firing that finds tcp_retries2 window probes sent "   \
      "since the "                                                                                 \
      "last answer gives the connection up with ETIMEDOUT (or the error of the last ICMP "         \
      "message): here "                                                                            \
      "tcp_retries2 is a count.",                                                                  \
      "tcp_probe_timer(), net/ipv4/tcp_timer.c")                                                   \
    X(window_probe_orphan,                                                                         \
      "Without a descriptor tcp_orphan_retries counts for window probes instead of tcp_retries2, " \
      "and 0 "                                                                                     \
      "means 8. When the wait has grown to 120 s (tcp_rto_max_ms), answers no longer help: the "   \
      "connection "                                                                                \
      "is given up at that number of probes, and 0, or an ICMP error that came, means at once.",   \
      "tcp_probe_timer(), net/ipv4/tcp_timer.c")                                                   \
    X(window_probe_user_timeout,                                                                   \
      "With TCP_USER_TIMEOUT, and a window that stays closed, the connection is given up at the "  \
      "latest when that time is over since the first window probe, though every probe was "        \
      "answered.",                                                                                 \
      "tcp_clamp_probe0_to_user_timeout(), net/ipv4/tcp_timer.c")                                  \
    X(window_opens,                                                                                \
      "A receiver that has read enough sends a window update at once, and the sender goes on "     \
      "when it comes, "                                                                            \
      "without "                                                                                   \
      "waiting for its next probe.",                                                               \
      "__tcp_cleanup_rbuf(), net/ipv4/tcp.c; tcp_ack_probe(), net/ipv4/tcp_input.c")               \
    X(orphan_keeps_data,                                                                           \
      "A close() of a connection that sends no RST leaves unsent data to the kernel: the FIN "     \
      "waits behind it, in FIN_WAIT_1 or LAST_ACK.",                                               \
      "tcp_send_fin(), net/ipv4/tcp_output.c")                                                     \
    X(window_probe_counter, "TCPWinProbe counts the window probes that carry no data.",            \
      "tcp_xmit_probe_skb(), net/ipv4/tcp_output.c")                                               \
    X(zero_window_counter,                                                                         \
      "TCPToZeroWindowAdv counts how often a window that was open was announced as 0; since "      \
      "about Linux 6.6"                                                                            \
      " the 0 that refuses data for want of memory is left out.",                                  \
      "tcp_select_window(), net/ipv4/tcp_output.c")                                                \
    X(from_zero_window_counter,                                                                    \
      "TCPFromZeroWindowAdv counts how often a window that was 0 was announced as open.",          \
      "tcp_select_window(), net/ipv4/tcp_output.c")                                                \
    X(skipped_counter,                                                                             \
      "TCPACKSkippedSeq counts the segments with a number outside of the window that "             \
      "tcp_invalid_ratelimit "                                                                     \
      "left without an answer. Those for a minisocket or a half-open request have counters of "    \
      "their own.",                                                                                \
      "tcp_oow_rate_limited(), net/ipv4/tcp_input.c")                                              \
    X(keepalive_waits,                                                                             \
      "The keepalive timer sends no probe, and ends nothing, while data is unacknowledged or "     \
      "unsent.",                                                                                   \
      "tcp_keepalive_timer(), net/ipv4/tcp_timer.c")                                               \
    X(nagle,                                                                                       \
      "Without TCP_NODELAY a segment that is not full is kept back while an earlier one that was " \
      "not full "                                                                                  \
      "is unacknowledged; a FIN, urgent data or a tail loss probe lets it go.",                    \
      "tcp_nagle_check(), net/ipv4/tcp_output.c")                                                  \
    X(nodelay,                                                                                     \
      "With TCP_NODELAY each write is sent at once, as far as the windows, pacing, the limit of "  \
      "bytes in "                                                                                  \
      "the device's queue, TCP_CORK and MSG_MORE allow. While that queue holds data of the "       \
      "connection, "                                                                               \
      "tcp_autocorking = 1 (the default) may join writes.",                                        \
      "tcp_nagle_check(), net/ipv4/tcp_output.c; tcp_should_autocork(), net/ipv4/tcp.c")           \
    X(ack_quick_at_first,                                                                          \
      "The first data that an end receives puts it into quickack mode: it sends up to 16 ACKs at " \
      "once, "                                                                                     \
      "until its own answers end that.",                                                           \
      "tcp_event_data_recv(), net/ipv4/tcp_input.c; tcp_incr_quickack(), net/ipv4/tcp_input.c")    \
    X(ack_delayed,                                                                                 \
      "An end that answers within 40 ms (tcp_pingpong_thresh times: 1; three times from Linux "    \
      "5.1 to about 5.18) leaves quickack mode, and then delays the ACK of a single small "        \
      "segment by 40 ms while the round trip is shorter.",                                         \
      "tcp_event_data_sent(), net/ipv4/tcp_output.c; tcp_send_delayed_ack(), "                     \
      "net/ipv4/tcp_output.c")                                                                     \
    X(ack_quick_option,                                                                            \
      "In ESTABLISHED and CLOSE_WAIT TCP_QUICKACK = 1 sends the ACK that waits, if all that has "  \
      "come has "                                                                                  \
      "been read. After that, until the end answers again, a read of all that has come mostly "    \
      "sends one at "                                                                              \
      "once: the last segment is small or has PSH, and is not the second of two equal ones after " \
      "larger "                                                                                    \
      "ones. 0 makes the end delay.",                                                              \
      "__tcp_sock_set_quickack(), __tcp_cleanup_rbuf(), net/ipv4/tcp.c")
