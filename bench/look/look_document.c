#include "bench/look/look_document.h"
#include "bench/look/judge.h"
#include "common/kernel/counter_notes.h"
#include "common/report/document.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static json_t *text_or_null(const char *text)
{
    return *text ? document_string(text) : json_null();
}

/* Nearest rank of those seen; in us, as all times of documents of this kind. */
static json_t *waits(const struct gather_listener *l)
{
    static const struct {
        const char *name;
        double part;
    } points[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"max", 1}};
    json_t *json = json_pack("{s:I}", "count", (json_int_t)l->n_waits);
    for (size_t i = 0; i < sizeof(points) / sizeof(*points) && l->n_waits; i++)
        json_object_set_new(json, points[i].name,
                            json_integer(1000 * (json_int_t)gather_wait_ms(l, points[i].part)));
    return json;
}

static json_t *listener(const struct gather *g, const struct gather_listener *l)
{
    char address[JUDGE_ADDRESS_MAX];
    double rate;
    bool bound;
    double budget = judge_stall_budget_s(g, l, &rate, &bound);
    judge_address(&l->socket, false, address);
    char *colon = strrchr(address, ':');
    if (colon)
        *colon = '\0';
    return json_pack(
        "{s:s, s:i, s:o, s:o, s:o, s:I, s:I, s:I, s:f, s:o, s:o, s:I, s:I, s:I, s:I, s:o, s:f, "
        "s:s, "
        "s:o, s:o, s:b}",
        "address", address, "port", (int)l->socket.source_port, "program",
        text_or_null(l->owner.program), "pid",
        l->owner.pid ? json_integer(l->owner.pid) : json_null(), "unit",
        text_or_null(l->owner.unit), "queue", (json_int_t)l->queue, "queue_peak",
        (json_int_t)l->queue_peak, "limit", (json_int_t)l->limit, "full_part",
        l->looks ? (double)l->looks_full / (double)l->looks : 0.0, "oldest_wait_us",
        l->queue ? json_integer(1000 * (json_int_t)l->oldest_ms) : json_null(), "waits_us",
        waits(l), "drops", (json_int_t)l->drops, "drops_in_window", (json_int_t)gather_dropped(l),
        "half_open", (json_int_t)l->half_open, "sharing", (json_int_t)l->group, "stall_budget_s",
        document_real(budget), "arrivals_per_s", rate, "arrivals_from",
        bound ? "passive_opens" : "births", "descriptors",
        l->owner.descriptors < 0 ? json_null() : json_integer(l->owner.descriptors),
        "descriptors_max",
        l->owner.descriptors_max < 0 ? json_null() : json_integer(l->owner.descriptors_max),
        "dropping", (int)gather_drops_now(g, l));
}

static double number(const json_t *l, const char *key)
{
    return json_number_value(json_object_get(l, key));
}

static int more_first(double x, double y)
{
    return x < y ? 1 : x > y ? -1 : 0;
}

/* What hurts comes first: drops, then how full, then the port. */
static int compare_listeners(const void *a, const void *b)
{
    const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
    int r = more_first(number(x, "drops_in_window"), number(y, "drops_in_window"));
    if (!r)
        r = more_first(number(x, "queue_peak") / (number(x, "limit") + 1),
                       number(y, "queue_peak") / (number(y, "limit") + 1));
    if (!r)
        r = more_first(number(x, "drops"), number(y, "drops"));
    return r ? r : more_first(number(y, "port"), number(x, "port"));
}

static void sort_listeners(json_t *array)
{
    size_t n = json_array_size(array), i;
    json_t **sorted = calloc(n + 1, sizeof(json_t *));
    if (!sorted)
        return;
    for (i = 0; i < n; i++)
        sorted[i] = json_incref(json_array_get(array, i));
    if (n)
        qsort(sorted, n, sizeof(*sorted), compare_listeners);
    json_array_clear(array);
    for (i = 0; i < n; i++)
        json_array_append_new(array, sorted[i]);
    free(sorted);
}

void look_document_sort(json_t *document)
{
    sort_listeners(json_object_get(document, "listeners"));
    json_object_set_new(document, "findings", judge_by_hurt(json_object_get(document, "findings")));
}

static json_t *listeners(const struct gather *g)
{
    json_t *json = json_array();
    for (size_t i = 0; i < g->n_listeners; i++)
        if (!g->listeners[i].gone)
            json_array_append_new(json, listener(g, &g->listeners[i]));
    return json;
}

/* Those with a note: which moved. */
static json_t *moved(const struct gather *g)
{
    json_t *delta = counters_delta(g->before, g->after, NULL), *noted = counter_notes_only(delta);
    json_decref(delta);
    return noted;
}

void look_document_add(json_t *document, const struct gather *g)
{
    struct sockdiag_census census = {0};
    memcpy(census.states, g->states, sizeof(census.states));
    json_object_set_new(document, "listeners", listeners(g));
    json_object_set_new(document, "findings", judge_findings(g));
    look_document_sort(document);
    json_object_set_new(document, "states",
                        g->counted_states ? sockdiag_states_json(&census) : json_null());
    json_object_set_new(document, "counters", moved(g));
    json_object_set_new(document, "somaxconn", json_integer(g->somaxconn));
    json_object_set_new(document, "waits_at_unix_s",
                        g->waits_unix_s > 0 ? document_real(g->waits_unix_s) : json_null());
    json_object_set_new(document, "owners_hidden", json_boolean(g->owners_hidden));
    json_object_set_new(document, "cost",
                        json_pack("{s:f, s:f, s:f, s:I}", "window_s", gather_seconds(g), "cpu_s",
                                  g->cpu_s, "cpu_percent", 100 * g->cpu_s / gather_seconds(g),
                                  "looks", (json_int_t)g->looks));
}
