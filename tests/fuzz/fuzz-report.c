/* The text report out of a damaged document: recorded ones, in which values are taken out or
 * replaced by others. Built once for each of the three programs. */
#include FUZZ_REPORT
#include "common/report/terminal.h"

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAMAGES 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = {FUZZ_DOCUMENTS};
#define N_NAMES (sizeof(names) / sizeof(*names))

static json_t *read_document(size_t i)
{
    static json_t *documents[N_NAMES];
    char path[512];
    snprintf(path, sizeof(path), "%s/%s.json", TEST_DATA, names[i]);
    if (!documents[i] && !(documents[i] = json_load_file(path, 0, NULL)))
        abort();
    return json_deep_copy(documents[i]);
}

static json_t *other_value(uint8_t kind)
{
    static const char *const texts[] = {"",         ":",           "%s%n",  "a b",
                                        "\xc2\x80", "ESTABLISHED", "agree", "wire"};
    static const double numbers[] = {0, -1, 1e300, -1e300, 1e-300, 9.3e18, 0.5, 2147483648.0};
    static const json_int_t integers[] = {
        0, -1, 1, INT64_MAX / 256, INT64_MIN / 256, INT32_MAX, UINT32_MAX, 65536};
    switch (kind % 8) {
    case 0:
        return json_null();
    case 1:
        return json_string(texts[kind / 8 % 8]);
    case 2:
        return json_real(numbers[kind / 8 % 8]);
    case 3:
        return json_integer(integers[kind / 8 % 8]);
    case 4:
        return json_array();
    case 5:
        return json_object();
    case 6:
        return json_boolean(kind & 8);
    default:
        return json_pack("[i, s, {}, []]", 7, "x");
    }
}

/* In the order of the document: *at counts down to the value that is hit. Whether it was here. */
static int damage(json_t *json, unsigned *at, uint8_t kind)
{
    const char *key;
    json_t *value;
    size_t i;
    void *next;
    json_object_foreach_safe(json, next, key, value)
    {
        if (!(*at)--)
            return kind == 255 ? json_object_del(json, key)
                               : json_object_set_new(json, key, other_value(kind)),
                   1;
        if (damage(value, at, kind))
            return 1;
    }
    json_array_foreach(json, i, value)
    {
        if (!(*at)--)
            return kind == 255 ? json_array_remove(json, i)
                               : json_array_set_new(json, i, other_value(kind)),
                   1;
        if (damage(value, at, kind))
            return 1;
    }
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static FILE *out;
    if (size < 4)
        return 0;
    if (!out && !(out = fopen("/dev/null", "we")))
        abort();
    terminal_init("fuzz", TERMINAL_COLOR_NEVER);
    json_t *document = read_document(data[0] % N_NAMES);
    for (size_t i = 1; i + 2 < size && i < 3 * DAMAGES; i += 3) {
        unsigned at = data[i] + 256u * data[i + 1];
        damage(document, &at, data[i + 2]);
    }
    report_text(out, document);
    json_decref(document);
    return 0;
}
