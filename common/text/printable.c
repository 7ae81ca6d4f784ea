#include "common/text/printable.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PRINTABLE_LONGEST 4 /* "\x1b" */

/* Bytes of the character at `text` that may be printed as they are; 0: its first byte may not. */
static size_t length(const char *text)
{
    const unsigned char *c = (const unsigned char *)text;
    size_t n = c[0] < 0x80                   ? 1
               : c[0] >= 0xc2 && c[0] < 0xe0 ? 2
               : c[0] >= 0xe0 && c[0] < 0xf0 ? 3
                                             : 4;
    if (c[0] < 0x20 || c[0] == 0x7f || (c[0] >= 0x80 && c[0] < 0xc2) || c[0] > 0xf4)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((c[i] & 0xc0) != 0x80)
            return 0;
    bool control = c[0] == 0xc2 && c[1] < 0xa0;
    bool overlong = (c[0] == 0xe0 && c[1] < 0xa0) || (c[0] == 0xf0 && c[1] < 0x90);
    /* surrogates, beyond Unicode */
    bool none = (c[0] == 0xed && c[1] >= 0xa0) || (c[0] == 0xf4 && c[1] >= 0x90);
    return control || overlong || none ? 0 : n;
}

static char *printable_copy(const char *text, const char *as_they_are)
{
    char *copy = malloc(PRINTABLE_LONGEST * strlen(text) + 1), *end = copy;
    if (!copy)
        return NULL;
    while (*text) {
        size_t n = strchr(as_they_are, *text) ? 1 : length(text);
        if (n)
            end = mempcpy(end, text, n);
        else if (*text == '\n' || *text == '\t')
            end += sprintf(end, "\\%c", *text == '\n' ? 'n' : 't');
        else
            end += sprintf(end, "\\x%02x", (unsigned char)*text);
        text += n ? n : 1;
    }
    *end = '\0';
    return copy;
}

char *printable(const char *text)
{
    return printable_copy(text, "");
}

static bool printable_is(const char *text)
{
    for (size_t n; *text; text += n)
        if (!(n = *text == '\n' ? 1 : length(text)))
            return false;
    return true;
}

static bool is_document(const json_t *document)
{
    const char *key;
    json_t *value;
    size_t i;
    json_object_foreach((json_t *)document, key,
                        value) if (!printable_is(key) || !is_document(value)) return false;
    json_array_foreach(document, i, value) if (!is_document(value)) return false;
    return !json_is_string(document) || printable_is(json_string_value(document));
}

static json_t *document_copy(const json_t *document)
{
    char *text = NULL;
    json_t *copy, *value;
    const char *key;
    size_t i;
    if (json_is_string(document)) {
        text = printable_copy(json_string_value(document), "\n");
        copy = text ? json_string(text) : NULL;
    } else if (json_is_object(document)) {
        copy = json_object();
        json_object_foreach((json_t *)document, key, value)
        {
            text = printable_copy(key, "\n");
            if (text)
                json_object_set_new(copy, text, document_copy(value));
            free(text);
            text = NULL;
        }
    } else if (json_is_array(document)) {
        copy = json_array();
        json_array_foreach(document, i, value) json_array_append_new(copy, document_copy(value));
    } else {
        copy = json_incref((json_t *)document);
    }
    free(text);
    return copy;
}

json_t *printable_document(const json_t *document)
{
    return is_document(document) ? json_incref((json_t *)document) : document_copy(document);
}
