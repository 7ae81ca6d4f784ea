/* The pcapng file, read back block by block by a reader of the test's own. */
#include "bench/observe/pcapng.h"
#include "common/process/clock.h"
#include "tests/lib/frames.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* As the format's description has it. */
enum { INTERFACE = 1, NAMES = 4, STATISTICS = 5, PACKET = 6, SECTION = 0x0a0d0d0a };

static uint8_t file_bytes[1 << 20];
static size_t file_length, file_at;

static uint32_t number_at(size_t at)
{
    uint32_t v;
    cr_assert_leq(at + 4, file_length, "the file ends within a field");
    memcpy(&v, file_bytes + at, 4);
    return v;
}

static uint64_t time_at(size_t at)
{
    return (uint64_t)number_at(at) << 32 | number_at(at + 4);
}

static void load(const char *path)
{
    FILE *file = fopen(path, "re");
    cr_assert_not_null(file, "%s", path);
    file_length = fread(file_bytes, 1, sizeof(file_bytes), file);
    file_at = 0;
    fclose(file);
}

/* The next block: where its body begins; its end in *ret_end. */
static size_t block(uint32_t type, size_t *ret_end)
{
    size_t at = file_at, length = number_at(at + 4);
    cr_assert_eq(number_at(at), type, "block at %zu", at);
    cr_assert_eq(length % 4, 0);
    cr_assert_eq(number_at(at + length - 4), length, "the length stands at both ends");
    file_at += length;
    *ret_end = at + length - 4;
    return at + 8;
}

/* The value of an option among those from `at`; NULL: it is not there. Each block's options end
 * with the option 0, right before the block's end. */
static const uint8_t *option(size_t at, size_t end, uint16_t code, size_t *ret_size)
{
    const uint8_t *found = NULL;
    uint16_t this, size;
    for (;;) {
        cr_assert_leq(at + 4, end, "the options have no end");
        memcpy(&this, file_bytes + at, 2);
        memcpy(&size, file_bytes + at + 2, 2);
        if (!this)
            break;
        if (this == code) {
            cr_assert_null(found, "option %d twice", code);
            found = file_bytes + at + 4;
            *ret_size = size;
        }
        at += 4 + (size + 3u) / 4 * 4;
    }
    cr_assert_eq(size, 0);
    cr_assert_eq(at + 4, end, "something stands behind the end of the options");
    return found;
}

static void expect_option(size_t at, size_t end, uint16_t code, const void *bytes, size_t n)
{
    size_t size;
    const uint8_t *value = option(at, end, code, &size);
    if (!bytes) {
        cr_assert_null(value, "option %d", code);
        return;
    }
    cr_assert_not_null(value, "no option %d", code);
    cr_assert_eq(size, n, "option %d has %zu bytes", code, size);
    cr_assert_arr_eq(value, (const uint8_t *)bytes, n);
}

static void expect_text(size_t at, size_t end, uint16_t code, const char *text)
{
    expect_option(at, end, code, text, text ? strlen(text) : 0);
}

static void expect_head(const char *comment)
{
    size_t end, at = block(SECTION, &end);
    cr_assert_eq(number_at(at), 0x1a2b3c4d);
    cr_assert_eq(number_at(at + 4), 1, "version 1.0 on a little-endian machine");
    cr_assert_eq(number_at(at + 8), UINT32_MAX);
    cr_assert_eq(number_at(at + 12), UINT32_MAX);
    expect_text(at + 16, end, 1, comment);
    expect_text(at + 16, end, 4, "tester 1");
    size_t size;
    cr_assert_eq(memcmp(option(at + 16, end, 3, &size), "Linux ", 6), 0);
    static const char *const names[] = {"server", "client"};
    for (int i = 0; i < 2; i++) {
        at = block(INTERFACE, &end);
        cr_assert_eq(number_at(at), 1, "Ethernet");
        cr_assert_eq(number_at(at + 4), SEGMENT_SNAP);
        expect_text(at + 8, end, 2, names[i]);
        expect_option(at + 8, end, 9, "\x09", 1);
    }
}

struct seen {
    uint32_t interface, flags;
    int64_t at_ns; /* of the segments' clock */
    const char *comment;
};

static void expect_packet(const struct seen *seen, const struct frame *f, int64_t offset_ns)
{
    size_t end, at = block(PACKET, &end);
    size_t kept = f->length < SEGMENT_SNAP ? f->length : SEGMENT_SNAP;
    cr_assert_eq(number_at(at), seen->interface);
    int64_t off_ns = (int64_t)time_at(at + 4) - offset_ns - seen->at_ns;
    cr_assert_lt(llabs(off_ns), 50 * NS_PER_MS, "off by %lld ns", (long long)off_ns);
    cr_assert_eq(number_at(at + 12), kept);
    cr_assert_eq(number_at(at + 16), f->length);
    cr_assert_arr_eq(file_bytes + at + 20, f->bytes, kept);
    for (size_t i = kept; i % 4; i++)
        cr_assert_eq(file_bytes[at + 20 + i], 0, "padding");
    at += 20 + (kept + 3) / 4 * 4;
    expect_option(at, end, 2, &seen->flags, 4);
    expect_text(at, end, 1, seen->comment);
}

