#include "bench/load/load_merge.h"
#include "common/report/document.h"
#include "common/report/histogram.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const merge_counts[] = {
    "requests",        "replies",     "bytes_sent",    "bytes_received",
    "closed_by_peer",  "given_up",    "never_started", "late_starts",
    "missed_starts",   "event_loops", "file_tables",   "unanswered_requests",
    "skipped_requests"};

/* The two kinds of reports. */
static const struct merge_kind {
    const char *schema, *program;
    const char *parts;      /* the member of "merge" */
    const char *objects[5]; /* of counts */
} merge_kinds[] = {
    {"tcplab.client/1",
     "tcplab-client",
     "clients",
     {"connections", "errors", "states_before_close", "states"}},
    {"tcplab.server/1", "tcplab-server", "servers", {"connections", "states", "peers"}},
};

/* What all reports of one load have in common. */
static const struct {
    const char *object, *key, *why;
} merge_same[] = {
    {NULL, "schema", "is of the other program than the first file"},
    {NULL, "target", "has another target than the first file"},
    {"settings", "workload", "has another --workload than the first file"},
    {"settings", "size_bytes", "has another --size than the first file"},
    {"settings", "on_data", "has another --on-data than the first file"},
    {"listener", "port", "has another port than the first file"},
    {"listener", "queue_limit", "has another queue limit than the first file"},
};

/* Adds a count; file tables are those of one program, so the most stays. Returns -EINVAL if it is
 * no count, or the sum is too large. */
static int add_count(json_t *into, const char *name, const json_t *count)
{
    json_int_t sum = json_integer_value(json_object_get(into, name)),
               more = json_integer_value(count);
    if (!json_is_integer(count) || more < 0)
        return -EINVAL;
    if (!strcmp(name, "file_tables"))
        sum = more > sum ? more : sum;
    else if (__builtin_add_overflow(sum, more, &sum))
        return -EINVAL;
    return json_object_set_new(into, name, json_integer(sum)) ? -ENOMEM : 0;
}

static int merge_object(json_t *merged, const json_t *report, const char *key)
{
    json_t *into = json_object_get(merged, key), *from = json_object_get(report, key), *count;
    const char *name;
    int r = 0;
    if (!from || json_is_null(from))
        return 0;
    if (!json_is_object(from))
        return -EINVAL;
    if (!into && json_object_set_new(merged, key, into = json_object()))
        return -ENOMEM;
    json_object_foreach(from, name, count)
    {
        if ((r = add_count(into, name, count)))
            return r;
    }
    return 0;
}

/* rungs: {"0": count, "1": count}, in the order of their first appearance. */
static int merge_rungs(json_t *rungs, const json_t *report)
{
    size_t i;
    json_t *rung;
    json_array_foreach(json_object_get(report, "connect_rungs"), i, rung)
    {
        char name[24];
        snprintf(name, sizeof(name), "%03lld",
                 (long long)json_integer_value(json_object_get(rung, "retransmits")));
        int r = add_count(rungs, name, json_object_get(rung, "count"));
        if (r)
            return r;
    }
    return 0;
}

static const json_t *merge_member(const json_t *report, const char *object, const char *key)
{
    return json_object_get(object ? json_object_get(report, object) : report, key);
}

static double merge_number(const json_t *report, const char *object, const char *key)
{
    return json_number_value(merge_member(report, object, key));
}

static double merge_start(const json_t *part)
{
    return merge_number(part, NULL, "start_unix_s");
}

static double merge_end(const json_t *part)
{
    return merge_start(part) + merge_number(part, NULL, "elapsed_s");
}

/* NULL: neither. */
static const struct merge_kind *merge_kind(const json_t *report)
{
    const char *schema = json_string_value(json_object_get(report, "schema"));
    for (size_t i = 0; i < sizeof(merge_kinds) / sizeof(*merge_kinds) && schema; i++)
        if (!strcmp(schema, merge_kinds[i].schema))
            return &merge_kinds[i];
    return NULL;
}

/* The report's whole content as a number (FNV-1a), to know it again in a merge. */
static uint64_t merge_digest(const json_t *report)
{
    uint64_t digest = 0xcbf29ce484222325;
    char *text = json_dumps(report, JSON_COMPACT | JSON_SORT_KEYS);
    for (const char *c = text; c && *c; c++)
        digest = (digest ^ (unsigned char)*c) * 0x100000001b3;
    free(text);
    return digest;
}

