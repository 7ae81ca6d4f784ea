/* Receives the kernel's destroy events of the TCP sockets of a host (SKNLGRP_INET_TCP_DESTROY, as
 * `ss -E` does). The kernel sends one for each full socket, also when a minisocket replaces it
 * (FIN_WAIT_2 of an orphan, TIME_WAIT). It sends none for a request, and none at the end of a
 * minisocket (sock_diag_broadcast_destroy(), net/core/sock_diag.c). */
#pragma once

#include "common/kernel/sockdiag.h"

struct destroyed;

/* Begins to receive events of the calling thread's network namespace. Returns 0 or -errno. */
int destroyed_open(struct destroyed **ret);
void destroyed_close(struct destroyed *d);

/* Calls visit() for each event that has come; does not wait. Returns 0; -ENOBUFS: events were lost;
 * what visit() returned if that is not 0; or another -errno. */
int destroyed_read(struct destroyed *d, sockdiag_visit *visit, void *context);
