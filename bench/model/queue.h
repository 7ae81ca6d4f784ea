/* The SYN queue and the accept queue, as numbers. Pure functions of settings. Counts below 0 count
 * as 0. */
#pragma once

#include "bench/model/conditions.h"

#include <stdbool.h>

/* The accept queue's limit L = min((unsigned)backlog, somaxconn), taken at listen()
 * (__sys_listen_socket(), net/socket.c). listen() takes an int: of a larger backlog only the lower
 * 32 bits arrive. */
int64_t queue_limit(int64_t backlog, int64_t somaxconn);

/* How many connections it holds: L + 1, for sk_acceptq_is_full() asks "length > L"
 * (include/net/sock.h). */
int64_t queue_capacity(int64_t limit);

/* How many half-open requests the SYN queue of a listener takes (tcp_conn_request(),
 * inet_csk_reqsk_queue_is_full()): L + 1 (or L, where the kernel says so: conditions.rules), and
 * without SYN cookies no more than M - (M >> 2) + 1 of M = tcp_max_syn_backlog (of peers that the
 * kernel has no metrics of, tcp_peer_is_proven()); 0 with syncookies=2, where every SYN is answered
 * by a cookie. */
int64_t queue_requests(const struct conditions *c, int64_t limit);

/* The same settings as a peer finds them that the kernel has metrics of, with a measured round trip
 * (tcp_peer_is_proven()): for it tcp_max_syn_backlog does not count. */
struct conditions queue_of_proven_peer(const struct conditions *c);

/* `clients` connect at a listener that does not accept and has `waiting` connections in its accept
 * queue, and no request. overlapping: every SYN reaches it before any handshake ends (a wire with a
 * delay, which keeps the order); else each handshake ends before the next begins (loopback). Where
 * all has come to rest, before anything is sent again. */
struct queue_burst {
    /* Each client is in one of these; they add up to `clients`. */
    int64_t queued;    /* in the accept queue */
    int64_t half_open; /* the third ACK was dropped, the request is still there */
    int64_t reset;     /* the third ACK was answered by RST (tcp_abort_on_overflow) */
    int64_t ghost;     /* a SYN cookie, whose ACK was dropped: the server has nothing */
    int64_t syn_sent;  /* the SYN was dropped */

    int64_t cookies;      /* SYN-ACKs sent as cookies: TcpExt.SyncookiesSent */
    int64_t cookies_back; /* of those, ACKs that came back valid: TcpExt.SyncookiesRecv */
    /* TcpExt.ListenOverflows: SYNs and third ACKs that met a full accept queue */
    int64_t queue_overflows;
    int64_t listen_drops; /* TcpExt.ListenDrops: all that the listener dropped */
    /* TcpExt.TCPReqQFullDrop: SYNs that met a full SYN queue, cookies off */
    int64_t request_full;
};
struct queue_burst queue_burst(const struct conditions *c, int64_t limit, int64_t waiting,
                               int64_t clients, bool overlapping);

/* How many clients it takes until each of `listeners` with SO_REUSEPORT, all with that limit, has a
 * full accept queue: which of them a SYN meets is as good as chance, so it is that many that
 * suffice in all runs but one in a thousand million. */
int64_t queue_clients_that_fill(int64_t listeners, int64_t limit);

/* How many clients it takes, as surely, until not all of them have met the same one. */
int64_t queue_clients_that_part(int64_t listeners);

/* Of `half_open` requests, all of one age and their third ACKs dropped, how many outlive the
 * retransmission timer's firing number `firing` (1 at 1 s, 2 at 3 s, 3 at 7 s ...),
 * reqsk_timer_handler(): while twice their number exceeds max(8, L) the retries shrink to 2, so
 * that the third firing silently drops one after the other. Nobody outlives the firing after
 * tcp_synack_retries. */
int64_t queue_survivors(const struct conditions *c, int64_t limit, int64_t half_open, int firing);
