/* The metrics of --fail-if for runs: what every run observes under the names of
 * trial/observations.h (ledger.reset, server.TcpExt.ListenDrops, client.TIME_WAIT, server.queue),
 * what the checks of an experiment have under theirs, and the numbers of the reports of
 * tcplab-server and tcplab-client (common/metric/metric.h). */
#pragma once

#include "bench/trial/trial.h"
#include "common/metric/metric.h"

/* The runs that there will be. */
struct trial_metrics {
    const struct experiment *const *experiments;
    const struct knobs *knobs; /* of each, as experiment_check() takes them */
    size_t n;
};

/* The kind knows a metric that at least one of these runs can have. *m must live as long. */
struct metric_kind trial_metrics_kind(const struct trial_metrics *m);

/* A threshold_value() of a struct trial that has ended. Of several tcplab-clients it is the largest
 * value. false: this run does not have it. */
bool trial_metrics_value(const void *trial, const char *metric, double *ret);
