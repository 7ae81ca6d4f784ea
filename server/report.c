#include "server/report.h"
#include "common/process/clock.h"
#include "server/listener.h"

#include <string.h>
#include <sys/resource.h>

static json_t *listener(const struct report_context *c, const struct view *v)
{
    char host[ENDPOINT_TEXT_MAX];
    return json_pack("{s:s, s:i, s:I, s:I, s:o, s:I, s:I, s:I, s:I, s:I}", "address",
                     endpoint_host(c->at, host), "port", endpoint_port(c->at), "listeners",
                     (json_int_t)c->settings->threads, "backlog", (json_int_t)c->settings->backlog,
                     "somaxconn", c->somaxconn < 0 ? json_null() : json_integer(c->somaxconn),
                     "queue_limit", (json_int_t)v->queue_limit, "queue_capacity",
                     (json_int_t)v->queue_capacity, "queue_now", (json_int_t)v->queue_now,
                     "queue_peak", (json_int_t)v->total.queue_peak, "drops", (json_int_t)v->drops);
}

static json_t *connections(const struct view *v)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "accepted",
                     (json_int_t)v->total.accepted, "open", (json_int_t)stats_open(&v->total),
                     "closed_by_peer", (json_int_t)v->total.closed_by_peer, "closed_by_server",
                     (json_int_t)v->total.closed_by_server, "reset_by_peer",
                     (json_int_t)v->total.reset_by_peer, "timed_out",
                     (json_int_t)v->total.timed_out, "accept_errors",
                     (json_int_t)v->total.accept_errors, "file_tables", (json_int_t)v->file_tables);
}

/* Per second, from the first accept to the last: idle time before and after does not count. */
static double accept_rate(const struct stats *s)
{
    double seconds = (double)(s->last_ns - s->first_ns) / 1e9;
    return s->accepted > 1 && seconds > 0 ? (double)(s->accepted - 1) / seconds : 0;
}

static json_t *cpu(const struct view *v)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return document_cpu(clock_seconds(usage.ru_utime), clock_seconds(usage.ru_stime),
                        (double)v->polled_ns / 1e9, (double)v->total.accepted);
}

static void add_state(json_t *document, const struct report_context *c, const struct view *v)
{
    json_object_set_new(document, "elapsed_s", document_real((double)c->elapsed_ns / 1e9));
    json_object_set_new(document, "listener", listener(c, v));
    json_object_set_new(document, "connections", connections(v));
    json_object_set_new(document, "bytes_received",
                        json_integer((json_int_t)v->total.bytes_received));
    json_object_set_new(document, "bytes_sent", json_integer((json_int_t)v->total.bytes_sent));
}

json_t *report_ready(const struct report_context *c, const struct view *v)
{
    json_t *document = document_new(c->head, "ready");
    json_object_set_new(document, "listener", listener(c, v));
    return document;
}

json_t *report_interval(const struct report_context *c, const struct view *v)
{
    json_t *document = document_new(c->head, "interval");
    add_state(document, c, v);
    if (v->states) {
        json_object_set(document, "states", v->states);
        json_object_set_new(document, "states_age_s",
                            document_real((double)(clock_now_ns() - v->states_ns) / 1e9));
    }
    return document;
}

json_t *report_final(const struct report_context *c, const struct view *v)
{
    json_t *document = document_new(c->head, "report");
    add_state(document, c, v);
    json_object_set_new(document, "rates",
                        json_pack("{s:o}", "accepts_per_s", document_real(accept_rate(&v->total))));
    json_object_set_new(document, "cpu", cpu(v));
    json_object_set_new(document, "accept_delay_ended_s",
                        c->delay_ended_ns ? document_real((double)c->delay_ended_ns / 1e9)
                                          : json_null());
    json_object_set_new(document, "states", v->states ? json_incref(v->states) : json_null());
    json_object_set_new(document, "peers", v->peers ? json_incref(v->peers) : json_null());
    json_object_set_new(document, "counters", c->counters ? json_incref(c->counters) : json_null());
    json_object_set(document, "socket_options", c->options);
    return document;
}
