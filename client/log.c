#include "client/log.h"
#include "common/kernel/endpoint.h"
#include "common/process/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct log_entry {
    int64_t started_ns, established_ns, ended_ns; /* clock_now_ns(); 0: it did not happen */
    uint8_t address[16];                          /* of this end, by family */
    uint16_t port;                                /* 0: it had none */
    uint8_t family;
    uint8_t row;   /* enum stats_row */
    uint8_t error; /* errno; 0: none */
    bool closed_by_peer;
    uint16_t retransmits;
};

struct log {
    size_t n, size, told; /* printed: already in the document */
    bool truncated;
    struct log_entry *entries;
};

int log_new(size_t size, struct log **ret)
{
    struct log *log = calloc(1, sizeof(*log));
    if (!log || !(log->entries = calloc(size, sizeof(*log->entries)))) {
        free(log);
        return -ENOMEM;
    }
    log->size = size;
    *ret = log;
    return 0;
}

void log_free(struct log *log)
{
    if (!log)
        return;
    free(log->entries);
    free(log);
}

struct log_entry *log_start(struct log *log, int64_t now_ns)
{
    if (!log)
        return NULL;
    if (log->n == log->size) {
        log->truncated = true;
        return NULL;
    }
    struct log_entry *entry = &log->entries[log->n++];
    entry->started_ns = now_ns;
    return entry;
}

void log_local(struct log_entry *entry, int fd)
{
    struct endpoint e = {.length = sizeof(e.address)};
    if (!entry || getsockname(fd, (struct sockaddr *)&e.address, &e.length) || !endpoint_port(&e))
        return;
    entry->family = (uint8_t)endpoint_family(&e);
    entry->port = endpoint_port(&e);
    memcpy(entry->address, endpoint_bytes(&e), entry->family == AF_INET6 ? 16 : 4);
}

void log_row(struct log_entry *entry, enum stats_row row)
{
    if (entry)
        entry->row = (uint8_t)row;
}

void log_established(struct log_entry *entry, int64_t now_ns, int retransmits)
{
    if (!entry)
        return;
    entry->established_ns = now_ns;
    entry->retransmits = (uint16_t)retransmits;
}

void log_closed_by_peer(struct log_entry *entry)
{
    if (entry)
        entry->closed_by_peer = true;
}

void log_end(struct log_entry *entry, int error)
{
    if (!entry || entry->ended_ns)
        return;
    entry->ended_ns = clock_now_ns();
    entry->error = (uint8_t)error;
}

static json_t *log_time(int64_t ns, int64_t origin_ns)
{
    return ns ? json_integer((ns - origin_ns) / NS_PER_US) : json_null();
}

static json_t *local_json(const struct log_entry *entry)
{
    struct endpoint e;
    char text[ENDPOINT_TEXT_MAX];
    if (!entry->port)
        return json_null();
    endpoint_from_bytes(entry->family, entry->address, entry->port, &e);
    return json_string(endpoint_format(&e, text));
}

static json_t *error_json(int error)
{
    const char *name = strerrorname_np(error);
    return error ? json_string(name ? name : "other") : json_null();
}

static json_t *entry_json(const struct log_entry *e, int64_t origin_ns)
{
    return json_pack(
        "{s:o, s:s, s:b, s:o, s:o, s:o, s:o, s:o}", "local", local_json(e), "outcome",
        stats_row_name(e->row), "closed_by_peer", e->closed_by_peer, "errno", error_json(e->error),
        "retransmits", e->established_ns ? json_integer(e->retransmits) : json_null(), "started_us",
        log_time(e->started_ns, origin_ns), "established_us",
        log_time(e->established_ns, origin_ns), "ended_us", log_time(e->ended_ns, origin_ns));
}

/* The log whose next entry started first; NULL: there is no further entry, or what started next was
 * not logged. */
static struct log *log_next(struct log *const *logs, size_t n)
{
    struct log *first = NULL;
    for (size_t i = 0; i < n; i++) {
        if (!logs[i])
            continue;
        if (logs[i]->told == logs[i]->n && logs[i]->truncated)
            return NULL;
        if (logs[i]->told < logs[i]->n && (!first || logs[i]->entries[logs[i]->told].started_ns <
                                                         first->entries[first->told].started_ns))
            first = logs[i];
    }
    return first;
}

json_t *log_to_json(struct log *const *logs, size_t n, int64_t origin_ns, bool *ret_truncated)
{
    struct log *next;
    json_t *list = json_array();
    *ret_truncated = false;
    for (size_t i = 0; i < n; i++) {
        if (!logs[i])
            continue;
        logs[i]->told = 0;
        *ret_truncated = *ret_truncated || logs[i]->truncated;
    }
    while ((next = log_next(logs, n)))
        if (json_array_append_new(list, entry_json(&next->entries[next->told++], origin_ns))) {
            json_decref(list);
            return NULL;
        }
    return list;
}
