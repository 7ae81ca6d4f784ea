#include "common/kernel/endpoint.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netdb.h>
#include <string.h>

Test(endpoint, numbers_are_resolved_without_a_name_server)
{
    static const struct {
        const char *host, *text;
        int family;
    } cases[] = {{"127.0.0.1", "127.0.0.1:8888", AF_INET},
                 {"::1", "[::1]:8888", AF_INET6},
                 {"2001:db8::5", "[2001:db8::5]:8888", AF_INET6}};
    char text[ENDPOINT_TEXT_MAX];
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct endpoint e;
        cr_assert_eq(endpoint_resolve(cases[i].host, 8888, false, &e), 0);
        cr_expect_str_eq(endpoint_format(&e, text), cases[i].text);
        cr_expect_str_eq(endpoint_host(&e, text), cases[i].host);
        cr_expect_eq(endpoint_family(&e), cases[i].family);
        cr_expect_eq(endpoint_port(&e), 8888);
    }
}

Test(endpoint, a_name_that_cannot_be_has_getaddrinfos_code)
{
    struct endpoint e;
    cr_assert_neq(endpoint_resolve("no.such.host.invalid", 1, false, &e), 0);
}

Test(endpoint, the_socket_address_is_what_the_kernel_takes)
{
    struct endpoint e;
    const uint8_t v4[4] = {127, 0, 0, 9}, v6[16] = {[15] = 1};
    endpoint_from_bytes(AF_INET, v4, 40000, &e);
    const struct sockaddr_in *in = (const struct sockaddr_in *)&e.address;
    cr_expect_eq(e.length, sizeof(*in));
    cr_expect_eq(in->sin_port, htons(40000));
    cr_expect_eq(in->sin_addr.s_addr, htonl(0x7f000009));
    cr_expect_arr_eq(endpoint_bytes(&e), v4, 4);
    endpoint_from_bytes(AF_INET6, v6, 1, &e);
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&e.address;
    cr_expect_eq(e.length, sizeof(*in6));
    cr_expect(IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr));
    endpoint_set_port(&e, 65535);
    cr_expect_eq(in6->sin6_port, htons(65535));
}

Test(endpoint, any_means_loopback_where_one_connects)
{
    static const char *const cases[][2] = {
        {"0.0.0.0", "127.0.0.1"}, {"::", "::1"}, {"127.0.0.2", "127.0.0.2"}, {"::2", "::2"}};
    char text[ENDPOINT_TEXT_MAX];
    for (size_t i = 0; i < 4; i++) {
        struct endpoint e;
        cr_assert_eq(endpoint_resolve(cases[i][0], 1, false, &e), 0);
        endpoint_any_to_loopback(&e);
        cr_expect_str_eq(endpoint_host(&e, text), cases[i][1]);
    }
}

Test(endpoint, a_zone_stays_with_its_address)
{
    struct endpoint e;
    char text[ENDPOINT_TEXT_MAX];
    cr_assert_eq(endpoint_resolve("fe80::1%lo", 80, false, &e), 0);
    cr_expect_str_eq(endpoint_format(&e, text), "[fe80::1%lo]:80");
}

Test(endpoint, loopback)
{
    static const struct {
        const char *host;
        bool loopback;
    } cases[] = {{"127.0.0.1", true},         {"127.255.0.9", true}, {"126.0.0.1", false},
                 {"192.0.2.127", false},      {"::1", true},         {"::ffff:127.0.0.1", true},
                 {"::ffff:192.0.2.1", false}, {"::2", false}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct endpoint e;
        cr_assert_eq(endpoint_resolve(cases[i].host, 1, false, &e), 0);
        cr_expect_eq(endpoint_is_loopback(&e), cases[i].loopback, "%s", cases[i].host);
    }
}

Test(endpoint, a_link_local_address_needs_its_interface)
{
    static const struct {
        const char *host;
        bool lacks;
    } cases[] = {{"fe80::1", true}, {"fe80::1%lo", false},  {"febf::1", true},
                 {"::1", false},    {"2001:db8::1", false}, {"169.254.0.1", false}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct endpoint e;
        cr_assert_eq(endpoint_resolve(cases[i].host, 1, false, &e), 0);
        cr_expect_eq(endpoint_lacks_zone(&e), cases[i].lacks, "%s", cases[i].host);
        endpoint_set_zone(&e, 1);
        cr_expect_not(endpoint_lacks_zone(&e), "%s", cases[i].host);
    }
}

Test(endpoint, the_other_addresses_of_a_name)
{
    struct endpoint_addresses all = {.n = 3};
    char text[ENDPOINT_LIST_MAX];
    cr_assert_eq(endpoint_resolve("::1", 1, false, &all.at[0]), 0);
    cr_assert_eq(endpoint_resolve("127.0.0.1", 1, false, &all.at[1]), 0);
    cr_assert_eq(endpoint_resolve("192.0.2.1", 1, false, &all.at[2]), 0);
    cr_expect_str_eq(endpoint_others(&all, text), "127.0.0.1, 192.0.2.1");
    all.n = 1;
    cr_expect_str_eq(endpoint_others(&all, text), "");
    all.n = ENDPOINT_ADDRESSES_MAX;
    for (size_t i = 0; i < all.n; i++)
        cr_assert_eq(
            endpoint_resolve("2001:1111:2222:3333:4444:5555:6666:7777", 1, false, &all.at[i]), 0);
    cr_expect_eq(strlen(endpoint_others(&all, text)), ENDPOINT_LIST_MAX - 1);
}

Test(endpoint, one_number_is_one_address)
{
    struct endpoint_addresses all;
    cr_assert_eq(endpoint_resolve_all("127.0.0.1", 80, false, &all), 0);
    cr_expect_eq(all.n, 1);
    cr_expect_eq(endpoint_port(&all.at[0]), 80);
}
