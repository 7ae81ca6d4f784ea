/* Every reader of user text, fed with anything: the first byte selects the reader, the rest is its
 * text.
 *
 * What holds for every input: 0, -EINVAL or -ERANGE; on an error a reason is given and no output is
 * written; what is accepted keeps the promises of parse.h and sysctl_guard.h. */
#include "common/process/clock.h"
#include "common/sysctl/sysctl_guard.h"
#include "common/text/parse.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS "0123456789"
#define FILLER 0x5a

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

/* Returns whether the text was accepted. */
static bool check_result(int r, const char *why, const void *output, size_t size)
{
    require(r == 0 || r == -EINVAL || r == -ERANGE);
    if (r == 0)
        return true;
    require(why && *why);
    const uint8_t *byte = output;
    for (size_t i = 0; i < size; i++)
        require(byte[i] == FILLER);
    return false;
}

static bool has_blank(const char *text)
{
    return strpbrk(text, " \t\n\v\f\r") != NULL;
}

/* A number begins with a digit and holds nothing but digits, one point at most, and letters at its
 * end. */
static void check_number(const char *text, const char *units)
{
    size_t n = strspn(text, DIGITS);
    require(n > 0);
    if (text[n] == '.') {
        size_t decimals = strspn(text + n + 1, DIGITS);
        require(decimals > 0);
        n += 1 + decimals;
    }
    require(strlen(text + n) <= 2 && strspn(text + n, units) == strlen(text + n));
}

__extension__ typedef unsigned __int128 wide;

/* value is exactly the number in the text times unit: in 128 bits while the number has at most 18
 * digits, and else in floating point, where the last bits may differ. */
static void check_value(const char *text, uint64_t value, uint64_t unit)
{
    wide digits = 0, scale = 1;
    size_t n = 0;
    bool after_point = false;
    for (const char *c = text; *c == '.' || (*c >= '0' && *c <= '9'); c++) {
        if (*c == '.') {
            after_point = true;
            continue;
        }
        if (++n > 18)
            break;
        digits = digits * 10 + (wide)(*c - '0');
        scale *= after_point ? 10 : 1;
    }
    double expected = strtod(text, NULL) * (double)unit, error = (double)value - expected;
    if (n <= 18)
        require(value * scale == digits * unit);
    else
        require(error <= 1 + expected * 1e-9 && -error <= 1 + expected * 1e-9);
}

static uint64_t unit_of(const char *text, uint64_t k)
{
    const char *unit = text + strspn(text, DIGITS ".");
    return *unit == 'k' ? k : *unit == 'M' ? k * k : *unit == 'G' ? k * k * k : 1;
}

static uint64_t duration_unit_of(const char *text)
{
    const char *unit = text + strspn(text, DIGITS ".");
    if (unit[0] == 'm')
        return unit[1] == 's' ? NS_PER_MS : 60 * NS_PER_S;
    return unit[0] == 'u' ? NS_PER_US : unit[0] == 'h' ? 3600 * NS_PER_S : NS_PER_S;
}

static void fuzz_duration(const char *text)
{
    int64_t ns;
    const char *why = NULL;
    memset(&ns, FILLER, sizeof ns);
    if (!check_result(parse_duration(text, &ns, &why), why, &ns, sizeof ns))
        return;
    require(ns >= 0);
    check_number(text, "usmh");
    check_value(text, (uint64_t)ns, duration_unit_of(text));
}

static void fuzz_count(const char *text)
{
    uint64_t count;
    const char *why = NULL;
    memset(&count, FILLER, sizeof count);
    if (!check_result(parse_count(text, &count, &why), why, &count, sizeof count))
        return;
    check_number(text, "kMG");
    check_value(text, count, unit_of(text, 1000));
}

/* Where both take a text, they agree; a count has no room for INT64_MIN without its sign. */
static void fuzz_integer(const char *text)
{
    int64_t integer;
    uint64_t count;
    const char *why = NULL;
    memset(&integer, FILLER, sizeof integer);
    int r = parse_integer(text, &integer, &why);
    bool accepted = check_result(r, why, &integer, sizeof integer);
    bool negative = *text == '-', counted = parse_count(text + negative, &count, &why) == 0;
    if (!accepted) {
        require(!counted);
        return;
    }
    require(counted == (integer != INT64_MIN) && (integer <= 0 || !negative) &&
            (integer >= 0 || negative));
    require(!counted || count == (negative ? -(uint64_t)integer : (uint64_t)integer));
}

static void fuzz_size(const char *text)
{
    uint64_t bytes;
    const char *why = NULL;
    memset(&bytes, FILLER, sizeof bytes);
    if (!check_result(parse_size(text, &bytes, &why), why, &bytes, sizeof bytes))
        return;
    check_number(text, "kMG");
    check_value(text, bytes, unit_of(text, 1024));
}

static void fuzz_port(const char *text)
{
    uint16_t port;
    const char *why = NULL;
    memset(&port, FILLER, sizeof port);
    if (!check_result(parse_port(text, &port, &why), why, &port, sizeof port))
        return;
    require(*text && strspn(text, DIGITS) == strlen(text));
    check_value(text, port, 1);
}

