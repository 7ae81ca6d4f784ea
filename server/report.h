/* The documents of tcplab-server, and the text report, which is made from the report document. */
#pragma once

#include "common/kernel/endpoint.h"
#include "common/report/document.h"
#include "server/settings.h"
#include "server/view.h"

struct report_context {
    const struct document_head *head;
    const struct settings *settings;
    const struct endpoint *at;
    int64_t somaxconn; /* -1: cannot be read in this namespace */
    int64_t elapsed_ns;
    int64_t delay_ended_ns; /* when SIGUSR1 ended --accept-delay, since the start; 0: it did not */
    json_t *counters, *options; /* for report_final(); not owned */
};

/* Each returns a new reference, or NULL without memory. */
json_t *report_ready(const struct report_context *context, const struct view *v);
json_t *report_interval(const struct report_context *context, const struct view *v);
json_t *report_final(const struct report_context *context, const struct view *v);

/* Writes OpenMetrics text. */
void report_metrics(FILE *out, const struct endpoint *at, const struct view *v);

/* For document_output_report(). */
void report_text(FILE *out, const json_t *document);

/* Writes "the queue holds min(4, 4096) + 1 = 5 connections" into text and returns it. */
#define REPORT_RULE_MAX 160
const char *report_rule(int64_t backlog, int64_t somaxconn, uint32_t limit,
                        char text[static REPORT_RULE_MAX]);
