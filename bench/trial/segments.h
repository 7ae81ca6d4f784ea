/* The segments that the wire of a trial has seen, in the order in which they were sent. After a
 * failure of the trial every function finds none. */
#pragma once

#include "bench/trial/trial.h"

/* The next segment after `last` (NULL: the first) of the connection with that client port (0: of
 * any connection). NULL: there is none yet. */
const struct segment *segments_next(const struct trial *t, const struct segment *last,
                                    uint16_t client_port);

/* for (s: all of them), for (s: those of that connection). */
#define SEGMENTS_EACH(s, t) SEGMENTS_OF(s, t, 0)
#define SEGMENTS_OF(s, t, port) \
    for (const struct segment *s = NULL; (s = segments_next(t, s, port));)

/* How many segments of that direction have been sent whose flags among mask (SEGMENT_SYN ...) are
 * exactly these. Copies that the wire made do not count. payload: only those with, or only those
 * without. */
int64_t segments_count(const struct trial *t, enum direction direction, unsigned mask,
                       unsigned flags, enum fault_payload payload);

/* How many of those have left the wire at the other end. */
int64_t segments_arrived(const struct trial *t, enum direction direction, unsigned mask,
                         unsigned flags, enum fault_payload payload);

/* Like segments_count(), but a retransmission (the same flags, numbers and length) does not count,
 * so that a slow machine, whose timers fire, gets the same number. For a few segments. */
int64_t segments_once(const struct trial *t, enum direction direction, unsigned mask,
                      unsigned flags, enum fault_payload payload);

/* When the n-th of those (from 1) entered the wire, and when it left the wire. 0: there is none, or
 * it was dropped. */
int64_t segments_sent_ns(const struct trial *t, enum direction direction, unsigned mask,
                         unsigned flags, enum fault_payload payload, int64_t n);
int64_t segments_arrived_ns(const struct trial *t, enum direction direction, unsigned mask,
                            unsigned flags, enum fault_payload payload, int64_t n);

/* How many connections have sent a segment with exactly these SYN, ACK, FIN and RST flags. */
size_t segments_connections(const struct trial *t, enum direction direction, unsigned flags);

/* For the connections that have sent such a segment n + 1 times: the time from the first of these
 * to the (n + 1)-th, the shortest and the longest (observe/retries.h). Returns false if there is no
 * such connection. */
bool segments_retries(const struct trial *t, enum direction direction, unsigned flags, int n,
                      double *ret_first_s, double *ret_last_s);

/* Whether a connection has sent a segment with exactly these flags, a SYN or a SYN-ACK, again
 * because the answer came late (observe/retries.h). */
bool segments_again_in_vain(const struct trial *t, enum direction direction, unsigned flags);

/* Observes these as NAME_N_first and NAME_N_last, for N = 1 ... n. */
void segments_see_retries(struct trial *t, enum direction direction, unsigned flags, int n,
                          const char *name);

/* How many segments of that connection have carried new content since from_ns
 * (observe/new_content.h). */
size_t segments_new_content(const struct trial *t, uint16_t client_port, int64_t from_ns);