static const char merge_no_report[] =
    "is no report that tcplab-client or tcplab-server --json wrote, and no merge of them";

/* Adds what a report is made of to parts: itself, or the parts of a merge. Returns NULL, or why it
 * is no report. */
static const char *merge_parts(json_t *parts, const json_t *report, const char *name)
{
    const struct merge_kind *kind = merge_kind(report);
    const char *event = json_string_value(json_object_get(report, "event"));
    const json_t *connections = json_object_get(report, "connections");
    size_t i = json_array_size(parts);
    if (!kind || !event || !json_is_object(connections))
        return merge_no_report;
    if (!strcmp(event, "merged")) {
        json_array_extend(parts, json_object_get(json_object_get(report, "merge"), kind->parts));
    } else if (!strcmp(event, "report") && json_is_number(json_object_get(report, "time_unix_s"))) {
        char digest[24];
        double elapsed = merge_number(report, NULL, "elapsed_s");
        snprintf(digest, sizeof(digest), "%016llx", (unsigned long long)merge_digest(report));
        json_array_append_new(
            parts, json_pack("{s:o, s:s, s:o, s:o, s:O}", "file", document_string(name), "digest",
                             digest, "start_unix_s",
                             document_real(merge_number(report, NULL, "time_unix_s") - elapsed),
                             "elapsed_s", document_real(elapsed), "connections", connections));
    }
    if (i == json_array_size(parts))
        return merge_no_report;
    for (json_t *part; (part = json_array_get(parts, i)); i++)
        if (!json_is_number(json_object_get(part, "start_unix_s")) ||
            !json_is_number(json_object_get(part, "elapsed_s")) ||
            !json_is_string(json_object_get(part, "digest")))
            return merge_no_report;
    return NULL;
}

/* NULL: the parts from the given one on belong to those before them. */
static const char *merge_stranger(const json_t *parts, size_t from)
{
    json_t *part, *other;
    for (size_t i = from; (part = json_array_get(parts, i)); i++)
        for (size_t j = 0; j < i && (other = json_array_get(parts, j)); j++) {
            if (json_equal(json_object_get(part, "digest"), json_object_get(other, "digest")))
                return "has the same report as a file before it";
            if (merge_start(part) >= merge_end(other) || merge_start(other) >= merge_end(part))
                return "ran at another time than a file before it";
        }
    return NULL;
}

static int merge_refuse(const char *name, const char *why, char **ret_message)
{
    return asprintf(ret_message, "%s %s; give the reports of one load", name, why) < 0 ? -ENOMEM
                                                                                       : -EINVAL;
}

/* The percentiles of the first report's summary: "p99_9" is 99.9. */
static void merge_percentiles(const json_t *summary, struct percentiles *ret)
{
    char list[512] = "", *p;
    const char *name, *why;
    json_t *value;
    json_object_foreach((json_t *)summary, name, value)
    {
        size_t length = strlen(list);
        if (name[0] == 'p')
            snprintf(list + length, sizeof(list) - length, "%s%s", length ? "," : "", name + 1);
    }
    while ((p = strchr(list, '_')))
        *p = '.';
    if (parse_percentiles(list, ret, &why))
        parse_percentiles("50,90,99,99.9", ret, &why);
}

static int merge_histogram(json_t *merged, json_t *const *reports, size_t n, const char *name,
                           size_t *ret_wrong)
{
    char key[64];
    struct percentiles percentiles;
    struct histogram *h = histogram_new();
    int r = h ? 0 : -ENOMEM;
    snprintf(key, sizeof(key), "%s_us", name);
    for (size_t i = 0; i < n && !r; i++) {
        *ret_wrong = i;
        r = histogram_merge_json(h,
                                 json_object_get(json_object_get(reports[i], "histograms"), name));
    }
    if (!r) {
        merge_percentiles(json_object_get(reports[0], key), &percentiles);
        json_object_set_new(merged, key, histogram_summary(h, &percentiles));
        json_object_set_new(json_object_get(merged, "histograms"), name, histogram_to_json(h));
    }
    histogram_free(h);
    return r;
}

static json_t *merge_rate(double count, double seconds)
{
    return document_real(seconds > 0 ? count / seconds : 0);
}

