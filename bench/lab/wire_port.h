/* One plug of the wire: a packet socket on an interface. What arrives there is read from a ring in
 * memory shared with the kernel; a socket's own buffer is limited for ordinary users and would
 * overflow after some hundred small frames. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wire_port;

struct wire_port_args {
    const char *interface; /* in the calling thread's network namespace */
    /* of a frame in the ring, with about 100 bytes for the kernel's own; a power of two */
    uint32_t slot_size;
    uint32_t slots;
};

/* 0; or -errno and in *ret_step what failed. */
int wire_port_new(const struct wire_port_args *args, struct wire_port **ret, const char **ret_step);
void wire_port_free(struct wire_port *p); /* NULL is fine */

int wire_port_fd(const struct wire_port *p); /* readable once a frame has arrived */

/* After POLLERR: an interface that went down leaves an error, and polling would not sleep until it
 * is taken. */
void wire_port_clear_error(const struct wire_port *p);

struct wire_port_frame {
    const uint8_t *bytes;
    uint32_t length;       /* bytes that are there */
    uint32_t frame_length; /* bytes that the frame had */
    int64_t realtime_ns;   /* the kernel's stamp, CLOCK_REALTIME */
    /* an 802.1Q tag (type and value, network byte order) that the kernel has taken out; or zero */
    uint16_t tag[2];
};

/* The oldest frame, which stays in the ring until wire_port_next(). */
bool wire_port_peek(const struct wire_port *p, struct wire_port_frame *ret);
void wire_port_next(struct wire_port *p);

struct wire_frame;
/* Sends in order; where the kernel has no room, waits. The number that was sent; if not all,
 * *ret_error is the -errno of the one after them. */
unsigned wire_port_send(const struct wire_port *p, struct wire_frame *const *frames, unsigned n,
                        int *ret_error);

/* How many frames found no free slot, or were thrown away by the kernel before they came that far,
 * since the port was made. In the network namespace of the interface. */
uint64_t wire_port_lost(struct wire_port *p);
