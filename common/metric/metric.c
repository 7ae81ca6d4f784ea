#include "common/metric/metric.h"
#include "common/kernel/counters.h"
#include "common/kernel/sockdiag.h"
#include "common/report/document.h"
#include "common/text/human.h"
#include "common/text/parse.h"
#include "common/text/say.h"
#include "common/text/suggest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define METRIC_NAMES_MAX 8192

const char *const metric_unit_names[] = {"count", "us", "s", "bytes"}; /* enum metric_unit */

/* The numbers of the reports. "*" at the end stands for any name of the group, which leaves out
 * names with 0; "p*" for a percentile of the report. A test compares this list with what the
 * programs write. */
static const struct {
    const char *path;
    enum metric_better better;
} rows[] = {
    {"client.rates.connects_per_s", METRIC_HIGHER},
    {"client.rates.requests_per_s", METRIC_HIGHER},
    {"client.rates.connects_over_us"},
    {"client.rates.requests_over_us"},
    {"client.connect_latency_us.p*", METRIC_LOWER},
    {"client.connect_latency_us.min", METRIC_LOWER},
    {"client.connect_latency_us.mean", METRIC_LOWER},
    {"client.connect_latency_us.max", METRIC_LOWER},
    {"client.connect_latency_us.count"},
    {"client.request_latency_us.p*", METRIC_LOWER},
    {"client.request_latency_us.min", METRIC_LOWER},
    {"client.request_latency_us.mean", METRIC_LOWER},
    {"client.request_latency_us.max", METRIC_LOWER},
    {"client.request_latency_us.count"},
    {"client.start_lateness_us.p*", METRIC_LOWER},
    {"client.start_lateness_us.min", METRIC_LOWER},
    {"client.start_lateness_us.mean", METRIC_LOWER},
    {"client.start_lateness_us.max", METRIC_LOWER},
    {"client.start_lateness_us.count"},
    {"client.connections.attempted"},
    {"client.connections.established"},
    {"client.connections.refused"},
    {"client.connections.reset"},
    {"client.connections.timed_out"},
    {"client.connections.unreachable"},
    {"client.connections.no_port"},
    {"client.connections.no_fd"},
    {"client.connections.pending"},
    {"client.requests"},
    {"client.replies"},
    {"client.bytes_sent"},
    {"client.bytes_received"},
    {"client.closed_by_peer"},
    {"client.given_up"},
    {"client.never_started"},
    {"client.late_starts"},
    {"client.missed_starts"},
    {"client.unanswered_requests"},
    {"client.skipped_requests"},
    {"client.elapsed_s"},
    {"client.event_loops"},
    {"client.file_tables"},
    {"client.local_ports.low"},
    {"client.local_ports.high"},
    {"client.local_ports.source_addresses"},
    {"client.local_ports.usable"},
    {"client.cpu.us_per_connection", METRIC_LOWER},
    {"client.cpu.user_s"},
    {"client.cpu.system_s"},
    {"client.cpu.polling_s"},
    {"client.cpu.polling"},
    {"client.cpu.busy"},
    {"client.cpu.waiting"},
    {"client.peak_rss_bytes", METRIC_LOWER},
    {"client.states.*"},
    {"client.states_before_close.*"},
    {"client.errors.*"},
    {"client.counters.*"},
    {"server.rates.accepts_per_s", METRIC_HIGHER},
    {"server.listener.queue_peak"},
    {"server.listener.queue_now"},
    {"server.listener.queue_limit"},
    {"server.listener.queue_capacity"},
    {"server.listener.drops"},
    {"server.listener.backlog"},
    {"server.listener.somaxconn"},
    {"server.listener.listeners"},
    {"server.listener.port"},
    {"server.connections.accepted"},
    {"server.connections.open"},
    {"server.connections.closed_by_peer"},
    {"server.connections.closed_by_server"},
    {"server.connections.reset_by_peer"},
    {"server.connections.timed_out"},
    {"server.connections.accept_errors"},
    {"server.connections.file_tables"},
    {"server.bytes_received"},
    {"server.bytes_sent"},
    {"server.accept_delay_ended_s"},
    {"server.cpu.us_per_connection", METRIC_LOWER},
    {"server.cpu.user_s"},
    {"server.cpu.system_s"},
    {"server.cpu.polling_s"},
    {"server.cpu.polling"},
    {"server.elapsed_s"},
    {"server.states.*"},
    {"server.peers.*"},
    {"server.counters.*"},
};

