/* One end of the wire: a packet socket on an interface. It receives frames through a ring in memory
 * that it shares with the kernel, because the buffer of a socket is limited for ordinary users and
 * would overflow after some hundred small frames. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wire_port;

struct wire_port_args {
    const char *interface; /* in the calling thread's network namespace */
    /* bytes for a frame in the ring and about 100 bytes of the kernel; a power of two */
    uint32_t slot_size;
    uint32_t slots;
};

/* Opens the socket and makes the ring. Returns 0; or -errno and in *ret_step what failed. */
int wire_port_new(const struct wire_port_args *args, struct wire_port **ret, const char **ret_step);
void wire_port_free(struct wire_port *p); /* Accepts NULL. */

int wire_port_fd(const struct wire_port *p); /* readable when a frame has arrived */

/* Fetches and drops the error of the socket; call it after POLLERR. An interface that went down
 * leaves an error, and poll() would return at once until it is fetched. */
void wire_port_clear_error(const struct wire_port *p);

struct wire_port_frame {
    const uint8_t *bytes;
    uint32_t length;       /* bytes that are there */
    uint32_t frame_length; /* bytes that the frame had */
    int64_t realtime_ns;   /* the kernel's time stamp, by CLOCK_REALTIME */
    /* the 802.1Q tag (type and value, network byte order) that the kernel has removed; or zero */
    uint16_t tag[2];
};

/* Returns false if the ring is empty; else *ret is the oldest frame, which stays in the ring until
 * wire_port_next(). */
bool wire_port_peek(const struct wire_port *p, struct wire_port_frame *ret);
void wire_port_next(struct wire_port *p);

struct wire_frame;
/* Sends frames in order, and waits if the kernel has no room. Returns how many it has sent; if not
 * all, *ret_error is the -errno of the next one. */
unsigned wire_port_send(const struct wire_port *p, struct wire_frame *const *frames, unsigned n,
                        int *ret_error);

/* Returns how many frames were lost since the port was made, because the ring had no free slot or
 * because the kernel dropped them before. Call it in the network namespace of the interface. */
uint64_t wire_port_lost(struct wire_port *p);
