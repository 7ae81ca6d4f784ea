#include "bench/live/feed.h"
#include "common/process/clock.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct feed_event {
    char *text; /* NULL: forgotten */
    size_t size;
    int64_t run;
    bool passing; /* it says what the run's document will have */
};

struct feed {
    uint64_t name; /* a browser may come back with an id of the server before this one */
    struct feed_event *events;
    size_t n, size;
};

struct feed *feed_new(void)
{
    struct feed *f = calloc(1, sizeof(*f));
    if (f)
        f->name = (uint64_t)clock_now_ns();
    return f;
}

void feed_free(struct feed *f)
{
    if (!f)
        return;
    for (size_t i = 0; i < f->n; i++)
        free(f->events[i].text);
    free(f->events);
    free(f);
}

static bool grow(struct feed *f)
{
    size_t size = f->size ? 2 * f->size : 64;
    struct feed_event *events = realloc(f->events, size * sizeof(*events));
    if (!events)
        return false;
    f->events = events;
    f->size = size;
    return true;
}

void feed_add(struct feed *f, const char *event, int64_t run, json_t *data)
{
    char *json = json_dumps(data, JSON_COMPACT | JSON_REAL_PRECISION(15)),
         *text = NULL; /* has no line breaks */
    int size = json ? asprintf(&text, "id: %" PRIx64 "-%zu\nevent: %s\ndata: %s\n\n", f->name, f->n,
                               event, json)
                    : -1;
    free(json);
    json_decref(data);
    if (size < 0)
        return;
    if (size > FEED_EVENT_MAX || (f->n == f->size && !grow(f))) {
        free(text);
        return;
    }
    f->events[f->n++] = (struct feed_event){
        .text = text,
        .size = (size_t)size,
        .run = run,
        .passing = !strcmp(event, "live") || !strcmp(event, "waiting"),
    };
}

void feed_forget(struct feed *f, int64_t run)
{
    for (size_t i = 0; i < f->n; i++) {
        if (f->events[i].run != run || !f->events[i].passing)
            continue;
        free(f->events[i].text);
        f->events[i].text = NULL;
        f->events[i].size = 0;
    }
}

uint64_t feed_n(const struct feed *f)
{
    return f->n;
}

size_t feed_read(const struct feed *f, uint64_t *position, char *text, size_t size)
{
    size_t written = 0;
    while (*position < f->n && f->events[*position].size <= size - written) {
        const struct feed_event *e = &f->events[(*position)++];
        if (e->text)
            memcpy(text + written, e->text, e->size);
        written += e->size;
    }
    return written;
}

uint64_t feed_position(const struct feed *f, const char *id)
{
    uint64_t name, number;
    int end = 0;
    if (sscanf(id, "%" SCNx64 "-%" SCNu64 "%n", &name, &number, &end) != 2 || id[end] ||
        name != f->name || number >= f->n)
        return 0;
    return number + 1;
}
