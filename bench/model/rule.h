/* The rules of the kernel that predictions rest upon: a sentence each, and where it is decided. */
#pragma once

#include <stddef.h>

struct rule {
    const char *name;     /* "accept_queue_capacity" */
    const char *sentence; /* one sentence for the reader of a report */
    const char *source;   /* "sk_acceptq_is_full(), include/net/sock.h" */
};

/* X(name, sentence, source) */
#define RULES(X)                 \
    RULES_OF_THE_ACCEPT_QUEUE(X) \
    RULES_OF_THE_SYN_QUEUE(X)    \
    RULES_OF_RETRANSMISSION(X)   \
    RULES_OF_CLOSING(X)          \
    RULES_OF_PORTS(X)            \
    RULES_OF_COUNTERS(X)

#define RULES_OF_THE_ACCEPT_QUEUE(X)                                                                                 \
    X(accept_queue_limit, "The accept queue's limit is min(backlog, somaxconn), taken at listen().",                 \
      "__sys_listen_socket(), net/socket.c")                                                                         \
    X(accept_queue_capacity, "A queue with limit L holds L + 1 connections: the kernel asks \"length > L\".",        \
      "sk_acceptq_is_full(), include/net/sock.h")                                                                    \
    X(queued_is_established,                                                                                         \
      "A connection in the accept queue is ESTABLISHED at both ends: accept() only hands it to the program.",        \
      "inet_csk_accept(), net/ipv4/inet_connection_sock.c")                                                          \
    X(queued_keeps_its_place, "A client that closes or resets its connection while it is queued frees no place.",    \
      "inet_csk_accept(), net/ipv4/inet_connection_sock.c")                                                          \
    X(accept_pace,                                                                                                   \
      "Each accept() makes room for one more, so a full queue lets in as many as the program takes out.",            \
      "inet_csk_accept(), net/ipv4/inet_connection_sock.c")                                                          \
    X(syn_dropped, "A SYN that meets a full accept queue is dropped without an answer, and no request is kept.",     \
      "tcp_conn_request(), net/ipv4/tcp_input.c")                                                                    \
    X(syn_retry_admitted, "A client whose SYN was dropped gets in with the first repeated SYN that finds room.",     \
      "tcp_conn_request(), net/ipv4/tcp_input.c")                                                                    \
    X(third_ack_dropped,                                                                                             \
      "With tcp_abort_on_overflow = 0 a third ACK that meets a full accept queue is dropped and the half-open "      \
      "request is kept.",                                                                                            \
      "tcp_check_req(), net/ipv4/tcp_minisocks.c")                                                                   \
    X(third_ack_reset,                                                                                               \
      "With tcp_abort_on_overflow = 1 the third ACK of a half-open request that meets a full accept queue is "       \
      "answered by RST, and the request is gone.",                                                                   \
      "tcp_check_req(), net/ipv4/tcp_minisocks.c")                                                                   \
    X(third_ack_late,                                                                                                \
      "A handshake whose third ACK was dropped completes when there is room at the next ACK, which the next "        \
      "repeated SYN-ACK or the client's own data brings about.",                                                     \
      "tcp_check_req(), net/ipv4/tcp_minisocks.c")                                                                   \
    X(cookie_ack_dropped,                                                                                            \
      "A SYN cookie's ACK that meets a full accept queue is dropped without an answer, whatever "                    \
      "tcp_abort_on_overflow says.",                                                                                 \
      "tcp_get_cookie_sock(), net/ipv4/syncookies.c")                                                                \
    X(ghost,                                                                                                         \
      "Of a connection whose cookie ACK was dropped the server remembers nothing, while the client stays "           \
      "ESTABLISHED until it sends or probes.",                                                                       \
      "tcp_get_cookie_sock(), net/ipv4/syncookies.c")                                                                \
    X(never_refused, "A full queue refuses nobody: ECONNREFUSED comes from a port where nobody listens.",            \
      "tcp_v4_rcv(), net/ipv4/tcp_ipv4.c")                                                                           \
    X(never_reset_by_syn, "No SYN is answered by RST because a queue is full, whatever tcp_abort_on_overflow says.", \
      "tcp_conn_request(), net/ipv4/tcp_input.c")                                                                    \
    X(loopback_handshake,                                                                                            \
      "Over loopback the whole handshake is over before connect() returns, so handshakes of one thread do not "      \
      "overlap and no third ACK meets a full queue.",                                                                \
      "loopback_xmit(), drivers/net/loopback.c")                                                                     \
    X(row_empty, "Every connection is in one of the other rows, by the rules given there.",                          \
      "tcp_conn_request(), net/ipv4/tcp_input.c; tcp_check_req(), net/ipv4/tcp_minisocks.c")                         \
    X(handshakes_overlap,                                                                                            \
      "When all SYNs arrive before the first third ACK, none of them meets an accept queue that the "                \
      "others filled, and what is too much is third ACKs.",                                                          \
      "tcp_conn_request(), net/ipv4/tcp_input.c")

