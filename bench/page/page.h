/* A document as a page to look at: HTML with all that it needs in one file, and the parts of the
 * same page for a server. */
#pragma once

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>

/* A whole page with the document ("runs") in it, which asks for nothing from anywhere. 0, or -EIO:
 * what was written is not whole (errno says why). */
int page_write(FILE *out, const json_t *document);

/* "index.html", "page.js", "page.css": the page that fetches document.json and listens to events.
 * It allows a content security policy without inline scripts and styles. NULL: no part of that
 * name. Static. */
const void *page_part(const char *name, size_t *ret_size);
