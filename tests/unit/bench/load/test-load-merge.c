/* Reports merged equal the report of all, also when they were merged before; what does not belong
 * together is refused. */
#include "bench/load/load_merge.h"
#include "common/report/document.h"
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
    for (int i = 0; i < PARTS; i++) {
        reports[i] = report(part[i], 1000 + i * 0.25, 10 + i);
        json_object_set_new(reports[i], "cpu", document_cpu(1 + i, 3, (4.0 + i) / 4, 10 + i));
    }
    cr_assert_eq(load_merge(reports, names, PARTS, &merged, &message), 0, "%s", message);
    json_t *whole = histogram_to_json(all);
    cr_assert(json_equal(json_object_get(json_object_get(merged, "histograms"), "connect_latency"),
                         whole));
    cr_assert_eq(
        json_integer_value(json_object_get(json_object_get(merged, "connections"), "attempted")),
        33);
    cr_assert_eq(json_integer_value(json_object_get(merged, "replies")), 33);
    json_t *cpu = json_object_get(merged, "cpu"); /* 4, 5 and 6 s, a quarter of each polling */
    cr_assert_float_eq(json_number_value(json_object_get(cpu, "user_s")), 6, 1e-3);
    cr_assert_float_eq(json_number_value(json_object_get(cpu, "polling")), 0.25, 1e-3);
    cr_assert_float_eq(json_number_value(json_object_get(cpu, "us_per_connection")),
                       15e6 * 0.75 / 33, 1);
    json_t *merge = json_object_get(merged, "merge");
    cr_assert_float_eq(json_number_value(json_object_get(merge, "start_skew_s")), 0.5, 1e-3);
    cr_assert_float_eq(json_number_value(json_object_get(merge, "all_ran_s")), 9.5, 1e-3);
    cr_assert_float_eq(
        json_number_value(json_object_get(json_object_get(merged, "rates"), "connects_per_s")),
        33 / 10.5, 1e-3);
}

/* The first two merged, then with the third. */
static json_t *merged_twice(json_t *const reports[static PARTS])
{
    static const char *const names[] = {"a", "b"}, *const more[] = {"ab", "c"};
    json_t *pair[2] = {NULL, reports[2]}, *merged = NULL;
    char *message = NULL;
    cr_assert_eq(load_merge(reports, names, 2, &pair[0], &message), 0, "%s", message);
    cr_assert_eq(load_merge(pair, more, 2, &merged, &message), 0, "%s", message);
    return merged;
}

Test(merge, of_merges_equals_that_of_all)
{
    static const char *const names[] = {"a", "b", "c"};
    json_t *reports[PARTS], *merged = NULL;
    char *message = NULL;
    for (int i = 0; i < PARTS; i++) {
        struct histogram *h = histogram_new();
        for (int64_t ns = 1; ns < 1 << 30; ns = ns * 2 + i)
            histogram_record(h, ns);
        reports[i] = report(h, 1000.001 * (1 + i * 1e-3), 10 + i);
        json_object_set_new(reports[i], "cpu",
                            json_pack("{s:f, s:f, s:f}", "user_s", 0.1 * (i + 1), "system_s", 0.7,
                                      "busy", 0.3 + 0.1 * (i == 1)));
        json_object_set_new(reports[i], "limits", json_pack("[i]", i));
    }
    cr_assert_eq(load_merge(reports, names, PARTS, &merged, &message), 0, "%s", message);
    cr_assert(json_equal(merged, merged_twice(reports)));
    cr_assert_eq(json_array_size(json_object_get(json_object_get(merged, "merge"), "clients")),
                 PARTS);
    cr_assert_float_eq(json_number_value(json_object_get(json_object_get(merged, "cpu"), "busy")),
                       0.4, 1e-9);
}

static json_t *server(double end, int accepted, const char *address)
{
    return json_pack(
        "{s:s, s:s, s:f, s:f, s:{s:s}, s:{s:s, s:i, s:i, s:i, s:i, s:i, s:i, s:i}, s:{s:i, s:i}, "
        "s:{s:f}, s:i, s:i, s:{s:i}, s:{s:i, s:i}}",
        "schema", "tcplab.server/1", "event", "report", "time_unix_s", end, "elapsed_s", 10.0,
        "settings", "on_data", "echo", "listener", "address", address, "port", 8888, "listeners", 1,
        "queue_limit", 64, "queue_capacity", 65, "queue_now", 2, "queue_peak", accepted % 60,
        "drops", 3, "connections", "accepted", accepted, "file_tables", 1, "rates", "accepts_per_s",
        accepted * 0.1, "bytes_received", 5, "bytes_sent", 7, "states", "LISTEN", 1, "peers",
        "10.0.0.9", 4, address, 1);
}

