/* Ethernet frames with TCP in them, made by hand. */
#pragma once

#include <stdint.h>
#include <string.h>

#define FRAME_MAX 1600

struct frame {
    uint8_t bytes[FRAME_MAX];
    size_t length;
};

struct frame_args {
    int ipv6;
    int ip_options, tcp_options; /* bytes, divisible by 4 */
    /* else to the server: 192.0.2.2:40000 -> 192.0.2.1:8888, or 2001:db8::2 -> ::1 */
    int to_client;
    uint8_t flags;
    uint32_t sequence, acknowledged;
    uint16_t window;
    size_t payload, padding;
};

static inline void frame_put(struct frame *f, const void *bytes, size_t n)
{
    memcpy(f->bytes + f->length, bytes, n);
    f->length += n;
}

static inline void frame_put16(struct frame *f, uint16_t v)
{
    const uint8_t bytes[] = {(uint8_t)(v >> 8), (uint8_t)v};
    frame_put(f, bytes, 2);
}

static inline void frame_put32(struct frame *f, uint32_t v)
{
    frame_put16(f, (uint16_t)(v >> 16));
    frame_put16(f, (uint16_t)v);
}

static inline void frame_put_ip(struct frame *f, const struct frame_args *a, size_t tcp)
{
    const uint8_t net4[] = {192, 0, 2},
                  net6[] = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    const uint8_t source = a->to_client ? 1 : 2, destination = a->to_client ? 2 : 1;
    if (a->ipv6) {
        frame_put(f, "\x60\0\0", 4);
        frame_put16(f, (uint16_t)tcp);
        frame_put(f, "\x06\x40", 2);
        frame_put(f, net6, 15);
        frame_put(f, &source, 1);
        frame_put(f, net6, 15);
        frame_put(f, &destination, 1);
        return;
    }
    const uint8_t version = (uint8_t)(0x45 + a->ip_options / 4);
    frame_put(f, &version, 1);
    frame_put(f, "", 1);
    frame_put16(f, (uint16_t)(20 + (size_t)a->ip_options + tcp));
    frame_put(f, "\x12\x34\x40\x00\x40\x06\0", 8); /* "don't fragment", TTL 64, TCP */
    frame_put(f, net4, 3);
    frame_put(f, &source, 1);
    frame_put(f, net4, 3);
    frame_put(f, &destination, 1);
    f->length += (size_t)a->ip_options;
}

static inline struct frame frame_make(const struct frame_args *a)
{
    struct frame f = {.length = 0};
    const uint8_t offset = (uint8_t)((5 + a->tcp_options / 4) << 4);
    frame_put(&f, "\x02\0\0\0\0\x01\x02\0\0\0\0\x02", 12);
    frame_put16(&f, a->ipv6 ? 0x86dd : 0x0800);
    frame_put_ip(&f, a, 20 + (size_t)a->tcp_options + a->payload);
    frame_put16(&f, a->to_client ? 8888 : 40000);
    frame_put16(&f, a->to_client ? 40000 : 8888);
    frame_put32(&f, a->sequence);
    frame_put32(&f, a->acknowledged);
    frame_put(&f, &offset, 1);
    frame_put(&f, &a->flags, 1);
    frame_put16(&f, a->window);
    frame_put32(&f, 0);
    f.length += (size_t)a->tcp_options + a->payload + a->padding;
    return f;
}
