#include "bench/observe/counter_history.h"
#include "common/kernel/counter_notes.h"
#include "common/kernel/counters.h"
#include "common/report/document.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COUNTER_FILES       2
#define COUNTER_FILE_MAX    16384 /* bytes; they have 2 and 4 thousand */
#define COUNTER_HISTORY_MAX 20000 /* entries; what moves later is not kept */

struct counter_entry {
    int64_t at_ns;
    json_t *moved;
};

struct counter_history {
    int file[COUNTER_FILES]; /* each belongs to the namespace in which it was opened */
    char text[COUNTER_FILES][COUNTER_FILE_MAX];
    size_t length[COUNTER_FILES];
    struct counters *last;
    struct counter_entry *entries;
    size_t n, size;
};

/* 1: the text is another one than the last time; 0; or -errno. */
static int read_file(struct counter_history *h, int i)
{
    char text[COUNTER_FILE_MAX];
    ssize_t n = pread(h->file[i], text, sizeof(text), 0);
    if (n < 0)
        return -errno;
    if ((size_t)n == h->length[i] && !memcmp(text, h->text[i], h->length[i]))
        return 0;
    memcpy(h->text[i], text, (size_t)n);
    h->length[i] = (size_t)n;
    return 1;
}

/* 1 and the counters of now: some have moved; 0; or -errno. */
static int read_counters(struct counter_history *h, struct counters **ret)
{
    int moved = 0, r = 0;
    for (int i = 0; i < COUNTER_FILES && r >= 0; i++) {
        r = read_file(h, i);
        moved += r > 0;
    }
    if (r < 0 || !moved)
        return r < 0 ? r : 0;
    struct counters *now = counters_new();
    r = now ? 0 : -ENOMEM;
    for (int i = 0; i < COUNTER_FILES && !r; i++)
        r = counters_parse(now, h->text[i], h->length[i]);
    if (r)
        counters_free(now);
    else
        *ret = now;
    return r ? r : 1;
}

int counter_history_open(struct counter_history **ret)
{
    static const char *const paths[COUNTER_FILES] = {"/proc/thread-self/net/snmp",
                                                     "/proc/thread-self/net/netstat"};
    struct counter_history *h = calloc(1, sizeof(*h));
    int r = 0;
    if (!h)
        return -ENOMEM;
    for (int i = 0; i < COUNTER_FILES; i++) {
        h->file[i] = open(paths[i], O_RDONLY | O_CLOEXEC);
        r = h->file[i] < 0 && !r ? -errno : r;
    }
    if (!r)
        r = read_counters(h, &h->last);
    if (r < 0)
        counter_history_close(h);
    else
        *ret = h;
    return r < 0 ? r : 0;
}

static void forget(struct counter_history *h)
{
    for (size_t i = 0; i < h->n; i++)
        json_decref(h->entries[i].moved);
    h->n = 0;
}

void counter_history_close(struct counter_history *h)
{
    if (!h)
        return;
    forget(h);
    for (int i = 0; i < COUNTER_FILES; i++)
        if (h->file[i] >= 0)
            close(h->file[i]);
    counters_free(h->last);
    free(h->entries);
    free(h);
}

static json_t *noted_moves(const struct counters *before, const struct counters *after)
{
    json_t *delta = counters_delta(before, after, NULL), *noted = counter_notes_only(delta);
    json_decref(delta);
    return noted;
}

/* Takes over the reference. */
static int append(struct counter_history *h, int64_t at_ns, json_t *moved)
{
    if (h->n == h->size) {
        size_t size = h->size ? 2 * h->size : 64;
        struct counter_entry *bigger = reallocarray(h->entries, size, sizeof(*bigger));
        if (!bigger) {
            json_decref(moved);
            return -ENOMEM;
        }
        h->entries = bigger;
        h->size = size;
    }
    h->entries[h->n++] = (struct counter_entry){.at_ns = at_ns, .moved = moved};
    return 0;
}

int counter_history_look(struct counter_history *h, int64_t at_ns)
{
    struct counters *now;
    if (h->n == COUNTER_HISTORY_MAX)
        return 0;
    int r = read_counters(h, &now);
    if (r <= 0)
        return r;
    json_t *moved = noted_moves(h->last, now);
    counters_free(h->last);
    h->last = now;
    if (json_object_size(moved))
        return append(h, at_ns, moved);
    json_decref(moved);
    return 0;
}

int counter_history_restart(struct counter_history *h)
{
    int r = counter_history_look(h, 0);
    forget(h);
    return r;
}

void counter_history_json(const struct counter_history *h, const char *side, int64_t zero_ns,
                          json_t *array)
{
    for (size_t i = 0; i < h->n; i++)
        json_array_append_new(
            array, json_pack("{s:o, s:s, s:O}", "t_ms",
                             document_real((double)(h->entries[i].at_ns - zero_ns) / 1e6), "side",
                             side, "moved", h->entries[i].moved));
}
