/* segment_read() on frames made by hand, whole and cut at every length. */
#include "bench/lab/segment.h"
#include "tests/lib/frames.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

/* In memory of exactly this size, so that a sanitizer sees every read beyond it. */
static int read_exact(const struct frame *f, size_t length, size_t frame_length, int direction,
                      struct segment *ret)
{
    uint8_t *exact = malloc(length ? length : 1);
    memcpy(exact, f->bytes, length);
    int r = segment_read(exact, length, frame_length, direction, 8888, ret);
    free(exact);
    return r;
}

static int read_whole(const struct frame *f, int direction, struct segment *ret)
{
    return read_exact(f, f->length, f->length, direction, ret);
}

static const char *name_of(uint8_t flags, uint32_t payload)
{
    static char text[SEGMENT_NAME_MAX];
    const struct segment s = {.flags = flags, .payload = payload};
    return segment_name(&s, text);
}

Test(segment, ipv4)
{
    const struct frame f = frame_make(&(struct frame_args){.flags = SEGMENT_SYN,
                                                           .sequence = 0x01020304,
                                                           .acknowledged = 0xa0b0c0d0,
                                                           .window = 0xfaf0,
                                                           .tcp_options = 20});
    struct segment s = {0};
    cr_assert_eq(read_whole(&f, -1, &s), 0);
    cr_assert_eq(s.direction, TO_SERVER);
    cr_assert_eq(s.id.family, AF_INET);
    cr_assert_arr_eq(s.id.client, ((uint8_t[16]){192, 0, 2, 2}), 16);
    cr_assert_arr_eq(s.id.server, ((uint8_t[16]){192, 0, 2, 1}), 16);
    cr_assert_eq(s.id.client_port, 40000);
    cr_assert_eq(s.id.server_port, 8888);
    cr_assert_eq(s.flags, SEGMENT_SYN);
    cr_assert_eq(s.sequence, 0x01020304u);
    cr_assert_eq(s.acknowledged, 0xa0b0c0d0u);
    cr_assert_eq(s.window, 0xfaf0);
    cr_assert_eq(s.payload, 0);
    cr_assert_eq(s.frame_length, 74);
    cr_assert_eq(s.snap_length, 74);
    cr_assert_arr_eq(s.snap, f.bytes, 74);
}

Test(segment, ipv6)
{
    const struct frame f =
        frame_make(&(struct frame_args){.ipv6 = 1, .flags = SEGMENT_ACK, .payload = 300});
    struct segment s = {0};
    cr_assert_eq(read_whole(&f, -1, &s), 0);
    cr_assert_eq(s.id.family, AF_INET6);
    cr_assert_arr_eq(s.id.client, ((uint8_t[16]){0x20, 0x01, 0x0d, 0xb8, [15] = 2}), 16);
    cr_assert_arr_eq(s.id.server, ((uint8_t[16]){0x20, 0x01, 0x0d, 0xb8, [15] = 1}), 16);
    cr_assert_eq(s.payload, 300);
    cr_assert_eq(s.frame_length, 374);
    cr_assert_eq(s.snap_length, SEGMENT_SNAP);
}

Test(segment, both_directions_are_one_connection)
{
    struct segment there = {0}, back = {0}, six = {0};
    for (int ipv6 = 0; ipv6 < 2; ipv6++) {
        const struct frame f = frame_make(&(struct frame_args){.ipv6 = ipv6, .flags = SEGMENT_SYN}),
                           g = frame_make(&(struct frame_args){
                               .ipv6 = ipv6, .to_client = 1, .flags = SEGMENT_ACK});
        cr_assert_eq(read_whole(&f, -1, &there), 0);
        cr_assert_eq(read_whole(&g, -1, &back), 0);
        cr_assert_eq(back.direction, TO_CLIENT);
        cr_assert(connection_id_same(&there.id, &back.id));
        cr_assert_eq(connection_id_hash(&there.id), connection_id_hash(&back.id));
        if (ipv6)
            six = there;
    }
    there.id.client_port++;
    cr_assert_not(connection_id_same(&there.id, &back.id));
    cr_assert_neq(connection_id_hash(&there.id), connection_id_hash(&six.id));
}

