/* What the wire does to segments that match: "drop the first three pure ACKs of each handshake",
 * "drop every FIN from the server". Pure: fault_apply() decides, the wire acts. */
#pragma once

#include "bench/lab/segment.h"

/* FAULT_COPY_LATE: the segment passes, and a copy of it arrives later. */
enum fault_action { FAULT_DROP, FAULT_DUPLICATE, FAULT_DELAY, FAULT_COPY_LATE };

enum fault_payload { FAULT_ANY_PAYLOAD, FAULT_NO_PAYLOAD, FAULT_WITH_PAYLOAD };

struct fault {
    enum direction direction;
    uint8_t flags_mask, flags; /* matches where (segment.flags & flags_mask) == flags */
    enum fault_payload payload;
    /* only the pure ACKs that end a handshake: sequence and acknowledgement are one past both
     * SYNs */
    bool handshake_ack;
    const struct connection_id *only; /* NULL: every connection; copied by faults_add() */
    /* acts on matches number first ... first + count - 1; first 0 is 1, count 0 is all */
    uint32_t first, count;
    bool per_connection; /* counts the matches of each connection separately */
    enum fault_action action;
    /* FAULT_DELAY: added to the wire's; FAULT_COPY_LATE: the copy's, beyond the segment's own */
    int64_t delay_ns;
};

struct faults;
struct faults *faults_new(void); /* NULL without memory */
void faults_free(struct faults *f);

/* Returns an id > 0, -EINVAL (no segment can match) or -ENOMEM. */
int faults_add(struct faults *f, const struct fault *fault);
void faults_clear(struct faults *f);
uint64_t faults_matched(const struct faults *f, int id); /* how many segments it acted upon */

/* Returns what to do with this segment. Call it for every segment, in order: it learns the sequence
 * numbers of the SYNs. If several faults act, a drop wins; otherwise their delays add up, and those
 * of the copy separately. */
struct fault_verdict {
    bool drop, duplicate;
    int64_t delay_ns;
    int64_t copy_delay_ns; /* beyond delay_ns */
};
struct fault_verdict faults_apply(struct faults *f, const struct segment *s);
