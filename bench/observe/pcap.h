/* Writes recorded segments to a capture file for wireshark and tcpdump. */
#pragma once

#include "bench/lab/segment.h"

/* Writes the file (pcap with nanoseconds, Ethernet): each segment has its recorded bytes, its true
 * length, and the wall-clock time at which it entered the wire. Returns 0 or -errno; after an error
 * the file may be incomplete. */
int pcap_write(const char *path, const struct segment *segments, size_t n);

/* Returns the ns to add to a time by clock_now_ns() to get the wall-clock time. */
int64_t pcap_wall_offset_ns(void);
