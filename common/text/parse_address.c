/* The half of parse.h that reads hosts, ports and networks. */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "common/text/parse.h"

#define LABEL_MAX 63 /* one part of a host name, RFC 1035 */

/* Not isalnum(): what counts as a letter must not depend on the locale. */
#define BLANKS          " \t\n\v\f\r"
#define DIGITS          "0123456789"
#define HEX_DIGITS      DIGITS "abcdefABCDEF"
#define NAME_CHARACTERS DIGITS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_"

static int refuse(int error, const char *why, const char **ret_why)
{
    *ret_why = why;
    return error;
}

/* Digits and nothing else. Stops when the value is above limit, so any longer number is also too
 * large. */
static bool read_digits(const char *text, unsigned limit, unsigned *ret)
{
    size_t n = strlen(text);
    if (n == 0 || strspn(text, DIGITS) != n)
        return false;
    unsigned value = 0;
    for (size_t i = 0; i < n && value <= limit; i++)
        value = value * 10 + (unsigned)(text[i] - '0');
    *ret = value;
    return true;
}

int parse_port(const char *text, uint16_t *ret_port, const char **ret_why)
{
    unsigned port;
    if (text[0] == '\0')
        return refuse(-EINVAL, "the value is empty", ret_why);
    if (!read_digits(text, UINT16_MAX, &port))
        return refuse(-EINVAL, "a port is written in digits only", ret_why);
    if (port > UINT16_MAX)
        return refuse(-ERANGE, "a port is at most 65535", ret_why);
    *ret_port = (uint16_t)port;
    return 0;
}

/* A zone is the name or the number of a network interface. The kernel's dev_valid_name() forbids
 * '/' and ':'; with brackets in it, the address could not be written with a port. */
static bool is_zone(const char *zone)
{
    size_t n = strlen(zone);
    if (n == 0 || n >= IF_NAMESIZE || strpbrk(zone, "/:%[]"))
        return false;
    for (const char *c = zone; *c; c++)
        if (*c <= ' ' || *c > '~')
            return false;
    return true;
}

/* "::1" or "fe80::1%lo" */
static bool is_ipv6(const char *host)
{
    char address[INET6_ADDRSTRLEN];
    size_t n = strcspn(host, "%");
    if (n >= sizeof address || (host[n] == '%' && !is_zone(host + n + 1)))
        return false;
    memcpy(address, host, n);
    address[n] = '\0';
    struct in6_addr ignored;
    return inet_pton(AF_INET6, address, &ignored) == 1;
}

/* Whether the last part is a number: then getaddrinfo() takes "8888" or "0x7f.1" for an address,
 * which nobody means.
 */
static bool ends_in_number(const char *host)
{
    const char *part = host, *point;
    /* one point at the very end is allowed */
    while ((point = strchr(part, '.')) && point[1] != '\0')
        part = point + 1;
    size_t n = strcspn(part, ".");
    if (part[0] == '0' && (part[1] == 'x' || part[1] == 'X'))
        return 2 + strspn(part + 2, HEX_DIGITS) == n;
    return n > 0 && strspn(part, DIGITS) == n;
}

/* Parts of letters, digits, '-' and '_', joined by points; one more point may end it. */
static bool is_name(const char *host)
{
    const char *part = host;
    do {
        size_t n = strcspn(part, ".");
        if (n == 0 || n > LABEL_MAX || strspn(part, NAME_CHARACTERS) != n)
            return false;
        if (part[0] == '-' || part[n - 1] == '-')
            return false;
        part += n + (part[n] == '.');
    } while (*part);
    return true;
}

/* Whether what follows the last colon is digits, as of a port. */
static bool ends_like_port(const char *host)
{
    unsigned port;
    return read_digits(strrchr(host, ':') + 1, UINT16_MAX, &port);
}

/* Of ::/96, the IPv4-compatible addresses, only :: and ::1 are in use. */
static bool is_obsolete(const char *host)
{
    struct in6_addr a;
    return inet_pton(AF_INET6, host, &a) == 1 && IN6_IS_ADDR_V4COMPAT(&a);
}

/* Not "1:2:3:4:5:6:7:8": what stands before the last colon must be an address by itself. */
bool parse_is_ambiguous(const char *text)
{
    char address[INET6_ADDRSTRLEN];
    if (!strchr(text, ':') || !is_ipv6(text) || !ends_like_port(text))
        return false;
    size_t n = (size_t)(strrchr(text, ':') - text);
    memcpy(address, text, n);
    address[n] = '\0';
    return is_ipv6(address);
}

