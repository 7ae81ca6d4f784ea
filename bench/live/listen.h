/* Where the page is served: the socket of run --live, and the addresses that lead to it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define LISTEN_TOKEN_SIZE 33 /* 128 bits as hexadecimal digits, and the end */
#define LISTEN_URLS       8
#define LISTEN_URL_MAX    128

struct live_listen {
    int fd;
    char token[LISTEN_TOKEN_SIZE]; /* "": none is needed */
    /* to be told to the user, "http://127.0.0.1:40123/"; several where the address is any (0.0.0.0,
     * ::), one for each of this machine's */
    char urls[LISTEN_URLS][LISTEN_URL_MAX];
    size_t n_urls;
};

/* text: "PORT", "ADDR:PORT" or "[ADDR]:PORT", or "-": 127.0.0.1 and a port that the kernel chooses.
 * An address that other machines can reach gets a token. 0; or -errno and a sentence for the user
 * in *ret_message (caller frees; NULL without memory). */
int live_listen(const char *text, struct live_listen *ret, char **ret_message);

/* Whether the Host of a request names the address that it came to, or localhost where that is a
 * loopback address: a name that somebody else's DNS makes an address of this machine is none. Any
 * port will do, for the port may be forwarded. */
bool live_listen_is_host(const char *host, int connection);