/* The time from the first start to the last end, in seconds. */
static double merge_times(json_t *merged, json_t *parts, const struct merge_kind *kind)
{
    double first = INFINITY, last_start = -INFINITY, last = -INFINITY, first_end = INFINITY;
    size_t i;
    json_t *part;
    json_array_foreach(parts, i, part)
    {
        first = fmin(first, merge_start(part));
        last_start = fmax(last_start, merge_start(part));
        first_end = fmin(first_end, merge_end(part));
        last = fmax(last, merge_end(part));
    }
    json_object_set_new(merged, "elapsed_s", document_real(last - first));
    json_object_set_new(merged, "merge",
                        json_pack("{s:o, s:o, s:O}", "start_skew_s",
                                  document_real(last_start - first), "all_ran_s",
                                  document_real(first_end - last_start), kind->parts, parts));
    return last - first;
}

/* The sum of a time, which reports have in whole milliseconds, in whatever order it is added. */
static double merge_cpu_s(json_t *const *reports, size_t n, const char *key)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += merge_number(reports[i], "cpu", key);
    return round(sum * 1e3) / 1e3;
}

static json_t *merge_cpu(json_t *const *reports, size_t n, double connections)
{
    return document_cpu(merge_cpu_s(reports, n, "user_s"), merge_cpu_s(reports, n, "system_s"),
                        merge_cpu_s(reports, n, "polling_s"), connections);
}

/* CPU times, and what was the limit. */
static void merge_cost(json_t *merged, json_t *const *reports, size_t n)
{
    double busy = 0, waiting = 0;
    json_t *limits = json_array(),
           *cpu = merge_cpu(reports, n, merge_number(merged, "connections", "attempted"));
    for (size_t i = 0; i < n; i++) {
        busy = fmax(busy, merge_number(reports[i], "cpu", "busy"));
        waiting = fmax(waiting, merge_number(reports[i], "cpu", "waiting"));
        json_array_extend(limits, json_object_get(reports[i], "limits"));
    }
    json_object_set_new(cpu, "busy", document_real(busy));
    json_object_set_new(cpu, "waiting", document_real(waiting));
    json_object_set_new(merged, "cpu", cpu);
    json_object_set_new(merged, "limits", limits);
}

static bool merge_is_same(const json_t *a, const json_t *b)
{
    return a == b || json_equal(a, b); /* both may be missing */
}

static int merge_check(json_t *const *reports, const char *const *names, size_t n, json_t *parts,
                       char **ret_message)
{
    for (size_t i = 0; i < n; i++) {
        size_t from = json_array_size(parts);
        const char *why = merge_parts(parts, reports[i], names[i]);
        for (size_t j = 0; j < sizeof(merge_same) / sizeof(*merge_same) && !why; j++)
            if (!merge_is_same(merge_member(reports[0], merge_same[j].object, merge_same[j].key),
                               merge_member(reports[i], merge_same[j].object, merge_same[j].key)))
                why = merge_same[j].why;
        if (!why)
            why = merge_stranger(parts, from);
        if (why)
            return merge_refuse(names[i], why, ret_message);
    }
    return 0;
}

/* The rungs as the report has them; returns how many connections they are. */
static double merge_put_rungs(json_t *merged, const json_t *rungs)
{
    double connects = 0;
    json_t *list = json_array();
    for (int i = 0; i < 1000; i++) {
        char name[24];
        snprintf(name, sizeof(name), "%03d", i);
        json_t *count = json_object_get(rungs, name);
        if (count)
            json_array_append_new(list, json_pack("{s:i, s:O}", "retransmits", i, "count", count));
        connects += json_number_value(count);
    }
    json_object_set_new(merged, "connect_rungs", list);
    return connects;
}