static int check_host(const char *host, bool bracketed, const char **ret_why)
{
    if (host[0] == '\0')
        return refuse(-EINVAL, "the host is missing", ret_why);
    if (strchr(host, ':')) {
        if (!bracketed && is_obsolete(host) && ends_like_port(host))
            return refuse(-EINVAL,
                          "an IPv6 address with a port is written in brackets, such as [::1]:8888",
                          ret_why);
        if (is_ipv6(host))
            return 0;
        return refuse(-EINVAL,
                      bracketed ? "what stands in the brackets is not an IPv6 address"
                                : "not an IPv6 address (with a port it is written [ADDRESS]:PORT)",
                      ret_why);
    }
    if (bracketed)
        return refuse(-EINVAL, "square brackets are for IPv6 addresses only", ret_why);
    struct in_addr ignored;
    if (inet_pton(AF_INET, host, &ignored) == 1)
        return 0;
    if (ends_in_number(host))
        return refuse(-EINVAL, "an IPv4 address is four numbers from 0 to 255 with points between",
                      ret_why);
    if (!is_name(host))
        return refuse(-EINVAL, "a host name is made of letters, digits, '-', '_' and single points",
                      ret_why);
    return 0;
}

/* Where the host ends and the port begins; *ret_port is NULL where there is none. */
static int split_host_port(const char *text, const char **ret_host, size_t *ret_n,
                           const char **ret_port, const char **ret_why)
{
    const char *end, *host = text;
    if (text[0] == '[') {
        host = text + 1;
        end = strchr(host, ']');
        if (!end)
            return refuse(-EINVAL, "the closing bracket ] is missing", ret_why);
        if (end[1] != '\0' && end[1] != ':')
            return refuse(-EINVAL, "only :PORT may follow the closing bracket", ret_why);
        *ret_port = end[1] ? end + 2 : NULL;
    } else {
        end = strchr(text, ':');
        /* two colons and no brackets: all of it is one IPv6 address */
        if (!end || strchr(end + 1, ':'))
            end = text + strlen(text);
        *ret_port = *end ? end + 1 : NULL;
    }
    *ret_host = host;
    *ret_n = (size_t)(end - host);
    return 0;
}

int parse_host_port(const char *text, char ret_host[static PARSE_HOST_MAX], int *ret_port,
                    const char **ret_why)
{
    const char *start, *port_text;
    size_t n;
    if (text[0] == '\0')
        return refuse(-EINVAL, "the value is empty", ret_why);
    if (strpbrk(text, BLANKS))
        return refuse(-EINVAL, "blanks are not taken", ret_why);
    int r = split_host_port(text, &start, &n, &port_text, ret_why);
    if (r < 0)
        return r;
    char host[PARSE_HOST_MAX];
    if (n >= sizeof host)
        return refuse(-ERANGE, "a host name has at most 255 characters", ret_why);
    memcpy(host, start, n);
    host[n] = '\0';
    r = check_host(host, text[0] == '[', ret_why);
    if (r < 0)
        return r;
    uint16_t port = 0;
    if (port_text && *port_text == '\0')
        return refuse(-EINVAL, "a port must follow the colon", ret_why);
    r = port_text ? parse_port(port_text, &port, ret_why) : 0;
    if (r < 0)
        return r;
    memcpy(ret_host, host, n + 1);
    *ret_port = port_text ? port : -1;
    return 0;
}

/* "fe80::1%lo" becomes "fe80::1" and "lo". The whole has been checked. */
static void split_zone(char *address, char zone[static IF_NAMESIZE])
{
    char *mark = strchr(address, '%');
    if (!mark)
        return;
    strcpy(zone, mark + 1);
    *mark = '\0';
}

static void clear_host_bits(uint8_t *address, size_t n, unsigned prefix)
{
    for (size_t i = 0; i < n; i++) {
        unsigned kept = prefix > 8 * i ? prefix - 8 * (unsigned)i : 0;
        if (kept < 8)
            address[i] &= (uint8_t)(0xff00u >> kept);
    }
}

int parse_network(const char *text, struct network *ret_network, const char **ret_why)
{
    struct network network = {.family = AF_INET};
    char address[INET6_ADDRSTRLEN + IF_NAMESIZE];
    size_t n = strcspn(text, "/");
    if (text[0] == '\0')
        return refuse(-EINVAL, "the value is empty", ret_why);
    if (n >= sizeof address)
        return refuse(-EINVAL, "not an IPv4 or IPv6 address", ret_why);
    memcpy(address, text, n);
    address[n] = '\0';
    if (strchr(address, ':'))
        network.family = AF_INET6;
    if (network.family == AF_INET6 && is_ipv6(address))
        split_zone(address, network.zone);
    if (inet_pton(network.family, address, network.address) != 1)
        return refuse(-EINVAL, "not an IPv4 or IPv6 address", ret_why);
    if (network.zone[0] && text[n] == '/')
        return refuse(-EINVAL, "an address of an interface stands alone, without /LEN", ret_why);

    unsigned bits = network.family == AF_INET ? 32 : 128, prefix = bits;
    if (text[n] == '/' && !read_digits(text + n + 1, bits, &prefix))
        return refuse(-EINVAL, "the prefix length after / is written in digits only", ret_why);
    if (prefix > bits)
        return refuse(-ERANGE,
                      bits == 32 ? "an IPv4 prefix length is at most 32"
                                 : "an IPv6 prefix length is at most 128",
                      ret_why);
    clear_host_bits(network.address, bits / 8, prefix);
    network.prefix = (int)prefix;
    *ret_network = network;
    return 0;
}
