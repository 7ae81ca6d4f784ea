/* Observations by name: what an expectation is compared with.
 *
 * Observed by themselves, at the moment of step_take_stock():
 *   ledger.ROW                       connections, LEDGER_... in observe/ledger.h: ledger.queued
 *   SIDE.STATE                       sockets in a state of the kernel: client.TIME_WAIT,
 *                                    server.SYN_RECV
 *   SIDE.FIN_WAIT_2_minisockets      of those in FIN_WAIT_2
 *   SIDE.destroyed                   full sockets that are gone
 *   SIDE.Tcp.NAME, SIDE.TcpExt.NAME  how far a counter has moved: server.TcpExt.ListenOverflows
 *   server.queue, server.queue_limit, server.queue_peak    of the accept queue
 * SIDE is "client" or "server". All other names, which begin with a side, too, a step must note:
 * step_see() and its like (trial/steps.h). One that it does not note makes the run inconclusive. */
#pragma once

#include "bench/trial/trial.h"

/* Why nothing can be observed under that name: a clause; NULL: something can. counters: of this
 * kernel. Each expectation is checked before the run, each noted name when it is noted. */
const char *observation_fault(const char *name, const struct counters *counters);
