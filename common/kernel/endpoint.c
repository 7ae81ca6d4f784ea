#include "common/kernel/endpoint.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* /etc/hosts may name an address twice. */
static void append(struct endpoint_addresses *list, const struct endpoint *e)
{
    for (size_t i = 0; i < list->n; i++)
        if (list->at[i].length == e->length &&
            !memcmp(&list->at[i].address, &e->address, e->length))
            return;
    if (list->n < ENDPOINT_ADDRESSES_MAX)
        list->at[list->n++] = *e;
}

int endpoint_resolve_all(const char *host, uint16_t port, bool passive,
                         struct endpoint_addresses *ret)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = passive ? AI_PASSIVE : 0},
                    *found;
    int code = getaddrinfo(*host ? host : NULL, "0", &hints, &found);
    if (code)
        return code;
    ret->n = 0;
    for (const struct addrinfo *a = found; a; a = a->ai_next) {
        struct endpoint e = {.length = a->ai_addrlen};
        memcpy(&e.address, a->ai_addr, a->ai_addrlen);
        endpoint_set_port(&e, port);
        append(ret, &e);
    }
    freeaddrinfo(found);
    return 0;
}

int endpoint_resolve(const char *host, uint16_t port, bool passive, struct endpoint *ret)
{
    struct endpoint_addresses all;
    int code = endpoint_resolve_all(host, port, passive, &all);
    if (!code)
        *ret = all.at[0];
    return code;
}

void endpoint_any_to_loopback(struct endpoint *e)
{
    struct sockaddr_in *in = (struct sockaddr_in *)&e->address;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&e->address;
    if (endpoint_family(e) == AF_INET && in->sin_addr.s_addr == htonl(INADDR_ANY))
        in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    else if (endpoint_family(e) == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&in6->sin6_addr))
        in6->sin6_addr = in6addr_loopback;
}

bool endpoint_is_loopback(const struct endpoint *e)
{
    const struct sockaddr_in *in = (const struct sockaddr_in *)&e->address;
    const struct in6_addr *in6 = &((const struct sockaddr_in6 *)&e->address)->sin6_addr;
    if (endpoint_family(e) == AF_INET)
        return ntohl(in->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
    return IN6_IS_ADDR_LOOPBACK(in6) ||
           (IN6_IS_ADDR_V4MAPPED(in6) && in6->s6_addr[12] == IN_LOOPBACKNET);
}

bool endpoint_has_source(const struct endpoint *e)
{
    int fd = socket(endpoint_family(e), SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool none = fd >= 0 && connect(fd, (const struct sockaddr *)&e->address, e->length) &&
                errno == EADDRNOTAVAIL;
    if (fd >= 0)
        close(fd);
    return !none;
}

bool endpoint_lacks_zone(const struct endpoint *e)
{
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&e->address;
    return endpoint_family(e) == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&in6->sin6_addr) &&
           !in6->sin6_scope_id;
}

void endpoint_set_zone(struct endpoint *e, uint32_t interface)
{
    if (endpoint_family(e) == AF_INET6)
        ((struct sockaddr_in6 *)&e->address)->sin6_scope_id = interface;
}

void endpoint_from_bytes(int family, const void *bytes, uint16_t port, struct endpoint *ret)
{
    *ret = (struct endpoint){.address.ss_family = (sa_family_t)family};
    if (family == AF_INET6) {
        ret->length = sizeof(struct sockaddr_in6);
        memcpy(&((struct sockaddr_in6 *)&ret->address)->sin6_addr, bytes, 16);
    } else {
        ret->length = sizeof(struct sockaddr_in);
        memcpy(&((struct sockaddr_in *)&ret->address)->sin_addr, bytes, 4);
    }
    endpoint_set_port(ret, port);
}

int endpoint_family(const struct endpoint *e)
{
    return e->address.ss_family;
}

/* sin_port and sin6_port stand at the same place. */
uint16_t endpoint_port(const struct endpoint *e)
{
    return ntohs(((const struct sockaddr_in *)&e->address)->sin_port);
}

void endpoint_set_port(struct endpoint *e, uint16_t port)
{
    ((struct sockaddr_in *)&e->address)->sin_port = htons(port);
}

const void *endpoint_bytes(const struct endpoint *e)
{
    if (endpoint_family(e) == AF_INET6)
        return &((const struct sockaddr_in6 *)&e->address)->sin6_addr;
    return &((const struct sockaddr_in *)&e->address)->sin_addr;
}

const char *endpoint_host(const struct endpoint *e, char text[static ENDPOINT_TEXT_MAX])
{
    inet_ntop(endpoint_family(e), endpoint_bytes(e), text, ENDPOINT_TEXT_MAX);
    uint32_t zone = endpoint_family(e) == AF_INET6
                        ? ((const struct sockaddr_in6 *)&e->address)->sin6_scope_id
                        : 0;
    char name[IF_NAMESIZE];
    if (zone && if_indextoname(zone, name)) {
        strcat(text, "%");
        strcat(text, name);
    }
    return text;
}

const char *endpoint_format(const struct endpoint *e, char text[static ENDPOINT_TEXT_MAX])
{
    char host[ENDPOINT_TEXT_MAX];
    endpoint_host(e, host);
    if (endpoint_family(e) == AF_INET6)
        snprintf(text, ENDPOINT_TEXT_MAX, "[%.70s]:%u", host, endpoint_port(e));
    else
        snprintf(text, ENDPOINT_TEXT_MAX, "%.70s:%u", host, endpoint_port(e));
    return text;
}

const char *endpoint_others(const struct endpoint_addresses *a, char text[static ENDPOINT_LIST_MAX])
{
    char host[ENDPOINT_TEXT_MAX];
    size_t length = 0;
    text[0] = '\0';
    for (size_t i = 1; i < a->n && length < ENDPOINT_LIST_MAX; i++)
        length += (size_t)snprintf(text + length, ENDPOINT_LIST_MAX - length, "%s%s",
                                   i > 1 ? ", " : "", endpoint_host(&a->at[i], host));
    return text;
}
