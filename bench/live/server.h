/* The HTTP server of run --live: it serves the page's parts, document.json, and "events"
 * (live/feed.h). Requests change nothing. It has no thread, and never waits for a browser: one that
 * does not read gets only what fits into its socket's buffer, and the server closes its connection
 * after 10 s. */
#pragma once

#include "bench/live/feed.h"

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

struct live_server;

struct live_server_args {
    const char *address; /* the option's value: see live/listen.h */
    /* returns a part of the page by name ("index.html", "page.js" ...), static; NULL: there is
     * none */
    const void *(*part)(const char *name, size_t *ret_size);
};

/* Starts to listen. Returns 0; or -errno and a sentence for the user in *ret_message (caller frees;
 * NULL without memory). */
int live_server_new(const struct live_server_args *args, struct live_server **ret,
                    char **ret_message);

/* Ends all connections and frees it. Accepts NULL. */
void live_server_free(struct live_server *s);

/* The i-th address of the page; NULL: there are no more. */
const char *live_server_url(const struct live_server *s, size_t i);

/* Sets document.json, and takes a new reference to it. The caller must not change the document
 * while the server has it. */
void live_server_set_document(struct live_server *s, json_t *document);

/* Returns the feed, to which the caller adds events. Owned by s. */
struct feed *live_server_feed(struct live_server *s);

/* For the caller's loop: call live_server_serve() when the descriptor is readable, and at the
 * latest after live_server_wait_ms() milliseconds. */
int live_server_descriptor(const struct live_server *s);
int live_server_wait_ms(struct live_server *s);
void live_server_serve(struct live_server *s);
