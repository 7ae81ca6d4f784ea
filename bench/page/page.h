/* The page of a document: as one HTML file, or in parts for a server. */
#pragma once

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>

/* Writes one HTML file that has the document ("runs") in it and loads nothing else. Returns 0, or
 * -EIO: the file is incomplete (errno says why). */
int page_write(FILE *out, const json_t *document);

/* Returns a part of the page that fetches document.json and receives events: "index.html",
 * "page.js" or "page.css". It has no inline scripts or styles, so a strict content security policy
 * is possible. Static. NULL: there is no part of that name. */
const void *page_part(const char *name, size_t *ret_size);
