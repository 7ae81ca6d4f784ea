/* The server of run --live: who asks for what, and with which Host, token and event; the address
 * of the option; and any bytes as requests. */
#include "bench/live/listen.h"
#include "bench/live/server.h"
#include "common/kernel/endpoint.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define TOKEN   "0123456789abcdef0123456789abcdef"
#define HOST_AT "127.0.0.1"
#define TURNS   1000 /* of the server, within which a request has been dealt with */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

/* --- what is around it --- */

/* Of the server, and of the library that it is made of. */
static time_t clock_shift_s;

int clock_gettime(clockid_t clock, struct timespec *ret)
{
    int r = (int)syscall(SYS_clock_gettime, clock, ret);
    if (clock == CLOCK_MONOTONIC || clock == CLOCK_MONOTONIC_COARSE ||
        clock == CLOCK_MONOTONIC_RAW || clock == CLOCK_BOOTTIME)
        ret->tv_sec += clock_shift_s;
    return r;
}

/* No name server is asked, and nothing but loopback is bound. */
static uint16_t resolved_port;

int __wrap_endpoint_resolve(const char *host, uint16_t port, bool passive, struct endpoint *ret);
int __wrap_endpoint_resolve(const char *host, uint16_t port, bool passive, struct endpoint *ret)
{
    static const uint8_t loopback[4] = {127, 0, 0, 1};
    resolved_port = port;
    if (*host == 'x')
        return EAI_NONAME;
    endpoint_from_bytes(AF_INET, loopback, 0, ret);
    return 0;
}

/* --- what is asked --- */

static void check_path(const char *url)
{
    struct live_listen l = {.token = TOKEN};
    const char *path = live_listen_path(&l, url), *begin = "/" TOKEN "/";
    require(path == (strncmp(url, begin, strlen(begin)) ? NULL : url + strlen(begin)));
    l.token[0] = '\0';
    require(live_listen_path(&l, url) == (*url == '/' ? url + 1 : NULL));
}

static void fuzz_path(const char *text)
{
    char *behind;
    require(asprintf(&behind, "/" TOKEN "%s", text) > 0);
    check_path(text);
    check_path(behind);
    free(behind);
}

/* Accepted is the address in any spelling, or localhost, each with any port. */
static void fuzz_host(const char *text, int connection)
{
    uint8_t bytes[4];
    char name[64];
    if (!live_listen_is_host(text, connection))
        return;
    size_t n = strcspn(text, ":");
    require(n < sizeof(name) && (!text[n] || atoi(text + n + 1) <= UINT16_MAX));
    memcpy(name, text, n);
    name[n] = '\0';
    require(!strcasecmp(name, "localhost") ||
            (inet_pton(AF_INET, name, bytes) == 1 && ntohl(inet_addr(name)) == INADDR_LOOPBACK));
}

static void fuzz_address(const char *text)
{
    struct live_listen l;
    char *message = NULL;
    int r = live_listen(text, &l, &message);
    require(r <= 0 && (r == 0) == (message == NULL));
    free(message);
    if (r)
        return;
    const char *digits = text + strlen(text);
    while (digits > text && digits[-1] >= '0' && digits[-1] <= '9')
        digits--;
    require(resolved_port == (strcmp(text, "-") ? atoi(digits) : 0));
    require(l.n_urls == 1 && !l.token[0] && !strncmp(l.urls[0], "http://" HOST_AT ":", 17));
    close(l.fd);
}

static void fuzz_event(const struct feed *feed, const char *text)
{
    require(feed_position(feed, text) <= feed_n(feed));
}

/* --- the whole --- */

static const void *part(const char *name, size_t *ret_size)
{
    *ret_size = 4;
    return strcmp(name, "index.html") && strcmp(name, "page.js") ? NULL : "part";
}

static int connect_to(const struct live_server *s, int type)
{
    const char *port = strrchr(live_server_url(s, 0), ':') + 1;
    const struct sockaddr_in at = {.sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)atoi(port)),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, type, 0);
    require(fd >= 0 && !connect(fd, (const struct sockaddr *)&at, sizeof(at)));
    return fd;
}

static bool has(const char *text, size_t size, const char *word)
{
    for (size_t i = 0; i + strlen(word) <= size; i++)
        if (!strncasecmp(text + i, word, strlen(word)))
            return true;
    return false;
}

