#include "common/kernel/tally.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define FIRST_ROOM 64

/* An open-addressed table with linear probing, at most three quarters full. An IPv4 address is kept
 * in its IPv4-mapped form, so that both ways of writing it meet in one entry. */
struct entry {
    struct in6_addr address;
    uint64_t count; /* 0: free */
};

struct tally {
    struct entry *entries;
    size_t room; /* a power of two */
    size_t distinct;
    uint64_t total;
};

struct tally *tally_new(void)
{
    struct tally *t = calloc(1, sizeof(*t));

    if (!t)
        return NULL;
    t->room = FIRST_ROOM;
    t->entries = calloc(t->room, sizeof(*t->entries));
    if (!t->entries) {
        free(t);
        return NULL;
    }
    return t;
}

void tally_free(struct tally *t)
{
    if (!t)
        return;
    free(t->entries);
    free(t);
}

void tally_clear(struct tally *t)
{
    memset(t->entries, 0, t->room * sizeof(*t->entries));
    t->distinct = 0;
    t->total = 0;
}

/* Neighbouring addresses are the usual case, so every bit of the address must reach the low bits of
 * the result. */
static size_t hash(const struct in6_addr *address)
{
    uint64_t half[2], mixed;

    memcpy(half, address, sizeof(half));
    mixed = half[0] * 0x9e3779b97f4a7c15u ^ half[1];
    mixed = (mixed ^ mixed >> 32) * 0xd6e8feb86659fd93u;
    mixed = (mixed ^ mixed >> 32) * 0xd6e8feb86659fd93u;
    return (size_t)(mixed ^ mixed >> 32);
}

/* The address's entry, or the free one where it belongs. */
static struct entry *find(struct entry *entries, size_t room, const struct in6_addr *address)
{
    size_t at = hash(address) & (room - 1);

    while (entries[at].count && memcmp(&entries[at].address, address, sizeof(*address)) != 0)
        at = (at + 1) & (room - 1);
    return &entries[at];
}

static int grow(struct tally *t)
{
    size_t room = t->room * 2;
    struct entry *entries = calloc(room, sizeof(*entries));

    if (!entries)
        return -ENOMEM;
    for (size_t i = 0; i < t->room; i++) {
        if (t->entries[i].count)
            *find(entries, room, &t->entries[i].address) = t->entries[i];
    }
    free(t->entries);
    t->entries = entries;
    t->room = room;
    return 0;
}

static int to_key(int family, const void *address, struct in6_addr *ret)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

    if (family == AF_INET6) {
        memcpy(ret, address, sizeof(*ret));
        return 0;
    }
    if (family != AF_INET)
        return -EAFNOSUPPORT;
    memcpy(ret->s6_addr, mapped, sizeof(mapped));
    memcpy(ret->s6_addr + sizeof(mapped), address, sizeof(struct in_addr));
    return 0;
}

int tally_add(struct tally *t, int family, const void *address)
{
    struct in6_addr key;
    struct entry *entry;
    int r = to_key(family, address, &key);

    if (r < 0)
        return r;
    entry = find(t->entries, t->room, &key);
    if (!entry->count) {
        if (t->distinct >= t->room / 4 * 3) {
            r = grow(t);
            if (r < 0)
                return r;
            entry = find(t->entries, t->room, &key);
        }
        entry->address = key;
        t->distinct++;
    }
    entry->count++;
    t->total++;
    return 0;
}

size_t tally_distinct(const struct tally *t)
{
    return t->distinct;
}

uint64_t tally_total(const struct tally *t)
{
    return t->total;
}

static int by_count_then_address(const void *left, const void *right)
{
    const struct entry *a = left, *b = right;

    if (a->count != b->count)
        return a->count > b->count ? -1 : 1;
    return memcmp(&a->address, &b->address, sizeof(a->address));
}

static int set_entry(json_t *object, const struct entry *entry)
{
    const uint8_t *bytes = entry->address.s6_addr;
    char text[INET6_ADDRSTRLEN];

    if (IN6_IS_ADDR_V4MAPPED(&entry->address))
        inet_ntop(AF_INET, bytes + 12, text, sizeof(text));
    else
        inet_ntop(AF_INET6, bytes, text, sizeof(text));
    return json_object_set_new(object, text, json_integer((json_int_t)entry->count));
}

static struct entry *sorted(const struct tally *t)
{
    struct entry *list = calloc(t->distinct + 1, sizeof(*list)); /* never of size 0 */
    size_t n = 0;

    if (!list)
        return NULL;
    for (size_t i = 0; i < t->room; i++) {
        if (t->entries[i].count)
            list[n++] = t->entries[i];
    }
    qsort(list, n, sizeof(*list), by_count_then_address);
    return list;
}

json_t *tally_to_json(const struct tally *t)
{
    struct entry *list = sorted(t);
    json_t *object = list ? json_object() : NULL;

    for (size_t i = 0; object && i < t->distinct; i++) {
        if (set_entry(object, &list[i]) < 0) {
            json_decref(object);
            object = NULL;
        }
    }
    free(list);
    return object;
}
