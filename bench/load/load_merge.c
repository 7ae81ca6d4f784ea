#include "bench/load/load_merge.h"
#include "common/report/document.h"
#include "common/report/histogram.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *const merge_counts[] = {
    "requests",        "replies",     "bytes_sent",    "bytes_received",
    "closed_by_peer",  "given_up",    "never_started", "late_starts",
    "missed_starts",   "event_loops", "file_tables",   "unanswered_requests",
    "skipped_requests"};

/* Members of settings that all reports of one load have in common. */
static const char *const merge_same[] = {"workload", "size_bytes"};

/* Adds the counts of an object of counts. Returns -EINVAL if one is no count, or the sum is too
 * large. */
static int add_count(json_t *into, const char *name, const json_t *count)
{
    json_int_t sum = json_integer_value(json_object_get(into, name));
    if (!json_is_integer(count) || json_integer_value(count) < 0 ||
        __builtin_add_overflow(sum, json_integer_value(count), &sum))
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

static double merge_number(const json_t *report, const char *object, const char *key)
{
    const json_t *from = object ? json_object_get(report, object) : report;
    return json_number_value(json_object_get(from, key));
}

static double merge_end(const json_t *report)
{
    return merge_number(report, NULL, "time_unix_s");
}

static double merge_start(const json_t *report)
{
    return merge_end(report) - merge_number(report, NULL, "elapsed_s");
}

/* NULL: the report belongs to the first. */
static const char *merge_stranger(const json_t *first, const json_t *report)
{
    const char *schema = json_string_value(json_object_get(report, "schema")),
               *event = json_string_value(json_object_get(report, "event"));
    if (!schema || strcmp(schema, "tcplab.client/1") || !event || strcmp(event, "report") ||
        !json_is_object(json_object_get(report, "connections")) ||
        !json_is_number(json_object_get(report, "time_unix_s")) ||
        !json_is_number(json_object_get(report, "elapsed_s")))
        return "is no report that tcplab-client --json wrote (tcplab.client/1)";
    if (!json_equal(json_object_get(first, "target"), json_object_get(report, "target")))
        return "has another target than the first file";
    for (size_t i = 0; i < sizeof(merge_same) / sizeof(*merge_same); i++)
        if (!json_equal(json_object_get(json_object_get(first, "settings"), merge_same[i]),
                        json_object_get(json_object_get(report, "settings"), merge_same[i])))
            return i ? "has another --size than the first file"
                     : "has another --workload than the first file";
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

static void merge_times(json_t *merged, json_t *const *reports, size_t n, const char *const *names,
                        double connects)
{
    double first = INFINITY, last_start = -INFINITY, last = -INFINITY, first_end = INFINITY;
    double user = 0, system = 0, busy = 0, waiting = 0;
    double attempted = merge_number(merged, "connections", "attempted");
    json_t *clients = json_array(), *limits = json_array();
    for (size_t i = 0; i < n; i++) {
        double start = merge_start(reports[i]), end = merge_end(reports[i]);
        first = fmin(first, start);
        last_start = fmax(last_start, start);
        first_end = fmin(first_end, end);
        last = fmax(last, end);
        user += merge_number(reports[i], "cpu", "user_s");
        system += merge_number(reports[i], "cpu", "system_s");
        busy = fmax(busy, merge_number(reports[i], "cpu", "busy"));
        waiting = fmax(waiting, merge_number(reports[i], "cpu", "waiting"));
        json_array_append_new(clients,
                              json_pack("{s:o, s:o, s:o, s:O?}", "file", document_string(names[i]),
                                        "start_unix_s", document_real(start), "elapsed_s",
                                        document_real(end - start), "connections",
                                        json_object_get(reports[i], "connections")));
        json_array_extend(limits, json_object_get(reports[i], "limits"));
    }
    double us = (last - first) * 1e6, replies = merge_number(merged, NULL, "replies");
    json_object_set_new(merged, "elapsed_s", document_real(last - first));
    json_object_set_new(merged, "rates",
                        json_pack("{s:o, s:o, s:o, s:o}", "connects_per_s",
                                  merge_rate(connects, last - first), "requests_per_s",
                                  merge_rate(replies, last - first), "connects_over_us",
                                  document_real(us), "requests_over_us", document_real(us)));
    json_object_set_new(
        merged, "cpu",
        json_pack("{s:o, s:o, s:o, s:o, s:o}", "user_s", document_real(user), "system_s",
                  document_real(system), "us_per_connection",
                  attempted > 0 ? document_real((user + system) * 1e6 / attempted) : json_null(),
                  "busy", document_real(busy), "waiting", document_real(waiting)));
    json_object_set_new(merged, "limits", limits);
    json_object_set_new(merged, "merge",
                        json_pack("{s:o, s:o, s:o}", "start_skew_s",
                                  document_real(last_start - first), "all_ran_s",
                                  document_real(first_end - last_start), "clients", clients));
}

static int merge_check(json_t *const *reports, const char *const *names, size_t n,
                       char **ret_message)
{
    for (size_t i = 0; i < n; i++) {
        const char *why = merge_stranger(reports[0], reports[i]);
        for (size_t j = 0; j < i && !why; j++) {
            if (json_equal(reports[i], reports[j]))
                why = "has the same report as a file before it";
            else if (merge_start(reports[i]) >= merge_end(reports[j]) ||
                     merge_start(reports[j]) >= merge_end(reports[i]))
                why = "ran at another time than a file before it";
        }
        if (why)
            return merge_refuse(names[i], why, ret_message);
    }
    return 0;
}

static int merge_sums(json_t *merged, json_t *rungs, const json_t *report)
{
    static const char *const objects[] = {"connections", "errors", "states_before_close", "states"};
    int r = merge_rungs(rungs, report);
    for (size_t i = 0; i < sizeof(objects) / sizeof(*objects) && !r; i++)
        r = merge_object(merged, report, objects[i]);
    for (size_t i = 0; i < sizeof(merge_counts) / sizeof(*merge_counts) && !r; i++)
        r = add_count(merged, merge_counts[i], json_object_get(report, merge_counts[i]));
    return r;
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

int load_merge(json_t *const *reports, const char *const *names, size_t n, json_t **ret_document,
               char **ret_message)
{
    static const char *const head[] = {"schema", "program", "version",
                                       "kernel", "target",  "settings"};
    size_t wrong = 0;
    int r = merge_check(reports, names, n, ret_message);
    if (r)
        return r;
    json_t *merged = json_pack("{s:s, s:{}}", "event", "merged", "histograms"),
           *rungs = json_object();
    for (size_t i = 0; i < sizeof(head) / sizeof(*head); i++)
        json_object_set(merged, head[i], json_object_get(reports[0], head[i]));
    for (size_t i = 0; i < n && !r; i++) {
        wrong = i;
        r = merge_sums(merged, rungs, reports[i]);
    }
    if (!r)
        r = merge_histogram(merged, reports, n, "connect_latency", &wrong);
    if (!r)
        r = merge_histogram(merged, reports, n, "request_latency", &wrong);
    if (!r)
        merge_times(merged, reports, n, names, merge_put_rungs(merged, rungs));
    json_decref(rungs);
    if (!r)
        *ret_document = json_incref(merged);
    json_decref(merged);
    return r == -EINVAL ? merge_refuse(names[wrong], "has counts that are damaged", ret_message)
                        : r;
}
