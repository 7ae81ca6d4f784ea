#include "bench/observe/ledger.h"
#include "bench/observe/history.h"
#include "common/text/parse.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const ledger_names[LEDGER_N] = {
#define X(row) #row,
    LEDGER_ROWS(X)
#undef X
};

static void trouble(struct ledger *l, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void trouble(struct ledger *l, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (!l->trouble[0]) /* the first is the one to look into */
        vsnprintf(l->trouble, sizeof(l->trouble), format, arguments);
    va_end(arguments);
}

static int append(struct ledger *l, const struct connection_id *id, enum ledger_row row)
{
    if (l->n == l->size) {
        size_t size = l->size ? 2 * l->size : 64;
        struct ledger_entry *entries = realloc(l->entries, size * sizeof(*entries));
        if (!entries)
            return -ENOMEM;
        l->entries = entries;
        l->size = size;
    }
    struct ledger_entry *e = &l->entries[l->n++];
    memset(e, 0, sizeof(*e));
    e->row = row;
    e->program = l->programs;
    e->has_id = id != NULL;
    if (id)
        e->id = *id;
    l->rows[row]++;
    return 0;
}

/* The server's half of an established connection. */
static enum ledger_row at_server(const struct history_side *server)
{
    if (!server->look)
        return LEDGER_ghost;
    if (server->accepted)
        return LEDGER_accepted;
    if (server->state == SOCKDIAG_SYN_RECV)
        return LEDGER_half_open;
    bool queued = server->state == SOCKDIAG_ESTABLISHED || server->state == SOCKDIAG_CLOSE_WAIT;
    /* else the server has closed it, and its FIN is on its way */
    return queued ? LEDGER_queued : LEDGER_closed;
}

/* A connection that the client has not seen fail, by its sockets. */
static enum ledger_row by_sockets(const struct history_entry *e)
{
    static const struct history_side none;
    const struct history_side *client = e ? &e->side[SIDE_CLIENT] : &none;
    if (client->state == SOCKDIAG_SYN_SENT)
        return e->side[SIDE_SERVER].state == SOCKDIAG_SYN_RECV ? LEDGER_half_open : LEDGER_syn_sent;
    if (client->state == SOCKDIAG_ESTABLISHED)
        return at_server(&e->side[SIDE_SERVER]);
    return LEDGER_closed;
}

/* The rows that the client's word decides; LEDGER_N: its sockets do. */
static enum ledger_row by_outcome(const char *outcome)
{
    static const enum ledger_row told[] = {LEDGER_refused,     LEDGER_reset,   LEDGER_timed_out,
                                           LEDGER_unreachable, LEDGER_no_port, LEDGER_no_fd};
    for (size_t i = 0; i < sizeof(told) / sizeof(*told); i++)
        if (!strcmp(outcome, ledger_names[told[i]]))
            return told[i];
    return LEDGER_N;
}

static bool read_endpoint(const char *text, int family, uint8_t address[static 16],
                          uint16_t *ret_port)
{
    char host[PARSE_HOST_MAX];
    const char *why;
    int port;
    if (parse_host_port(text, host, &port, &why) || port < 0 ||
        inet_pton(family, host, address) != 1)
        return false;
    *ret_port = (uint16_t)port;
    return true;
}

/* Without "peer" it was the server that is known. */
static bool read_id(const json_t *log, const char *local, const struct connection_id *server,
                    struct connection_id *ret)
{
    const char *peer = json_string_value(json_object_get(log, "peer"));
    *ret = *server;
    return read_endpoint(local, server->family, ret->client, &ret->client_port) &&
           (!peer || read_endpoint(peer, server->family, ret->server, &ret->server_port));
}

static int add_entry(struct ledger *l, const json_t *log, const struct history *sockets,
                     const struct connection_id *server)
{
    struct connection_id id;
    const char *local = json_string_value(json_object_get(log, "local"));
    const char *outcome = json_string_value(json_object_get(log, "outcome"));
    if (!outcome || (local && !read_id(log, local, server, &id)))
        return -EINVAL;
    const struct history_entry *e = local ? history_find(sockets, &id) : NULL;
    enum ledger_row row = by_outcome(outcome);
    if (row == LEDGER_N)
        row = by_sockets(e);
    /* Only tcplab-client gives an "errno": to it this is never what the experiment wants. */
    const char *error = json_string_value(json_object_get(log, "errno"));
    if (row == LEDGER_unreachable && error)
        trouble(l, "the client could not reach the server (%s)", error);
    if (!strcmp(outcome, "pending") && row == LEDGER_closed)
        trouble(l, "%s was still connecting, and no socket was there",
                local ? local : "an attempt");
    return append(l, local ? &id : NULL, row);
}

static int add_log(struct ledger *l, const json_t *log, const struct look *look,
                   const struct connection_id *server)
{
    size_t i;
    json_t *entry;
    struct history *sockets = history_new();
    int r = sockets ? history_add(sockets, look) : -ENOMEM;
    json_array_foreach((json_t *)log, i, entry) if (!r) r = add_entry(l, entry, sockets, server);
    history_free(sockets);
    return r;
}

int ledger_add_client(struct ledger *l, const json_t *report, const struct look *look,
                      const struct connection_id *server)
{
    const json_t *log = json_object_get(report, "connection_log");
    const json_t *attempted = json_object_get(json_object_get(report, "connections"), "attempted");
    if (!json_is_array(log) || !json_is_integer(attempted))
        return -EINVAL;
    l->programs++;
    l->attempted += (uint64_t)json_integer_value(attempted);
    if (json_array_size(log) != (size_t)json_integer_value(attempted))
        trouble(l, "a client attempted %lld connections and logged %zu",
                json_integer_value(attempted), json_array_size(log));
    return add_log(l, log, look, server);
}

int ledger_add_unreported(struct ledger *l, const struct look *before, const struct look *look)
{
    struct connection_id id;
    struct history *sockets = history_new();
    int r = sockets ? history_add(sockets, look) : -ENOMEM;
    l->programs++;
    for (size_t i = 0; i < before->side[SIDE_CLIENT].n && !r; i++) {
        look_connection(SIDE_CLIENT, &before->side[SIDE_CLIENT].sockets[i], &id);
        l->attempted++;
        r = append(l, &id, by_sockets(history_find(sockets, &id)));
    }
    history_free(sockets);
    return r;
}

/* By connection, and of one in the order of the attempts. */
static int compare(const void *a, const void *b)
{
    const struct ledger_entry *x = *(struct ledger_entry *const *)a,
                              *y = *(struct ledger_entry *const *)b;
    int r = memcmp(&x->id, &y->id, sizeof(x->id));
    return r ? r : x < y ? -1 : x > y;
}

static int compare_id(const void *id, const void *entry)
{
    return memcmp(id, &(*(struct ledger_entry *const *)entry)->id, sizeof(struct connection_id));
}

/* Those entries that have an id, sorted. */
static struct ledger_entry **sort(const struct ledger *l, size_t *ret_n)
{
    struct ledger_entry **sorted = calloc(l->n + 1, sizeof(*sorted));
    *ret_n = 0;
    for (size_t i = 0; sorted && i < l->n; i++)
        if (l->entries[i].has_id)
            sorted[(*ret_n)++] = &l->entries[i];
    if (sorted)
        qsort(sorted, *ret_n, sizeof(*sorted), compare);
    return sorted;
}

/* Of several attempts from one port the look shows the last one's socket: the others were over
 * before the port was free again. */
static void close_earlier(struct ledger *l, struct ledger_entry *const *sorted, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        struct ledger_entry *e = sorted[i - 1];
        bool told = by_outcome(ledger_names[e->row]) != LEDGER_N;
        if (told || !connection_id_same(&e->id, &sorted[i]->id))
            continue;
        l->rows[e->row]--;
        e->row = LEDGER_closed;
        l->rows[e->row]++;
    }
}

