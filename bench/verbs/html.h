/* --html: the file that a page is written to. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

struct html_file {
    FILE *file; /* NULL: none was asked for */
    char *path;
    bool made; /* was not there before */
};

/* Opens it; what it held stays until html_close(). A folder: its index.html; "-": stdout; NULL:
 * nothing is asked for. An exit code; when it is not 0 the reason has been printed, and nothing is
 * left behind. */
int html_open(const char *path, struct html_file *ret);

/* Writes the page of a document; NULL: there is none, and a file that html_open() made is removed.
 * Closes it in any case. `code`, or the exit code of what could not be written: the reason has been
 * printed. */
int html_close(struct html_file *html, const json_t *document, int code);