#define N_ROWS (sizeof(rows) / sizeof(*rows))

static bool of_programs(const char *path, const char *const *programs)
{
    size_t length = strcspn(path, ".");
    for (size_t i = 0; programs[i]; i++)
        if (strlen(programs[i]) == length && !strncmp(path, programs[i], length))
            return true;
    return false;
}

static bool is_counter(const char *name)
{
    struct counters *c;
    int known = 0;
    if (counters_read(&c))
        return false;
    counters_get(c, name, &known);
    counters_free(c);
    return known;
}

static bool is_state(const char *name)
{
    for (unsigned i = 1; i < SOCKDIAG_STATES; i++)
        if (!strcmp(sockdiag_state_name(i), name))
            return true;
    return false;
}

/* Digits, with "_" for the point: p99, p99_9. */
static bool is_percentile(const char *digits)
{
    return *digits >= '1' && *digits <= '9' && !digits[strspn(digits, "0123456789_")];
}

static bool matches(const char *path, const char *pattern)
{
    size_t length = strcspn(pattern, "*");
    const char *name = path + length;
    if (!pattern[length])
        return !strcmp(path, pattern);
    if (strncmp(path, pattern, length) || !*name)
        return false;
    if (strstr(pattern, ".p*"))
        return is_percentile(name);
    if (strstr(pattern, ".counters."))
        return is_counter(name);
    return strstr(pattern, ".states") ? is_state(name) : true;
}

static enum metric_unit unit(const char *path)
{
    static const struct {
        const char *end;
        enum metric_unit unit;
    } ends[] = {{"_per_s", METRIC_COUNT}, {"_us", METRIC_US}, {"_s", METRIC_S}};
    const char *dot = strrchr(path, '.');
    if (strstr(path, "bytes"))
        return METRIC_BYTES;
    if (strstr(path, "_us.") && strcmp(dot, ".count"))
        return METRIC_US;
    for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
        size_t n = strlen(path), m = strlen(ends[i].end);
        if (n > m && !strcmp(path + n - m, ends[i].end))
            return ends[i].unit;
    }
    return METRIC_COUNT;
}

/* All possible paths, with each "*" written out, to find a suggestion. */
struct names {
    char *name[METRIC_NAMES_MAX];
    size_t n;
};

static void add_name(struct names *names, const char *group, size_t length, const char *name)
{
    if (names->n < METRIC_NAMES_MAX &&
        asprintf(&names->name[names->n], "%.*s%s", (int)length, group, name) >= 0)
        names->n++;
}

static void add_row(struct names *names, const char *path, const struct counters *counters)
{
    size_t length = strcspn(path, "*");
    const char *name;
    if (!path[length])
        add_name(names, path, length, "");
    else if (strstr(path, ".p*"))
        for (const char *p = "50\00090\00099\00099_9\0"; *p; p += strlen(p) + 1)
            add_name(names, path, length, p);
    else if (strstr(path, ".states"))
        for (unsigned i = 1; i < SOCKDIAG_STATES; i++)
            add_name(names, path, length, sockdiag_state_name(i));
    else if (strstr(path, ".counters."))
        for (size_t i = 0; counters && (name = counters_name(counters, i)); i++)
            add_name(names, path, length, name);
}

static bool ends_with(const char *name, const char *words)
{
    size_t n = strlen(name), m = strlen(words);
    return m && n > m && name[n - m - 1] == '.' && !strcmp(name + n - m, words);
}

