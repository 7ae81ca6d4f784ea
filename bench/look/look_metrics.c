#include "bench/look/look_document.h"
#include "common/report/openmetrics.h"

#include <string.h>

struct gauge {
    const char *name, *help, *key;
};

static const struct gauge gauges[] = {
    {"tcplab_listener_queue", "Connections in the accept queue", "queue"},
    {"tcplab_listener_queue_peak", "Most connections seen in the accept queue", "queue_peak"},
    {"tcplab_listener_queue_limit", "Limit of the accept queue: one more fits", "limit"},
    {"tcplab_listener_half_open", "Half-open requests", "half_open"},
    {"tcplab_listener_oldest_wait_seconds", "Wait of the oldest connection in the queue",
     "oldest_wait_us"},
    {"tcplab_listener_drops", "Segments dropped by the listener since it listens (sk_drops)",
     "drops"},
};

static const char *text(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static void put_listener(FILE *out, const struct gauge *m, const json_t *l)
{
    const json_t *value = json_object_get(l, m->key);
    char port[16];
    if (!json_is_number(value))
        return;
    snprintf(port, sizeof(port), "%lld", json_integer_value(json_object_get(l, "port")));
    double scale = strstr(m->key, "_us") ? 1e-6 : 1;
    openmetrics_sample(out, m->name, scale * json_number_value(value), "address",
                       text(l, "address"), "port", port, "program", text(l, "program"), "namespace",
                       text(l, "namespace"), "unit", text(l, "unit"), NULL);
}

static bool same_namespace(const json_t *a, const json_t *b)
{
    const char *x = text(a, "namespace"), *y = text(b, "namespace");
    return !strcmp(x ? x : "", y ? y : "");
}

/* Listeners that share address, port, program and unit (workers of one program) make one sample:
 * two with the same labels are an error. The worst of them stands first in the document. */
static bool is_first(const json_t *listeners, size_t index)
{
    static const char *const keys[] = {"address", "port", "program", "unit"};
    const json_t *l = json_array_get(listeners, index);
    for (size_t i = 0; i < index; i++) {
        bool same = same_namespace(l, json_array_get(listeners, i));
        for (size_t k = 0; k < sizeof(keys) / sizeof(*keys); k++)
            same = same && json_equal(json_object_get(l, keys[k]),
                                      json_object_get(json_array_get(listeners, i), keys[k]));
        if (same)
            return false;
    }
    return true;
}

/* Of listeners that share an address, each may have the same finding. */
static bool is_first_finding(const json_t *findings, size_t index)
{
    const json_t *f = json_array_get(findings, index);
    for (size_t i = 0; i < index; i++) {
        const json_t *g = json_array_get(findings, i);
        if (json_equal(json_object_get(f, "code"), json_object_get(g, "code")) &&
            json_equal(json_object_get(f, "listener"), json_object_get(g, "listener")) &&
            same_namespace(f, g))
            return false;
    }
    return true;
}

void look_metrics(FILE *out, const void *document)
{
    const json_t *listeners = json_object_get(document, "listeners"),
                 *findings = json_object_get(document, "findings");
    size_t i;
    json_t *f;
    for (size_t g = 0; g < sizeof(gauges) / sizeof(*gauges); g++) {
        openmetrics_gauge(out, gauges[g].name, gauges[g].help);
        for (i = 0; i < json_array_size(listeners); i++)
            if (is_first(listeners, i))
                put_listener(out, &gauges[g], json_array_get(listeners, i));
    }
    openmetrics_gauge(out, "tcplab_findings", "Findings by code and listener");
    json_array_foreach((json_t *)findings, i, f)
    {
        if (!is_first_finding(findings, i))
            continue;
        openmetrics_sample(out, "tcplab_findings", 1, "namespace", text(f, "namespace"), "code",
                           text(f, "code"), "listener", text(f, "listener"), NULL);
    }
    openmetrics_end(out);
}
