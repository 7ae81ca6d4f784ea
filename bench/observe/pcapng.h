/* Kept segments as a pcapng file: each as both ends saw it, with comments. The format:
 * draft-ietf-opsawg-pcapng. */
#pragma once

#include "bench/lab/segment.h"

struct pcapng_args {
    const char *program, *comment; /* of the whole file */
    /* as text, IPv4 or IPv6; a reader then shows the names "server" and "client". NULL: no names */
    const char *server_address, *client_address;
    /* What is to be said of each segment, or NULL; n of them, or NULL: of none. It stands at the
     * last end that saw the segment: the receiver, else the sender. */
    char *const *comments;
};

/* Writes the file: the interfaces "server" and "client", in nanoseconds of wall clock; a packet
 * (the bytes that were kept, with its true length) where a segment was sent, and one where it
 * arrived, in the order of time. A copy that the wire made was sent by neither. 0 or -errno; on an
 * error part of it may be there. */
int pcapng_write(const char *path, const struct pcapng_args *args, const struct segment *segments,
                 size_t n);
