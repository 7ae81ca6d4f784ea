/* A TCP address and port, IPv4 or IPv6. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct endpoint {
    struct sockaddr_storage address;
    socklen_t length;
};

/* The addresses of a name, each once, in the order in which connect() should try them (RFC 6724, as
 * getaddrinfo(3) has it). n is at least 1; what does not fit is left out. */
#define ENDPOINT_ADDRESSES_MAX 16
struct endpoint_addresses {
    size_t n;
    struct endpoint at[ENDPOINT_ADDRESSES_MAX];
};

/* All addresses of a name or number. passive: for bind() (an empty host means every address). 0, or
 * the EAI_ code of getaddrinfo(3), for gai_strerror(). It blocks, as long as the name servers do
 * not answer. */
int endpoint_resolve_all(const char *host, uint16_t port, bool passive,
                         struct endpoint_addresses *ret);

/* The first of them. */
int endpoint_resolve(const char *host, uint16_t port, bool passive, struct endpoint *ret);

/* 0.0.0.0 and :: become the loopback address, which is where connect() goes with them. */
void endpoint_any_to_loopback(struct endpoint *e);

/* Of 127.0.0.0/8 (also IPv4-mapped) or ::1. */
bool endpoint_is_loopback(const struct endpoint *e);

/* Whether this machine has an address from which to connect there, as far as a datagram socket can
 * tell: its connect() looks for route and source as a TCP socket's does, needs no port of TCP, and
 * sends nothing. */
bool endpoint_has_source(const struct endpoint *e);

/* fe80::1 and its like: means nothing without an interface. Whether it has none. */
bool endpoint_lacks_zone(const struct endpoint *e);

/* From an address' bytes (4 or 16, by family). */
void endpoint_from_bytes(int family, const void *bytes, uint16_t port, struct endpoint *ret);

int endpoint_family(const struct endpoint *e);
uint16_t endpoint_port(const struct endpoint *e); /* host byte order */
void endpoint_set_port(struct endpoint *e, uint16_t port);
const void *endpoint_bytes(const struct endpoint *e); /* the address' 4 or 16 bytes, inside e */

/* The interface of a link-local address; 0: none. */
void endpoint_set_zone(struct endpoint *e, uint32_t interface);

/* "127.0.0.1:8888", "[::1]:8888"; endpoint_host() without the port. */
#define ENDPOINT_TEXT_MAX 80
const char *endpoint_format(const struct endpoint *e, char text[static ENDPOINT_TEXT_MAX]);
const char *endpoint_host(const struct endpoint *e, char text[static ENDPOINT_TEXT_MAX]);

/* All but the first: "127.0.0.1, 192.0.2.1"; cut off where it is too long. */
#define ENDPOINT_LIST_MAX 256
const char *endpoint_others(const struct endpoint_addresses *a,
                            char text[static ENDPOINT_LIST_MAX]);
