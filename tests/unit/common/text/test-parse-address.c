/* The ports, hosts and networks a user types: what is taken and what is refused, and how. */
#include "common/text/parse.h"
#include "tests/lib/refused.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

Test(port, taken)
{
    static const struct {
        const char *text;
        unsigned value;
    } table[] = {{"0", 0}, {"1", 1}, {"8888", 8888}, {"0080", 80}, {"65535", 65535}};
    for (size_t i = 0; i < N(table); i++) {
        uint16_t port = 4711;
        const char *why = NULL;
        cr_expect_eq(parse_port(table[i].text, &port, &why), 0, "%s: %s", table[i].text, why);
        cr_expect_eq(port, table[i].value, "%s: %u", table[i].text, port);
    }
}

Test(port, refused)
{
    static const struct refused table[] = {
        {"", -EINVAL, "empty"},
        {"-1", -EINVAL, "digits only"},
        {"+80", -EINVAL, "digits only"},
        {"80.0", -EINVAL, "digits only"},
        {"1k", -EINVAL, "digits only"},
        {"80 ", -EINVAL, "digits only"},
        {"http", -EINVAL, "digits only"},
        {"99999x", -EINVAL, "digits only"},
        {"65536", -ERANGE, "a port is at most 65535"},
        {"70000", -ERANGE, "a port is at most 65535"},
        {"131152", -ERANGE, NULL},     /* 2 * 65536 + 80 */
        {"4294967376", -ERANGE, NULL}, /* 2^32 + 80 */
        {"18446744073709551696", -ERANGE, NULL},
        {"99999999999999999999999999999999", -ERANGE, NULL},
    };
    for (size_t i = 0; i < N(table); i++) {
        uint16_t port = 4711;
        const char *why = NULL;
        int r = parse_port(table[i].text, &port, &why);
        check_refused(&table[i], r, why);
        cr_expect_eq(port, 4711, "%s wrote its output", table[i].text);
    }
}

Test(host_port, taken)
{
    static const struct {
        const char *text, *host;
        int port;
    } table[] = {
        {"localhost", "localhost", -1},
        {"localhost:80", "localhost", 80},
        {"a", "a", -1},
        {"a.b-c.example", "a.b-c.example", -1},
        {"example.org.", "example.org.", -1},
        {"example.org.:443", "example.org.", 443},
        {"my_host:0", "my_host", 0},
        {"1.2.3.4", "1.2.3.4", -1},
        {"1.2.3.4:80", "1.2.3.4", 80},
        {"255.255.255.255:65535", "255.255.255.255", 65535},
        {"0.0.0.0:8888", "0.0.0.0", 8888},
        {"4ever.example:1", "4ever.example", 1},
        {"1e5", "1e5", -1},
        {"::", "::", -1},
        {"::1", "::1", -1},
        {"[::]:0", "::", 0},
        {"[::1]", "::1", -1},
        {"[::1]:80", "::1", 80},
        {"[::1]:0080", "::1", 80},
        {"2001:db8::1", "2001:db8::1", -1},
        {"2001:db8::1:80", "2001:db8::1:80", -1}, /* without brackets all of it is the address */
        {"[::1:80]", "::1:80", -1},
        {"[::1:80]:81", "::1:80", 81},
        {"::1:ffff", "::1:ffff", -1},
        {"::1.2.3.4", "::1.2.3.4", -1},
        {"::ffff:1.2.3.4", "::ffff:1.2.3.4", -1},
        {"fe80::1%lo", "fe80::1%lo", -1},
        {"[fe80::1%lo]", "fe80::1%lo", -1},
        {"[fe80::1%eth0.100]:8888", "fe80::1%eth0.100", 8888},
        {"fe80::1%2", "fe80::1%2", -1},
        {"fe80::1%a23456789012345", "fe80::1%a23456789012345", -1}, /* IF_NAMESIZE - 1 characters */
        {"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8", -1},
    };
    for (size_t i = 0; i < N(table); i++) {
        char host[PARSE_HOST_MAX] = "untouched";
        const char *why = NULL;
        int port = 4711;
        cr_expect_eq(parse_host_port(table[i].text, host, &port, &why), 0, "%s: %s", table[i].text,
                     why);
        cr_expect_str_eq(host, table[i].host, "%s: %s", table[i].text, host);
        cr_expect_eq(port, table[i].port, "%s: %d", table[i].text, port);
    }
}

