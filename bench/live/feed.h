/* A log of what happens in the runs, as server-sent events (the HTML standard, "Server-sent
 * events"). Any number of readers read it, each at its own position. Events:
 *
 *     live      {"run": i, "live": {...}}     the newest entry of a run's timeline
 *     waiting   {"run": i, "waiting": "...", "until_s": n}
 *     document  {"run": i, "verdict": "..."}  the run is over, document.json has all of it
 *     end       {}                            all runs are over
 *
 * i is the index in "runs" of document.json. After a run the log drops its events that
 * document.json has, too, so the log of many runs stays short. */
#pragma once

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#define FEED_EVENT_MAX 8192 /* bytes of an event; a longer event is dropped */

struct feed;

struct feed *feed_new(void); /* NULL: no memory */
void feed_free(struct feed *f);

/* Adds an event of run i (-1: of none). Steals the reference to `data`. */
void feed_add(struct feed *f, const char *event, int64_t run, json_t *data);

/* Drops the events "live" and "waiting" of run i. */
void feed_forget(struct feed *f, int64_t run);

/* Returns how many events were added, dropped ones included. */
uint64_t feed_n(const struct feed *f);

/* Writes as many whole events from *position on as fit into text, and moves *position behind them.
 * size: at least FEED_EVENT_MAX, so that one event fits. Returns the bytes written. */
size_t feed_read(const struct feed *f, uint64_t *position, char *text, size_t size);

/* Returns the position behind the event with that id (Last-Event-ID); 0: this feed has no such
 * event. */
uint64_t feed_position(const struct feed *f, const char *id);
