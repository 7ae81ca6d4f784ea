#include "client/report.h"
#include "client/capacity.h"
#include "client/limit.h"
#include "common/process/clock.h"
#include "common/report/page.h"

#include <errno.h>
#include <string.h>

static json_t *connections(const struct stats *s)
{
    json_t *rows = json_pack("{s:I}", "attempted", (json_int_t)STATS_GET(s->attempted));
#define X(field) json_object_set_new(rows, #field, json_integer((json_int_t)STATS_GET(s->field)));
    STATS_ROWS(X)
#undef X
    json_object_set_new(rows, "pending", json_integer((json_int_t)stats_pending(s)));
    return rows;
}

static json_t *report_rungs(const struct stats *s)
{
    json_t *rungs = json_array();
    for (int i = 0; i < STATS_RUNGS; i++)
        if (s->rungs[i])
            json_array_append_new(
                rungs, json_pack("{s:i, s:I}", "retransmits", i, "count", (json_int_t)s->rungs[i]));
    return rungs;
}

static json_t *report_errors(const struct stats *s)
{
    json_t *errors = json_object();
    for (int i = 0; i < STATS_ERRORS; i++)
        if (s->errors[i])
            json_object_set_new(errors, i && strerrorname_np(i) ? strerrorname_np(i) : "other",
                                json_integer((json_int_t)s->errors[i]));
    return errors;
}

static json_t *rate(uint64_t count, double seconds)
{
    return document_real(count && seconds > 0 ? (double)count / seconds : 0);
}

static json_t *cpu(const struct report_figures *f)
{
    bool measured = f->load->window_ns > 0;
    json_t *cpu = document_cpu(clock_seconds(f->usage->ru_utime), clock_seconds(f->usage->ru_stime),
                               (double)f->polled_ns / 1e9, (double)f->total->attempted);
    json_object_set_new(cpu, "busy", measured ? document_real(load_busy(f->load)) : json_null());
    json_object_set_new(cpu, "waiting",
                        measured ? document_real(load_waiting(f->load)) : json_null());
    return cpu;
}

static json_t *or_null(json_t *value)
{
    return value ? json_incref(value) : json_null();
}

/* What the connections can be made from; null where the sysctls cannot be read. */
static json_t *report_ports(const struct settings *s)
{
    struct capacity_ports c;
    int r = capacity_ports(s, &c);
    if (r && r != -EADDRNOTAVAIL)
        return json_null();
    return json_pack("{s:i, s:i, s:I, s:I}", "low", c.low, "high", c.high, "source_addresses",
                     (json_int_t)c.addresses, "usable", (json_int_t)(c.addresses * c.per_address));
}

/* Connections that were reset later were established, too. */
static void add_rates(json_t *document, const struct stats *s, struct report_times t)
{
    uint64_t connects = 0;
    for (int i = 0; i < STATS_RUNGS; i++)
        connects += STATS_GET(s->rungs[i]);
    json_object_set_new(document, "rates",
                        json_pack("{s:o, s:o, s:o, s:o}", "connects_per_s",
                                  rate(connects, t.connects_s), "requests_per_s",
                                  rate(STATS_GET(s->replies), t.requests_s), "connects_over_us",
                                  document_real(t.connects_s * 1e6), "requests_over_us",
                                  document_real(t.requests_s * 1e6)));
}

static void add_counts(json_t *document, const struct stats *s, struct report_times times)
{
    json_object_set_new(document, "elapsed_s", document_real(times.elapsed_s));
    json_object_set_new(document, "connections", connections(s));
    json_object_set_new(document, "requests", json_integer((json_int_t)STATS_GET(s->requests)));
    json_object_set_new(document, "replies", json_integer((json_int_t)STATS_GET(s->replies)));
    json_object_set_new(document, "bytes_sent", json_integer((json_int_t)STATS_GET(s->bytes_sent)));
    json_object_set_new(document, "bytes_received",
                        json_integer((json_int_t)STATS_GET(s->bytes_received)));
    add_rates(document, s, times);
}

json_t *report_ready(const struct document_head *head, const struct endpoint *target)
{
    char text[ENDPOINT_TEXT_MAX];
    json_t *document = document_new(head, "ready");
    json_object_set_new(document, "target", json_string(endpoint_format(target, text)));
    return document;
}

json_t *report_interval(const struct document_head *head, const struct stats *total,
                        struct report_times times)
{
    json_t *document = document_new(head, "interval");
    add_counts(document, total, times);
    return document;
}

static void add_latencies(json_t *document, const struct report_figures *f)
{
    const struct percentiles *p = &f->settings->percentiles;
    json_object_set_new(document, "connect_latency_us", histogram_summary(f->connect_latency, p));
    json_object_set_new(document, "connect_rungs", report_rungs(f->total));
    json_object_set_new(document, "request_latency_us", histogram_summary(f->request_latency, p));
    if (f->start_lateness)
        json_object_set_new(document, "start_lateness_us", histogram_summary(f->start_lateness, p));
}

static uint64_t sockets(const json_t *states)
{
    const char *name;
    json_t *count;
    uint64_t sum = 0;
    json_object_foreach((json_t *)states, name, count) sum += (uint64_t)json_integer_value(count);
    return sum;
}

