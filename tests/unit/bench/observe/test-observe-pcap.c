/* The capture file, read back by a reader of the test's own. */
#include "bench/observe/pcap.h"
#include "common/process/clock.h"
#include "tests/lib/frames.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* As the format's description has it: the magic in the writer's byte order, then its fields. */
struct capture {
    uint8_t *bytes;
    size_t length, at;
};

static uint32_t take32(struct capture *c)
{
    uint32_t v;
    cr_assert_leq(c->at + 4, c->length, "the file ends within a field");
    memcpy(&v, c->bytes + c->at, 4);
    c->at += 4;
    return v;
}

static struct capture load(const char *path)
{
    struct capture c = {.bytes = calloc(1, 1 << 20)};
    FILE *file = fopen(path, "re");
    cr_assert_not_null(file, "%s", path);
    c.length = fread(c.bytes, 1, 1 << 20, file);
    fclose(file);
    return c;
}

static void expect_file_header(struct capture *c)
{
    cr_assert_eq(take32(c), 0xa1b23c4du, "magic of nanoseconds");
    cr_assert_eq(take32(c), 2 | 4 << 16, "version 2.4 on a little-endian machine");
    cr_assert_eq(take32(c), 0);
    cr_assert_eq(take32(c), 0);
    cr_assert_eq(take32(c), SEGMENT_SNAP);
    cr_assert_eq(take32(c), 1, "Ethernet");
}

static const char *temporary(void)
{
    static char path[64];
    strcpy(path, "/tmp/tcplab-test-pcap-XXXXXX");
    int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    close(fd);
    return path;
}

static int64_t wall_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * NS_PER_S + now.tv_nsec;
}

/* Payloads on both sides of what is kept. */
static const size_t payloads[] = {0, 73, 74, 75, 1446};
#define SEGMENTS (sizeof(payloads) / sizeof(*payloads))

Test(pcap, read_back)
{
    struct segment segments[SEGMENTS] = {0};
    struct frame frames[SEGMENTS];
    int64_t now_ns = clock_now_ns();
    for (size_t i = 0; i < SEGMENTS; i++) {
        frames[i] = frame_make(&(struct frame_args){.flags = SEGMENT_ACK, .payload = payloads[i]});
        cr_assert_eq(segment_read(frames[i].bytes, frames[i].length, frames[i].length, TO_SERVER,
                                  8888, &segments[i]),
                     0);
        /* over the edges of seconds */
        segments[i].at_ns = now_ns - (int64_t)(SEGMENTS - i) * 1500000001;
    }
    const char *path = temporary();
    int64_t before_ns = wall_now_ns() - clock_now_ns();
    cr_assert_eq(pcap_write(path, segments, SEGMENTS), 0);
    int64_t after_ns = wall_now_ns() - clock_now_ns();
    struct capture c = load(path);
    expect_file_header(&c);
    for (size_t i = 0; i < SEGMENTS; i++) {
        int64_t at_ns = take32(&c) * NS_PER_S, part_ns = take32(&c);
        size_t kept = frames[i].length < SEGMENT_SNAP ? frames[i].length : SEGMENT_SNAP;
        cr_assert_lt(part_ns, NS_PER_S);
        at_ns += part_ns - segments[i].at_ns;
        cr_assert_lt(llabs(at_ns - before_ns), 50 * NS_PER_MS, "segment %zu: off by %lld ns", i,
                     (long long)(at_ns - before_ns));
        cr_assert_lt(llabs(at_ns - after_ns), 50 * NS_PER_MS);
        cr_assert_eq(take32(&c), kept);
        cr_assert_eq(take32(&c), frames[i].length);
        cr_assert_leq(c.at + kept, c.length);
        cr_assert_arr_eq(c.bytes + c.at, frames[i].bytes, kept);
        c.at += kept;
    }
    cr_assert_eq(c.at, c.length, "more than was written");
    unlink(path);
    free(c.bytes);
}

Test(pcap, nothing_captured)
{
    const char *path = temporary();
    cr_assert_eq(pcap_write(path, NULL, 0), 0);
    struct capture c = load(path);
    expect_file_header(&c);
    cr_assert_eq(c.length, 24);
    unlink(path);
    free(c.bytes);
}

Test(pcap, errors)
{
    static struct segment many[1000];
    cr_assert_eq(pcap_write("/nowhere/at/all.pcap", NULL, 0), -ENOENT);
    for (size_t i = 0; i < 1000; i++)
        many[i].snap_length = SEGMENT_SNAP;
    cr_assert_eq(pcap_write("/dev/full", many, 1000), -ENOSPC);
    cr_assert_eq(pcap_write("/dev/full", many, 1), -ENOSPC, "noticed when the file is closed");
}
