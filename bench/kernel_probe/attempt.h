/* A listener and some clients in a lab, for one probe: plain sockets, and what the kernel makes of
 * them. */
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

/* A listener with that backlog on a port of its own; nobody accepts. 0 or -errno; attempt_close()
 * in any case. */
int attempt_open(const struct lab *lab, int backlog, struct attempt *ret);
void attempt_close(struct attempt *a);

/* One client more, whose connect() is under way. 0 or -errno. */
int attempt_connect(struct attempt *a);

/* How far a counter of the server host has moved; how many sockets the listener's port has in that
 * state there, half-open requests for SYN_RECV; -1: could not be asked. */
int64_t attempt_counter(const struct attempt *a, const char *name);
int64_t attempt_sockets(const struct attempt *a, enum sockdiag_state state);

/* Segments that gather at the wire's entrance. */
uint64_t attempt_held(const struct attempt *a, enum direction direction);

/* Until reached() is true; false after some seconds. */
bool attempt_wait(const struct attempt *a, bool (*reached)(const struct attempt *a));

/* Sets a sysctl of a host. 0 or -errno. */
int attempt_set(const struct host *host, const char *key, const char *value);
