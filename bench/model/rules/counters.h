/* Part of bench/model/rule.h. */
#pragma once

#define RULES_OF_COUNTERS(X)                                                                       \
    X(listen_overflows,                                                                            \
      "ListenOverflows counts every SYN and every third ACK that meets a full accept queue, "      \
      "repeated ones, "                                                                            \
      "too. Not in it are a repeated SYN whose request is in the SYN queue, a bare ACK that "      \
      "TCP_DEFER_ACCEPT drops, and a SYN that a full SYN queue has dropped before "                \
      "(tcp_syncookies = 0).",                                                                     \
      "tcp_conn_request(), net/ipv4/tcp_input.c; tcp_v4_syn_recv_sock(), net/ipv4/tcp_ipv4.c")     \
    X(listen_drops,                                                                                \
      "ListenDrops counts the SYNs and third ACKs that a listener drops because a queue is "       \
      "full, memory is short, or no route leads back, and the half-open requests that an ICMP "    \
      "error ends. What TCP_DEFER_ACCEPT, a socket filter, an IPsec policy or PAWS drops counts"   \
      " only in the listener's own drop count (skmem d in ss).",                                   \
      "tcp_listendrop(), include/net/tcp.h; tcp_req_err(), net/ipv4/tcp_ipv4.c")                   \
    X(request_full_counter,                                                                        \
      "TCPReqQFullDrop counts the SYNs that meet a full SYN queue with tcp_syncookies = 0, but "   \
      "not those "                                                                                 \
      "that end a TIME_WAIT.",                                                                     \
      "tcp_syn_flood_action(), net/ipv4/tcp_input.c")                                              \
    X(cookies_sent,                                                                                \
      "SyncookiesSent counts the SYN cookies sent, not those chosen for a SYN that is then "       \
      "dropped.",                                                                                  \
      "cookie_init_sequence(), include/net/tcp.h")                                                 \
    X(cookies_received,                                                                            \
      "SyncookiesRecv counts the valid ACKs of SYN cookies before it is asked whether the accept " \
      "queue has "                                                                                 \
      "room.",                                                                                     \
      "cookie_tcp_check(), net/ipv4/syncookies.c")                                                 \
    X(passive_opens,                                                                               \
      "PassiveOpens counts the connections that enter an accept queue, not the SYNs.",             \
      "tcp_create_openreq_child(), net/ipv4/tcp_minisocks.c")                                      \
    X(embryonic_resets,                                                                            \
      "EmbryonicRsts counts the half-open requests that a RST ends, the client's or the kernel's " \
      "own. Those"                                                                                 \
      " of a closed listener are not in it.",                                                      \
      "tcp_check_req(), net/ipv4/tcp_minisocks.c")                                                 \
    X(syn_retrans_counter, "TCPSynRetrans counts every SYN and every SYN-ACK that is sent again.", \
      "__tcp_retransmit_skb(), net/ipv4/tcp_output.c; tcp_rtx_synack(), net/ipv4/tcp_output.c")    \
    X(timeouts_counter,                                                                            \
      "TCPTimeouts counts each timeout of data, FIN, SYN or SYN-ACK, also the last one, which "    \
      "sends "                                                                                     \
      "nothing; but not those of data that waits for its ACK while the peer's window is 0 and "    \
      "the "                                                                                       \
      "descriptor is open.",                                                                       \
      "tcp_retransmit_timer(), net/ipv4/tcp_timer.c; reqsk_timer_handler(), "                      \
      "net/ipv4/inet_connection_sock.c")                                                           \
    X(abort_on_timeout_counter,                                                                    \
      "TCPAbortOnTimeout counts the connections that the timer of retransmission, of window "      \
      "probes or of keepalive gives up.",                                                          \
      "tcp_write_err(), net/ipv4/tcp_timer.c")                                                     \
    X(fin_wait_2_counter,                                                                          \
      "The making of a minisocket counts as TW when its timeout is more than 4 s, else as "        \
      "TWKilled.",                                                                                 \
      "__inet_twsk_schedule(), net/ipv4/inet_timewait_sock.c")
