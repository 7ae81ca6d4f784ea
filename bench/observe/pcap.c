#include "bench/observe/pcap.h"
#include "common/process/clock.h"

#include <errno.h>
#include <stdio.h>

#define PCAP_MAGIC_NANOSECONDS 0xa1b23c4du
#define PCAP_LINKTYPE_ETHERNET 1

/* In the byte order of this machine: the magic tells the reader which that is. */
struct pcap_file_header {
    uint32_t magic;
    uint16_t major, minor;
    int32_t zone;
    uint32_t accuracy, snap_length, link_type;
};

struct pcap_record_header {
    uint32_t seconds, nanoseconds, length, frame_length;
};

int64_t pcap_wall_offset_ns(void)
{
    struct timespec wall;
    int64_t now_ns = clock_now_ns();
    clock_gettime(CLOCK_REALTIME, &wall);
    return wall.tv_sec * NS_PER_S + wall.tv_nsec - now_ns;
}

static int put(FILE *file, const void *bytes, size_t n)
{
    return fwrite(bytes, 1, n, file) == n ? 0 : -errno;
}

static int put_file_header(FILE *file)
{
    const struct pcap_file_header header = {
        .magic = PCAP_MAGIC_NANOSECONDS,
        .major = 2,
        .minor = 4,
        .snap_length = SEGMENT_SNAP,
        .link_type = PCAP_LINKTYPE_ETHERNET,
    };
    return put(file, &header, sizeof(header));
}

static int put_segment(FILE *file, const struct segment *s, int64_t wall_offset_ns)
{
    int64_t wall_ns = s->at_ns + wall_offset_ns;
    const struct pcap_record_header header = {
        .seconds = (uint32_t)(wall_ns / NS_PER_S),
        .nanoseconds = (uint32_t)(wall_ns % NS_PER_S),
        .length = s->snap_length,
        .frame_length = s->frame_length,
    };
    int r = put(file, &header, sizeof(header));
    return r ? r : put(file, s->snap, s->snap_length);
}

int pcap_write(const char *path, const struct segment *segments, size_t n)
{
    int64_t wall_offset_ns = pcap_wall_offset_ns();
    FILE *file = fopen(path, "we");
    if (!file)
        return -errno;
    int r = put_file_header(file);
    for (size_t i = 0; i < n && !r; i++)
        r = put_segment(file, &segments[i], wall_offset_ns);
    if (fclose(file) && !r)
        r = -errno;
    return r;
}
