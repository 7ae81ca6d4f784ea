/* --html and --junit: a file that is made from the whole document, in one piece: whenever the
 * program ends, also by kill -9, there is the whole new file or what was there before. */
#pragma once

#include <jansson.h>
#include <stdio.h>

struct result_file {
    char *path;   /* NULL: the user did not ask for one */
    FILE *stream; /* of stdout and what is no plain file; NULL: the file is replaced at the end */
    int (*write)(FILE *out, const json_t *document); /* Returns 0 or -errno */
};

/* Finds out whether the file can be written; nothing of it is made or changed. path: a file; a
 * folder: the file
 * `name` in it (name NULL: an error); "-": stdout; NULL: the user did not ask for a file. option:
 * its name, for messages. Returns an exit code; when it is not 0 the reason has been printed. */
int result_file_open(const char *option, const char *path, const char *name,
                     int (*write)(FILE *out, const json_t *document), struct result_file *ret);

/* Calls write() for the document, and puts the file in its place. document NULL: writes nothing.
 * Returns `code`; or if the file could not be written
 * another exit code, and the reason has been printed. */
int result_file_close(struct result_file *file, const json_t *document, int code);