static const struct refused hosts_refused[] = {
    {"", -EINVAL, "empty"},
    {" ", -EINVAL, "blanks"},
    {"a b", -EINVAL, "blanks"},
    {"host ", -EINVAL, "blanks"},
    {"host:80\n", -EINVAL, "blanks"},
    {":", -EINVAL, "host is missing"},
    {":80", -EINVAL, "host is missing"},
    {"host:", -EINVAL, "a port must follow"},
    {"1.2.3.4:", -EINVAL, "a port must follow"},
    {"[::1]:", -EINVAL, "a port must follow"},
    {"host:http", -EINVAL, "digits only"},
    {"host:-1", -EINVAL, "digits only"},
    {"host:80x", -EINVAL, "digits only"},
    {"host:65536", -ERANGE, "at most 65535"},
    {"[::1]:70000", -ERANGE, "at most 65535"},
    {"http://host", -EINVAL, "digits only"},
    {"[", -EINVAL, "closing bracket"},
    {"[::1", -EINVAL, "closing bracket"},
    {"[::1:80", -EINVAL, "closing bracket"},
    {"::1:80", -EINVAL, "an IPv6 address with a port is written in brackets, such as [::1]:8888"},
    {"::1:8888", -EINVAL, "in brackets"},
    {"::8888", -EINVAL, "in brackets"},
    {"0:0:0:0:0:0:1:80", -EINVAL, "in brackets"},
    {"::1:10000", -EINVAL, "not an IPv6 address"},
    {"[]", -EINVAL, "host is missing"},
    {"[]:80", -EINVAL, "host is missing"},
    {"::1]", -EINVAL, "not an IPv6 address"},
    {"::1]:80", -EINVAL, "not an IPv6 address"},
    {"[::1]80", -EINVAL, "only :PORT"},
    {"[::1]]:80", -EINVAL, "only :PORT"},
    {"[[::1]]:80", -EINVAL, NULL},
    {"x[::1]:80", -EINVAL, NULL},
    {"[localhost]:80", -EINVAL, "for IPv6 addresses only"},
    {"[1.2.3.4]:80", -EINVAL, "for IPv6 addresses only"},
    {"[::g]", -EINVAL, "in the brackets"},
    {"[1:2:3]", -EINVAL, "in the brackets"},
    {"a:b:c", -EINVAL, "[ADDRESS]:PORT"},
    {"1.2.3.4:80:90", -EINVAL, "not an IPv6 address"},
    {"1::2::3", -EINVAL, "not an IPv6 address"},
    {":::", -EINVAL, "not an IPv6 address"},
    {"12345::1", -EINVAL, "not an IPv6 address"},
    {"1:2:3:4:5:6:7:8:9", -EINVAL, "not an IPv6 address"},
    {"0000:0000:0000:0000:0000:0000:0000:0000:0000:0000", -EINVAL, "not an IPv6 address"},
    {"fe80::1%", -EINVAL, "not an IPv6 address"},
    {"[fe80::1%]:80", -EINVAL, "in the brackets"},
    {"fe80::1%lo:80", -EINVAL, "[ADDRESS]:PORT"},
    {"fe80::1%a/b", -EINVAL, NULL},
    {"fe80::1%a%b", -EINVAL, NULL},
    {"fe80::1%a:b", -EINVAL, NULL},
    {"fe80::1%]a", -EINVAL, NULL},
    {"fe80::1%[a", -EINVAL, NULL},
    {"fe80::1%a\x01", -EINVAL, NULL},
    {"fe80::1%a234567890123456", -EINVAL, NULL}, /* IF_NAMESIZE characters */
    {"fe80::1%\xc3\xa9", -EINVAL, NULL},
    {"1.2.3.4%lo", -EINVAL, NULL},
    {"1.2.3", -EINVAL, "four numbers"},
    {"1.2.3.4.5", -EINVAL, "four numbers"},
    {"256.1.1.1", -EINVAL, "four numbers"},
    {"1.2.3.04", -EINVAL, "four numbers"},
    {"1.2.3.4.", -EINVAL, "four numbers"},
    {"8888", -EINVAL, "four numbers"},
    {"0x7f000001", -EINVAL, "four numbers"},
    {"1.2.3.0x4:80", -EINVAL, "four numbers"},
    {"host.0X", -EINVAL, "four numbers"},
    {"-host", -EINVAL, "host name"},
    {"a.-b", -EINVAL, "host name"},
    {"a-.b", -EINVAL, "host name"},
    {".", -EINVAL, "host name"},
    {".a", -EINVAL, "host name"},
    {"a..b", -EINVAL, "host name"},
    {"a..", -EINVAL, "host name"},
    {"a/b", -EINVAL, "host name"},
    {"a@b", -EINVAL, "host name"},
    {"*", -EINVAL, "host name"},
    {"m\xc3\xbcnchen.example", -EINVAL, "host name"},
    {"a\x01", -EINVAL, "host name"},
};

