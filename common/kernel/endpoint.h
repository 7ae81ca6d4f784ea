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

/* The addresses of a name, each once, in the order in which a program should try them with
 * connect() (RFC 6724; getaddrinfo(3) sorts them so). n is at least 1; addresses beyond the 16th
 * are left out. */
#define ENDPOINT_ADDRESSES_MAX 16
struct endpoint_addresses {
    size_t n;
    struct endpoint at[ENDPOINT_ADDRESSES_MAX];
};

/* Finds all addresses of a host, which is a name or a numeric address. passive: for bind() (an
 * empty host means every address). Returns 0, or the EAI_ code of getaddrinfo(3), for
 * gai_strerror(). It blocks while the name servers do not answer. */
int endpoint_resolve_all(const char *host, uint16_t port, bool passive,
                         struct endpoint_addresses *ret);

/* The same, but returns only the first address. */
int endpoint_resolve(const char *host, uint16_t port, bool passive, struct endpoint *ret);

/* Replaces 0.0.0.0 and :: by the loopback address, because connect() to them goes there. */
void endpoint_any_to_loopback(struct endpoint *e);

/* Whether the address is in 127.0.0.0/8 (also IPv4-mapped) or is ::1. */
bool endpoint_is_loopback(const struct endpoint *e);

/* Whether this machine has an address from which it can connect to e. It asks with connect() on a
 * datagram socket, which looks for a route and a source address as a TCP socket does, but needs no
 * TCP port and sends nothing. */
bool endpoint_has_source(const struct endpoint *e);

/* Whether it is a link-local address (fe80::1) without an interface. Such an address is of no
 * use. */
bool endpoint_lacks_zone(const struct endpoint *e);

/* Makes an endpoint from the bytes of an address: 4 for AF_INET, 16 for AF_INET6. */
void endpoint_from_bytes(int family, const void *bytes, uint16_t port, struct endpoint *ret);

int endpoint_family(const struct endpoint *e);
uint16_t endpoint_port(const struct endpoint *e); /* host byte order */
void endpoint_set_port(struct endpoint *e, uint16_t port);
const void *endpoint_bytes(const struct endpoint *e); /* the address' 4 or 16 bytes, inside e */

/* Sets the interface (its index) of a link-local address; 0: none. */
void endpoint_set_zone(struct endpoint *e, uint32_t interface);

/* Write "127.0.0.1:8888" or "[::1]:8888" into text and return it; endpoint_host() writes the
 * address without the port. */
#define ENDPOINT_TEXT_MAX 80
const char *endpoint_format(const struct endpoint *e, char text[static ENDPOINT_TEXT_MAX]);
const char *endpoint_host(const struct endpoint *e, char text[static ENDPOINT_TEXT_MAX]);

/* Writes all addresses but the first into text and returns it: "127.0.0.1, 192.0.2.1". Cuts off
 * what does not fit. */
#define ENDPOINT_LIST_MAX 256
const char *endpoint_others(const struct endpoint_addresses *a,
                            char text[static ENDPOINT_LIST_MAX]);
