/* Part of bench/model/rule.h. */
#pragma once

#define RULES_OF_DEATH(X)                                                                          \
    X(rto,                                                                                         \
      "Once a round trip has been measured, the retransmission timeout (RTO) is that (smoothed) "  \
      "plus four "                                                                                 \
      "times its variation, which counts as 200 ms at least (tcp_rto_min_us, where the kernel "    \
      "has it, or "                                                                                \
      "the route's rto_min).",                                                                     \
      "tcp_rtt_estimator(), net/ipv4/tcp_input.c")                                                 \
    X(tail_loss_probe,                                                                             \
      "With SACK and tcp_early_retrans = 3 (the default) or 4 a single segment under way, while "  \
      "no loss is "                                                                                \
      "being repaired, is first sent again as a tail loss probe (or unsent data is, if the "       \
      "window allows "                                                                             \
      "it), after two round trips + 200 ms or after the RTO, whichever is sooner, and then the "   \
      "RTO begins "                                                                                \
      "anew. Where more is under way it is two round trips.",                                      \
      "tcp_schedule_loss_probe(), tcp_send_loss_probe(), net/ipv4/tcp_output.c")                   \
    X(rto_doubles,                                                                                 \
      "By default, each time the RTO of data or a FIN fires the oldest segment is sent again, "    \
      "and the next "                                                                              \
      "timeout is twice as long, up to 120 s (tcp_rto_max_ms, where the kernel has it). An ICMP "  \
      "message "                                                                                   \
      "that the network or host cannot be reached may take one doubling back.",                    \
      "tcp_retransmit_timer(), net/ipv4/tcp_timer.c")                                              \
    X(retries2_is_a_time,                                                                          \
      "tcp_retries2 = R is a time, not a count: without TCP_USER_TIMEOUT the connection is given " \
      "up at the "                                                                                 \
      "first RTO that finds this time over since the first retransmission. It is (2^(R + 1) - 1) " \
      "* 200 ms "                                                                                  \
      "for R up to 9, and 120 s (tcp_rto_max_ms) more for each above: 924.6 s for 15.",            \
      "retransmits_timed_out(), tcp_model_timeout(), net/ipv4/tcp_timer.c")                        \
    X(orphan_retries,                                                                              \
      "Without a descriptor and TCP_USER_TIMEOUT tcp_orphan_retries = R counts for "               \
      "retransmission instead of tcp_retries2, with the same times: (2^(R + 1) - 1) * 200 ms for " \
      "R up to 9. 0 means 8. "                                                                     \
      "Once the RTO is 120 s (tcp_rto_max_ms), 0 means 0, and after an ICMP error any R does.",    \
      "tcp_write_timeout(), tcp_orphan_retries(), net/ipv4/tcp_timer.c")                           \
    X(gives_up_silently, "Who gives up retransmitting sends no RST: the peer is told nothing.",    \
      "tcp_write_err(), net/ipv4/tcp_timer.c")                                                     \
    X(gives_up_timed_out,                                                                          \
      "The program gets ETIMEDOUT when its connection is given up, or the error of the last "      \
      "ICMP message, if there was one since the last ACK.",                                        \
      "tcp_write_err(), net/ipv4/tcp_timer.c")                                                     \
    X(fin_unacknowledged,                                                                          \
      "A FIN is retransmitted like data: it waits for its ACK in FIN_WAIT_1, CLOSING or "          \
      "LAST_ACK.",                                                                                 \
      "tcp_rcv_state_process(), net/ipv4/tcp_input.c")                                             \
    X(silent_peer,                                                                                 \
      "Without SO_KEEPALIVE an end with a descriptor that hears nothing more, and has no data "    \
      "or FIN unsent or unacknowledged, does not notice: it keeps its state.",                     \
      "tcp_keepalive_timer(), net/ipv4/tcp_timer.c")                                               \
    X(loss_probes_counter, "TCPLossProbes counts the tail loss probes.",                           \
      "tcp_send_loss_probe(), net/ipv4/tcp_output.c")                                              \
    X(user_timeout,                                                                                \
      "TCP_USER_TIMEOUT counts from the first retransmission (a tail loss probe is none), and "    \
      "each timer after that is cut to what is left, so the kernel gives up the connection when"   \
      " it is over, and ignores tcp_retries2.",                                                    \
      "tcp_clamp_rto_to_user_timeout(), net/ipv4/tcp_timer.c")                                     \
    X(keepalive_idle,                                                                              \
      "With SO_KEEPALIVE the first probe is sent when nothing has come for tcp_keepalive_time, "   \
      "or the "                                                                                    \
      "socket's own TCP_KEEPIDLE (counted anew when SO_KEEPALIVE is set), unless data is "         \
      "unacknowledged or "                                                                         \
      "unsent then.",                                                                              \
      "tcp_keepalive_timer(), net/ipv4/tcp_timer.c")                                               \
    X(keepalive_interval,                                                                          \
      "While no probe is answered there is one each tcp_keepalive_intvl, or TCP_KEEPINTVL.",       \
      "tcp_keepalive_timer(), net/ipv4/tcp_timer.c")                                               \
    X(keepalive_gives_up,                                                                          \
      "Without TCP_USER_TIMEOUT the connection is given up with ETIMEDOUT, or with the error of"   \
      " the last ICMP message, when tcp_keepalive_probes (or TCP_KEEPCNT) probes got no answer "   \
      "and one more interval is over.",                                                            \
      "tcp_keepalive_timer(), tcp_write_err(), net/ipv4/tcp_timer.c")                              \
    X(keepalive_user_timeout,                                                                      \
      "With TCP_USER_TIMEOUT the number of probes does not count: the first firing after the "     \
      "first probe "                                                                               \
      "that finds that time over since the peer was heard gives the connection up.",               \
      "tcp_keepalive_timer(), net/ipv4/tcp_timer.c")                                               \
    X(keepalive_reset,                                                                             \
      "Who gives up after keepalive probes does send a RST, should anybody be there to hear it.",  \
      "tcp_keepalive_timer(), net/ipv4/tcp_timer.c; tcp_send_active_reset(), "                     \
      "net/ipv4/tcp_output.c")                                                                     \
    X(keepalive_counter, "TCPKeepAlive counts the keepalive probes sent.",                         \
      "tcp_xmit_probe_skb(), net/ipv4/tcp_output.c")                                               \
    X(no_such_connection,                                                                          \
      "A host answers a segment with an ACK of a connection that it does not know by RST, "        \
      "whether or not it"                                                                          \
      " listens on that port, unless it is the ACK of a SYN cookie. A RST gets no answer.",        \
      "tcp_v4_rcv(), net/ipv4/tcp_ipv4.c; tcp_rcv_state_process(), net/ipv4/tcp_input.c")          \
    X(probe_reset,                                                                                 \
      "A RST with exactly the next number ends an ESTABLISHED connection at once, and the "        \
      "program learns it"                                                                          \
      " by ECONNRESET.",                                                                           \
      "tcp_reset(), net/ipv4/tcp_input.c")
