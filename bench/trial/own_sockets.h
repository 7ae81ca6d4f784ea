/* The sockets that an experiment opens (trial/sockets.h), as the trial keeps them: it looks at them
 * with every look at the hosts, lists their calls in the document, makes the ledger's client side
 * of them, and closes them. */
#pragma once

#include "bench/trial/trial.h"
#include "common/kernel/endpoint.h"

#include <stdbool.h>

struct trial_socket {
    struct trial *trial;
    enum side side;
    int fd;           /* -1: closed */
    bool attempted;   /* a client that called connect(): it is in the ledger */
    bool established; /* poll() once reported that */
    int error;        /* of connect(), or the first pending error that was fetched */
    struct endpoint local, peer;
    int64_t connected_ns; /* when connect() was called */
    /* When a look last found no error and no hang-up on it, and when a look first found one; 0:
     * never. */
    int64_t fine_ns, ended_ns;
};

/* Whether it is open and the trial has not failed. s may be NULL. */
bool sock_is_usable(const struct trial_socket *s);

/* Lists a call with its result, as text. */
void sock_note(const struct trial_socket *s, int64_t at_ns, const char *result, const char *format,
               ...) __attribute__((format(printf, 4, 5)));

/* Fetches and clears SO_ERROR. 0 or errno. */
int sock_error(struct trial_socket *s);

/* Returns which of these events (and POLLERR, POLLHUP) poll() reports now. */
short sock_poll(const struct trial_socket *s, short events);

/* Call it with every look. */
void own_sockets_look(struct trial *t);

/* The client's side as tcplab-client reports it. New reference; NULL without memory. */
json_t *own_sockets_report(const struct trial *t);

void own_sockets_release(struct trial *t);
