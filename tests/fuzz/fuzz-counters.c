/* counters_parse(): whatever the text, no read outside it, and what was accepted holds together. */
#include "common/kernel/counters.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

/* Everything in `delta` (from nothing to `c`) is a counter that `c` knows, and not zero. */
static void check_values(const struct counters *c, json_t *delta)
{
    const char *name;
    json_t *value;

    json_object_foreach(delta, name, value)
    {
        int known = 0;

        require(counters_get(c, name, &known) == json_integer_value(value));
        require(known && json_integer_value(value) != 0 && strchr(name, '.'));
    }
}

/* Pairs of lines taken twice change nothing: the second time replaces the first. */
static void check_repeated(const struct counters *c, const char *text, size_t size)
{
    struct counters *twice = counters_new();
    char *both = malloc(2 * size + 1);
    json_t *delta;

    require(twice && both);
    memcpy(both, text, size);
    memcpy(both + size, text, size);
    require(counters_parse(twice, both, 2 * size) == 0);
    delta = counters_delta(c, twice, NULL);
    require(json_object_size(delta) == 0);
    json_decref(delta);
    free(both);
    counters_free(twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct counters *c = counters_new(), *empty = counters_new();
    char *text = malloc(size ? size : 1);
    json_t *delta;
    int r;

    require(c && empty && text);
    if (size)
        memcpy(text, data, size);
    r = counters_parse(c, text, size);
    require(r == 0 || r == -EBADMSG);
    delta = counters_delta(empty, c, NULL);
    require(delta != NULL);
    check_values(c, delta);
    if (r == 0)
        check_repeated(c, text, size);
    json_decref(delta);
    free(text);
    counters_free(c);
    counters_free(empty);
    return 0;
}