#define RULES_OF_THE_SYN_QUEUE(X)                                                                                    \
    X(syn_queue_capacity,                                                                                            \
      "The SYN queue has the accept queue's limit L for its own, and holds L + 1 half-open requests besides.",       \
      "inet_csk_reqsk_queue_is_full(), include/net/inet_connection_sock.h")                                          \
    X(syn_queue_full_cookie,                                                                                         \
      "With tcp_syncookies = 1 a SYN that meets a full SYN queue is answered by a SYN cookie, and no request is "    \
      "kept.",                                                                                                       \
      "tcp_conn_request(), net/ipv4/tcp_input.c")                                                                    \
    X(syn_queue_full_drop,                                                                                           \
      "With tcp_syncookies = 0 a SYN that meets a full SYN queue is dropped without an answer.",                     \
      "tcp_conn_request(), net/ipv4/tcp_input.c")                                                                    \
    X(cookies_always, "With tcp_syncookies = 2 every SYN is answered by a SYN cookie, and no request is ever kept.", \
      "tcp_conn_request(), net/ipv4/tcp_input.c")                                                                    \
    X(max_syn_backlog,                                                                                               \
      "tcp_max_syn_backlog = M counts only with tcp_syncookies = 0, and then peers that the kernel has no "          \
      "metrics of make at most M - M / 4 + 1 requests.",                                                             \
      "tcp_conn_request(), net/ipv4/tcp_input.c")                                                                    \
    X(request_pruning,                                                                                               \
      "While the half-open requests are more than half of max(8, L), those that nobody completes are dropped at "    \
      "their third timeout, after 7 s.",                                                                             \
      "reqsk_timer_handler(), net/ipv4/inet_connection_sock.c")

#define RULES_OF_RETRANSMISSION(X)                                                                          \
    X(syn_ladder,                                                                                           \
      "An unanswered SYN is sent again after 1 s, then tcp_syn_linear_timeouts times after 1 s more, then " \
      "after twice as long each time.",                                                                     \
      "tcp_retransmit_timer(), net/ipv4/tcp_timer.c")                                                       \
    X(syn_gives_up,                                                                                         \
      "connect() fails with ETIMEDOUT at the first timeout that finds tcp_syn_retries + "                   \
      "tcp_syn_linear_timeouts repetitions sent or 2^(tcp_syn_retries + 1) - 1 s gone (up to 6 retries).",  \
      "tcp_write_timeout(), net/ipv4/tcp_timer.c")                                                          \
    X(syn_ack_ladder,                                                                                       \
      "A SYN-ACK that nobody acknowledges is sent again after 1, 3, 7, 15, 31 s and so on, "                \
      "tcp_synack_retries times in all.",                                                                   \
      "reqsk_timer_handler(), net/ipv4/inet_connection_sock.c")                                             \
    X(syn_ack_gives_up,                                                                                     \
      "A half-open request is dropped without a word to the client 2^(tcp_synack_retries + 1) - 1 s after " \
      "the SYN (up to 6 retries).",                                                                         \
      "reqsk_timer_handler(), net/ipv4/inet_connection_sock.c")                                             \
    X(request_gone_reset,                                                                                   \
      "What a client sends after the server has dropped its half-open request is answered by RST.",         \
      "tcp_v4_do_rcv(), net/ipv4/tcp_ipv4.c")                                                               \
    X(challenge_ack, "A client that is ESTABLISHED answers a repeated SYN-ACK with a challenge ACK.",       \
      "tcp_validate_incoming(), net/ipv4/tcp_input.c")                                                      \
    X(timer_lateness,                                                                                       \
      "A kernel timer never fires early, and late by at most one granule of the timer wheel's level it is " \
      "on, about an eighth of its time at most.",                                                           \
      "calc_wheel_index(), kernel/time/timer.c")

