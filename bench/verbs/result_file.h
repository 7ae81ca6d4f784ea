/* --html and --junit: a file that something is written to out of the whole document. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

struct result_file {
    FILE *stream; /* NULL: none was asked for */
    char *path;
    bool made;                                       /* was not there before */
    int (*write)(FILE *out, const json_t *document); /* 0 or -errno */
};

/* Opens it for what write() will put there; what it held stays until result_file_close(). A folder:
 * the file `name` in it (NULL: that is an error); "-": stdout; path NULL: nothing is asked for.
 * option: for messages. An exit code; when it is not 0 the reason has been printed, and nothing is
 * left behind. */
int result_file_open(const char *option, const char *path, const char *name,
                     int (*write)(FILE *out, const json_t *document), struct result_file *ret);

/* Writes what is to be told of a document; NULL: there is none, and a file that result_file_open()
 * made is removed. Closes it in any case. `code`, or the exit code of what could not be written:
 * the reason has been printed. */
int result_file_close(struct result_file *file, const json_t *document, int code);
