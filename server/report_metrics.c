/* The OpenMetrics text of tcplab-server. */
#include "common/report/openmetrics.h"
#include "server/report.h"

struct labels {
    FILE *out;
    char address[ENDPOINT_TEXT_MAX], port[8];
};

static void put(const struct labels *l, const char *name, const char *help, uint64_t value)
{
    openmetrics_gauge(l->out, name, help);
    openmetrics_sample(l->out, name, (double)value, "address", l->address, "port", l->port, NULL);
}

static void put_closed(const struct labels *l, const char *how, uint64_t value)
{
    openmetrics_sample(l->out, "tcplab_server_closed", (double)value, "address", l->address, "port",
                       l->port, "how", how, NULL);
}

void report_metrics(FILE *out, const struct endpoint *at, const struct view *v)
{
    struct labels l = {.out = out};
    const struct stats *s = &v->total;
    endpoint_host(at, l.address);
    snprintf(l.port, sizeof(l.port), "%u", endpoint_port(at));
    put(&l, "tcplab_server_accepted", "Connections accepted", s->accepted);
    put(&l, "tcplab_server_open", "Connections accepted and not closed", stats_open(s));
    openmetrics_gauge(out, "tcplab_server_closed", "Connections closed, by how they ended");
    put_closed(&l, "closed_by_peer", s->closed_by_peer);
    put_closed(&l, "closed_by_server", s->closed_by_server);
    put_closed(&l, "reset_by_peer", s->reset_by_peer);
    put_closed(&l, "timed_out", s->timed_out);
    put(&l, "tcplab_server_accept_errors", "Calls of accept() that failed", s->accept_errors);
    put(&l, "tcplab_server_queue", "Connections in the accept queue", v->queue_now);
    put(&l, "tcplab_server_queue_peak", "Most connections seen in the accept queue", s->queue_peak);
    put(&l, "tcplab_server_queue_limit", "Limit of each accept queue: one more fits",
        v->queue_limit);
    put(&l, "tcplab_server_drops", "Segments dropped by the listeners (sk_drops)", v->drops);
    put(&l, "tcplab_server_received_bytes", "Bytes received", s->bytes_received);
    put(&l, "tcplab_server_sent_bytes", "Bytes sent", s->bytes_sent);
    openmetrics_end(out);
}
