/* Paths of metrics, their values, and the thresholds of --fail-if. */
#include "common/metric/metric.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *const both[] = {"client", "server", NULL}, *const client[] = {"client", NULL};

static void check_known(const char *path, enum metric_better better, enum metric_unit unit)
{
    struct metric m;
    char *message = NULL;
    cr_assert_eq(metric_find(path, both, &m, &message), 0, "%s: %s", path, message);
    cr_assert(m.better == better && m.unit == unit, "%s: %d %d", path, m.better, m.unit);
}

static void check_unknown(const char *path, const char *const *programs, const char *near)
{
    char *message = NULL;
    cr_assert_eq(metric_find(path, programs, NULL, &message), -ENOENT, "%s", path);
    cr_assert(strstr(message, near), "%s: %s", path, message);
    free(message);
}

Test(metric, paths)
{
    check_known("client.connect_latency_us.p99", METRIC_LOWER, METRIC_US);
    check_known("client.connect_latency_us.p99_9", METRIC_LOWER, METRIC_US);
    check_known("client.connect_latency_us.count", METRIC_NEITHER, METRIC_COUNT);
    check_known("client.rates.connects_per_s", METRIC_HIGHER, METRIC_COUNT);
    check_known("client.rates.connects_over_us", METRIC_NEITHER, METRIC_US);
    check_known("client.cpu.user_s", METRIC_NEITHER, METRIC_S);
    check_known("client.bytes_sent", METRIC_NEITHER, METRIC_BYTES);
    check_known("client.peak_rss_bytes", METRIC_LOWER, METRIC_BYTES);
    check_known("server.counters.TcpExt.ListenOverflows", METRIC_NEITHER, METRIC_COUNT);
    check_known("server.states.TIME_WAIT", METRIC_NEITHER, METRIC_COUNT);
    check_unknown("client.connect_latency_us.p9x", both,
                  "did you mean client.connect_latency_us.p");
    check_unknown("client.connect_latency.p99", both,
                  "did you mean client.connect_latency_us.p99?");
    check_unknown("server.listener.queuepeak", both, "did you mean server.listener.queue_peak?");
    check_unknown("server.counters.TcpExt.ListenOverflow", both,
                  "did you mean server.counters.TcpExt.ListenOverflows?");
    check_unknown("server.states.TIME_WAI", both, "did you mean server.states.TIME_WAIT?");
    check_unknown("server.listener.drops", client, "there is no metric server.listener.drops");
    check_unknown("", both, "there is no metric");
}

static json_t *reports(void)
{
    return json_loads("{\"client\": {\"connect_latency_us\": {\"p99\": 12.5, \"p50\": null},"
                      " \"counters\": {\"Tcp.ActiveOpens\": 7}, \"elapsed_s\": 1.5},"
                      " \"server\": {\"listener\": {\"drops\": 3}, \"states\": null}}",
                      0, NULL);
}

Test(metric, values)
{
    json_t *r = reports();
    double value;
    cr_assert(metric_value(r, "client.connect_latency_us.p99", &value) && value == 12.5);
    cr_assert(metric_value(r, "client.counters.Tcp.ActiveOpens", &value) && value == 7);
    cr_assert(metric_value(r, "client.counters.TcpExt.ListenDrops", &value) && value == 0);
    cr_assert(metric_value(r, "server.listener.drops", &value) && value == 3);
    cr_assert(!metric_value(r, "client.connect_latency_us.p50", &value), "null is no value");
    cr_assert(!metric_value(r, "client.connect_latency_us.p95", &value), "is not in the report");
    cr_assert(!metric_value(r, "server.states.TIME_WAIT", &value), "not known, and so not 0");
    cr_assert(!metric_value(r, "server.counters.TcpExt.ListenDrops", &value));
    json_decref(r);
}

static void check_read(const char *text, double value, const char *sign)
{
    struct threshold t;
    char *message = NULL;
    cr_assert_eq(threshold_read(text, metric_kind_of(both), &t, &message), 0, "%s: %s", text,
                 message);
    cr_assert(t.value == value && !strcmp(t.sign, sign), "%s: %g %s", text, t.value, t.sign);
}

static void check_refused(const char *text, const char *why)
{
    struct threshold t;
    char *message = NULL;
    cr_assert_lt(threshold_read(text, metric_kind_of(both), &t, &message), 0, "%s", text);
    cr_assert(strstr(message, why), "%s: %s", text, message);
    free(message);
}

Test(threshold, texts)
{
    check_read("client.connect_latency_us.p99 > 5ms", 5000, ">");
    check_read("client.connect_latency_us.p99>=5000", 5000, ">=");
    check_read("client.elapsed_s < 2m", 120, "<");
    check_read("  server.listener.drops  !=  0 ", 0, "!=");
    check_read("client.rates.connects_per_s < 10k", 10000, "<");
    check_read("client.bytes_sent <= 64k", 65536, "<=");
    check_read("client.cpu.busy > 0.95", 0.95, ">");
    check_refused("client.cpu.busy", "write 'METRIC OP VALUE'");
    check_refused("client.cpu.busy => 1", "OP is");
    check_refused("client.cpu.busy > 1 2", "write 'METRIC OP VALUE'");
    check_refused("client.cpu.bussy > 1", "did you mean client.cpu.busy?");
    check_refused("client.connect_latency_us.p99 > 5 m", "write 'METRIC OP VALUE'");
    check_refused("client.connect_latency_us.p99 > 5kB", "write a duration");
    check_refused("client.bytes_sent > 5ms", "write a size");
    check_refused("client.rates.connects_per_s > nan", "write a number");
}

Test(threshold, signs)
{
    static const struct {
        const char *sign;
        bool below, equal, above;
    } rows[] = {{">", false, false, true}, {">=", false, true, true},  {"<", true, false, false},
                {"<=", true, true, false}, {"==", false, true, false}, {"!=", true, false, true}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct threshold t = {.value = 2};
        strcpy(t.sign, rows[i].sign);
        cr_assert(threshold_holds(&t, 1) == rows[i].below, "1 %s 2", t.sign);
        cr_assert(threshold_holds(&t, 2) == rows[i].equal, "2 %s 2", t.sign);
        cr_assert(threshold_holds(&t, 3) == rows[i].above, "3 %s 2", t.sign);
    }
}

Test(threshold, judged)
{
    static const char *const texts[] = {"client.connect_latency_us.p99 > 12us",
                                        "client.connect_latency_us.p50 > 0",
                                        "server.listener.drops > 3"};
    json_t *r = reports();
    size_t failed = 0;
    json_t *list = threshold_judge(texts, 3, metric_kind_of(both), metric_value, r, &failed);
    cr_assert_eq(failed, 1);
    cr_assert_eq(json_array_size(list), 3);
    cr_assert(json_is_true(json_object_get(json_array_get(list, 0), "failed")));
    cr_assert(json_is_null(json_object_get(json_array_get(list, 1), "value")));
    cr_assert(json_is_false(json_object_get(json_array_get(list, 1), "failed")));
    cr_assert_eq(json_number_value(json_object_get(json_array_get(list, 2), "value")), 3);
    json_decref(list);
    json_decref(r);
}
