/* A listener and some clients in a lab, for one probe of the kernel. */
#pragma once

#include "bench/lab/lab.h"
#include "common/kernel/counters.h"
#include "common/kernel/sockdiag.h"

#include <stdbool.h>

#define ATTEMPT_CLIENTS 8

struct attempt {
    const struct lab *lab;
    int port, listener; /* -1: none */
    size_t n;
    int clients[ATTEMPT_CLIENTS];
    struct sockdiag *diag; /* of the server host */
    struct counters *before;
};

/* Opens a listener with that backlog on a port of its own; nothing calls accept(). Returns 0 or
 * -errno; call attempt_close() in both cases. */
int attempt_open(const struct lab *lab, int backlog, struct attempt *ret);
void attempt_close(struct attempt *a);

/* Makes one more client and begins its connect(). Returns 0 or -errno. */
int attempt_connect(struct attempt *a);

/* How far a counter of the server host has moved since attempt_open(); -1: it cannot be read. */
int64_t attempt_counter(const struct attempt *a, const char *name);
/* How many sockets of the listener's port are in that state on the server host (for SYN_RECV:
 * half-open requests); -1: they cannot be read. */
int64_t attempt_sockets(const struct attempt *a, enum sockdiag_state state);

/* How many segments of that direction the wire holds. */
uint64_t attempt_held(const struct attempt *a, enum direction direction);

/* Waits until reached() is true; returns false after some seconds. */
bool attempt_wait(const struct attempt *a, bool (*reached)(const struct attempt *a));

/* Sets a sysctl of a host. Returns 0 or -errno. */
int attempt_set(const struct host *host, const char *key, const char *value);
