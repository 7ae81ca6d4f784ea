/* What wire.c (the settings, any thread) and wire_carry.c and wire_take.c (the frames, the wire's
 * own thread) share. */
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
    /* out NULL: a tap; in NULL, too: the lane that a tap has no use for */
    struct wire_port *in, *out;
    int64_t delay_ns;
    uint32_t loss, duplication; /* millionths */
    bool cut, hold;
    /* thrown for every segment: who is lost does not hang on other settings */
    struct wire_dice loss_dice, duplication_dice;
    struct wire_queue queue;
};

struct wire {
    struct wire_port *server_port, *client_port;
    uint16_t server_tcp_port;
    int wake; /* eventfd: a setting has changed */
    pthread_t thread;
    bool started;

    /* Held by the wire's thread while it takes frames in or out of the queues, never while it
     * sends. So a setting that has returned holds for every frame that is sent after it. */
    pthread_mutex_t lock;
    bool stop;
    struct wire_lane lanes[2];
    struct faults *faults;
    struct wire_status status; /* but for held and in_transit, which the queues know */
    unsigned leaving;          /* segments out of the queues, being sent */

    /* Of the wire's thread alone. */
    struct segment spare; /* where a segment is read that is not kept */
    int64_t looked_ns;    /* when both rings were last seen empty */
    int64_t last_at_ns;
    int64_t checked_ns; /* when the kernel's losses were last asked for */
    bool unchecked;     /* something has passed since */
    uint64_t port_lost; /* as they were then */

    struct wire_record record;
};

#define WIRE_BATCH 64

void *wire_carry(void *wire); /* the thread */

/* Under the lock: from both rings, the older frame first. How many; fewer than WIRE_BATCH: the
 * rings are empty. */
unsigned wire_take_batch(struct wire *w);

/* Under the lock: a frame is lost by no intention. */
void wire_lose(struct wire *w);