static bool is_there(const char *path)
{
    static const char *const there[] = {"/", "/index.html", "/page.js", "/document.json",
                                        "/events"};
    size_t n = strcspn(path, "?");
    bool found = false;
    for (size_t i = 0; i < sizeof(there) / sizeof(*there); i++)
        found = found || (strlen(there[i]) == n && !strncmp(path, there[i], n));
    return found;
}

/* What was not asked for in due form is not given. */
static void check_reply(const char *asked, size_t size, const char *reply, size_t n)
{
    require(n < 9 || !strncmp(reply, "HTTP/1.", 7));
    if (n < 12 || strncmp(reply + 9, "200", 3))
        return;
    require(has(asked, size, "GET") || has(asked, size, "HEAD"));
    require(has(asked, size, "Host"));
    require(has(asked, size, "localhost") || has(asked, size, HOST_AT));
}

/* The second lowest that is free: each connection has two ends. */
static int free_descriptor(void)
{
    int one = open("/dev/null", O_RDONLY | O_CLOEXEC), two = dup(one);
    close(one);
    close(two);
    return two;
}

static int fuzz_request(struct live_server *s, const char *text, size_t size)
{
    static char reply[65536];
    size_t n = 0;
    int descriptor = free_descriptor(), fd = connect_to(s, SOCK_STREAM),
        sent = (int)send(fd, text, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    require(sent == (int)size || size == 0);
    shutdown(fd, SHUT_WR);
    for (int turn = 0; turn < TURNS; turn++) {
        live_server_serve(s);
        ssize_t got = recv(fd, reply + n, sizeof(reply) - n, MSG_DONTWAIT);
        if (got == 0 || (got < 0 && errno != EAGAIN) || n == sizeof(reply))
            break;
        n += got > 0 ? (size_t)got : 0;
        if (got < 0 && live_server_wait_ms(s) > 0 && turn > 3)
            break; /* it listens to events, or waits for the rest of the request */
    }
    check_reply(text, size, reply, n);
    int status = n < 12 ? 0 : atoi(reply + 9);
    close(fd);
    for (int turn = 0; turn < TURNS && free_descriptor() != descriptor; turn++) {
        clock_shift_s += turn % 8 ? 0 : 11; /* whoever sends and takes nothing is dropped by then */
        live_server_serve(s);
    }
    require(free_descriptor() == descriptor);
    return status;
}

/* The text as a part of a request that is right but for it. */
static void fuzz_field(struct live_server *s, uint8_t which, const char *text)
{
    static const char *const forms[] = {
        "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "%s / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: %s\r\n\r\n",
        "GET /events HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: %s\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: localhost\r\n%s\r\n\r\n",
    };
    char *asked;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    int size = asprintf(&asked, forms[which], text);
#pragma GCC diagnostic pop
    require(size > 0);
    int status = fuzz_request(s, asked, (size_t)size);
    bool plain = *text;
    for (const char *c = text; *c; c++)
        plain = plain && *c > ' ' && *c <= '~';
    if (plain && which == 0 && *text == '/' && size < 4096)
        require(status == (is_there(text) ? 200 : 404));
    if (plain && which == 1 && status == 200)
        require(!strcmp(text, "GET") || !strcmp(text, "HEAD"));
    if (which == 3 && plain && size < 4096)
        require(status == 200);
    free(asked);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct live_server *server;
    static int connection;
    if (!server) {
        const struct live_server_args args = {.address = "-", .part = part};
        char *message;
        require(!live_server_new(&args, &server, &message));
        for (int i = 0; i < 3; i++)
            feed_add(live_server_feed(server), "live", i, json_pack("{s:i}", "run", i));
        connection = connect_to(server, SOCK_DGRAM); /* its own end has the address, too */
    }
    if (size == 0)
        return 0;
    char *text = malloc(size); /* of the exact size: reading past the end is caught */
    require(text != NULL);
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    switch (data[0] % 10) {
    case 0:
        fuzz_path(text);
        break;
    case 1:
        fuzz_host(text, connection);
        break;
    case 2:
        fuzz_address(text);
        break;
    case 3:
        fuzz_event(live_server_feed(server), text);
        break;
    case 4:
        fuzz_request(server, text, size - 1);
        break;
    default:
        fuzz_field(server, data[0] % 10 - 5, text);
    }
    free(text);
    return 0;
}
