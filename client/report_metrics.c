/* The OpenMetrics text of tcplab-client. */
#include "client/report.h"
#include "common/report/openmetrics.h"

struct labels {
    FILE *out;
    char target[ENDPOINT_TEXT_MAX];
};

static void put(const struct labels *l, const char *name, const char *help, uint64_t value)
{
    openmetrics_gauge(l->out, name, help);
    openmetrics_sample(l->out, name, (double)value, "target", l->target, NULL);
}

static void put_row(const struct labels *l, const char *row, uint64_t value)
{
    openmetrics_sample(l->out, "tcplab_client_connections", (double)value, "target", l->target,
                       "row", row, NULL);
}

void report_metrics(FILE *out, const void *context)
{
    const struct report_metrics *m = context;
    const struct stats *s = m->total;
    struct labels l = {.out = out};
    endpoint_format(m->target, l.target);
    put(&l, "tcplab_client_attempted", "Connections attempted", s->attempted);
    openmetrics_gauge(out, "tcplab_client_connections", "Attempts, by what became of them");
#define X(field) put_row(&l, #field, s->field);
    STATS_ROWS(X)
#undef X
    put_row(&l, "pending", stats_pending(s));
    put(&l, "tcplab_client_requests", "Requests sent", s->requests);
    put(&l, "tcplab_client_replies", "Replies received", s->replies);
    put(&l, "tcplab_client_sent_bytes", "Bytes sent", s->bytes_sent);
    put(&l, "tcplab_client_received_bytes", "Bytes received", s->bytes_received);
    put(&l, "tcplab_client_late_starts", "Starts behind the schedule", s->late_starts);
    openmetrics_histogram(out, "tcplab_client_connect_latency_seconds",
                          "From the intended start until the handshake was done",
                          m->connect_latency, "target", l.target);
    openmetrics_histogram(out, "tcplab_client_request_latency_seconds",
                          "From a request until its whole reply", m->request_latency, "target",
                          l.target);
    openmetrics_end(out);
}