static void expect_statistics(uint32_t interface, uint64_t received)
{
    size_t end, at = block(STATISTICS, &end);
    cr_assert_eq(number_at(at), interface);
    expect_option(at + 12, end, 4, &received, 8);
}

static const char *temporary(void)
{
    static char path[64];
    strcpy(path, "/tmp/tcplab-test-pcapng-XXXXXX");
    int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    close(fd);
    return path;
}

static int64_t wall_offset_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * NS_PER_S + now.tv_nsec - clock_now_ns();
}

static void make(struct segment *s, struct frame *f, const struct frame_args *args, int64_t at_ns,
                 enum segment_fate fate)
{
    *f = frame_make(args);
    cr_assert_eq(segment_read(f->bytes, f->length, f->length,
                              args->to_client ? TO_CLIENT : TO_SERVER, 8888, s),
                 0);
    s->at_ns = at_ns;
    s->fate = fate;
    s->out_ns = fate == SEGMENT_DELIVERED ? at_ns + 1500000001 : 0;
}

/* Two cross on the wire, one is dropped there, and one is a copy of the wire's own. Lengths on both
 * sides of what is kept, and of a multiple of four. */
Test(pcapng, each_segment_at_each_end_that_saw_it)
{
    static struct segment s[4];
    static struct frame f[4];
    static char arrived[] = "tcplab: arrived", gone[] = "tcplab: gone";
    char *comments[] = {arrived, NULL, gone, NULL};
    int64_t t = clock_now_ns();
    make(&s[0], &f[0], &(struct frame_args){.flags = SEGMENT_SYN}, t, SEGMENT_DELIVERED);
    make(&s[1], &f[1], &(struct frame_args){.flags = SEGMENT_ACK, .to_client = 1, .payload = 75},
         t + 1, SEGMENT_DELIVERED);
    make(&s[2], &f[2], &(struct frame_args){.flags = SEGMENT_ACK, .payload = 73}, t + 2,
         SEGMENT_FAULT);
    make(&s[3], &f[3], &(struct frame_args){.flags = SEGMENT_ACK, .payload = 1}, t + 3,
         SEGMENT_DELIVERED);
    s[3].copy = true;
    const char *path = temporary();
    const struct pcapng_args args = {.program = "tester 1",
                                     .comment = "what this is",
                                     .server_address = "192.0.2.1",
                                     .client_address = "2001:db8::2",
                                     .comments = comments};
    cr_assert_eq(pcapng_write(path, &args, s, 4), 0);
    int64_t offset_ns = wall_offset_ns();
    load(path);
    expect_head("what this is");
    size_t end, at = block(NAMES, &end);
    static const uint8_t names[] = "\1\0\xb\0\xc0\0\2\1server\0\0"
                                   "\2\0\x17\0\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\2"
                                   "client\0\0\0\0\0\0";
    cr_assert_eq(end - at, sizeof(names) - 1);
    cr_assert_arr_eq(file_bytes + at, names, sizeof(names) - 1);
    expect_packet(&(struct seen){1, 2, t, NULL}, &f[0], offset_ns);
    expect_packet(&(struct seen){0, 2, t + 1, NULL}, &f[1], offset_ns);
    expect_packet(&(struct seen){1, 2, t + 2, "tcplab: gone"}, &f[2], offset_ns);
    expect_packet(&(struct seen){0, 1, t + 1500000001, "tcplab: arrived"}, &f[0], offset_ns);
    expect_packet(&(struct seen){1, 1, t + 1500000002, NULL}, &f[1], offset_ns);
    expect_packet(&(struct seen){0, 1, t + 1500000004, NULL}, &f[3], offset_ns);
    expect_statistics(0, 3);
    expect_statistics(1, 3);
    cr_assert_eq(file_at, file_length, "more than was written");
    unlink(path);
}

/* On one host both names would be the same address's. A comment may be of any length. */
Test(pcapng, nothing_captured)
{
    static char comment[100000];
    const char *path = temporary();
    memset(comment, 'x', sizeof(comment) - 1);
    const struct pcapng_args args = {.program = "tester 1",
                                     .comment = comment,
                                     .server_address = "127.0.0.1",
                                     .client_address = "127.0.0.1"};
    cr_assert_eq(pcapng_write(path, &args, NULL, 0), 0);
    load(path);
    comment[32768] = '\0';
    expect_head(comment);
    expect_statistics(0, 0);
    expect_statistics(1, 0);
    cr_assert_eq(file_at, file_length, "more than was written");
    unlink(path);
}

Test(pcapng, errors)
{
    static struct segment many[1000];
    const struct pcapng_args args = {.program = "tester 1", .comment = ""};
    cr_assert_eq(pcapng_write("/nowhere/at/all.pcapng", &args, NULL, 0), -ENOENT);
    for (size_t i = 0; i < 1000; i++)
        many[i].snap_length = SEGMENT_SNAP;
    cr_assert_eq(pcapng_write("/dev/full", &args, many, 1000), -ENOSPC);
    cr_assert_eq(pcapng_write("/dev/full", &args, many, 1), -ENOSPC,
                 "noticed when the file is closed");
}
