/* The cable between the two hosts: a thread that carries Ethernet frames between two interfaces by
 * AF_PACKET sockets, with delay, loss, duplication, cuts and faults, and keeps every TCP segment.
 * In each direction frames leave in the order in which they came (a FAULT_DELAY excepted). Frames
 * other than TCP (ARP, neighbour discovery) pass without delay or harm, except through a cut.
 *
 * With one interface only it is a tap: it sees and keeps what passes there (loopback) and changes
 * nothing. */
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
    size_t segments_max; /* how many are kept; 0: WIRE_SEGMENTS */
    uint64_t seed;       /* of loss and duplication: the same seed, the same victims */
};

#define WIRE_SEGMENTS 500000

/* Opens the sockets in the calling thread's network namespace (needs CAP_NET_RAW over it) and
 * starts the thread. 0; or -errno and in *ret_step what failed ("packet socket", "ring",
 * "thread"). */
int wire_new(const struct wire_args *args, struct wire **ret, const char **ret_step);

/* Ends the thread; frames still on their way are gone. NULL is fine. */
void wire_free(struct wire *w);

/* Each takes effect for frames that enter from now on (wire_cut() also for those on their way, as
 * when a cable is pulled). Any thread. */
void wire_set_delay(struct wire *w, enum direction direction, int64_t delay_ns);
void wire_set_loss(struct wire *w, enum direction direction, uint32_t millionths);
void wire_set_duplication(struct wire *w, enum direction direction, uint32_t millionths);
void wire_cut(struct wire *w, enum direction direction, bool cut);
int wire_add_fault(struct wire *w, const struct fault *fault); /* as faults_add() */
void wire_clear_faults(struct wire *w);
uint64_t wire_faults_matched(struct wire *w, int id);

/* While it holds, frames of that direction gather at the entrance; when it lets go they all set out
 * at once, in order, each with the full delay before it. So a burst reaches the server as a burst,
 * however slowly it was sent. As many as memory has room for. */
void wire_hold(struct wire *w, enum direction direction, bool hold);

/* While it holds: only the first so many of the held segments set out. */
void wire_let(struct wire *w, enum direction direction, uint64_t segments);

struct wire_status {
    uint64_t held[2];    /* segments waiting at the entrance, by direction */
    uint64_t in_transit; /* segments that have entered and not left, held ones included */
    uint64_t forwarded;  /* segments that have left */
    /* segments not kept (memory), or frames that the kernel could not hand over (they are lost) */
    uint64_t overflow;
    /* of those: lost, and by nobody's intention. The run proves nothing then. Known 10 ms later. */
    uint64_t kernel_lost;
    int64_t last_ns; /* when the last segment entered or left; 0: none yet */
    bool unread;     /* frames have been sent that the wire's thread has not got round to */
};
struct wire_status wire_status(const struct wire *w);

/* All segments kept so far, in the order in which they entered (at_ns never falls); the array only
 * grows, and stays until wire_free(). Of an entry only out_ns and fate change. */
const struct segment *wire_segments(const struct wire *w, size_t *ret_n);
