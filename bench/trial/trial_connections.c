#include "bench/trial/trial_connections.h"
#include "bench/observe/connection_states.h"
#include "bench/trial/trial_segments.h"
#include "bench/trial/trial_stops.h"
#include "common/kernel/endpoint.h"
#include "common/report/document.h"

#include <stdlib.h>
#include <string.h>

#define STATES_MAX    1000 /* of one end */
#define PACKETS_SHOWN 60   /* segments of the one connection that the text report shows */

/* A connection of the run, whether a look, a segment or a client told of it. */
struct connection {
    struct connection_id id;
    int64_t first_ns;                 /* when it was first seen */
    size_t number;                    /* from 1, in that order */
    const struct ledger_entry *entry; /* the last attempt from that port */
    bool whole;
    struct segment_isn isn;
    json_t *segments;           /* while it is made */
    const struct segment **own; /* its segments */
    const struct history_change **changes[2];
    size_t n_own, n_changes[2];
};

struct connections {
    struct connection *all; /* by id */
    struct connection **by_number;
    size_t n, size;
};

static void document_connection(const struct connection_id *id, char text[static ENDPOINT_TEXT_MAX])
{
    struct endpoint e;
    endpoint_from_bytes(id->family, id->client, id->client_port, &e);
    endpoint_format(&e, text);
}

static bool is_end(const json_t *call, const char *key, const char *endpoint)
{
    const char *text = json_string_value(json_object_get(call, key));
    return text && !strcmp(text, endpoint);
}

/* What the trial's own sockets of that connection, and its listener, were told; options, and
 * questions without news, are in the whole list. */
static json_t *document_calls(const struct trial *t, const char *connection)
{
    size_t i;
    json_t *call, *calls = json_array();
    json_array_foreach(t->calls, i, call)
    {
        bool server = is_end(call, "side", "server");
        bool listener = server && json_is_null(json_object_get(call, "peer"));
        bool its = is_end(call, server ? "peer" : "local", connection);
        const char *name = json_string_value(json_object_get(call, "call"));
        bool quiet = !strncmp(name, "setsockopt", 10) || is_end(call, "result", "no error");
        if (!quiet && (its || (listener && !strncmp(name, "listen", 6))))
            json_array_append(calls, call);
    }
    return calls;
}

/* --- which there are --- */

static int compare_ids(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct connection_id)); /* .id comes first */
}

static int compare_appearance(const void *a, const void *b)
{
    const struct connection *x = *(struct connection *const *)a,
                            *y = *(struct connection *const *)b;
    return x->first_ns != y->first_ns ? (x->first_ns < y->first_ns ? -1 : 1) : compare_ids(x, y);
}

static bool add(struct connections *c, const struct connection_id *id, int64_t at_ns)
{
    if (c->n == c->size) {
        size_t size = c->size ? 2 * c->size : 256;
        struct connection *bigger = reallocarray(c->all, size, sizeof(*bigger));
        if (!bigger)
            return false;
        c->all = bigger;
        c->size = size;
    }
    c->all[c->n++] = (struct connection){.id = *id, .first_ns = at_ns};
    return true;
}

static int64_t first_look_ns(const struct history_entry *e)
{
    int64_t first_ns = INT64_MAX;
    for (int side = 0; side < 2; side++)
        for (int state = 0; state < SOCKDIAG_STATES; state++)
            if (e->side[side].first_ns[state] && e->side[side].first_ns[state] < first_ns)
                first_ns = e->side[side].first_ns[state];
    return first_ns;
}

static const struct segment *run_segments(const struct trial *t, size_t *ret_n)
{
    *ret_n = 0;
    const struct segment *s = t->lab.wire ? wire_segments(t->lab.wire, ret_n) : NULL;
    while (*ret_n && s[*ret_n - 1].at_ns > t->ended_ns) /* the end of the lab */
        --*ret_n;
    return s;
}

/* Each id once, with the time of its first mention. */
static void unite(struct connections *c)
{
    size_t n = 0;
    if (c->n)
        qsort(c->all, c->n, sizeof(*c->all), compare_ids);
    for (size_t i = 0; i < c->n; i++) {
        if (n && connection_id_same(&c->all[n - 1].id, &c->all[i].id)) {
            if (c->all[i].first_ns < c->all[n - 1].first_ns)
                c->all[n - 1].first_ns = c->all[i].first_ns;
        } else {
            c->all[n++] = c->all[i];
        }
    }
    c->n = n;
}

static bool number(struct connections *c)
{
    c->by_number = calloc(c->n + 1, sizeof(struct connection *));
    if (!c->by_number)
        return false;
    for (size_t i = 0; i < c->n; i++)
        c->by_number[i] = &c->all[i];
    qsort(c->by_number, c->n, sizeof(struct connection *), compare_appearance);
    for (size_t i = 0; i < c->n; i++)
        c->by_number[i]->number = i + 1;
    return true;
}

