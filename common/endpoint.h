/* A TCP address and port, IPv4 or IPv6. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct endpoint {
    struct sockaddr_storage address;
    socklen_t length;
};

/* Resolves a name or number to its first address. passive: for bind() (an empty host means every address). 0, or the
 * EAI_ code of getaddrinfo(3), for gai_strerror(). */
int endpoint_resolve(const char *host, uint16_t port, bool passive, struct endpoint *ret);

/* 0.0.0.0 and :: become the loopback address, which is where connect() goes with them. */
void endpoint_any_to_loopback(struct endpoint *e);

/* Of 127.0.0.0/8 (also IPv4-mapped) or ::1. */
bool endpoint_is_loopback(const struct endpoint *e);

/* From an address' bytes (4 or 16, by family). */
void endpoint_from_bytes(int family, const void *bytes, uint16_t port, struct endpoint *ret);

int endpoint_family(const struct endpoint *e);
uint16_t endpoint_port(const struct endpoint *e); /* host byte order */
void endpoint_set_port(struct endpoint *e, uint16_t port);
const void *endpoint_bytes(const struct endpoint *e); /* the address' 4 or 16 bytes, inside e */

/* "127.0.0.1:8888", "[::1]:8888"; endpoint_host() without the port. */
#define ENDPOINT_TEXT_MAX 80
const char *endpoint_format(const struct endpoint *e, char text[static ENDPOINT_TEXT_MAX]);
const char *endpoint_host(const struct endpoint *e, char text[static ENDPOINT_TEXT_MAX]);