Test(host_port, refused)
{
    for (size_t i = 0; i < N(hosts_refused); i++) {
        char host[PARSE_HOST_MAX] = "untouched";
        const char *why = NULL;
        int port = 4711;
        int r = parse_host_port(hosts_refused[i].text, host, &port, &why);
        check_refused(&hosts_refused[i], r, why);
        cr_expect(strcmp(host, "untouched") == 0 && port == 4711, "%s wrote its output",
                  hosts_refused[i].text);
    }
}

Test(host_port, an_address_that_may_have_been_meant_with_a_port)
{
    static const struct {
        const char *text;
        bool ambiguous;
    } table[] = {
        {"2001:db8::1:8888", true},
        {"fe80::1:2", true},
        {"2001:db8::1", false},
        {"::1", false},
        {"::", false},
        {"1:2:3:4:5:6:7:8", false},
        {"2001:db8::1:a", false},
        {"fe80::1:2%lo", false},
        {"host:80", false},
        {"1.2.3.4:80", false},
        {"[2001:db8::1:2]", false},
        {"2001:db8::8888", false},
        {"host", false},
    };
    for (size_t i = 0; i < N(table); i++)
        cr_expect_eq(parse_is_ambiguous(table[i].text), table[i].ambiguous, "%s", table[i].text);
}

/* A name of 255 characters in parts of at most 63 fits, one more does not. */
Test(host_port, length)
{
    char host[PARSE_HOST_MAX], name[1000];
    const char *why = NULL;
    int port;
    memset(name, 'a', sizeof name);
    for (size_t i = 63; i < sizeof name; i += 64)
        name[i] = '.';
    name[255] = '\0';
    cr_expect_eq(parse_host_port(name, host, &port, &why), 0);
    cr_expect_eq(strlen(host), 255);
    memcpy(name + 255, ":80", 4);
    cr_expect_eq(parse_host_port(name, host, &port, &why), 0);
    cr_expect_eq(strlen(host), 255);
    cr_expect_eq(port, 80);
    memcpy(name + 254, "aa", 3);
    cr_expect_eq(parse_host_port(name, host, &port, &why), -ERANGE);
    cr_expect_str_eq(why, "a host name has at most 255 characters");

    char *part = repeat('a', 63, ".b"), *long_part = repeat('a', 64, ".b"),
         *huge = repeat('a', 1000000, ":80");
    cr_expect_eq(parse_host_port(part, host, &port, &why), 0);
    cr_expect_eq(parse_host_port(long_part, host, &port, &why), -EINVAL);
    cr_expect_eq(parse_host_port(huge, host, &port, &why), -ERANGE);
    free(part);
    free(long_part);
    free(huge);
}

