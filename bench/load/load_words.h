/* "-c 16 --source '10.0.0.1'" divided into words as a shell divides it. */
#pragma once

#include <stddef.h>

struct load_words {
    size_t n;
    char **word; /* NULL-terminated */
};

/* Blanks divide; '...' keeps all, "..." keeps all but \" and \\, a backslash keeps the next
 * character. Nothing is expanded. 0; -EINVAL and a half sentence in *ret_why: a quote without its
 * end; -ENOMEM. text NULL: none. */
int load_words_read(const char *text, struct load_words *ret, const char **ret_why);
void load_words_free(struct load_words *w);
