#include "bench/live/server.h"
#include "bench/live/listen.h"
#include "common/process/clock.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LIVE_CONNECTIONS 512u
#define LIVE_HEAD_S      2u  /* for a connection that does not go on with its first request */
#define LIVE_PATIENCE_S  10u /* for a browser that has sent one, and then sends or takes nothing */
#define LIVE_BEAT_NS     (10 * NS_PER_S) /* by a line of nothing a browser that has gone is found */
#define LIVE_REST_NS     (50 * NS_PER_MS) /* between two deliveries of events */
#define LIVE_MEMORY      (64u * 1024u)    /* of a connection: its headers, and what is sent next */
#define LIVE_BLOCK       (FEED_EVENT_MAX * 2)
#define LIVE_JSON        (JSON_COMPACT | JSON_REAL_PRECISION(15))
#define LIVE_NOTHING     "There is nothing of that name.\n"
#define LIVE_RETRY       "retry: 1000\n\n" /* ms, after which a browser connects again */

/* A browser that listens to events. */
struct live_reader {
    struct live_server *server;
    struct MHD_Connection *connection;
    uint64_t position;
    bool greeted, suspended, beat;
    struct live_reader *next, *before;
};

struct live_server {
    struct MHD_Daemon *daemon;
    struct live_listen listen;
    const void *(*part)(const char *name, size_t *ret_size);
    struct feed *feed;
    json_t *document;
    /* of the document, and of the run that was asked for last; NULL: to be made when it is asked
     * for */
    struct MHD_Response *document_response, *run_response;
    const json_t *run; /* whose response that is; inside document */
    struct live_reader *readers;
    uint64_t delivered;
    int64_t delivered_ns, beat_ns;
};

/* --- answers --- */

static void add_headers(struct MHD_Response *response, const char *type)
{
    static const char *const headers[][2] = {
        {"Content-Security-Policy",
         "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
         "img-src 'self' blob: data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
        {"X-Content-Type-Options", "nosniff"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
        {"Referrer-Policy", "no-referrer"},
        {"Cache-Control", "no-store"},
    };
    for (size_t i = 0; i < sizeof(headers) / sizeof(*headers); i++)
        MHD_add_response_header(response, headers[i][0], headers[i][1]);
    MHD_add_response_header(response, "Content-Type", type);
}

/* Static data. */
static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status, const char *type,
                              const void *data, size_t size)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(size, (void *)data, MHD_RESPMEM_PERSISTENT);
    if (!response)
        return MHD_NO;
    add_headers(response, type);
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
        MHD_add_response_header(response, "Allow", "GET, HEAD");
    enum MHD_Result r = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return r;
}

static enum MHD_Result refuse(struct MHD_Connection *connection, unsigned status,
                              const char *sentence)
{
    return answer(connection, status, "text/plain; charset=utf-8", sentence, strlen(sentence));
}

/* All browsers get the same copy of it, which stays in *response. */
static enum MHD_Result answer_json(struct MHD_Connection *connection, const json_t *json,
                                   struct MHD_Response **response)
{
    char *text = *response ? NULL : json_dumps(json, LIVE_JSON);
    if (text) {
        *response = MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);
        if (*response)
            add_headers(*response, "application/json");
        else
            free(text);
    }
    return *response ? MHD_queue_response(connection, MHD_HTTP_OK, *response) : MHD_NO;
}

/* It stays with those who are getting it. */
static void drop(struct MHD_Response **response)
{
    if (*response)
        MHD_destroy_response(*response);
    *response = NULL;
}

/* The run of the document that "run-0.json" names; NULL: it names none. */
static const json_t *run_of(const struct live_server *s, const char *path)
{
    char name[40];
    size_t i;
    if (sscanf(path, "run-%zu", &i) != 1)
        return NULL;
    snprintf(name, sizeof(name), "run-%zu.json", i);
    return strcmp(path, name) ? NULL : json_array_get(json_object_get(s->document, "runs"), i);
}

static enum MHD_Result answer_run(struct live_server *s, struct MHD_Connection *connection,
                                  const json_t *run)
{
    if (run != s->run)
        drop(&s->run_response);
    s->run = run;
    return answer_json(connection, run, &s->run_response);
}

/* --- events --- */

static void reader_free(void *context)
{
    struct live_reader *r = context;
    if (r->before)
        r->before->next = r->next;
    else
        r->server->readers = r->next;
    if (r->next)
        r->next->before = r->before;
    free(r);
}