int ledger_check(struct ledger *l, const struct look *look)
{
    static const char *const names[] = {"server", "client"};
    struct connection_id id;
    size_t n;
    uint64_t sum = 0;
    for (int row = 0; row < LEDGER_N; row++)
        sum += l->rows[row];
    if (sum != l->attempted)
        trouble(l, "%llu connections were attempted, and the rows hold %llu",
                (unsigned long long)l->attempted, (unsigned long long)sum);
    struct ledger_entry **sorted = sort(l, &n);
    if (!sorted)
        return -ENOMEM;
    close_earlier(l, sorted, n);
    for (int side = 0; side < 2; side++)
        for (size_t i = 0; i < look->side[side].n; i++) {
            look_connection((enum side)side, &look->side[side].sockets[i], &id);
            if (!bsearch(&id, sorted, n, sizeof(*sorted), compare_id))
                trouble(l, "the %s host has a socket (client port %u) that no client has attempted",
                        names[side], id.client_port);
        }
    free(sorted);
    return 0;
}

json_t *ledger_json(const struct ledger *l)
{
    json_t *json = json_pack("{s:I}", "attempted", (json_int_t)l->attempted);
    for (int row = 0; row < LEDGER_N; row++)
        json_object_set_new(json, ledger_names[row], json_integer((json_int_t)l->rows[row]));
    return json;
}

const struct connection_id *ledger_find(const struct ledger *l, enum ledger_row row)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->entries[i].has_id && l->entries[i].row == row)
            return &l->entries[i].id;
    return NULL;
}

void ledger_release(struct ledger *l)
{
    free(l->entries);
    *l = (struct ledger){0};
}
