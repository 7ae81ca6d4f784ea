/* The listening socket of run --live, and the addresses of the page. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define LISTEN_TOKEN_SIZE 33 /* 128 bits as hexadecimal digits, and the end */
#define LISTEN_URLS       8
#define LISTEN_URL_MAX    128

struct live_listen {
    int fd;
    char token[LISTEN_TOKEN_SIZE]; /* "": not needed */
    /* for the user: "http://127.0.0.1:40123/"; if the address is 0.0.0.0 or ::, one for each
     * address of this machine */
    char urls[LISTEN_URLS][LISTEN_URL_MAX];
    size_t n_urls;
};

/* Opens the socket. text: "PORT", "ADDR:PORT" or "[ADDR]:PORT"; "-": 127.0.0.1 and a port that the
 * kernel chooses. An address that other machines can reach gets a token. Returns 0; or -errno and a
 * sentence for the user in *ret_message (caller frees; NULL without memory). */
int live_listen(const char *text, struct live_listen *ret, char **ret_message);

/* Whether the Host of a request is the address at which the connection arrived, or "localhost" if
 * that is a loopback address. No other name is accepted, because anybody's DNS can give a name an
 * address of this machine. Any port is accepted, because the port may be forwarded. */
bool live_listen_is_host(const char *host, int connection);

/* The path behind "/", or behind "/TOKEN/" where a token is needed (inside url); NULL: url does not
 * begin so. How long this takes says nothing about the token. */
const char *live_listen_path(const struct live_listen *l, const char *url);