static ssize_t reader_put(char *buffer, const char *text)
{
    memcpy(buffer, text, strlen(text));
    return (ssize_t)strlen(text);
}

/* It has got everything: then its connection waits (MHD does not look at it meanwhile) for
 * readers_wake(). */
static ssize_t on_reader(void *context, uint64_t at, char *buffer, size_t size)
{
    struct live_reader *r = context;
    if (size < FEED_EVENT_MAX)
        return MHD_CONTENT_READER_END_WITH_ERROR; /* its headers took all the memory */
    if (!r->greeted) {
        r->greeted = true;
        return reader_put(buffer, LIVE_RETRY);
    }
    size_t n = feed_read(r->server->feed, &r->position, buffer, size);
    if (n)
        return (ssize_t)n;
    if (r->beat) {
        r->beat = false;
        return reader_put(buffer, ":\n\n");
    }
    r->suspended = true;
    MHD_suspend_connection(r->connection);
    return 0;
}

static enum MHD_Result answer_events(struct live_server *s, struct MHD_Connection *connection)
{
    const char *id = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Last-Event-ID");
    struct live_reader *r = calloc(1, sizeof(*r));
    if (!r)
        return MHD_NO;
    *r = (struct live_reader){.server = s,
                              .connection = connection,
                              .position = id ? feed_position(s->feed, id) : 0,
                              .next = s->readers};
    struct MHD_Response *response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, LIVE_BLOCK, on_reader, r, reader_free);
    if (!response) {
        free(r);
        return MHD_NO;
    }
    if (s->readers)
        s->readers->before = r;
    s->readers = r;
    add_headers(response, "text/event-stream");
    enum MHD_Result queued = MHD_queue_response(connection, MHD_HTTP_OK, response);
    MHD_destroy_response(response);
    return queued;
}

static void readers_wake(struct live_server *s, bool beat)
{
    for (struct live_reader *r = s->readers; r; r = r->next) {
        r->beat = r->beat || beat;
        if (r->suspended)
            MHD_resume_connection(r->connection);
        r->suspended = false;
    }
}

/* --- requests --- */

static int descriptor_of(struct MHD_Connection *connection)
{
    return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
}

static const char *type_of(const char *name)
{
    const char *dot = strrchr(name, '.');
    return !strcmp(dot ? dot : "", ".html") ? "text/html; charset=utf-8"
           : !strcmp(dot ? dot : "", ".js") ? "text/javascript; charset=utf-8"
                                            : "text/css; charset=utf-8";
}

/* The part of the page, or what else has that name. */
static enum MHD_Result answer_path(struct live_server *s, struct MHD_Connection *connection,
                                   const char *path)
{
    size_t size;
    const char *name = *path ? path : "index.html";
    if (!strcmp(path, "document.json"))
        return answer_json(connection, s->document, &s->document_response);
    const json_t *run = run_of(s, path);
    if (run)
        return answer_run(s, connection, run);
    if (!strcmp(path, "events"))
        return answer_events(s, connection);
    const void *part = s->part(name, &size);
    return part ? answer(connection, MHD_HTTP_OK, type_of(name), part, size)
                : refuse(connection, MHD_HTTP_NOT_FOUND, LIVE_NOTHING);
}

/* MHD calls this when the headers are there, then for each piece of a body, and then once more. An
 * answer to the first call ends the connection, and no body is read. */
static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **request)
{
    struct live_server *s = context;
    const char *path = live_listen_path(&s->listen, url);
    if (*request)
        return *upload_size ? MHD_NO : answer_path(s, connection, path);
    MHD_set_connection_option(connection, MHD_CONNECTION_OPTION_TIMEOUT, LIVE_PATIENCE_S);
    const char *host = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Host");
    if (!live_listen_is_host(host, descriptor_of(connection)))
        return refuse(connection, MHD_HTTP_FORBIDDEN,
                      "The Host of this request is not the address that it came to.\n");
    if (!path)
        return refuse(connection, MHD_HTTP_NOT_FOUND, LIVE_NOTHING);
    if (strcmp(method, "GET") && strcmp(method, "HEAD"))
        return refuse(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "This can only be read.\n");
    *request = s;
    return MHD_YES;
}

