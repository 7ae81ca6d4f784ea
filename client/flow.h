/* One connection of the client. Its state is the handler that waits for the next event, named by
 * what it waits for; the handler and the events change together in flow_wait(). flow_end() is the
 * only way a connection ends.
 *
 *   connecting ─► holding                          (hold)
 *   connecting ─► [requesting] ─► replying ─► ...  (echo, crr; requesting only when the send buffer
 *                                                  is full)
 *   connecting ─► holding ─► pacing                (echo with --every: flow_ask() sends what is
 *                                                  due)
 *   connecting ─► replying ─► holding ─► end       (crr with --close early: holding until the
 *                                                  peer's FIN)
 *   connecting ─► end                              (cc)
 *   end ─► spare ─► connecting                     (--reuse: the socket is disconnected and
 *                                                  connects again)
 *
 * There is one path for all workloads: right after connect() the flow sends the first bytes (hold
 * and cc have none). On loopback the handshake is over by then; if it is not, send() returns EAGAIN
 * and the flow waits to become writable.
 */
#pragma once

#include "client/stats.h"

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

struct dialer;
struct flow;
struct log_entry;

struct flow_list {
    struct flow *first, *last;
};

struct flow {
    ev_io io;
    struct dialer *dialer;
    struct flow *next, *previous; /* in dialer->connecting; next alone while free */
    int64_t intended_ns;          /* when the attempt should have begun, by the schedule */
    int64_t started_ns;           /* when it did; from establishment on: when the request began */
    uint64_t asked, answered;     /* requests of --every: sent in full, and answered */
    struct log_entry *entry;      /* where it is logged; NULL: nowhere */
    uint32_t sent, received;      /* of the request and its reply */
    enum stats_row row;           /* where the attempt stands in the report */
    bool open;                    /* has a descriptor */
    bool connecting;              /* is in dialer->connecting */
    bool active;
};

/* Begins an attempt, the index-th of the whole run, and counts its outcome. intended_ns 0: now. */
void flow_start(struct flow *f, uint64_t index, int64_t intended_ns);

/* Tries to receive a reply before epoll reports one: if it has come, that saves an epoll_ctl()
 * and a share of an epoll_wait() for the connection. Does nothing if the flow does not wait for
 * a reply. */
void flow_look(struct flow *f);

/* With --every: sends the requests that are due and were not sent, whether the ones before are
 * answered or not, as far as the send buffer takes them. The latency of each counts from when it
 * was due. Does nothing if the connection has ended. */
void flow_ask(struct flow *f);

/* The run is over: a request without its answer counts with the age it has now, so its latency is
 * at least that; one of --every that was due and never sent is counted as skipped, too. */
void flow_count_unanswered(struct flow *f, int64_t now_ns);

/* The counts begin anew: counts what is under way, an attempt, a connection, and a request without
 * its reply. */
void flow_carry(struct flow *f);

/* The attempt has taken longer than --connect-timeout. */
void flow_time_out(struct flow *f);

/* Ends a connection as --close says, or an attempt that is still connecting (it stays pending). */
void flow_close(struct flow *f);

void flow_list_append(struct flow_list *list, struct flow *f);
void flow_list_remove(struct flow_list *list, struct flow *f);