static int merge_clients(json_t *merged, json_t *const *reports, size_t n, double seconds,
                         size_t *ret_wrong)
{
    int r = 0;
    json_t *rungs = json_object();
    json_object_set_new(merged, "histograms", json_object());
    for (size_t i = 0; i < n && !r; i++) {
        *ret_wrong = i;
        r = merge_rungs(rungs, reports[i]);
        for (size_t j = 0; j < sizeof(merge_counts) / sizeof(*merge_counts) && !r; j++)
            r = add_count(merged, merge_counts[j], json_object_get(reports[i], merge_counts[j]));
    }
    if (!r)
        r = merge_histogram(merged, reports, n, "connect_latency", ret_wrong);
    if (!r)
        r = merge_histogram(merged, reports, n, "request_latency", ret_wrong);
    if (!r) {
        double connects = merge_put_rungs(merged, rungs);
        json_object_set_new(merged, "rates",
                            json_pack("{s:o, s:o, s:o, s:o}", "connects_per_s",
                                      merge_rate(connects, seconds), "requests_per_s",
                                      merge_rate(merge_number(merged, NULL, "replies"), seconds),
                                      "connects_over_us", document_real(seconds * 1e6),
                                      "requests_over_us", document_real(seconds * 1e6)));
        merge_cost(merged, reports, n);
    }
    json_decref(rungs);
    return r;
}

/* The listener of the first report, with the counts of all. */
static int merge_listeners(json_t *merged, json_t *const *reports, size_t n, size_t *ret_wrong)
{
    static const char *const counts[] = {"listeners", "queue_capacity", "queue_now", "drops"};
    json_t *listener = json_copy(json_object_get(reports[0], "listener"));
    json_object_set_new(merged, "listener", listener);
    for (size_t i = 1; i < n; i++) {
        json_t *other = json_object_get(reports[i], "listener");
        *ret_wrong = i;
        for (size_t j = 0; j < sizeof(counts) / sizeof(*counts); j++) {
            int r = add_count(listener, counts[j], json_object_get(other, counts[j]));
            if (r)
                return r;
        }
        if (merge_number(other, NULL, "queue_peak") > merge_number(listener, NULL, "queue_peak"))
            json_object_set(listener, "queue_peak", json_object_get(other, "queue_peak"));
        if (!json_equal(json_object_get(listener, "address"), json_object_get(other, "address")))
            json_object_set_new(listener, "address", json_null());
    }
    return 0;
}

static int merge_servers(json_t *merged, json_t *const *reports, size_t n, size_t *ret_wrong)
{
    static const char *const counts[] = {"bytes_received", "bytes_sent"};
    double accepts = 0;
    int r = 0;
    for (size_t i = 0; i < n && !r; i++) {
        *ret_wrong = i;
        accepts += merge_number(reports[i], "rates", "accepts_per_s");
        for (size_t j = 0; j < sizeof(counts) / sizeof(*counts) && !r; j++)
            r = add_count(merged, counts[j], json_object_get(reports[i], counts[j]));
    }
    json_object_set_new(merged, "rates",
                        json_pack("{s:o}", "accepts_per_s", document_real(accepts)));
    if (json_object_get(reports[0], "cpu"))
        json_object_set_new(merged, "cpu",
                            merge_cpu(reports, n, merge_number(merged, "connections", "accepted")));
    return r ? r : merge_listeners(merged, reports, n, ret_wrong);
}

static int merge_add(json_t *merged, json_t *const *reports, size_t n, json_t *parts,
                     size_t *ret_wrong)
{
    static const char *const head[] = {"schema", "program", "version",
                                       "kernel", "target",  "settings"};
    const struct merge_kind *kind = merge_kind(reports[0]);
    double seconds = merge_times(merged, parts, kind);
    for (size_t i = 0; i < sizeof(head) / sizeof(*head); i++)
        json_object_set(merged, head[i], json_object_get(reports[0], head[i]));
    for (size_t i = 0; i < n; i++)
        for (const char *const *object = kind->objects; *object; object++) {
            int r = merge_object(merged, reports[i], *object);
            *ret_wrong = i;
            if (r)
                return r;
        }
    if (json_object_get(reports[0], "listener"))
        return merge_servers(merged, reports, n, ret_wrong);
    return merge_clients(merged, reports, n, seconds, ret_wrong);
}

int load_merge(json_t *const *reports, const char *const *names, size_t n, json_t **ret_document,
               char **ret_message)
{
    size_t wrong = 0;
    json_t *parts = json_array(), *merged = json_pack("{s:s}", "event", "merged");
    int r = merge_check(reports, names, n, parts, ret_message);
    if (!r) {
        r = merge_add(merged, reports, n, parts, &wrong);
        if (r == -EINVAL)
            r = merge_refuse(names[wrong], "has counts that are damaged", ret_message);
    }
    json_decref(parts);
    if (!r)
        *ret_document = json_incref(merged);
    json_decref(merged);
    return r;
}
