/* Writes recorded segments to a pcapng file (draft-ietf-opsawg-pcapng): each as both ends saw it,
 * with comments. */
#pragma once

#include "bench/lab/segment.h"

struct pcapng_args {
    const char *program, *comment; /* for the whole file */
    /* as text, IPv4 or IPv6, so that a reader shows the names "server" and "client"; NULL: no
     * names */
    const char *server_address, *client_address;
    /* n comments, one for each segment; an entry, or the whole array, may be NULL. A comment is at
     * the packet of the receiver if the segment arrived, else at the sender's. */
    char *const *comments;
};

/* Writes the file. It has the interfaces "server" and "client", and for each segment one packet at
 * the end that sent it and one at the end where it arrived, in the order of wall-clock time. A
 * packet has the recorded bytes and the true length. A copy that the wire made has no packet at a
 * sender. Returns 0 or -errno; after an error the file may be incomplete. */
int pcapng_write(const char *path, const struct pcapng_args *args, const struct segment *segments,
                 size_t n);
