/* Observations by name, with which expectations are compared.
 *
 * step_take_stock() observes these by itself:
 *   ledger.ROW                       connections, LEDGER_... in observe/ledger.h: ledger.queued
 *   SIDE.STATE                       sockets in a state of the kernel: client.TIME_WAIT,
 *                                    server.SYN_RECV
 *   SIDE.FIN_WAIT_2_minisockets      of those in FIN_WAIT_2
 *   SIDE.destroyed                   full sockets that are gone
 *   SIDE.Tcp.NAME, SIDE.TcpExt.NAME  how far a counter has moved: server.TcpExt.ListenOverflows
 *   server.queue, server.queue_limit, server.queue_peak    of the accept queue
 * SIDE is "client" or "server". All other names also begin with a side; a step must record them:
 * step_see() and the like (trial/steps.h). If no step records one, the run is inconclusive. */
#pragma once

#include "bench/trial/trial.h"

/* Whether step_take_stock() observes that name by itself, in every experiment. */
bool observation_is_common(const char *name, const struct counters *counters);

/* Writes these names, at most so many, to names (the caller frees each) and returns how many. */
size_t observation_common_names(const struct counters *counters, char **names, size_t most);

/* Returns why nothing can be observed under that name, as a clause, or NULL if something can.
 * counters: of this kernel. The trial checks each expectation before the run, and each name when a
 * step records it. */
const char *observation_fault(const char *name, const struct counters *counters);
