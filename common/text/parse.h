/* Texts a user types, turned into numbers and addresses. Nothing here allocates, logs or touches
 * the network.
 *
 * Every parser returns 0 and writes its ret_ outputs, or returns -EINVAL (not of the form) or
 * -ERANGE (of the form, but outside what can be held), leaves the outputs untouched, and points
 * *ret_why at a static half sentence in plain words ("a duration cannot be negative"). White space,
 * empty text, trailing characters, NaN, infinity, hexadecimal and exponents are never accepted. */
#pragma once

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "250us", "40ms", "1.5s", "2m", "1h"; a bare number means seconds. In ns, 0 to INT64_MAX. */
int parse_duration(const char *text, int64_t *ret_ns, const char **ret_why);

/* "4096", "10k", "1.5M", "2G" (powers of 1000); must come out whole. 0 to INT64_MAX: JSON has no
 * larger integers. */
int parse_count(const char *text, uint64_t *ret_count, const char **ret_why);

/* As parse_count, with an optional leading '-'. */
int parse_integer(const char *text, int64_t *ret_integer, const char **ret_why);

/* "64", "4k", "1M", "1G" (powers of 1024); must come out whole. 0 to INT64_MAX. */
int parse_size(const char *text, uint64_t *ret_bytes, const char **ret_why);

/* "0.5", "5000", "1.5k" of --rate: as parse_count(), with at most 6 decimals. In millionths. */
int parse_rate(const char *text, uint64_t *ret_millionths, const char **ret_why);

/* "8888": 0 to 65535, digits only. */
int parse_port(const char *text, uint16_t *ret_port, const char **ret_why);

/* "host", "host:port", "1.2.3.4:80", "::1", "[::1]", "[::1]:80", "fe80::1%lo". The host is not
 * resolved. ret_host is NUL-terminated, without brackets; *ret_port is -1 where the text has none.
 * "::1:80" is refused: the address ::1:80 (of ::/96, RFC 4291 2.5.5.1: no longer in use) is hardly
 * meant; "[::1:80]" is taken. */
#define PARSE_HOST_MAX 256
int parse_host_port(const char *text, char ret_host[static PARSE_HOST_MAX], int *ret_port,
                    const char **ret_why);

/* An IPv6 address without brackets that parse_host_port() takes as a whole, although its end may be
 * meant as the port: "2001:db8::1:8888". */
bool parse_is_ambiguous(const char *text);

/* "ADDR" or "ADDR/LEN", IPv4 or IPv6, numeric; "fe80::1%eth0" for one address of an interface. Bits
 * below LEN are zeroed; without /LEN the length is that of the family (32, 128): one address. */
struct network {
    int family; /* AF_INET or AF_INET6 */
    int prefix; /* bits */
    uint8_t address[16];
    char zone[IF_NAMESIZE]; /* name or number of an interface; "": none */
};
int parse_network(const char *text, struct network *ret_network, const char **ret_why);

/* "50,90,99,99.9": 1 to PARSE_PERCENTILES_MAX numbers above 0 and up to 100, in rising order, at
 * most 4 decimals. In millionths of the whole: 99.9 is 999000. */
#define PARSE_PERCENTILES_MAX 32
struct percentiles {
    size_t n;
    uint32_t millionths[PARSE_PERCENTILES_MAX];
};
int parse_percentiles(const char *text, struct percentiles *ret_percentiles, const char **ret_why);

/* "IDLE,INTVL,COUNT" of --keepalive, e.g. "2s,1s,3": whole seconds, within what tcp(7) takes
 * (do_tcp_setsockopt(): idle and interval 1 to 32767 s, count 1 to 127). */
struct keepalive {
    int idle_s, interval_s, count;
};
int parse_keepalive(const char *text, struct keepalive *ret_keepalive, const char **ret_why);
