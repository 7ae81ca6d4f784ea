/* --html and --junit: a file that is made from the whole document. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

struct result_file {
    FILE *stream; /* NULL: the user did not ask for one */
    char *path;
    bool made;                                       /* the file did not exist before */
    int (*write)(FILE *out, const json_t *document); /* Returns 0 or -errno */
};

/* Opens the file; its old content stays until result_file_close(). path: a file; a folder: the file
 * `name` in it (name NULL: an error); "-": stdout; NULL: the user did not ask for a file. option:
 * its name, for messages. Returns an exit code; when it is not 0 the reason has been printed and no
 * new file is left. */
int result_file_open(const char *option, const char *path, const char *name,
                     int (*write)(FILE *out, const json_t *document), struct result_file *ret);

/* Calls write() for the document, and closes the file. document NULL: writes nothing, and removes
 * the file if result_file_open() made it. Returns `code`; or if the file could not be written
 * another exit code, and the reason has been printed. */
int result_file_close(struct result_file *file, const json_t *document, int code);