/* Ports and addresses that follow each other, as those of a burst do, must not meet in a table's
 * low bits. */
Test(segment, hash_spreads)
{
    unsigned char used[4096] = {0};
    unsigned n = 0;
    for (unsigned i = 0; i < 4096; i++) {
        struct connection_id id = {.family = AF_INET, .client = {192, 0, 2}, .server_port = 8888};
        id.client[3] = (uint8_t)(i % 64);
        id.client_port = (uint16_t)(32768 + i / 64);
        n += !used[connection_id_hash(&id) % 4096]++;
    }
    cr_assert_gt(n, 4096 / 2, "%u of 4096 slots are used; 2589 would be by chance", n);
}

Test(segment, given_direction_is_taken)
{
    const struct frame f = frame_make(&(struct frame_args){.flags = SEGMENT_ACK});
    struct segment s = {0};
    cr_assert_eq(read_whole(&f, TO_CLIENT, &s), 0);
    cr_assert_eq(s.direction, TO_CLIENT);
    cr_assert_eq(s.id.server_port, 40000);
    cr_assert_eq(segment_read(f.bytes, f.length, f.length, TO_SERVER, 1, &s), 0);
    cr_assert_eq(s.id.server_port, 8888);
    cr_assert_eq(segment_read(f.bytes, f.length, f.length, -1, 1, &s), -ENOMSG,
                 "neither port is the server's");
}

Test(segment, payload_without_padding)
{
    struct segment s = {0};
    for (int ipv6 = 0; ipv6 < 2; ipv6++) {
        const struct frame f = frame_make(&(struct frame_args){.ipv6 = ipv6,
                                                               .tcp_options = 12,
                                                               .flags = SEGMENT_ACK | SEGMENT_PSH,
                                                               .payload = 7,
                                                               .padding = 6});
        cr_assert_eq(read_whole(&f, -1, &s), 0);
        cr_assert_eq(s.payload, 7);
        cr_assert_eq(s.frame_length, f.length);
    }
}

Test(segment, ip_options)
{
    const struct frame f = frame_make(&(struct frame_args){
        .ip_options = 40, .tcp_options = 40, .flags = SEGMENT_ACK, .payload = 5});
    struct segment s = {0};
    cr_assert_eq(read_whole(&f, -1, &s), 0);
    cr_assert_eq(s.id.client_port, 40000);
    cr_assert_eq(s.payload, 5);
}

/* A tap sees 64 kB frames of which it has the beginning; their IP length may be zero. */
Test(segment, more_than_was_captured)
{
    for (int ipv6 = 0; ipv6 < 2; ipv6++) {
        struct frame f =
            frame_make(&(struct frame_args){.ipv6 = ipv6, .flags = SEGMENT_ACK, .payload = 1000});
        size_t headers = f.length - 1000;
        struct segment s = {0};
        cr_assert_eq(read_exact(&f, headers, f.length, -1, &s), 0);
        cr_assert_eq(s.payload, 1000);
        cr_assert_eq(s.snap_length, headers);
        memset(f.bytes + (ipv6 ? 18 : 16), 0, 2);
        cr_assert_eq(read_exact(&f, headers, 70000, -1, &s), 0);
        cr_assert_eq(s.payload, 70000 - headers);
    }
}

/* Until the protocol is known it is no TCP; then it is bad until the headers are complete. */
Test(segment, cut_at_every_length)
{
    for (int ipv6 = 0; ipv6 < 2; ipv6++) {
        const struct frame f = frame_make(&(struct frame_args){.ipv6 = ipv6,
                                                               .ip_options = ipv6 ? 0 : 8,
                                                               .tcp_options = 12,
                                                               .flags = SEGMENT_ACK,
                                                               .payload = 30});
        size_t ip = 14 + (ipv6 ? 40 : 20), headers = f.length - 30;
        for (size_t length = 0; length <= f.length; length++) {
            struct segment s = {0};
            int wanted = length < ip ? -ENOMSG : length < headers ? -EBADMSG : 0;
            cr_assert_eq(read_exact(&f, length, f.length, -1, &s), wanted, "IPv%d, %zu bytes",
                         ipv6 ? 6 : 4, length);
            cr_assert_eq(read_exact(&f, length, length, -1, &s),
                         length < f.length && !wanted ? -EBADMSG : wanted,
                         "IPv%d, a frame of %zu bytes", ipv6 ? 6 : 4, length);
        }
    }
}

