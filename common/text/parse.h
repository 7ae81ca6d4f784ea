/* Parses numbers and addresses that a user types. No function here allocates memory, prints, or
 * uses the network.
 *
 * Each parser returns 0 and sets its ret_ outputs; or it returns -EINVAL (the text has another
 * form) or -ERANGE (the form is right, the value is out of range), leaves the outputs unchanged,
 * and sets *ret_why to a static half sentence ("a duration cannot be negative"). No parser accepts
 * white space, an empty text, trailing characters, NaN, infinity, hexadecimal numbers or
 * exponents. */
#pragma once

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "250us", "40ms", "1.5s", "2m", "1h"; a bare number means seconds. In ns, 0 to INT64_MAX. */
int parse_duration(const char *text, int64_t *ret_ns, const char **ret_why);

/* "4096", "10k", "1.5M", "2G" (powers of 1000); the result must be an integer from 0 to INT64_MAX,
 * the largest in JSON. */
int parse_count(const char *text, uint64_t *ret_count, const char **ret_why);

/* Like parse_count(), with an optional '-' in front. */
int parse_integer(const char *text, int64_t *ret_integer, const char **ret_why);

/* "64", "4k", "1M", "1G" (powers of 1024); the result must be an integer from 0 to INT64_MAX. */
int parse_size(const char *text, uint64_t *ret_bytes, const char **ret_why);

/* "0.5", "5000", "1.5k" of --rate: as parse_count(), with at most 6 decimals. In millionths. */
int parse_rate(const char *text, uint64_t *ret_millionths, const char **ret_why);

/* "8888": 0 to 65535, digits only. */
int parse_port(const char *text, uint16_t *ret_port, const char **ret_why);

/* "host", "host:port", "1.2.3.4:80", "::1", "[::1]", "[::1]:80", "fe80::1%lo". Does not resolve the
 * host. ret_host is NUL-terminated and has no brackets; *ret_port is -1 if the text has no port.
 * Refuses "::1:80", because a user hardly means the address ::1:80 (in ::/96, RFC 4291 2.5.5.1: no
 * longer in use); accepts "[::1:80]". */
#define PARSE_HOST_MAX 256
int parse_host_port(const char *text, char ret_host[static PARSE_HOST_MAX], int *ret_port,
                    const char **ret_why);

/* Whether the text is an IPv6 address without brackets whose end the user may mean as the port:
 * "2001:db8::1:8888". parse_host_port() reads it as an address without a port. */
bool parse_is_ambiguous(const char *text);

/* "ADDR" or "ADDR/LEN", IPv4 or IPv6, numeric; "fe80::1%eth0" is one address of an interface. Bits
 * after the first LEN become 0; without /LEN the network is one address (LEN 32 or 128). */
struct network {
    int family; /* AF_INET or AF_INET6 */
    int prefix; /* bits */
    uint8_t address[16];
    char zone[IF_NAMESIZE]; /* name or number of an interface; "": none */
};
int parse_network(const char *text, struct network *ret_network, const char **ret_why);

/* "50,90,99,99.9": 1 to PARSE_PERCENTILES_MAX numbers, each larger than the one before, above 0 and
 * at most 100, with at most 4 decimals. The result is in millionths: 99.9 is 999000. */
#define PARSE_PERCENTILES_MAX 32
struct percentiles {
    size_t n;
    uint32_t millionths[PARSE_PERCENTILES_MAX];
};
int parse_percentiles(const char *text, struct percentiles *ret_percentiles, const char **ret_why);

/* "IDLE,INTVL,COUNT" of --keepalive, such as "2s,1s,3": whole seconds, in the limits of the kernel
 * (do_tcp_setsockopt(): idle and interval 1 to 32767 s, count 1 to 127). */
struct keepalive {
    int idle_s, interval_s, count;
};
int parse_keepalive(const char *text, struct keepalive *ret_keepalive, const char **ret_why);