static struct connection *find(const struct connections *c, const struct connection_id *id)
{
    return c->n ? bsearch(id, c->all, c->n, sizeof(*c->all), compare_ids) : NULL;
}

static bool collect(struct connections *c, const struct trial *t)
{
    size_t n;
    bool ok = true;
    const struct segment *s = run_segments(t, &n);
    for (size_t i = 0; i < n && ok; i++)
        ok = add(c, &s[i].id, s[i].at_ns);
    if (ok)
        unite(c);
    const struct history_entry *e = history_entries(watch_history(t->watch), &n);
    for (size_t i = 0; i < n && ok; i++)
        ok = add(c, &e[i].id, first_look_ns(&e[i]));
    for (size_t i = 0; i < t->ledger.n && ok; i++)
        if (t->ledger.entries[i].has_id)
            ok = add(c, &t->ledger.entries[i].id, INT64_MAX);
    if (!ok)
        return false;
    unite(c);
    return number(c);
}

/* Whose segments and states the document holds. */
static void choose(struct connections *c, const struct trial *t, const struct connection *shown)
{
    size_t whole = t->segments == TRIAL_SEGMENTS_ALL     ? c->n
                   : t->segments == TRIAL_SEGMENTS_SHOWN ? 0
                                                         : TRIAL_WHOLE;
    for (size_t i = 0; i < c->n; i++)
        c->by_number[i]->whole = i < whole || c->by_number[i] == shown;
    for (size_t i = 0; i < t->ledger.n; i++) {
        const struct ledger_entry *e = &t->ledger.entries[i];
        struct connection *its = e->has_id ? find(c, &e->id) : NULL;
        if (its)
            its->entry = e;
    }
}

/* --- their segments and states --- */

static bool own_segment(struct connection *c, const struct segment *s)
{
    const struct segment **bigger = reallocarray(c->own, c->n_own + 1, sizeof(*bigger));
    if (!bigger)
        return false;
    c->own = bigger;
    c->own[c->n_own++] = s;
    return true;
}

static bool own_change(struct connection *c, const struct history_change *change)
{
    size_t n = c->n_changes[change->side];
    const struct history_change **bigger =
        reallocarray(c->changes[change->side], n + 1, sizeof(*bigger));
    if (!bigger)
        return false;
    c->changes[change->side] = bigger;
    c->changes[change->side][n] = change;
    c->n_changes[change->side]++;
    return true;
}

static bool sort_out_changes(struct connections *c, const struct trial *t)
{
    size_t n, n_entries;
    const struct history *h = watch_history(t->watch);
    const struct history_entry *entries = history_entries(h, &n_entries);
    const struct history_change *changes = history_changes(h, &n);
    bool ok = true;
    for (size_t i = 0; i < n && ok; i++) {
        struct connection *its = find(c, &entries[changes[i].entry].id);
        /* what comes after is the end of the lab, not of the run */
        if (its && its->whole && changes[i].seen_ns <= t->ended_ns)
            ok = own_change(its, &changes[i]);
    }
    return ok;
}

/* All of the whole connections, in the order of time; of the others how many. */
static json_t *all_segments(struct connections *c, const struct trial *t, size_t *ret_left_out)
{
    size_t n;
    json_t *all = json_array();
    const struct segment *s = run_segments(t, &n);
    *ret_left_out = 0;
    for (size_t i = 0; i < n; i++) {
        struct connection *its = find(c, &s[i].id);
        if (!its || !its->whole || !own_segment(its, &s[i])) {
            ++*ret_left_out;
            continue;
        }
        json_t *json = trial_segment(&s[i], &its->isn, t->began_ns);
        json_object_set_new(json, "connection", json_integer((json_int_t)its->number));
        if (!its->segments)
            its->segments = json_array();
        json_array_append(its->segments, json);
        json_array_append_new(all, json);
    }
    for (size_t i = 0; i < c->n; i++)
        if (c->all[i].segments)
            trial_segments_explain(c->all[i].segments,
                                   c->all[i].entry && c->all[i].entry->row == LEDGER_ghost);
    return all;
}

static json_t *ms_since(int64_t zero_ns, int64_t at_ns)
{
    return document_real((double)(at_ns - zero_ns) / 1e6);
}

/* Where a connection is at the server; NULL: nowhere. */
static const char *place(const struct connection_state *s, bool was_held)
{
    if (s->state == SOCKDIAG_SYN_RECV)
        return "syn_queue";
    if (s->held)
        return "program";
    bool waits = s->state == SOCKDIAG_ESTABLISHED || s->state == SOCKDIAG_CLOSE_WAIT;
    return waits && !was_held ? "accept_queue" : NULL;
}

