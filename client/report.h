/* The documents of tcplab-client, and the text report, which is made from the report document. */
#pragma once

#include "client/load.h"
#include "client/settings.h"
#include "client/stats.h"
#include "common/kernel/endpoint.h"
#include "common/report/document.h"
#include "common/report/histogram.h"

#include <sys/resource.h>

/* How long the run lasted; how long in it connections, and requests, were started or not finished
 * yet. The rates are over these times. */
struct report_times {
    double elapsed_s, connects_s, requests_s;
};

struct report_figures {
    const struct settings *settings;
    const struct endpoint *target;
    const struct stats *total;
    const struct histogram *connect_latency, *request_latency;
    const struct histogram *start_lateness;          /* NULL without --rate */
    json_t *states, *states_before_close, *counters; /* each may be NULL; not owned */
    json_t *socket_options;                          /* not owned */
    json_t *log;                                     /* with --log-connections; not owned */
    bool log_truncated;
    const struct rusage *usage;
    int64_t polled_ns; /* of it, polling */
    size_t event_loops, file_tables;
    const struct load *load; /* of the busiest event loop */
    uint64_t missed_starts;  /* due and never made */
    uint64_t never_started;  /* asked for and never made */
    uint64_t most_in_use;    /* connections at once */
    bool slots_full;         /* all of -c were in use at the end */
    struct report_times times;
};

/* Each returns a new reference, or NULL without memory. */
json_t *report_ready(const struct document_head *head, const struct endpoint *target);
json_t *report_interval(const struct document_head *head, const struct stats *total,
                        struct report_times times);
json_t *report_final(const struct document_head *head, const struct report_figures *figures);

/* Writes OpenMetrics text; context: a struct report_metrics. For openmetrics_file_write(). */
struct report_metrics {
    const struct endpoint *target;
    const struct stats *total;
    const struct histogram *connect_latency, *request_latency;
};
void report_metrics(FILE *out, const void *context);

/* For document_output_report(). */
void report_text(FILE *out, const json_t *document);