/* A path is compared as it was sent: no part has a name that needs "%". */
static size_t leave_as_it_is(void *context, struct MHD_Connection *connection, char *text)
{
    return strlen(text);
}

/* --- the whole --- */

static struct MHD_Daemon *start(struct live_server *s)
{
    const struct MHD_OptionItem options[] = {
        {MHD_OPTION_LISTEN_SOCKET, s->listen.fd, NULL},
        {MHD_OPTION_CONNECTION_LIMIT, LIVE_CONNECTIONS, NULL},
        {MHD_OPTION_CONNECTION_TIMEOUT, LIVE_HEAD_S, NULL},
        {MHD_OPTION_CONNECTION_MEMORY_LIMIT, LIVE_MEMORY, NULL},
        {MHD_OPTION_UNESCAPE_CALLBACK, (intptr_t)leave_as_it_is, NULL},
        {MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, NULL},
        {MHD_OPTION_END, 0, NULL},
    };
    return MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request, s,
                            MHD_OPTION_ARRAY, options, MHD_OPTION_END);
}

int live_server_new(const struct live_server_args *args, struct live_server **ret,
                    char **ret_message)
{
    struct live_server *s = calloc(1, sizeof(*s));
    *ret_message = NULL;
    if (!s)
        return -ENOMEM;
    int r = live_listen(args->address, &s->listen, ret_message);
    if (r) {
        free(s);
        return r;
    }
    s->part = args->part;
    s->feed = feed_new();
    s->document = json_object();
    s->beat_ns = clock_now_ns();
    s->daemon = s->feed && s->document ? start(s) : NULL;
    if (!s->daemon) {
        close(s->listen.fd);
        live_server_free(s);
        return -ENOMEM;
    }
    *ret = s;
    return 0;
}

void live_server_free(struct live_server *s)
{
    if (!s)
        return;
    if (s->daemon) {
        readers_wake(s, false);
        MHD_stop_daemon(s->daemon); /* closes the socket, too */
    }
    drop(&s->document_response);
    drop(&s->run_response);
    json_decref(s->document);
    feed_free(s->feed);
    free(s);
}

const char *live_server_url(const struct live_server *s, size_t i)
{
    return i < s->listen.n_urls ? s->listen.urls[i] : NULL;
}

void live_server_set_document(struct live_server *s, json_t *document)
{
    drop(&s->document_response);
    drop(&s->run_response);
    json_decref(s->document);
    s->document = json_incref(document);
}

struct feed *live_server_feed(struct live_server *s)
{
    return s->feed;
}

int live_server_descriptor(const struct live_server *s)
{
    return MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
}

static int64_t earlier(int64_t a_ns, int64_t b_ns)
{
    return a_ns < b_ns ? a_ns : b_ns;
}

int live_server_wait_ms(struct live_server *s)
{
    MHD_UNSIGNED_LONG_LONG theirs_ms;
    int64_t now_ns = clock_now_ns(), due_ns = s->beat_ns + LIVE_BEAT_NS;
    if (s->readers && feed_n(s->feed) != s->delivered)
        due_ns = earlier(due_ns, s->delivered_ns + LIVE_REST_NS);
    if (MHD_get_timeout(s->daemon, &theirs_ms) == MHD_YES)
        due_ns = earlier(due_ns, now_ns + (int64_t)theirs_ms * NS_PER_MS);
    return due_ns <= now_ns ? 0 : (int)((due_ns - now_ns) / NS_PER_MS) + 1;
}

static unsigned connections(const struct live_server *s)
{
    return MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS)->num_connections;
}

void live_server_serve(struct live_server *s)
{
    int64_t now_ns = clock_now_ns();
    bool beat = now_ns - s->beat_ns >= LIVE_BEAT_NS;
    bool news = feed_n(s->feed) != s->delivered && now_ns - s->delivered_ns >= LIVE_REST_NS;
    if (beat)
        s->beat_ns = now_ns;
    if (news) {
        s->delivered = feed_n(s->feed);
        s->delivered_ns = now_ns;
    }
    if (beat || news)
        readers_wake(s, beat);
    bool was_full = connections(s) >= LIVE_CONNECTIONS;
    MHD_run(s->daemon);
    /* The run that drops connections does not accept others yet: MHD_epoll() watches the listener
     * again at its start. */
    if (was_full && connections(s) < LIVE_CONNECTIONS)
        MHD_run(s->daemon);
}