static json_t *state_json(const struct trial *t, const struct connection_state *s,
                          const char *where)
{
    json_t *json = json_pack("{s:o, s:s}", "at_ms", ms_since(t->began_ns, s->at_ns), "state",
                             s->state ? sockdiag_state_name(s->state) : "NONE");
    if (where)
        json_object_set_new(json, "place", json_string(where));
    if (s->seen_ns)
        json_object_set_new(json, "seen_ms",
                            json_pack("[o, o]",
                                      s->not_ns ? ms_since(t->began_ns, s->not_ns) : json_null(),
                                      ms_since(t->began_ns, s->seen_ns)));
    return json;
}

static json_t *states(const struct connection *c, const struct trial *t, enum side side,
                      bool cookies)
{
    const struct connection_story story = {.side = side,
                                           .changes = c->changes[side],
                                           .n_changes = c->n_changes[side],
                                           .segments = c->own,
                                           .n_segments = c->n_own,
                                           .cookies = cookies};
    struct connection_state *list = calloc(STATES_MAX, sizeof(*list));
    size_t n = list ? connection_states(&story, list, STATES_MAX) : 0;
    json_t *json = json_array();
    bool was_held = false;
    for (size_t i = 0; i < n; i++) {
        was_held = was_held && list[i].state;
        const char *where = side == SIDE_SERVER ? place(&list[i], was_held) : NULL;
        was_held = was_held || list[i].held;
        json_array_append_new(json, state_json(t, &list[i], where));
    }
    free(list);
    return json;
}

static json_t *connection_json(const struct connection *c, const struct trial *t, bool cookies)
{
    char text[ENDPOINT_TEXT_MAX];
    document_connection(&c->id, text);
    size_t program = c->entry ? c->entry->program : 0;
    return json_pack("{s:I, s:s, s:I, s:o, s:{s:o, s:o}}", "id", (json_int_t)c->number, "client",
                     text, "program", (json_int_t)(program > t->n_clients ? 0 : program), "row",
                     c->entry ? json_string(ledger_names[c->entry->row]) : json_null(), "states",
                     "client", states(c, t, SIDE_CLIENT, cookies), "server",
                     states(c, t, SIDE_SERVER, cookies));
}

static json_t *all_connections(struct connections *c, const struct trial *t, size_t *ret_left_out)
{
    json_t *all = json_array();
    bool cookies =
        json_integer_value(json_object_get(t->counters[SIDE_SERVER], "TcpExt.SyncookiesSent"));
    *ret_left_out = 0;
    for (size_t i = 0; i < c->n; i++) {
        if (c->by_number[i]->whole)
            json_array_append_new(all, connection_json(c->by_number[i], t, cookies));
        else
            ++*ret_left_out;
    }
    return all;
}

/* --- the one that shows best what happened --- */

static json_t *packets(const struct connection *shown, const struct trial *t)
{
    char text[ENDPOINT_TEXT_MAX];
    if (!shown || !t->lab.wire)
        return json_null();
    size_t n = json_array_size(shown->segments);
    json_t *first = json_array();
    for (size_t i = 0; i < n && i < PACKETS_SHOWN; i++)
        json_array_append(first, json_array_get(shown->segments, i));
    document_connection(&shown->id, text);
    return json_pack("{s:s, s:s, s:o, s:I, s:o}", "connection", text, "caption", t->caption,
                     "segments", first, "omitted",
                     (json_int_t)(n > PACKETS_SHOWN ? n - PACKETS_SHOWN : 0), "calls",
                     document_calls(t, text));
}

static void release(struct connections *c)
{
    for (size_t i = 0; i < c->n; i++) {
        json_decref(c->all[i].segments);
        free(c->all[i].own);
        free(c->all[i].changes[SIDE_SERVER]);
        free(c->all[i].changes[SIDE_CLIENT]);
    }
    free(c->all);
    free(c->by_number);
}

void trial_connections(json_t *document, const struct trial *t)
{
    struct connections c = {0};
    size_t connections_left, segments_left;
    const struct connection_id *id = t->show < LEDGER_N ? ledger_find(&t->ledger, t->show) : NULL;
    if (collect(&c, t)) {
        struct connection *shown = id ? find(&c, id) : NULL;
        choose(&c, t, shown);
        sort_out_changes(&c, t);
        json_t *segments = all_segments(&c, t, &segments_left);
        trial_attribute(segments, document);
        json_object_set_new(document, "packets", packets(shown, t));
        json_object_set_new(document, "connections", all_connections(&c, t, &connections_left));
        json_object_set_new(document, "stops", trial_stops(segments, document, t->marks));
        json_object_set_new(document, "segments", segments);
        json_object_set_new(document, "left_out",
                            json_pack("{s:I, s:I}", "connections", (json_int_t)connections_left,
                                      "segments", (json_int_t)segments_left));
    }
    release(&c);
}
