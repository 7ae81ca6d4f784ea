/* The server of run --live: the page's parts, document.json, and what happens as "events"
 * (live/feed.h), over HTTP. It reads only, has no thread of its own, and waits for no browser: one
 * that does not read gets no more than its socket holds, and is dropped after 10 s. */
#pragma once

#include "bench/live/feed.h"

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

struct live_server;

struct live_server_args {
    const char *address; /* of the option: see live/listen.h */
    /* "index.html", "page.js" ...: a part of the page, static; NULL: there is none of that name */
    const void *(*part)(const char *name, size_t *ret_size);
};

/* Listens from now on. 0; or -errno and a sentence for the user in *ret_message (caller frees; NULL
 * without memory): -EINVAL and its like for an address that cannot be had. */
int live_server_new(const struct live_server_args *args, struct live_server **ret,
                    char **ret_message);

/* Ends all connections. NULL is fine. */
void live_server_free(struct live_server *s);

/* The i-th address of the page; NULL: there are no more. */
const char *live_server_url(const struct live_server *s, size_t i);

/* What document.json is from now on; it must not change while the server has it. Takes a reference
 * of its own. */
void live_server_set_document(struct live_server *s, json_t *document);

/* Where events are added. */
struct feed *live_server_feed(struct live_server *s);

/* For the caller's loop: call live_server_serve() when the descriptor can be read, and after so
 * many ms at the latest. */
int live_server_descriptor(const struct live_server *s);
int live_server_wait_ms(struct live_server *s);
void live_server_serve(struct live_server *s);
