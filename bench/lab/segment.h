/* One TCP segment as the wire saw it, and the connection that it belongs to. Pure: reads frames,
 * and opens no socket. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum direction { TO_SERVER, TO_CLIENT }; /* which way a frame travels */

/* The 4-tuple of a connection. It is the same for the segments of both directions. Set the struct
 * to zero first, so that two of them can be compared byte by byte. */
struct connection_id {
    int family; /* AF_INET (4 bytes of each address are used) or AF_INET6 */
    uint8_t client[16], server[16];
    uint16_t client_port, server_port; /* host byte order */
};

bool connection_id_same(const struct connection_id *a, const struct connection_id *b);
uint64_t connection_id_hash(const struct connection_id *id);

/* The bits of the flags as in the TCP header. */
#define SEGMENT_FIN 0x01u
#define SEGMENT_SYN 0x02u
#define SEGMENT_RST 0x04u
#define SEGMENT_PSH 0x08u
#define SEGMENT_ACK 0x10u

enum segment_fate {
    SEGMENT_IN_TRANSIT, /* on its way, or held */
    SEGMENT_DELIVERED,
    SEGMENT_FAULT, /* dropped by a fault (lab/fault.h) */
    SEGMENT_LOST,  /* dropped by the wire's loss */
    SEGMENT_CUT,   /* dropped because the wire was cut */
};

/* bytes of a frame that are kept: enough for Ethernet, IPv6 and the longest TCP header */
#define SEGMENT_SNAP 128

struct segment {
    /* when it entered the wire, by clock_now_ns(): the time at which the kernel sent it */
    int64_t at_ns;
    _Atomic int64_t out_ns; /* when it left the wire; 0: not yet, or it was dropped */
    _Atomic int fate;       /* enum segment_fate */
    struct connection_id id;
    enum direction direction;
    uint8_t flags; /* SEGMENT_FIN ... */
    bool copy;     /* the wire's duplication made it */
    uint32_t sequence, acknowledged;
    uint16_t window;
    uint32_t payload;      /* bytes */
    uint32_t frame_length; /* bytes, with the Ethernet header */
    uint16_t snap_length;
    uint8_t snap[SEGMENT_SNAP];
};

/* Reads an Ethernet frame with IPv4, or IPv6 without extension headers, and TCP that is not
 * fragmented. direction: enum direction, which is known on the wire; -1: the end with server_port
 * is the server. Sets all members of *ret but at_ns, out_ns, fate and copy. Never reads beyond
 * length. Returns 0; -ENOMSG: it is no TCP; or -EBADMSG: it is TCP, but cut short or malformed. */
int segment_read(const uint8_t *frame, size_t length, size_t frame_length, int direction,
                 uint16_t server_port, struct segment *ret);

/* Writes the segment's name into text and returns it: "SYN", "SYN-ACK", "ACK", "FIN-ACK", "RST",
 * "RST-ACK", "DATA" (it has payload) ... */
#define SEGMENT_NAME_MAX 24
const char *segment_name(const struct segment *s, char text[static SEGMENT_NAME_MAX]);
