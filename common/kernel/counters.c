#include "common/kernel/counters.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIRST_COUNTERS 512 /* Linux 6.18 has about 300 in its two files */
#define FIRST_NAMES    8192
#define FIRST_FILE     16384

struct counter {
    size_t name; /* offset into names: the block may move */
    int64_t value;
};

/* The counters in the kernel's order, all names in one block, and a hash table of the names. */
struct counters {
    struct counter *list;
    size_t n, room;
    char *names;
    size_t names_used, names_room;
    uint32_t *index; /* 2 * room places: position in list plus 1, 0 is free */
};

struct counters *counters_new(void)
{
    struct counters *c = calloc(1, sizeof(*c));

    if (!c)
        return NULL;
    c->room = FIRST_COUNTERS;
    c->names_room = FIRST_NAMES;
    c->list = calloc(c->room, sizeof(*c->list));
    c->names = malloc(c->names_room);
    c->index = calloc(2 * c->room, sizeof(*c->index));
    if (!c->list || !c->names || !c->index) {
        counters_free(c);
        return NULL;
    }
    return c;
}

void counters_free(struct counters *c)
{
    if (!c)
        return;
    free(c->list);
    free(c->names);
    free(c->index);
    free(c);
}

/* FNV-1a. */
static size_t hash(const char *name)
{
    uint64_t mixed = 0xcbf29ce484222325u;

    for (; *name; name++)
        mixed = (mixed ^ (unsigned char)*name) * 0x100000001b3u;
    return (size_t)(mixed ^ mixed >> 32);
}

/* The place of the name in the index, or the free one where it belongs. */
static uint32_t *find(const struct counters *c, const char *name)
{
    size_t places = 2 * c->room, at = hash(name) & (places - 1);

    while (c->index[at] && strcmp(c->names + c->list[c->index[at] - 1].name, name) != 0)
        at = (at + 1) & (places - 1);
    return &c->index[at];
}

static int grow_list(struct counters *c)
{
    size_t room = 2 * c->room;
    struct counter *list = reallocarray(c->list, room, sizeof(*list));
    uint32_t *index;

    if (!list)
        return -ENOMEM;
    c->list = list;
    index = calloc(2 * room, sizeof(*index));
    if (!index)
        return -ENOMEM;
    free(c->index);
    c->index = index;
    c->room = room;
    for (size_t i = 0; i < c->n; i++)
        *find(c, c->names + c->list[i].name) = (uint32_t)i + 1;
    return 0;
}

static int grow_names(struct counters *c, size_t needed)
{
    size_t room = c->names_room;
    char *names;

    while (room - c->names_used < needed)
        room *= 2;
    if (room == c->names_room)
        return 0;
    names = realloc(c->names, room);
    if (!names)
        return -ENOMEM;
    c->names = names;
    c->names_room = room;
    return 0;
}

/* A piece of the text, not terminated. */
struct span {
    const char *at, *end;
};

static size_t span_length(struct span s)
{
    return (size_t)(s.end - s.at);
}

static int store(struct counters *c, struct span prefix, struct span word, int64_t value)
{
    size_t size = span_length(prefix) + span_length(word) + 2;
    uint32_t *place;
    char *name;
    int r = grow_names(c, size);

    if (r == 0 && c->n == c->room)
        r = grow_list(c);
    if (r < 0)
        return r;
    /* Appends the name to the block of names; a name that is there already is dropped again. */
    name = c->names + c->names_used;
    memcpy(name, prefix.at, span_length(prefix));
    name[span_length(prefix)] = '.';
    memcpy(name + span_length(prefix) + 1, word.at, span_length(word));
    name[size - 1] = '\0';
    place = find(c, name);
    if (*place) {
        c->list[*place - 1].value = value;
        return 0;
    }
    c->list[c->n] = (struct counter){c->names_used, value};
    c->names_used += size;
    *place = (uint32_t)++c->n;
    return 0;
}

/* Cuts the next line off `rest`. Its newline must be there: without it the last number may have
 * been cut short. */
static int take_line(struct span *rest, struct span *ret_line)
{
    const char *newline = rest->at < rest->end ? memchr(rest->at, '\n', span_length(*rest)) : NULL;

    if (!newline)
        return -EBADMSG;
    *ret_line = (struct span){rest->at, newline};
    rest->at = newline + 1;
    return 0;
}

/* Cuts the next word off `line`: 1, 0 at its end, or -EBADMSG for anything but visible ASCII. */
static int take_word(struct span *line, struct span *ret_word)
{
    while (line->at < line->end && *line->at == ' ')
        line->at++;
    ret_word->at = line->at;
    while (line->at < line->end && *line->at != ' ') {
        if (*line->at < '!' || *line->at > '~')
            return -EBADMSG;
        line->at++;
    }
    ret_word->end = line->at;
    return span_length(*ret_word) > 0;
}

/* Most counters are printed as unsigned 64 bit, a few as signed. A value beyond the signed range
 * went below zero (a gauge that moved while the kernel added it up over the CPUs); read as a signed
 * number it is right, and so are differences. */