#define RULES_OF_CLOSING(X)                                                                                          \
    X(close_of_killed, "The kernel closes the connections of a killed process as close() would.",                    \
      "do_exit(), kernel/exit.c")                                                                                    \
    X(close_with_unread_data, "close() of a connection with unread data sends RST instead of FIN.",                  \
      "__tcp_close(), net/ipv4/tcp.c")                                                                               \
    X(close_with_linger_0, "close() after SO_LINGER with 0 s sends RST, and neither end has TIME_WAIT.",             \
      "__tcp_close(), net/ipv4/tcp.c")                                                                               \
    X(fin_acknowledged,                                                                                              \
      "The peer's kernel acknowledges a FIN by itself, so FIN_WAIT_1 becomes FIN_WAIT_2 and the peer is in "         \
      "CLOSE_WAIT, whatever its program does.",                                                                      \
      "tcp_fin(), net/ipv4/tcp_input.c")                                                                             \
    X(fin_wait_2_orphan,                                                                                             \
      "A FIN_WAIT_2 without descriptor is replaced by a minisocket that lasts tcp_fin_timeout (at least 3.5 RTO) "   \
      "and then is gone.",                                                                                           \
      "tcp_rcv_state_process(), net/ipv4/tcp_input.c")                                                               \
    X(fin_wait_2_no_time_wait,                                                                                       \
      "A FIN_WAIT_2 becomes TIME_WAIT only when the peer's FIN comes, never by the end of its time.",                \
      "tcp_timewait_state_process(), net/ipv4/tcp_minisocks.c")                                                      \
    X(fin_wait_2_above_60,                                                                                           \
      "With tcp_fin_timeout = F above 60 s a FIN_WAIT_2 without descriptor lasts 2 * (F - 60) s: a full socket for " \
      "F - 60 s, then a minisocket for as long.",                                                                    \
      "tcp_keepalive_timer(), net/ipv4/tcp_timer.c")                                                                 \
    X(fin_wait_2_with_descriptor, "A FIN_WAIT_2 whose descriptor is open (shutdown(SHUT_WR)) has no timeout.",       \
      "tcp_rcv_state_process(), net/ipv4/tcp_input.c")                                                               \
    X(fin_wait_2_data, "Data for a FIN_WAIT_2 without descriptor is answered by RST.",                               \
      "tcp_timewait_state_process(), net/ipv4/tcp_minisocks.c")                                                      \
    X(close_wait_write,                                                                                              \
      "A write in CLOSE_WAIT succeeds, and when the peer's FIN_WAIT_2 is gone it is answered by RST, so "            \
      "that the next one fails with EPIPE.",                                                                         \
      "tcp_reset(), net/ipv4/tcp_input.c")                                                                           \
    X(close_wait_no_timer, "CLOSE_WAIT has no timer: it lasts until the program closes.",                            \
      "tcp_fin(), net/ipv4/tcp_input.c")                                                                             \
    X(time_wait_length, "TIME_WAIT lasts 60 s, and no sysctl changes that: tcp_fin_timeout is about FIN_WAIT_2.",    \
      "TCP_TIMEWAIT_LEN, include/net/tcp.h")                                                                         \
    X(time_wait_first_closer,                                                                                        \
      "The end that sends its FIN first has TIME_WAIT once both have closed, and the other end has "                 \
      "nothing.",                                                                                                    \
      "tcp_fin(), net/ipv4/tcp_input.c")                                                                             \
    X(time_wait_buckets,                                                                                             \
      "A namespace holds tcp_max_tw_buckets minisockets (TIME_WAIT and FIN_WAIT_2 together), and what comes beyond " \
      "is closed at once.",                                                                                          \
      "inet_twsk_alloc(), net/ipv4/inet_timewait_sock.c")

