/* pcap_write(): whatever the segments, the file is as long as its records say. */
#include "bench/observe/pcap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SEGMENTS    32
#define FILE_HEADER 24
#define RECORD      16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

/* What the wire never hands over is a snap_length beyond what is kept; all else may be anything. */
static size_t take_segments(const uint8_t *data, size_t size, struct segment *segments)
{
    size_t n = 0;
    for (size_t at = 0; n < SEGMENTS && at < size; n++) {
        size_t most = size - at < sizeof(*segments) ? size - at : sizeof(*segments);
        memcpy(&segments[n].at_ns, data + at, most < 8 ? most : 8);
        segments[n].at_ns &= INT64_MAX >> 2; /* a clock's */
        memcpy(&segments[n].frame_length, data + at, most < 4 ? most : 4);
        memcpy(segments[n].snap, data + at, most < SEGMENT_SNAP ? most : SEGMENT_SNAP);
        segments[n].snap_length = data[at] % (SEGMENT_SNAP + 1);
        at += most;
    }
    return n;
}

static uint32_t number_at(const uint8_t *bytes)
{
    uint32_t number;
    memcpy(&number, bytes, sizeof(number));
    return number;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct segment segments[SEGMENTS];
    static uint8_t file[FILE_HEADER + SEGMENTS * (RECORD + SEGMENT_SNAP)];
    static int fd;
    char path[32];
    memset(segments, 0, sizeof(segments));
    size_t n = take_segments(data, size, segments), at = FILE_HEADER;
    if (!fd)
        fd = memfd_create("pcap", MFD_CLOEXEC);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    require(pcap_write(path, segments, n) == 0);
    size_t length = (size_t)pread(fd, file, sizeof(file), 0);
    for (size_t i = 0; i < n; i++) {
        require(at + RECORD + segments[i].snap_length <= length);
        require(number_at(file + at + 4) < 1000000000);
        require(number_at(file + at + 8) == segments[i].snap_length);
        require(number_at(file + at + 12) == (uint32_t)segments[i].frame_length);
        require(!memcmp(file + at + RECORD, segments[i].snap, segments[i].snap_length));
        at += RECORD + segments[i].snap_length;
    }
    require(at == length);
    return 0;
}