static const char *such_as(const char *const *programs)
{
    return of_programs("client", programs) ? "client.connect_latency_us.p99"
                                           : "server.listener.queue_peak";
}

int metric_unknown(const char *path, const char *const *programs, const char *const *more, size_t n,
                   const char *example, char **ret_message)
{
    struct names names = {.n = 0};
    struct counters *counters = NULL;
    counters_read(&counters);
    for (size_t i = 0; i < n; i++)
        add_name(&names, more[i], strlen(more[i]), "");
    for (size_t i = 0; i < N_ROWS; i++)
        if (of_programs(rows[i].path, programs))
            add_row(&names, rows[i].path, counters);
    const char *near = suggest_nearest(path, (const char *const *)names.name, names.n);
    for (size_t i = 0; !near && i < names.n; i++) /* its last words alone: "drops" */
        if (ends_with(names.name[i], path))
            near = names.name[i];
    int r = say(ret_message, -ENOENT,
                "there is no metric %s%s%s%s; a metric is a path in the report documents, such as "
                "%s",
                path, near ? " (did you mean " : "", near ? near : "", near ? "?)" : "", example);
    for (size_t i = 0; i < names.n; i++)
        free(names.name[i]);
    counters_free(counters);
    return r;
}

int metric_find(const char *path, const char *const *programs, struct metric *ret,
                char **ret_message)
{
    for (size_t i = 0; i < N_ROWS && strlen(path) < METRIC_MAX; i++) {
        if (!of_programs(rows[i].path, programs) || !matches(path, rows[i].path))
            continue;
        if (ret)
            *ret = (struct metric){.better = rows[i].better, .unit = unit(path)};
        return 0;
    }
    return metric_unknown(path, programs, NULL, 0, such_as(programs), ret_message);
}

/* Keys may contain dots ("TcpExt.ListenOverflows"), so every way to divide the path is tried. */
static const json_t *find(const json_t *object, const char *path)
{
    const json_t *found = json_object_get(object, path);
    for (const char *dot = strchr(path, '.'); !found && dot; dot = strchr(dot + 1, '.')) {
        char key[METRIC_MAX];
        size_t length = (size_t)(dot - path);
        if (length >= sizeof(key))
            break;
        memcpy(key, path, length);
        key[length] = '\0';
        const json_t *inner = json_object_get(object, key);
        found = json_is_object(inner) ? find(inner, dot + 1) : NULL;
    }
    return found;
}

/* The groups that leave out names with 0. */
static bool left_out(const json_t *reports, const char *path)
{
    static const char *const groups[] = {"counters", "states", "errors", "peers"};
    const char *program;
    json_t *report;
    json_object_foreach((json_t *)(uintptr_t)reports, program, report)
    {
        size_t length = strlen(program);
        if (strncmp(path, program, length) || path[length] != '.')
            continue;
        const char *rest = path + length + 1;
        for (size_t i = 0; i < sizeof(groups) / sizeof(*groups); i++)
            if (!strncmp(rest, groups[i], strlen(groups[i])) && rest[strlen(groups[i])] == '.' &&
                json_is_object(json_object_get(report, groups[i])))
                return true;
    }
    return false;
}

bool metric_value(const void *reports, const char *path, double *ret)
{
    const json_t *found = find(reports, path);
    if (json_is_number(found)) {
        *ret = json_number_value(found);
        return true;
    }
    *ret = 0;
    return left_out(reports, path);
}

const char *metric_text(const struct metric *m, double value, char text[static METRIC_TEXT_MAX])
{
    switch (m->unit) {
    case METRIC_US:
        return human_us(value, text);
    case METRIC_S:
        return human_us(value * 1e6, text);
    case METRIC_BYTES:
        return human_bytes((uint64_t)value, text);
    default:
        if (value > -1e15 && value < 1e15 && value == (double)(int64_t)value)
            return human_count((int64_t)value, text);
        return human_rate(value, text);
    }
}