static int parse_number(struct span word, int64_t *ret)
{
    int negative = *word.at == '-';
    uint64_t number = 0, limit = negative ? (uint64_t)INT64_MAX + 1 : UINT64_MAX;

    word.at += negative;
    if (word.at == word.end)
        return -EBADMSG;
    for (; word.at < word.end; word.at++) {
        unsigned digit = (unsigned)(*word.at - '0');

        if (digit > 9 || number > (limit - digit) / 10)
            return -EBADMSG;
        number = number * 10 + digit;
    }
    *ret = (int64_t)(negative ? 0 - number : number);
    return 0;
}

/* "TcpExt:" begins both lines; the colon is not part of the name. */
static int take_prefix(struct span *names, struct span *values, struct span *ret_prefix)
{
    struct span other;

    if (take_word(names, ret_prefix) != 1 || take_word(values, &other) != 1)
        return -EBADMSG;
    if (span_length(*ret_prefix) < 2 || ret_prefix->end[-1] != ':')
        return -EBADMSG;
    if (span_length(*ret_prefix) != span_length(other) ||
        memcmp(ret_prefix->at, other.at, span_length(other)) != 0)
        return -EBADMSG;
    ret_prefix->end--;
    return 0;
}

static int parse_pair(struct counters *c, struct span names, struct span values)
{
    struct span prefix, name, text;
    int more = take_prefix(&names, &values, &prefix);

    while (more >= 0) {
        int64_t value;

        more = take_word(&names, &name);
        if (more < 0 || take_word(&values, &text) != more)
            return -EBADMSG;
        if (more == 0)
            return 0;
        more = parse_number(text, &value);
        if (more == 0)
            more = store(c, prefix, name, value);
    }
    return more;
}

int counters_parse(struct counters *c, const char *text, size_t length)
{
    struct span rest = {text, text + length};
    struct span names, values;
    int r = 0;

    while (r == 0 && rest.at < rest.end) {
        r = take_line(&rest, &names);
        if (r == 0)
            r = take_line(&rest, &values);
        if (r == 0)
            r = parse_pair(c, names, values);
    }
    return r;
}

/* Reads to the end; *buffer grows and is the caller's to free, also after a failure. */
static int read_all(int fd, char **buffer, size_t *room, size_t *ret_length)
{
    size_t length = 0;

    for (;;) {
        ssize_t got;

        if (length == *room) {
            size_t more = *room ? 2 * *room : FIRST_FILE;
            char *bigger = realloc(*buffer, more);

            if (!bigger)
                return -ENOMEM;
            *buffer = bigger;
            *room = more;
        }
        got = read(fd, *buffer + length, *room - length);
        if (got == 0)
            break;
        if (got < 0 && errno != EINTR)
            return -errno;
        if (got > 0)
            length += (size_t)got;
    }
    *ret_length = length;
    return 0;
}

static int read_file(struct counters *c, const char *path, char **buffer, size_t *room)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t length = 0;
    int r;

    if (fd < 0)
        return -errno;
    r = read_all(fd, buffer, room, &length);
    close(fd);
    return r < 0 ? r : counters_parse(c, *buffer, length);
}

int counters_read(struct counters **ret)
{
    struct counters *c = counters_new();
    char *buffer = NULL;
    size_t room = 0;
    int r = c ? 0 : -ENOMEM;

    if (r == 0)
        r = read_file(c, "/proc/thread-self/net/snmp", &buffer, &room);
    if (r == 0)
        r = read_file(c, "/proc/thread-self/net/netstat", &buffer, &room);
    free(buffer);
    if (r < 0) {
        counters_free(c);
        return r;
    }
    *ret = c;
    return 0;
}

int64_t counters_get(const struct counters *c, const char *name, int *ret_known)
{
    uint32_t position = *find(c, name);

    if (ret_known)
        *ret_known = position != 0;
    return position ? c->list[position - 1].value : 0;
}

static int is_wanted(const char *name, const char *const *prefixes)
{
    if (!prefixes)
        return 1;
    for (; *prefixes; prefixes++) {
        if (strncmp(name, *prefixes, strlen(*prefixes)) == 0)
            return 1;
    }
    return 0;
}

const char *counters_name(const struct counters *c, size_t i)
{
    return i < c->n ? c->names + c->list[i].name : NULL;
}

json_t *counters_delta(const struct counters *before, const struct counters *after,
                       const char *const *prefixes)
{
    json_t *delta = json_object();

    for (size_t i = 0; delta && i < after->n; i++) {
        const char *name = after->names + after->list[i].name;
        uint64_t moved =
            (uint64_t)after->list[i].value - (uint64_t)counters_get(before, name, NULL);

        if (moved == 0 || !is_wanted(name, prefixes))
            continue;
        if (json_object_set_new(delta, name, json_integer((int64_t)moved)) < 0) {
            json_decref(delta);
            delta = NULL;
        }
    }
    return delta;
}
