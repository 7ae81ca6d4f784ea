/* Asks the kernel for the TCP sockets of a network namespace over NETLINK_SOCK_DIAG, as `ss` does.
 * The kernel filters them by port and state.
 *
 * A netlink socket belongs to the namespace in which it was created. The code is in
 * net/ipv4/inet_diag.c and net/ipv4/tcp_diag.c, the states' numbers are in
 * include/net/tcp_states.h. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tally;

/* States by the kernel's numbers; the names are RFC 9293's with the kernel's SYN_RECV
 * ("FIN_WAIT_1", "SYN_RECV"). */
#define SOCKDIAG_STATES 14
enum sockdiag_state {
    SOCKDIAG_ESTABLISHED = 1,
    SOCKDIAG_SYN_SENT = 2,
    SOCKDIAG_SYN_RECV = 3, /* the kernel reports half-open requests as this, too */
    SOCKDIAG_FIN_WAIT_1 = 4,
    SOCKDIAG_FIN_WAIT_2 = 5,
    SOCKDIAG_TIME_WAIT = 6,
    SOCKDIAG_CLOSE = 7,
    SOCKDIAG_CLOSE_WAIT = 8,
    SOCKDIAG_LAST_ACK = 9,
    SOCKDIAG_LISTEN = 10,
    SOCKDIAG_CLOSING = 11,
    SOCKDIAG_NEW_SYN_RECV = 12,
    SOCKDIAG_BOUND_INACTIVE = 13,
};
#define SOCKDIAG_BIT(state)     (1u << (state))
#define SOCKDIAG_ALL            0xffeu /* 1 to 11; the kernel adds 12 to 3 by itself */
#define SOCKDIAG_ALL_BUT_LISTEN (SOCKDIAG_ALL & ~SOCKDIAG_BIT(SOCKDIAG_LISTEN))

const char *sockdiag_state_name(unsigned state); /* "?" for a number it does not know */

/* One socket as the kernel reported it. */
struct sockdiag_socket {
    int family;
    unsigned state;
    /* 0 none, 1 retransmit, 2 keepalive or FIN_WAIT_2 of an orphan, 3 TIME_WAIT (also a FIN_WAIT_2
     * minisocket), 4 probe */
    unsigned timer;
    unsigned retransmits;
    uint32_t expires_ms;
    uint16_t source_port, destination_port; /* host byte order */
    uint8_t source[16], destination[16];    /* 4 bytes used for AF_INET */
    /* LISTEN: connections in the accept queue; else unread bytes */
    uint32_t rqueue;
    /* LISTEN: the accept queue's limit; else unacknowledged bytes */
    uint32_t wqueue;
    /* 0: no descriptor (orphan, still queued, request or minisocket) */
    uint32_t inode;
    uint32_t uid;    /* of the socket's owner */
    uint64_t cgroup; /* of a LISTEN socket: its cgroup v2, by the inode number; 0: before 5.8 */
    /* SK_MEMINFO_DROPS of a LISTEN socket, if asked for: a dropped SYN or cookie ACK adds 1, a
     * request's dropped third ACK adds 2 */
    uint32_t drops;
    /* of a full socket, if asked for: the time since it last sent data or, if it never did, since
     * it was made (tcp_create_openreq_child() sets tp->lsndtime); and since an ACK came */
    bool has_info;
    uint32_t last_sent_ms, last_ack_ms;
};

#define SOCKDIAG_PORTS_MAX 32
struct sockdiag_query {
    /* AF_INET or AF_INET6; AF_UNSPEC: both, in one walk over the kernel's table */
    int family;
    unsigned states;           /* SOCKDIAG_BIT()s */
    uint16_t source_port;      /* host order; 0: any */
    uint16_t source_port_last; /* not 0: any from source_port to this one */
    uint16_t destination_port; /* host order; 0: any */
    /* host order; up to SOCKDIAG_PORTS_MAX: sockets that have one of these as source port, and the
     * members above are ignored; n_source_ports 0: any */
    const uint16_t *source_ports;
    size_t n_source_ports;
    /* host order; not 0: sockets that have this as source or as destination port, and the
     * members above are ignored */
    uint16_t either_port;
    int want_drops; /* fill .drops */
    int want_info;  /* fill .last_sent_ms and .last_ack_ms */
};

/* Is called for each socket. If it returns non-zero, the dump ends and returns that. */
typedef int sockdiag_visit(const struct sockdiag_socket *socket, void *context);

struct sockdiag;
int sockdiag_open(struct sockdiag **ret); /* Returns 0 or -errno */
void sockdiag_close(struct sockdiag *d);

/* Runs one dump. Returns 0; what visit returned; or -errno (-EINTR: the kernel's table changed
 * meanwhile, so sockets may be missing: ask again). */
int sockdiag_dump(struct sockdiag *d, const struct sockdiag_query *query, sockdiag_visit *visit,
                  void *context);

/* Reads the netlink messages that one receive call returned; the buffer must be aligned to 4 bytes.
 * Returns 1: more messages follow; 0: the dump is over; what visit returned; or -errno (-EBADMSG:
 * it is no well-formed sock_diag answer; for an NLMSG_ERROR the error in it). */
int sockdiag_parse(const void *buffer, size_t length, sockdiag_visit *visit, void *context);

/* Counts the sockets in each state, and per remote address. The caller sets `peers` to its own
 * tally, which is cleared first, or to NULL. destination: the bytes of an address of the family:
 * counts only sockets to it; NULL: all. Sockets without a remote end (LISTEN) are not in `peers`.
 * If a dump is interrupted, asks again, a few times. Returns 0; or -errno, and all counts are 0. */
struct sockdiag_census {
    uint64_t states[SOCKDIAG_STATES]; /* [0]: in a state this program does not know */
    struct tally *peers;
};
int sockdiag_census(struct sockdiag *d, const struct sockdiag_query *query, const void *destination,
                    struct sockdiag_census *ret);

/* {"ESTABLISHED": 5, ...}: the states that have a socket, in the kernel's order. Returns a new
 * reference, or NULL without memory. */
json_t *sockdiag_states_json(const struct sockdiag_census *census);