Test(merge, servers)
{
    static const char *const names[] = {"a", "b", "c"};
    json_t *reports[PARTS] = {server(1000, 110, "10.0.0.1"), server(1000.25, 59, "10.0.0.2"),
                              server(1001, 123, "10.0.0.2")},
           *merged = NULL;
    char *message = NULL;
    cr_assert_eq(load_merge(reports, names, PARTS, &merged, &message), 0, "%s", message);
    json_t *wanted = json_pack("{s:n, s:i, s:i, s:i, s:i, s:i, s:i, s:i}", "address", "port", 8888,
                               "listeners", 3, "queue_limit", 64, "queue_capacity", 195,
                               "queue_now", 6, "queue_peak", 59, "drops", 9);
    cr_assert(json_equal(json_object_get(merged, "listener"), wanted));
    wanted = json_pack("{s:i, s:i}", "accepted", 292, "file_tables", 1);
    cr_assert(json_equal(json_object_get(merged, "connections"), wanted));
    wanted = json_pack("{s:i, s:i, s:i}", "10.0.0.9", 12, "10.0.0.1", 1, "10.0.0.2", 2);
    cr_assert(json_equal(json_object_get(merged, "peers"), wanted));
    cr_assert_eq(json_integer_value(json_object_get(merged, "bytes_received")), 15);
    cr_assert_eq(json_integer_value(json_object_get(merged, "bytes_sent")), 21);
    cr_assert_float_eq(
        json_number_value(json_object_get(json_object_get(merged, "rates"), "accepts_per_s")), 29.2,
        1e-9);
    cr_assert_float_eq(json_number_value(json_object_get(merged, "elapsed_s")), 11, 1e-9);
    cr_assert(json_equal(merged, merged_twice(reports)));
}

static void refused_pair(json_t *first, json_t *second, const char *word)
{
    static const char *const names[] = {"a", "b"};
    json_t *reports[2] = {first, second}, *merged = NULL;
    char *message = NULL;
    cr_assert_eq(load_merge(reports, names, 2, &merged, &message), -EINVAL, "%s", word);
    cr_assert(strstr(message, word) && !strncmp(message, "b ", 2), "%s", message);
    cr_assert_null(merged);
    free(message);
}

static json_t *with(json_t *report, const char *object, const char *key, json_t *value)
{
    json_object_set_new(object ? json_object_get(report, object) : report, key, value);
    return report;
}

Test(merge, refuses_servers_and_merges_that_do_not_belong)
{
    static const char *const names[] = {"a", "b"};
    struct histogram *h = histogram_new();
    json_t *pair[2] = {report(h, 1000, 1), report(h, 1001, 1)}, *merged = NULL;
    char *message = NULL;
    json_t *first = server(1000, 1, "x");
    refused_pair(first, with(server(1001, 2, "x"), "listener", "port", json_integer(1)), "port");
    refused_pair(first, with(server(1001, 2, "x"), "listener", "queue_limit", json_integer(1)),
                 "queue limit");
    refused_pair(first, with(server(1001, 2, "x"), "settings", "on_data", json_string("ignore")),
                 "--on-data");
    refused_pair(first, with(server(1001, 2, "x"), "listener", "drops", json_integer(-1)),
                 "damaged");
    refused_pair(first, server(1000, 1, "x"), "same report");
    refused_pair(first, server(1011, 1, "x"), "another time");
    refused_pair(first, report(h, 1000, 1), "other program");
    refused_pair(report(h, 1000, 1), first, "other program");
    cr_assert_eq(load_merge(pair, names, 2, &merged, &message), 0, "%s", message);
    refused_pair(merged, pair[1], "same report");
    refused_pair(pair[1], merged, "same report");
    refused_pair(report(h, 1002, 1), with(merged, "merge", "clients", json_array()), "no merge");
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
