/* Shared by wire.c (the settings; any thread) and by wire_carry.c and wire_take.c (the frames; the
 * wire's own thread). */
#pragma once

#include "bench/lab/wire.h"
#include "bench/lab/wire_port.h"
#include "bench/lab/wire_queue.h"
#include "bench/lab/wire_record.h"

#include <pthread.h>

struct wire_dice {
    uint64_t state;
};

/* One direction. */
struct wire_lane {
    /* out NULL: a tap; in also NULL: the other lane of a tap, which is not used */
    struct wire_port *in, *out;
    int64_t delay_ns;
    uint32_t loss, duplication; /* millionths */
    bool cut, hold;
    /* thrown for each segment, so that other settings do not change which segments are lost */
    struct wire_dice loss_dice, duplication_dice;
    struct wire_queue queue;
};

struct wire {
    struct wire_port *server_port, *client_port;
    uint16_t server_tcp_port;
    int wake; /* eventfd, written when a setting has changed */
    pthread_t thread;
    bool started;

    /* The wire's thread holds this lock while it puts frames into the queues or takes them out, but
     * not while it sends. So when the call of a setting has returned, the setting applies to each
     * frame that a host sends later. */
    pthread_mutex_t lock;
    bool stop;
    struct wire_lane lanes[2];
    struct faults *faults;
    struct wire_status status; /* without held and in_transit, which the queues count */
    unsigned leaving;          /* segments that have left the queues and are being sent */

    /* Only the wire's thread uses these. */
    struct segment spare; /* for a segment that is not recorded */
    int64_t looked_ns;    /* when both rings were last found empty */
    int64_t last_at_ns;
    int64_t checked_ns; /* when the kernel was last asked how many frames it lost */
    bool unchecked;     /* frames have passed since then */
    uint64_t port_lost; /* how many it had lost then */

    struct wire_record record;
};

#define WIRE_BATCH 64

void *wire_carry(void *wire); /* the thread */

/* Takes frames from both rings, the older ones first; call it with the lock held. Returns how many;
 * fewer than WIRE_BATCH: the rings are empty. */
unsigned wire_take_batch(struct wire *w);

/* Counts a lost frame that no setting of the wire dropped; call it with the lock held. */
void wire_lose(struct wire *w);
