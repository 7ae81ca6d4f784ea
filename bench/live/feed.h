/* What happens, as server-sent events (the HTML standard, "Server-sent events"): a log that any
 * number of readers read, each from where it is. Events:
 *
 *     live      {"run": i, "live": {...}}     the newest entry of a run's timeline
 *     waiting   {"run": i, "waiting": "...", "until_s": n}
 *     document  {"run": i, "verdict": "..."}  the run is over, and whole in document.json
 *     end       {}                            so are all runs
 *
 * i counts from 0, as "runs" of document.json. What a run's document has in it is then forgotten,
 * so the log of many runs stays short. */
#pragma once

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#define FEED_EVENT_MAX 8192 /* bytes of an event; a longer one is left out */

struct feed;

struct feed *feed_new(void); /* NULL: no memory */
void feed_free(struct feed *f);

/* Adds an event of run i (-1: of none). Steals the reference to `data`. */
void feed_add(struct feed *f, const char *event, int64_t run, json_t *data);

/* Forgets the events "live" and "waiting" of run i. */
void feed_forget(struct feed *f, int64_t run);

/* How many events there have been, forgotten ones included. */
uint64_t feed_n(const struct feed *f);

/* As many whole events from *position as have room (at least FEED_EVENT_MAX: one always has). What
 * was written; *position moves behind it. */
size_t feed_read(const struct feed *f, uint64_t *position, char *text, size_t size);

/* The position behind the event of that id (Last-Event-ID); 0: it is none of this feed. */
uint64_t feed_position(const struct feed *f, const char *id);
