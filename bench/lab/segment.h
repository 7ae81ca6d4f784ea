/* One TCP segment as the wire saw it, and the identity of the connection that it belongs to. Pure:
 * frames in, facts out. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum direction { TO_SERVER, TO_CLIENT }; /* which way a frame travels */

/* A connection is its 4-tuple, seen from the same side whoever sent the segment. Zeroed first:
 * comparable bytewise. */
struct connection_id {
    int family; /* AF_INET (4 bytes of each address are used) or AF_INET6 */
    uint8_t client[16], server[16];
    uint16_t client_port, server_port; /* host byte order */
};

bool connection_id_same(const struct connection_id *a, const struct connection_id *b);
uint64_t connection_id_hash(const struct connection_id *id);

/* The flags' bits as they stand in the header. */
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

/* bytes of the frame that are kept: Ethernet, IPv6 and the longest TCP header fit */
#define SEGMENT_SNAP 128

struct segment {
    /* when it entered the wire: the kernel's stamp of its sending, on clock_now_ns()'s clock */
    int64_t at_ns;
    _Atomic int64_t out_ns; /* when it left the wire; 0: not (yet) */
    _Atomic int fate;       /* enum segment_fate */
    struct connection_id id;
    enum direction direction;
    uint8_t flags; /* SEGMENT_FIN ... */
    bool copy;     /* made by the wire's duplication */
    uint32_t sequence, acknowledged;
    uint16_t window;
    uint32_t payload;      /* bytes */
    uint32_t frame_length; /* bytes, Ethernet header and all */
    uint16_t snap_length;
    uint8_t snap[SEGMENT_SNAP];
};

/* Reads an Ethernet frame (IPv4 or IPv6, unfragmented TCP; IPv6 without extension headers).
 * server_port tells which end is the server; with `direction` given (>= 0) that is taken instead of
 * the ports (on the wire the side is known), -1 asks the ports. Fills all of *ret but at_ns,
 * out_ns, fate and copy. 0; -ENOMSG: no TCP; -EBADMSG: TCP, but cut short or malformed. Never reads
 * beyond length. */
int segment_read(const uint8_t *frame, size_t length, size_t frame_length, int direction,
                 uint16_t server_port, struct segment *ret);

/* "SYN", "SYN-ACK", "ACK", "FIN-ACK", "RST", "RST-ACK", "DATA" with payload ... */
#define SEGMENT_NAME_MAX 24
const char *segment_name(const struct segment *s, char text[static SEGMENT_NAME_MAX]);
