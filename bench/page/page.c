#include "bench/page/page.h"
#include "bench/page/parts.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static const struct {
    const char *name;
    const unsigned char *data;
    size_t size;
} page_parts[] = {
    {"index.html", page_part_live_html, sizeof(page_part_live_html)},
    {"page.js", page_part_js, sizeof(page_part_js)},
    {"page.css", page_part_css, sizeof(page_part_css)},
};

const void *page_part(const char *name, size_t *ret_size)
{
    for (size_t i = 0; i < sizeof(page_parts) / sizeof(*page_parts); i++)
        if (!strcmp(page_parts[i].name, name)) {
            *ret_size = page_parts[i].size;
            return page_parts[i].data;
        }
    return NULL;
}

/* '<' stands only in strings of JSON, and would begin a tag of the page ("</script>"). */
static int put(const char *text, size_t size, void *out)
{
    const char *end = text + size;
    while (text < end) {
        const char *tag = memchr(text, '<', (size_t)(end - text));
        size_t plain = (size_t)((tag ? tag : end) - text);
        if (fwrite(text, 1, plain, out) != plain || (tag && fputs("\\u003c", out) < 0))
            return -1;
        text += plain + (tag ? 1 : 0);
    }
    return 0;
}

/* The runs of a sweep have both reports of each, and the page shows the points. New reference. */
static json_t *shown(const json_t *document)
{
    json_t *copy = json_copy((json_t *)(uintptr_t)document);
    const char *schema = json_string_value(json_object_get(document, "schema"));
    if (schema && !strncmp(schema, "tcplab.sweep/", 13)) {
        json_int_t n = (json_int_t)json_array_size(json_object_get(document, "runs"));
        json_object_set_new(copy, "runs", json_integer(n));
    }
    return copy;
}

int page_write(FILE *out, const json_t *document)
{
    json_t *copy = shown(document);
    bool written = fwrite(page_part_before, sizeof(page_part_before), 1, out) == 1 &&
                   fputs("<script type=\"application/json\" id=\"document\">\n", out) >= 0 &&
                   !json_dump_callback(copy, put, out, JSON_COMPACT | JSON_REAL_PRECISION(15)) &&
                   fputs("\n</script>", out) >= 0 &&
                   fwrite(page_part_behind, sizeof(page_part_behind), 1, out) == 1;
    json_decref(copy);
    return written && !fflush(out) ? 0 : -EIO;
}
