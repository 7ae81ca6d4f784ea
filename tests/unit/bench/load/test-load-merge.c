/* Reports merged equal the report of all; what does not belong together is refused. */
#include "bench/load/load_merge.h"
#include "common/report/histogram.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PARTS 3

static json_t *report(const struct histogram *h, double end, int connections)
{
    json_t *d = json_pack(
        "{s:s, s:s, s:s, s:f, s:f, s:{s:s, s:i}, s:{s:i, s:i}, s:[{s:i, s:i}], s:{s:o, s:o}}",
        "schema", "tcplab.client/1", "event", "report", "target", "10.0.0.1:8888", "time_unix_s",
        end, "elapsed_s", 10.0, "settings", "workload", "crr", "size_bytes", 64, "connections",
        "attempted", connections, "established", connections, "connect_rungs", "retransmits", 1,
        "count", connections, "histograms", "connect_latency", histogram_to_json(h),
        "request_latency", histogram_to_json(h));
    static const char *const counts[] = {"requests",        "replies",        "bytes_sent",
                                         "bytes_received",  "closed_by_peer", "given_up",
                                         "never_started",   "late_starts",    "missed_starts",
                                         "event_loops",     "file_tables",    "unanswered_requests",
                                         "skipped_requests"};
    for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++)
        json_object_set_new(d, counts[i], json_integer(connections));
    return d;
}

Test(merge, equals_one_run_of_all)
{
    static const char *const names[] = {"a", "b", "c"};
    struct histogram *all = histogram_new(), *part[PARTS];
    json_t *reports[PARTS], *merged = NULL;
    char *message = NULL;
    for (int i = 0; i < PARTS; i++)
        part[i] = histogram_new();
    for (int64_t i = 0, ns = 1; i < 30000; i++, ns = (ns * 48271) % 2147483647) {
        histogram_record(all, ns);
        histogram_record(part[i * i % 7 % PARTS], ns);
    }
    for (int i = 0; i < PARTS; i++)
        reports[i] = report(part[i], 1000 + i * 0.25, 10 + i);
    cr_assert_eq(load_merge(reports, names, PARTS, &merged, &message), 0, "%s", message);
    json_t *whole = histogram_to_json(all);
    cr_assert(json_equal(json_object_get(json_object_get(merged, "histograms"), "connect_latency"),
                         whole));
    cr_assert_eq(
        json_integer_value(json_object_get(json_object_get(merged, "connections"), "attempted")),
        33);
    cr_assert_eq(json_integer_value(json_object_get(merged, "replies")), 33);
    json_t *merge = json_object_get(merged, "merge");
    cr_assert_float_eq(json_number_value(json_object_get(merge, "start_skew_s")), 0.5, 1e-3);
    cr_assert_float_eq(json_number_value(json_object_get(merge, "all_ran_s")), 9.5, 1e-3);
    cr_assert_float_eq(
        json_number_value(json_object_get(json_object_get(merged, "rates"), "connects_per_s")),
        33 / 10.5, 1e-3);
}

static void refused(const char *key, json_t *value, const char *word)
{
    static const char *const names[] = {"a", "b"};
    struct histogram *h = histogram_new();
    json_t *reports[2] = {report(h, 1000, 1), report(h, 1001, 1)}, *merged = NULL;
    char *message = NULL;
    bool setting = !strcmp(key, "workload") || !strcmp(key, "size_bytes");
    json_object_set_new(setting ? json_object_get(reports[1], "settings") : reports[1], key, value);
    cr_assert_eq(load_merge(reports, names, 2, &merged, &message), -EINVAL, "%s", key);
    cr_assert(strstr(message, word) && !strncmp(message, "b ", 2), "%s", message);
    free(message);
}

Test(merge, refuses_what_does_not_belong)
{
    refused("target", json_string("10.0.0.2:8888"), "target");
    refused("workload", json_string("cc"), "--workload");
    refused("size_bytes", json_integer(65), "--size");
    refused("schema", json_string("tcplab.client/2"), "no report");
    refused("event", json_string("interval"), "no report");
    refused("time_unix_s", json_real(1010.5), "another time");
    refused("time_unix_s", json_real(1000), "same report");
    refused("replies", json_integer(-1), "damaged");
    refused("histograms", json_object(), "damaged");
}
