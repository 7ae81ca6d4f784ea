#include "bench/live/listen.h"
#include "common/kernel/endpoint.h"
#include "common/text/parse.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#define LISTEN_BACKLOG 128
/* of each browser's socket, in the kernel: what one that does not read can cost */
#define LISTEN_SEND_BYTES (256 * 1024)

static int say(char **ret_message, int r, const char *text, const char *why)
{
    if (asprintf(ret_message, "--live=%s: %s", text, why) < 0)
        *ret_message = NULL;
    return r;
}

static int listen_read(const char *text, struct endpoint *ret, char **ret_message)
{
    char host[PARSE_HOST_MAX] = "127.0.0.1";
    const char *why = "";
    uint16_t only = 0;
    int port = 0;
    if (strcmp(text, "-") && !text[strspn(text, "0123456789")]) {
        int r = parse_port(text, &only, &why);
        if (r)
            return say(ret_message, r, text, why);
        port = only;
    } else if (strcmp(text, "-")) {
        int r = parse_host_port(text, host, &port, &why);
        if (r)
            return say(ret_message, r, text, why);
        if (port < 0)
            return say(ret_message, -EINVAL, text,
                       "the port is missing; give [ADDR:]PORT, such as 8000 or "
                       "192.0.2.1:8000 (port 0: the kernel chooses)");
    }
    if (endpoint_resolve(host, (uint16_t)port, true, ret))
        return say(ret_message, -EINVAL, text,
                   "there is no such address; give one of this machine (ip address "
                   "lists them), or leave it out");
    return 0;
}

static int listen_open(const struct endpoint *at, int *ret_fd)
{
    const int on = 1, bytes = LISTEN_SEND_BYTES;
    int fd = socket(endpoint_family(at), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
    if (endpoint_family(at) == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
    if (bind(fd, (const struct sockaddr *)&at->address, at->length) || listen(fd, LISTEN_BACKLOG)) {
        int r = -errno;
        close(fd);
        return r;
    }
    *ret_fd = fd;
    return 0;
}

static const char *listen_why(int r)
{
    switch (-r) {
    case EADDRINUSE:
        return "that port is in use; give another one, or none: the kernel chooses one then";
    case EADDRNOTAVAIL:
        return "that is no address of this machine; ip address lists them";
    case EACCES:
        return "that port is for root; give one from 1024 on";
    default:
        return strerror(-r);
    }
}

static int make_token(char token[static LISTEN_TOKEN_SIZE])
{
    uint8_t bytes[LISTEN_TOKEN_SIZE / 2];
    if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
        return -errno;
    for (size_t i = 0; i < sizeof(bytes); i++)
        snprintf(token + 2 * i, 3, "%02x", bytes[i]);
    return 0;
}

static void add_url(struct live_listen *l, const struct endpoint *e)
{
    char at[ENDPOINT_TEXT_MAX];
    if (l->n_urls < LISTEN_URLS)
        snprintf(l->urls[l->n_urls++], LISTEN_URL_MAX, "http://%s/%s%s", endpoint_format(e, at),
                 l->token, l->token[0] ? "/" : "");
}

static bool is_any(const struct endpoint *e)
{
    static const uint8_t zero[16];
    return !memcmp(endpoint_bytes(e), zero, endpoint_family(e) == AF_INET ? 4 : 16);
}

/* Those of this machine that belong to the family; not what is of one link only. */
static void add_own(struct live_listen *l, const struct endpoint *any)
{
    struct ifaddrs *list = NULL;
    if (getifaddrs(&list))
        return;
    for (const struct ifaddrs *i = list; i; i = i->ifa_next) {
        if (!i->ifa_addr || i->ifa_addr->sa_family != endpoint_family(any))
            continue;
        struct endpoint e = *any;
        memcpy(&e.address, i->ifa_addr, e.length);
        endpoint_set_port(&e, endpoint_port(any));
        if (!endpoint_lacks_zone(&e) &&
            !(endpoint_family(&e) == AF_INET6 && ((const uint8_t *)endpoint_bytes(&e))[0] == 0xfe))
            add_url(l, &e);
    }
    freeifaddrs(list);
}

int live_listen(const char *text, struct live_listen *ret, char **ret_message)
{
    struct live_listen l = {.fd = -1};
    struct endpoint at;
    int r = listen_read(text, &at, ret_message);
    if (r)
        return r;
    r = listen_open(&at, &l.fd);
    if (r)
        return say(ret_message, r, text, listen_why(r));
    at.length = sizeof(at.address);
    getsockname(l.fd, (struct sockaddr *)&at.address, &at.length);
    r = endpoint_is_loopback(&at) ? 0 : make_token(l.token);
    if (r) {
        close(l.fd);
        return say(ret_message, r, text, strerror(-r));
    }
    if (is_any(&at))
        add_own(&l, &at);
    else
        add_url(&l, &at);
    *ret = l;
    return 0;
}

bool live_listen_is_host(const char *host, int connection)
{
    char name[PARSE_HOST_MAX];
    const char *why;
    int port;
    struct endpoint at = {.length = sizeof(at.address)};
    uint8_t bytes[16];
    if (!host || parse_host_port(host, name, &port, &why) ||
        getsockname(connection, (struct sockaddr *)&at.address, &at.length))
        return false;
    if (!strcasecmp(name, "localhost"))
        return endpoint_is_loopback(&at);
    size_t size = endpoint_family(&at) == AF_INET ? 4 : 16;
    return inet_pton(endpoint_family(&at), name, bytes) == 1 &&
           !memcmp(bytes, endpoint_bytes(&at), size);
}

const char *live_listen_path(const struct live_listen *l, const char *url)
{
    size_t length = strlen(l->token);
    unsigned char other = 0;
    if (url[0] != '/')
        return NULL;
    if (!length)
        return url + 1;
    if (strnlen(url, length + 2) < length + 2)
        return NULL;
    for (size_t i = 0; i < length; i++)
        other |= (unsigned char)(url[1 + i] ^ l->token[i]);
    return other || url[1 + length] != '/' ? NULL : url + length + 2;
}
