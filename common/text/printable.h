/* Text from outside (file and host names, option values, sysctls), made fit to be printed: a
 * terminal must not obey what stands in it. */
#pragma once

#include <jansson.h>

/* A copy in which each control character (C0, DEL, and C1 as UTF-8) and each byte that is no UTF-8
 * is written out: "\n", "\t", else "\x1b". The caller frees it. NULL without memory. */
char *printable(const char *text);

/* The document itself (a new reference), or a copy where a string or a key of it has such
 * characters; newlines stay, the text of reports treats them as spaces. NULL without memory. */
json_t *printable_document(const json_t *document);
