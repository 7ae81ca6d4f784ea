/* pcapng_write(): whatever the segments, the file is blocks from beginning to end. */
#include "bench/observe/pcapng.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SEGMENTS 32
#define PACKET   6

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

/* What the wire never hands over is a snap_length beyond what is kept; all else may be anything. */
static size_t take_segments(const uint8_t *data, size_t size, struct segment *segments,
                            char **comments)
{
    size_t n = 0;
    for (size_t at = 0; n < SEGMENTS && at < size; n++) {
        struct segment *s = &segments[n];
        size_t most = size - at < sizeof(*s) ? size - at : sizeof(*s);
        int64_t out_ns = 0;
        memcpy(&s->at_ns, data + at, most < 8 ? most : 8);
        memcpy(&out_ns, data + at + most / 2, most / 2 < 8 ? most / 2 : 8);
        s->at_ns &= INT64_MAX >> 2; /* a clock's */
        s->out_ns = out_ns & (INT64_MAX >> 2);
        s->fate = data[at] % (SEGMENT_CUT + 1);
        s->copy = data[at] & 64;
        s->direction = data[at] & 128 ? TO_SERVER : TO_CLIENT;
        memcpy(&s->frame_length, data + at, most < 4 ? most : 4);
        memcpy(s->snap, data + at, most < SEGMENT_SNAP ? most : SEGMENT_SNAP);
        s->snap_length = data[at] % (SEGMENT_SNAP + 1);
        comments[n] = data[at] & 32 ? strndup((const char *)data + at, most) : NULL;
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
    static uint8_t file[1 << 20];
    static int fd;
    char path[32], *comments[SEGMENTS] = {0}, *text = strndup((const char *)data, size);
    size_t packets = 0, expected = 0, at = 0;
    uint64_t before = 0;
    memset(segments, 0, sizeof(segments));
    size_t n = take_segments(data, size, segments, comments);
    const struct pcapng_args args = {.program = "fuzz",
                                     .comment = text,
                                     .server_address = text,
                                     .client_address = "192.0.2.2",
                                     .comments = comments};
    if (!fd)
        fd = memfd_create("pcapng", MFD_CLOEXEC);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    require(pcapng_write(path, &args, segments, n) == 0);
    size_t length = (size_t)pread(fd, file, sizeof(file), 0);
    for (uint32_t block = 0; at < length; at += block) {
        require(at + 12 <= length);
        block = number_at(file + at + 4);
        require(block >= 12 && block % 4 == 0 && block <= length - at);
        require(number_at(file + at + block - 4) == block);
        if (number_at(file + at) != PACKET)
            continue;
        uint64_t time = (uint64_t)number_at(file + at + 12) << 32 | number_at(file + at + 16);
        require(time >= before);
        before = time;
        packets++;
    }
    for (size_t i = 0; i < n; i++)
        expected += (size_t)!segments[i].copy + (segments[i].fate == SEGMENT_DELIVERED);
    require(at == length && packets == expected);
    for (size_t i = 0; i < n; i++)
        free(comments[i]);
    free(text);
    return 0;
}
