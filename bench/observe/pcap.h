/* Kept segments as a capture file for wireshark and tcpdump. */
#pragma once

#include "bench/lab/segment.h"

/* Writes the file (pcap with nanoseconds, Ethernet): of each segment the bytes that were kept, with
 * its true length, at the time of its entering the wire, as wall clock. 0 or -errno; on an error
 * part of it may be there. */
int pcap_write(const char *path, const struct segment *segments, size_t n);

/* What to add to the segments' clock for wall clock. */
int64_t pcap_wall_offset_ns(void);
