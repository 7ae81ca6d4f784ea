/* The kernel's word that a TCP socket of a host is gone (SKNLGRP_INET_TCP_DESTROY, what `ss -E`
 * listens to). It comes for full sockets only, also when one is replaced by a minisocket
 * (FIN_WAIT_2 of an orphan, TIME_WAIT); not for requests, not for the end of a minisocket
 * (net/core/sock_diag.c, sock_diag_broadcast_destroy()). */
#pragma once

#include "common/kernel/sockdiag.h"

struct destroyed;

/* In the calling thread's network namespace. 0 or -errno. */
int destroyed_open(struct destroyed **ret);
void destroyed_close(struct destroyed *d);

/* Reads what has come; does not wait. 0; -ENOBUFS: some were lost; what visit() returned; or
 * another -errno. */
int destroyed_read(struct destroyed *d, sockdiag_visit *visit, void *context);
