/* The cable between the two hosts: a thread carries Ethernet frames between two interfaces through
 * AF_PACKET sockets, with delay, loss, duplication, cuts and faults, and keeps a record of each TCP
 * segment. In each direction frames leave in the order in which they entered, unless a FAULT_DELAY
 * acts. Other frames (ARP, neighbour discovery) pass without delay, loss or duplication; only a cut
 * drops them.
 *
 * With only one interface it is a tap: it records the segments that pass there (loopback) and
 * changes nothing. */
#pragma once

#include "bench/lab/fault.h"
#include "bench/lab/segment.h"

struct wire;

struct wire_args {
    /* interface names, in the calling thread's network namespace; client_side NULL: a tap on
     * server_side */
    const char *server_side, *client_side;
    uint16_t server_port;
    int64_t delay_ns;    /* one way, both ways */
    size_t segments_max; /* how many segments it records at most; 0: WIRE_SEGMENTS */
    uint64_t seed;       /* of loss and duplication: the same seed chooses the same segments */
};

#define WIRE_SEGMENTS 500000

/* Opens the sockets in the calling thread's network namespace, where it needs CAP_NET_RAW, and
 * starts the thread. Returns 0; or -errno and in *ret_step what failed ("packet socket", "ring",
 * "thread"). */
int wire_new(const struct wire_args *args, struct wire **ret, const char **ret_step);

/* Ends the thread and frees w. Frames that are still in transit are lost. Accepts NULL. */
void wire_free(struct wire *w);

/* Each setting applies to frames that enter from now on; wire_cut() also drops the frames in
 * transit, as when somebody pulls the cable. Any thread may call them. */
void wire_set_delay(struct wire *w, enum direction direction, int64_t delay_ns);
void wire_set_loss(struct wire *w, enum direction direction, uint32_t millionths);
void wire_set_duplication(struct wire *w, enum direction direction, uint32_t millionths);
void wire_cut(struct wire *w, enum direction direction, bool cut);
int wire_add_fault(struct wire *w, const struct fault *fault); /* as faults_add() */
void wire_clear_faults(struct wire *w);
uint64_t wire_faults_matched(struct wire *w, int id);

/* hold true: frames of that direction wait at the entrance of the wire. false: all of them enter at
 * once, in order, each with the full delay. So a burst arrives as a burst, even if it was sent
 * slowly. Only memory limits how many frames can wait. */
void wire_hold(struct wire *w, enum direction direction, bool hold);

/* While the wire holds that direction: lets the first `segments` waiting segments enter. */
void wire_let(struct wire *w, enum direction direction, uint64_t segments);

struct wire_status {
    uint64_t held[2];    /* segments waiting at the entrance, by direction */
    uint64_t in_transit; /* segments that have entered and not left, with the held ones */
    uint64_t forwarded;  /* segments that have left */
    /* segments without a record (no memory), and frames that the kernel lost */
    uint64_t overflow;
    /* those of them that were lost, although no setting of the wire dropped them: the run then
     * proves nothing. Known 10 ms later. */
    uint64_t kernel_lost;
    int64_t last_ns; /* when the last segment entered or left; 0: none yet */
    bool unread;     /* a host has sent frames that the wire's thread has not read yet */
};
struct wire_status wire_status(const struct wire *w);

/* Returns all segments recorded so far, in the order in which they entered (at_ns never decreases).
 * The array only grows, and is valid until wire_free(). Only out_ns and fate of an entry change. */
const struct segment *wire_segments(const struct wire *w, size_t *ret_n);
