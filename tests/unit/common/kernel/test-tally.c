/* tally against a plain array that is searched from its beginning each time. */
#include "common/kernel/tally.h"
#include "tests/lib/random.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static void add(struct tally *t, const char *text)
{
    int family = strchr(text, ':') ? AF_INET6 : AF_INET;
    struct in6_addr address;

    cr_assert_eq(inet_pton(family, text, &address), 1);
    cr_assert_eq(tally_add(t, family, &address), 0);
}

static void assert_json(const struct tally *t, const char *expected)
{
    json_t *json = tally_to_json(t);
    char *text = json_dumps(json, 0);

    cr_assert_str_eq(text, expected);
    free(text);
    json_decref(json);
}

Test(tally, empty)
{
    struct tally *t = tally_new();

    cr_assert_eq(tally_distinct(t), 0);
    cr_assert_eq(tally_total(t), 0);
    assert_json(t, "{}");
    tally_free(t);
    tally_free(NULL);
}

Test(tally, most_frequent_first_then_by_address)
{
    static const char *const addresses[] = {"10.0.0.2",    "9.255.255.255", "127.0.0.1",
                                            "2001:db8::1", "127.0.0.1",     "::1",
                                            "10.0.0.10",   "127.0.0.1",     "2001:db8::1"};
    struct tally *t = tally_new();

    for (size_t i = 0; i < sizeof(addresses) / sizeof(*addresses); i++)
        add(t, addresses[i]);
    cr_assert_eq(tally_distinct(t), 6);
    cr_assert_eq(tally_total(t), 9);
    assert_json(t, "{\"127.0.0.1\": 3, \"2001:db8::1\": 2, \"::1\": 1, \"9.255.255.255\": 1, "
                   "\"10.0.0.2\": 1, \"10.0.0.10\": 1}");
    tally_free(t);
}

Test(tally, a_mapped_address_is_its_ipv4_address)
{
    struct tally *t = tally_new();

    add(t, "::ffff:192.0.2.1");
    add(t, "192.0.2.1");
    add(t, "::192.0.2.1"); /* not mapped: another address */
    cr_assert_eq(tally_distinct(t), 2);
    assert_json(t, "{\"192.0.2.1\": 2, \"::192.0.2.1\": 1}");
    tally_free(t);
}

Test(tally, zero_is_an_address)
{
    struct tally *t = tally_new();

    add(t, "0.0.0.0");
    add(t, "::");
    add(t, "::");
    assert_json(t, "{\"::\": 2, \"0.0.0.0\": 1}");
    tally_free(t);
}

Test(tally, refuses_other_families)
{
    struct tally *t = tally_new();
    char path[16] = "/tmp/socket";

    cr_assert_eq(tally_add(t, AF_UNIX, path), -EAFNOSUPPORT);
    cr_assert_eq(tally_total(t), 0);
    tally_free(t);
}

Test(tally, clear_forgets)
{
    struct tally *t = tally_new();

    for (uint32_t i = 0; i < 1000; i++)
        cr_assert_eq(tally_add(t, AF_INET, &i), 0);
    tally_clear(t);
    cr_assert_eq(tally_distinct(t), 0);
    cr_assert_eq(tally_total(t), 0);
    add(t, "127.0.0.1");
    assert_json(t, "{\"127.0.0.1\": 1}");
    tally_free(t);
}

struct known {
    int family;
    uint8_t address[16];
    uint64_t count;
};

struct naive {
    struct known *list;
    size_t n;
};

static void naive_add(struct naive *naive, int family, const uint8_t *address)
{
    size_t size = family == AF_INET ? 4 : 16, i;

    for (i = 0; i < naive->n; i++) {
        if (naive->list[i].family == family && memcmp(naive->list[i].address, address, size) == 0)
            break;
    }
    if (i == naive->n)
        naive->n++;
    naive->list[i].family = family;
    memcpy(naive->list[i].address, address, size);
    naive->list[i].count++;
}

/* Many addresses few times each, few many times; neighbours and wide apart; both families. */
static int random_address(uint64_t pool, uint8_t address[static 16])
{
    uint64_t which = next_random() % pool;
    int wide_apart = which & 1, family = which & 2 ? AF_INET6 : AF_INET;
    uint64_t half[2] = {which * (wide_apart ? 0x123456789abcdefu : 1),
                        wide_apart ? which << 40 : 0x0120};

    if (family == AF_INET6)
        memcpy(address, (uint64_t[]){half[1], half[0]}, 16);
    else
        memcpy(address, &half[0], 4);
    return family;
}

static void assert_agrees(const struct tally *t, const struct naive *naive, uint64_t total)
{
    json_t *json = tally_to_json(t), *value;
    json_int_t previous = INT64_MAX;
    const char *key;
    size_t wrong = 0;

    cr_assert_eq(tally_distinct(t), naive->n);
    cr_assert_eq(tally_total(t), total);
    cr_assert_eq(json_object_size(json), naive->n);
    for (size_t i = 0; i < naive->n; i++) {
        char text[INET6_ADDRSTRLEN];

        inet_ntop(naive->list[i].family, naive->list[i].address, text, sizeof(text));
        wrong += (uint64_t)json_integer_value(json_object_get(json, text)) != naive->list[i].count;
    }
    json_object_foreach(json, key, value)
    {
        wrong += json_integer_value(value) > previous;
        previous = json_integer_value(value);
    }
    cr_assert_eq(wrong, 0);
    json_decref(json);
}

static void check_pool(uint64_t pool)
{
    struct tally *t = tally_new();
    struct naive naive = {calloc(10000, sizeof(struct known)), 0};

    for (int i = 0; i < 10000; i++) {
        uint8_t address[16] = {0};
        int family = random_address(pool, address);

        naive_add(&naive, family, address);
        if (tally_add(t, family, address) != 0)
            cr_assert_fail("tally_add");
    }
    assert_agrees(t, &naive, 10000);
    free(naive.list);
    tally_free(t);
}

Test(tally, agrees_with_a_plain_array)
{
    static const uint64_t pools[] = {1, 5, 100, 3000, 1000000};

    seed = 1;
    for (size_t i = 0; i < sizeof(pools) / sizeof(*pools); i++)
        check_pool(pools[i]);
}