#define RULES_OF_PORTS(X)                                                                                         \
    X(ephemeral_ports,                                                                                            \
      "To one address and port there are as many connections from one address as ip_local_port_range has ports, " \
      "and the next connect() fails with EADDRNOTAVAIL.",                                                         \
      "__inet_hash_connect(), net/ipv4/inet_hashtables.c")                                                        \
    X(time_wait_holds_port,                                                                                       \
      "A TIME_WAIT on the client's side holds its port towards that destination, and towards no other.",          \
      "__inet_check_established(), net/ipv4/inet_hashtables.c")                                                   \
    X(time_wait_reuse,                                                                                            \
      "With timestamps connect() takes a TIME_WAIT's port again after tcp_tw_reuse_delay (1 s) if "               \
      "tcp_tw_reuse is 1, or if it is 2 (the default) and an address is in 127.0.0.0/8 or ::1.",                  \
      "tcp_twsk_unique(), net/ipv4/tcp_ipv4.c")                                                                   \
    X(time_wait_accepts_syn,                                                                                      \
      "A SYN with a newer timestamp or a higher sequence number that meets a TIME_WAIT on the server's "          \
      "side goes to the listener.",                                                                               \
      "tcp_timewait_state_process(), net/ipv4/tcp_minisocks.c")

#define RULES_OF_COUNTERS(X)                                                                                        \
    X(listen_overflows,                                                                                             \
      "ListenOverflows counts every SYN and every third ACK that meets a full accept queue, repeated ones, too.",   \
      "tcp_conn_request(), net/ipv4/tcp_input.c; tcp_v4_syn_recv_sock(), net/ipv4/tcp_ipv4.c")                      \
    X(listen_drops, "ListenDrops counts every SYN and every third ACK that a listener drops, for whatever reason.", \
      "tcp_listendrop(), include/net/tcp.h")                                                                        \
    X(request_full_counter, "TCPReqQFullDrop counts the SYNs that meet a full SYN queue with tcp_syncookies = 0.",  \
      "tcp_syn_flood_action(), net/ipv4/tcp_input.c")                                                               \
    X(cookies_sent, "SyncookiesSent counts the SYN cookies sent, not those chosen for a SYN that is then dropped.", \
      "cookie_init_sequence(), include/net/tcp.h")                                                                  \
    X(cookies_received,                                                                                             \
      "SyncookiesRecv counts the valid ACKs of SYN cookies before it is asked whether the accept queue has room.",  \
      "cookie_v4_check(), net/ipv4/syncookies.c")                                                                   \
    X(passive_opens, "PassiveOpens counts the connections that enter an accept queue, not the SYNs.",               \
      "tcp_create_openreq_child(), net/ipv4/tcp_minisocks.c")                                                       \
    X(embryonic_resets, "EmbryonicRsts counts the half-open requests that end by RST.",                             \
      "tcp_check_req(), net/ipv4/tcp_minisocks.c")                                                                  \
    X(syn_retrans_counter, "TCPSynRetrans counts every SYN and every SYN-ACK that is sent again.",                  \
      "__tcp_retransmit_skb(), net/ipv4/tcp_output.c; tcp_rtx_synack(), net/ipv4/tcp_output.c")                     \
    X(fin_wait_2_counter,                                                                                           \
      "The making of a minisocket counts as TW when its timeout is more than 4 s, else as TWKilled.",               \
      "__inet_twsk_schedule(), net/ipv4/inet_timewait_sock.c")

#define X(name, sentence, source) extern const struct rule rule_##name;
RULES(X)
#undef X

extern const struct rule *const rules[]; /* all of them, NULL-terminated */