struct spoiled {
    const char *what;
    int ipv6;
    size_t at;
    uint8_t value;
    int result;
};

static const struct spoiled spoiled[] = {
    {"ARP", 0, 13, 0x06, -ENOMSG},
    {"IPv4's type, version 6", 0, 14, 0x65, -ENOMSG},
    {"IPv6's type, version 4", 1, 14, 0x40, -ENOMSG},
    {"UDP", 0, 23, 17, -ENOMSG},
    {"UDP over IPv6", 1, 20, 17, -ENOMSG},
    {"an extension header", 1, 20, 0, -ENOMSG},
    {"more fragments", 0, 20, 0x20, -ENOMSG},
    {"a later fragment", 0, 21, 1, -ENOMSG},
    {"the fragment offset's high bits", 0, 20, 0x1f, -ENOMSG},
    {"don't fragment is fine", 0, 20, 0x40, 0},
    {"IP header of 16 bytes", 0, 14, 0x44, -EBADMSG},
    {"total length below the IP header", 0, 17, 19, -EBADMSG},
    {"total length below the TCP header", 0, 17, 39, -EBADMSG},
    {"total length of more than the frame", 0, 17, 41 + 10, -EBADMSG},
    {"payload length of more than the frame", 1, 19, 21 + 10, -EBADMSG},
    {"payload length below the TCP header", 1, 19, 19, -EBADMSG},
    {"TCP header of 16 bytes", 0, 46, 0x40, -EBADMSG},
    {"TCP header of more than the packet", 0, 46, 0xf0, -EBADMSG},
    {"TCP header of more than the packet, IPv6", 1, 66, 0xf0, -EBADMSG},
};

Test(segment, spoiled)
{
    for (size_t i = 0; i < sizeof(spoiled) / sizeof(*spoiled); i++) {
        struct frame f = frame_make(
            &(struct frame_args){.ipv6 = spoiled[i].ipv6, .flags = SEGMENT_ACK, .payload = 10});
        struct segment s = {0};
        f.bytes[spoiled[i].at] = spoiled[i].value;
        cr_assert_eq(read_whole(&f, -1, &s), spoiled[i].result, "%s", spoiled[i].what);
    }
}

Test(segment, names)
{
    cr_assert_str_eq(name_of(SEGMENT_SYN, 0), "SYN");
    cr_assert_str_eq(name_of(SEGMENT_SYN | SEGMENT_ACK, 0), "SYN-ACK");
    cr_assert_str_eq(name_of(SEGMENT_ACK, 0), "ACK");
    cr_assert_str_eq(name_of(SEGMENT_ACK | SEGMENT_PSH, 5), "DATA");
    cr_assert_str_eq(name_of(SEGMENT_FIN | SEGMENT_ACK, 0), "FIN-ACK");
    cr_assert_str_eq(name_of(SEGMENT_FIN | SEGMENT_ACK | SEGMENT_PSH, 5), "FIN-ACK+DATA");
    cr_assert_str_eq(name_of(SEGMENT_FIN, 0), "FIN");
    cr_assert_str_eq(name_of(SEGMENT_RST, 0), "RST");
    cr_assert_str_eq(name_of(SEGMENT_RST | SEGMENT_ACK, 0), "RST-ACK");
    cr_assert_str_eq(name_of(SEGMENT_SYN, 9), "SYN+DATA");
    cr_assert_str_eq(name_of(0, 0), "no flags");
    cr_assert_str_eq(name_of(0, 1), "DATA");
    cr_assert_str_eq(name_of(0xff, UINT32_MAX), "SYN-FIN-RST-ACK+DATA");
}
