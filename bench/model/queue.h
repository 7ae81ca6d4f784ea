/* The SYN queue and the accept queue: computes from the settings what they hold. A count below 0 is
 * taken as 0. */
#pragma once

#include "bench/model/conditions.h"

#include <stdbool.h>

/* Returns the accept queue's limit L = min((unsigned)backlog, somaxconn), which the kernel computes
 * at listen() (__sys_listen_socket(), net/socket.c). listen() takes an int, so only the lower 32
 * bits of backlog count. */
int64_t queue_limit(int64_t backlog, int64_t somaxconn);

/* Returns how many connections the accept queue holds: L + 1, because sk_acceptq_is_full()
 * (include/net/sock.h) checks "length > L". */
int64_t queue_capacity(int64_t limit);

/* Returns how many half-open requests the SYN queue of a listener holds (tcp_conn_request(),
 * inet_csk_reqsk_queue_is_full()): L + 1, or L on some kernels (conditions.rules). Without SYN
 * cookies it holds no more than M - (M >> 2) + 1 from peers of which the kernel has no metrics
 * (tcp_peer_is_proven()); M = tcp_max_syn_backlog. With syncookies=2 it returns 0: the kernel
 * answers each SYN by a cookie. */
int64_t queue_requests(const struct conditions *c, int64_t limit);

/* Returns the conditions for a peer of which the kernel has metrics with a measured round trip
 * (tcp_peer_is_proven()): tcp_max_syn_backlog does not limit it. */
struct conditions queue_of_proven_peer(const struct conditions *c);

/* Computes what becomes of `clients` that connect to a listener that does not accept and has
 * `waiting` connections in its accept queue and no half-open requests. overlapping: each SYN
 * arrives before any handshake ends (a wire with a delay, which keeps the order); otherwise each
 * handshake ends before the next one begins (loopback). The result holds when no segment is in
 * flight any more, and before the first retransmission. */
struct queue_burst {
    /* Each client is in one of these; they add up to `clients`. */
    int64_t queued;    /* in the accept queue */
    int64_t half_open; /* the third ACK was dropped, the request is still there */
    int64_t reset;     /* the third ACK was answered by RST (tcp_abort_on_overflow) */
    int64_t ghost;     /* the ACK of a SYN cookie was dropped: the server has nothing */
    int64_t syn_sent;  /* the SYN was dropped */

    int64_t cookies;      /* SYN-ACKs sent as cookies: TcpExt.SyncookiesSent */
    int64_t cookies_back; /* valid ACKs of these that came back: TcpExt.SyncookiesRecv */
    /* TcpExt.ListenOverflows: SYNs and third ACKs that met a full accept queue */
    int64_t queue_overflows;
    int64_t listen_drops; /* TcpExt.ListenDrops: all that the listener dropped */
    /* TcpExt.TCPReqQFullDrop: SYNs that met a full SYN queue, cookies off */
    int64_t request_full;
};
struct queue_burst queue_burst(const struct conditions *c, int64_t limit, int64_t waiting,
                               int64_t clients, bool overlapping);

/* Returns how many clients it takes until each of `listeners` with SO_REUSEPORT, all with that
 * limit, has a full accept queue. Each SYN goes to a random listener; the number is enough in all
 * but one of 10^9 runs. */
int64_t queue_clients_that_fill(int64_t listeners, int64_t limit);

/* Returns how many clients it takes until they have not all met the same listener, with the same
 * certainty. */
int64_t queue_clients_that_part(int64_t listeners);

/* Returns how many of `half_open` requests, which are equally old and whose third ACKs were
 * dropped, are left after the retransmission timer has fired `firing` times (1 at 1 s, 2 at 3 s, 3
 * at 7 s ...; reqsk_timer_handler()). While twice their number is more than max(8, L), the kernel
 * allows only 2 retries, so the third firing silently drops one request after the other. None is
 * left after firing number tcp_synack_retries + 1. */
int64_t queue_survivors(const struct conditions *c, int64_t limit, int64_t half_open, int firing);