/* The ports in TIME_WAIT at the end that connect() could not take. With tcp_tw_reuse these are the
 * ones of the last second (tcp_twsk_unique()). */
static uint64_t waiting_ports(const json_t *document)
{
    uint64_t all = (uint64_t)page_integer(document, "states", "TIME_WAIT", NULL);
    double a_second =
        json_number_value(json_object_get(json_object_get(document, "rates"), "connects_per_s"));
    bool again = page_integer(document, "counters", "TcpExt.TWRecycled", NULL) > 0;
    return again && a_second < (double)all ? (uint64_t)a_second : all;
}

/* The largest number of ports in use at any moment that was counted. */
static void add_ports(const json_t *document, uint64_t most_in_use, struct limit_figures *figures)
{
    const json_t *states = json_object_get(document, "states");
    uint64_t before = sockets(json_object_get(document, "states_before_close"));
    uint64_t waiting = waiting_ports(document);
    uint64_t after = sockets(states) - (uint64_t)page_integer(states, "TIME_WAIT", NULL) + waiting;
    uint64_t open = before > most_in_use ? before : most_in_use;
    figures->taken_ports = after > open ? after : open;
    figures->time_wait = after > open ? waiting : 0;
}

/* The document already has everything else that the rules need. */
static json_t *limits(const json_t *document, const struct report_figures *f)
{
    const struct stats *s = f->total;
    const json_t *ports = json_object_get(document, "local_ports");
    uint64_t usable = (uint64_t)page_integer(ports, "usable", NULL);
    int workload = f->settings->workload;
    struct limit_figures figures = {
        .load = f->load,
        .loopback = endpoint_is_loopback(f->target),
        .connections = f->settings->connections,
        .keeps = workload == WORKLOAD_HOLD || workload == WORKLOAD_ECHO,
        .pauses = f->settings->total == SETTINGS_UNLIMITED && (s->no_port || s->no_fd),
        .rate = !f->settings->scheduled ? 0
                : f->settings->arrivals.to > f->settings->arrivals.from
                    ? f->settings->arrivals.to
                    : f->settings->arrivals.from,
        .starts = s->attempted,
        .late_starts = s->late_starts,
        .slot_late_starts = s->slot_late_starts,
        .missed_starts = f->missed_starts,
        .slots_full = f->slots_full,
        .lateness_p99_ns =
            f->start_lateness ? histogram_percentile_ns(f->start_lateness, 990000) : 0,
        .no_port = s->no_port,
        .no_fd = s->no_fd,
        .no_source = s->no_source,
        .usable_ports = usable,
        .long_search = usable > CAPACITY_SHORT_SEARCH *
                                    (uint64_t)page_integer(ports, "source_addresses", NULL)};
    add_ports(document, f->most_in_use, &figures);
    return limit_list(&figures);
}

json_t *report_final(const struct document_head *head, const struct report_figures *f)
{
    char text[ENDPOINT_TEXT_MAX];
    const struct stats *s = f->total;
    json_t *document = document_new(head, "report");
    json_object_set_new(document, "target", json_string(endpoint_format(f->target, text)));
    json_object_set(document, "socket_options", f->socket_options);
    add_counts(document, s, f->times);
    json_object_set_new(document, "closed_by_peer", json_integer((json_int_t)s->closed_by_peer));
    json_object_set_new(document, "given_up", json_integer((json_int_t)s->given_up));
    json_object_set_new(document, "errors", report_errors(s));
    add_latencies(document, f);
    json_object_set_new(document, "never_started", json_integer((json_int_t)f->never_started));
    json_object_set_new(document, "late_starts", json_integer((json_int_t)s->late_starts));
    json_object_set_new(document, "missed_starts", json_integer((json_int_t)f->missed_starts));
    json_object_set_new(
        document, "unanswered_requests",
        json_integer((json_int_t)(s->requests > s->replies ? s->requests - s->replies : 0)));
    json_object_set_new(document, "skipped_requests",
                        json_integer((json_int_t)s->skipped_requests));
    json_object_set_new(document, "event_loops", json_integer((json_int_t)f->event_loops));
    json_object_set_new(document, "file_tables", json_integer((json_int_t)f->file_tables));
    json_object_set_new(document, "local_ports", report_ports(f->settings));
    json_object_set_new(document, "states_before_close", or_null(f->states_before_close));
    json_object_set_new(document, "states", or_null(f->states));
    json_object_set_new(document, "counters", or_null(f->counters));
    json_object_set_new(document, "cpu", cpu(f));
    json_object_set_new(document, "limits", limits(document, f));
    json_object_set_new(document, "peak_rss_bytes",
                        json_integer((json_int_t)f->usage->ru_maxrss * 1024));
    json_object_set_new(document, "histograms",
                        json_pack("{s:o, s:o}", "connect_latency",
                                  histogram_to_json(f->connect_latency), "request_latency",
                                  histogram_to_json(f->request_latency)));
    if (f->settings->log_connections) {
        json_object_set_new(document, "connection_log_truncated", json_boolean(f->log_truncated));
        json_object_set_new(document, "connection_log", or_null(f->log));
    }
    return document;
}
