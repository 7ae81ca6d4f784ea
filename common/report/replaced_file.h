/* A file that is replaced in one piece: whoever reads it finds the old content or the new one. */
#pragma once

#include <stdio.h>

/* Writes FILE.new with put(), and renames it to FILE; a link to FILE stays one. If that fails,
 * removes FILE.new; FILE is as it was. Returns 0 or -errno; -EEXIST: FILE is there, and is no plain
 * file (renaming would replace a device). A process that is killed meanwhile leaves FILE.new, which
 * the next call replaces. */
int replaced_file_write(const char *path, void (*put)(FILE *out, const void *context),
                        const void *context);

/* Whether replaced_file_write() can write it, as far as can be told before: makes FILE.new and
 * removes it, and leaves FILE alone. The same return values. */
int replaced_file_check(const char *path);

/* Returns the reason of an error of these two. Static. */
const char *replaced_file_why(int error);