/* --- thresholds --- */

static int value(const char *text, const struct metric *of, double *ret, const char **ret_why)
{
    char *end;
    int64_t ns;
    uint64_t count;
    *ret = strtod(text, &end);
    if (end != text && !*end && text[strspn(text, "-0123456789.")] == '\0')
        return 0;
    int r = of->unit == METRIC_BYTES   ? parse_size(text, &count, ret_why)
            : of->unit == METRIC_COUNT ? parse_count(text, &count, ret_why)
                                       : parse_duration(text, &ns, ret_why);
    if (!r && of->unit == METRIC_US)
        *ret = (double)ns / 1e3;
    else if (!r && of->unit == METRIC_S)
        *ret = (double)ns / 1e9;
    else if (!r)
        *ret = (double)count;
    return r;
}

static int find_of_programs(const char *path, const void *programs, struct metric *ret,
                            char **ret_message)
{
    return metric_find(path, programs, ret, ret_message);
}

struct metric_kind metric_kind_of(const char *const *programs)
{
    return (struct metric_kind){.find = find_of_programs,
                                .context = programs,
                                .example = of_programs("client", programs)
                                               ? "client.connect_latency_us.p99 > 5ms"
                                               : "server.listener.drops > 0"};
}

int threshold_read(const char *text, struct metric_kind kind, struct threshold *ret,
                   char **ret_message)
{
    static const char *const signs[] = {">", ">=", "<", "<=", "==", "!="};
    struct threshold t = {.value = 0};
    char number[64];
    const char *why = NULL;
    int end = 0;
    bool known = false;
    if (sscanf(text, " %127[^ <>=!] %2[<>=!] %63s %n", t.metric, t.sign, number, &end) != 3 ||
        text[end])
        end = 0;
    for (size_t i = 0; i < sizeof(signs) / sizeof(*signs); i++)
        known = known || !strcmp(t.sign, signs[i]);
    if (!end || !known)
        return say(ret_message, -EINVAL,
                   "%s: write 'METRIC OP VALUE', such as '%s'; OP is >, >=, <, <=, == or !=", text,
                   kind.example);
    char *unknown = NULL;
    int r = kind.find(t.metric, kind.context, &t.of, &unknown);
    if (r)
        say(ret_message, r, "%s: %s", text, unknown ? unknown : "no such metric");
    free(unknown);
    if (r)
        return r;
    r = value(number, &t.of, &t.value, &why);
    if (r)
        return say(ret_message, -EINVAL, "%s: %s; write %s", text, why,
                   t.of.unit == METRIC_BYTES   ? "a size such as 64k"
                   : t.of.unit == METRIC_COUNT ? "a number such as 0 or 10k"
                                               : "a duration such as 250us or 5ms");
    *ret = t;
    return 0;
}

bool threshold_holds(const struct threshold *t, double value)
{
    bool above = value > t->value, equal = !above && !(value < t->value);
    switch (t->sign[0]) {
    case '>':
        return above || (equal && t->sign[1]);
    case '<':
        return t->sign[1] ? !above : !above && !equal;
    case '=':
        return equal;
    default:
        return !equal;
    }
}

json_t *threshold_judge(const char *const *texts, size_t n, struct metric_kind kind,
                        threshold_value *value_of, const void *context, size_t *failed)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) {
        struct threshold t;
        char *message = NULL;
        double value;
        if (threshold_read(texts[i], kind, &t, &message)) {
            free(message);
            continue;
        }
        bool there = value_of(context, t.metric, &value);
        bool holds = there && threshold_holds(&t, value);
        *failed += holds;
        json_array_append_new(
            list, json_pack("{s:o, s:s, s:s, s:o, s:b}", "fail_if", document_string(texts[i]),
                            "metric", t.metric, "unit", metric_unit_names[t.of.unit], "value",
                            there ? document_real(value) : json_null(), "failed", holds));
    }
    return list;
}
