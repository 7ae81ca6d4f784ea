/* Makes text from outside (file and host names, option values, sysctls) safe to print, so that no
 * control character in it reaches the terminal. */
#pragma once

#include <jansson.h>

/* Returns a copy in which each control character (C0, DEL, and C1 as UTF-8) and each byte that is
 * no UTF-8 is escaped: "\n", "\t", "\x1b". The caller frees it. NULL without memory. */
char *printable(const char *text);

/* Returns a new reference: to the document itself, or to a copy without such characters if a string
 * or a key has some. Newlines stay, because text reports print them as spaces. NULL without
 * memory. */
json_t *printable_document(const json_t *document);