static void fuzz_host_port(const char *text)
{
    struct {
        char host[PARSE_HOST_MAX];
        int port;
    } out;
    const char *why = NULL;
    memset(&out, FILLER, sizeof out);
    if (!check_result(parse_host_port(text, out.host, &out.port, &why), why, &out, sizeof out))
        return;
    const char *end = memchr(out.host, '\0', sizeof out.host);
    require(end && end > out.host);
    require(out.port >= -1 && out.port <= UINT16_MAX);
    require(!has_blank(text) && !strpbrk(out.host, "[]/") && out.host[0] != '-');
    require(strncmp(text + (*text == '['), out.host, (size_t)(end - out.host)) == 0);

    /* Put together again, it is read as the same. */
    struct {
        char host[PARSE_HOST_MAX];
        int port;
    } again;
    char composed[PARSE_HOST_MAX + 16];
    bool v6 = strchr(out.host, ':') != NULL;
    int n = snprintf(composed, sizeof composed, "%s%s%s", v6 ? "[" : "", out.host, v6 ? "]" : "");
    if (out.port >= 0)
        snprintf(composed + n, sizeof composed - (size_t)n, ":%d", out.port);
    require(parse_host_port(composed, again.host, &again.port, &why) == 0);
    require(strcmp(again.host, out.host) == 0 && again.port == out.port);
}

static void fuzz_network(const char *text)
{
    struct network network, again;
    const char *why = NULL;
    memset(&network, FILLER, sizeof network);
    if (!check_result(parse_network(text, &network, &why), why, &network, sizeof network))
        return;
    require(network.family == AF_INET || network.family == AF_INET6);
    int bits = network.family == AF_INET ? 32 : 128;
    require(network.prefix >= 0 && network.prefix <= bits);
    require(strchr(text, '/') || network.prefix == bits);
    for (int bit = network.prefix; bit < 128; bit++)
        require((network.address[bit / 8] & (0x80 >> bit % 8)) == 0);

    char address[INET6_ADDRSTRLEN], composed[INET6_ADDRSTRLEN + 8];
    require(inet_ntop(network.family, network.address, address, sizeof address) != NULL);
    snprintf(composed, sizeof composed, "%s/%d", address, network.prefix);
    require(parse_network(composed, &again, &why) == 0);
    require(again.family == network.family && again.prefix == network.prefix);
    require(memcmp(again.address, network.address, sizeof again.address) == 0);
}

static void fuzz_percentiles(const char *text)
{
    struct percentiles p;
    const char *why = NULL;
    memset(&p, FILLER, sizeof p);
    if (!check_result(parse_percentiles(text, &p, &why), why, &p, sizeof p))
        return;
    require(p.n >= 1 && p.n <= PARSE_PERCENTILES_MAX);
    require(strspn(text, DIGITS ".,") == strlen(text));
    const char *at = text;
    for (size_t i = 0; i < p.n; i++) {
        require(p.millionths[i] >= 1 && p.millionths[i] <= 1000000);
        require(i == 0 || p.millionths[i] > p.millionths[i - 1]);
        check_value(at, p.millionths[i], 10000);
        at += strcspn(at, ",");
        at += *at == ',';
    }
    require(*at == '\0');
}

static void fuzz_keepalive(const char *text)
{
    struct keepalive k;
    const char *why = NULL;
    memset(&k, FILLER, sizeof k);
    if (!check_result(parse_keepalive(text, &k, &why), why, &k, sizeof k))
        return;
    require(k.idle_s >= 1 && k.idle_s <= 32767);
    require(k.interval_s >= 1 && k.interval_s <= 32767);
    require(k.count >= 1 && k.count <= 127);
    check_value(text, (uint64_t)k.idle_s * NS_PER_S, duration_unit_of(text));
}

static bool has_bad_part(const char *key)
{
    size_t n = strlen(key);
    return strstr(key, "..") || strstr(key, "//") || strstr(key, "./") || strstr(key, "/.") ||
           key[0] == '.' || key[0] == '/' || key[n - 1] == '.' || key[n - 1] == '/';
}

static void fuzz_sysctl(const char *text)
{
    struct {
        char key[SYSCTL_KEY_MAX], value[SYSCTL_VALUE_MAX];
    } out, again;
    const char *why = NULL;
    memset(&out, FILLER, sizeof out);
    int r = sysctl_parse(text, out.key, out.value, &why);
    require(r == 0 || r == -EINVAL);
    if (!check_result(r, why, NULL, 0))
        return;
    require(memchr(out.key, '\0', sizeof out.key) && memchr(out.value, '\0', sizeof out.value));
    require(strncmp(out.key, "net.core.", 9) == 0 || strncmp(out.key, "net.ipv4.", 9) == 0 ||
            strncmp(out.key, "net.ipv6.", 9) == 0);
    require(strlen(out.key) > 9 && !has_bad_part(out.key));
    require(out.key[strspn(out.key, DIGITS
                           "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-./")] == '\0');
    require(strchr(text, '=') && !strchr(out.value, '\n'));

    /* The canonical form is read as itself. */
    char composed[SYSCTL_KEY_MAX + SYSCTL_VALUE_MAX];
    snprintf(composed, sizeof composed, "%s=%s", out.key, out.value);
    require(sysctl_parse(composed, again.key, again.value, &why) == 0);
    require(strcmp(again.key, out.key) == 0 && strcmp(again.value, out.value) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const readers[])(const char *text) = {
        fuzz_duration,  fuzz_count,   fuzz_integer,     fuzz_size,      fuzz_port,
        fuzz_host_port, fuzz_network, fuzz_percentiles, fuzz_keepalive, fuzz_sysctl};
    if (size == 0)
        return 0;
    char *text = malloc(size); /* of the exact size: reading past the end is caught */
    require(text != NULL);
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    readers[data[0] % (sizeof readers / sizeof *readers)](text);
    free(text);
    return 0;
}
