/* --json=FILE of a long measurement: after each round the file is replaced by the document so far,
 * in one piece, so that it is whole whenever the program ends, also by kill -9. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

struct kept_file {
    const char *path; /* NULL: none was asked for */
    bool replaces; /* a file of its own: it can be replaced; else it is written once, at the end */
    bool failed;   /* the reason has been told */
};

/* path: of --json, "-" for stdout, or NULL. Finds out whether it can be written; no file is made.
 * An exit code; an error has been printed. */
int kept_file_open(const char *path, struct kept_file *ret);

/* The document so far; for stdout and for what is no plain file nothing happens yet. */
void kept_file_keep(struct kept_file *f, const json_t *document);

/* The whole document (NULL: there is none). `code`, or that of what could not be written. */
int kept_file_close(struct kept_file *f, const json_t *document, int code);