Test(network, taken)
{
    static const struct {
        const char *text;
        struct network network;
    } table[] = {
        {"10.1.2.3", {AF_INET, 32, {10, 1, 2, 3}}},
        {"10.1.2.3/32", {AF_INET, 32, {10, 1, 2, 3}}},
        {"10.1.2.3/31", {AF_INET, 31, {10, 1, 2, 2}}},
        {"10.1.2.255/25", {AF_INET, 25, {10, 1, 2, 128}}},
        {"10.1.255.255/17", {AF_INET, 17, {10, 1, 128, 0}}},
        {"10.1.2.3/16", {AF_INET, 16, {10, 1, 0, 0}}},
        {"255.255.255.255/8", {AF_INET, 8, {255, 0, 0, 0}}},
        {"255.255.255.255/1", {AF_INET, 1, {128, 0, 0, 0}}},
        {"255.255.255.255/0", {AF_INET, 0, {0, 0, 0, 0}}},
        {"127.0.0.0/008", {AF_INET, 8, {127, 0, 0, 0}}},
        {"::1", {AF_INET6, 128, {[15] = 1}}},
        {"::1/128", {AF_INET6, 128, {[15] = 1}}},
        {"::3/127", {AF_INET6, 127, {[15] = 2}}},
        {"::/0", {AF_INET6, 0, {0}}},
        {"ffff::ffff/0", {AF_INET6, 0, {0}}},
        {"fd00:1:2:ffff::1/49", {AF_INET6, 49, {0xfd, 0, 0, 1, 0, 2, 0x80}}},
        {"fd00:1:2:3::1/64", {AF_INET6, 64, {0xfd, 0, 0, 1, 0, 2, 0, 3}}},
        {"::ffff:1.2.3.4/120", {AF_INET6, 120, {[10] = 0xff, 0xff, 1, 2, 3, 0}}},
        {"fe80::1%lo", {AF_INET6, 128, {0xfe, 0x80, [15] = 1}, "lo"}},
        {"fe80::1%eth0.100", {AF_INET6, 128, {0xfe, 0x80, [15] = 1}, "eth0.100"}},
        {"0000:0000:0000:0000:0000:ffff:255.255.255.255",
         {AF_INET6, 128, {[10] = 0xff, 0xff, 255, 255, 255, 255}}}, /* the longest there is */
    };
    for (size_t i = 0; i < N(table); i++) {
        struct network n;
        const char *why = NULL;
        memset(&n, 0x5a, sizeof n);
        cr_expect_eq(parse_network(table[i].text, &n, &why), 0, "%s: %s", table[i].text, why);
        cr_expect_eq(n.family, table[i].network.family, "%s", table[i].text);
        cr_expect_eq(n.prefix, table[i].network.prefix, "%s: /%d", table[i].text, n.prefix);
        cr_expect(memcmp(n.address, table[i].network.address, 16) == 0, "%s: wrong address",
                  table[i].text);
        cr_expect_str_eq(n.zone, table[i].network.zone, "%s: %s", table[i].text, n.zone);
    }
}

static const struct refused networks_refused[] = {
    {"", -EINVAL, "empty"},
    {"/8", -EINVAL, "address"},
    {"/", -EINVAL, "address"},
    {"localhost", -EINVAL, "address"},
    {"localhost/8", -EINVAL, "address"},
    {"10.0.0", -EINVAL, "address"},
    {"10/8", -EINVAL, "address"},
    {"10.0.0.0.0/8", -EINVAL, "address"},
    {"010.0.0.1", -EINVAL, "address"},
    {"0x7f.0.0.1", -EINVAL, "address"},
    {"256.0.0.0/8", -EINVAL, "address"},
    {" 10.0.0.0/8", -EINVAL, "address"},
    {"10.0.0.0 /8", -EINVAL, "address"},
    {"[::1]", -EINVAL, "address"},
    {"[::1]/64", -EINVAL, "address"},
    {"fe80::1%lo/64", -EINVAL, "without /LEN"},
    {"fe80::1%", -EINVAL, "address"},
    {"fe80::1%a234567890123456", -EINVAL, "address"},
    {"1.2.3.4%lo", -EINVAL, "address"},
    {"1.2.3.4:80", -EINVAL, "address"},
    {"::1::/64", -EINVAL, "address"},
    {"10.0.0.0/", -EINVAL, "prefix length"},
    {"10.0.0.0/ 8", -EINVAL, "prefix length"},
    {"10.0.0.0/8 ", -EINVAL, "prefix length"},
    {"10.0.0.0/-1", -EINVAL, "prefix length"},
    {"10.0.0.0/+8", -EINVAL, "prefix length"},
    {"10.0.0.0/8.0", -EINVAL, "prefix length"},
    {"10.0.0.0/8/8", -EINVAL, "prefix length"},
    {"10.0.0.0/255.0.0.0", -EINVAL, "prefix length"},
    {"10.0.0.0/0x8", -EINVAL, "prefix length"},
    {"10.0.0.0/33", -ERANGE, "at most 32"},
    {"10.0.0.0/4294967304", -ERANGE, "at most 32"}, /* 2^32 + 8 */
    {"10.0.0.0/99999999999999999999999999", -ERANGE, "at most 32"},
    {"::1/129", -ERANGE, "at most 128"},
    {"::1/18446744073709551680", -ERANGE, "at most 128"}, /* 2^64 + 64 */
    {"0000:0000:0000:0000:0000:ffff:255.255.255.2550", -EINVAL, "address"},
    {"00000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000", -EINVAL, "address"},
};

Test(network, refused)
{
    for (size_t i = 0; i < N(networks_refused); i++) {
        struct network n = {.family = 4711, .prefix = 4712};
        const char *why = NULL;
        int r = parse_network(networks_refused[i].text, &n, &why);
        check_refused(&networks_refused[i], r, why);
        cr_expect(n.family == 4711 && n.prefix == 4712, "%s wrote its output",
                  networks_refused[i].text);
    }
}
