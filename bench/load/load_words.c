#include "bench/load/load_words.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const char blanks[] = " \t\n";

/* Copies one word to `to`; returns what is behind it, or NULL where a quote has no end. */
static const char *read_word(const char *from, char *to)
{
    char quote = '\0';
    for (; *from && (quote || !strchr(blanks, *from)); from++) {
        bool escapes = *from == '\\' && from[1] &&
                       (!quote || (quote == '"' && (from[1] == '"' || from[1] == '\\')));
        if (escapes)
            *to++ = *++from;
        else if (*from == quote)
            quote = '\0';
        else if (!quote && (*from == '\'' || *from == '"'))
            quote = *from;
        else
            *to++ = *from;
    }
    *to = '\0';
    return quote ? NULL : from;
}

int load_words_read(const char *text, struct load_words *ret, const char **ret_why)
{
    struct load_words w = {.n = 0};
    size_t length = text ? strlen(text) : 0;
    char *word = malloc(length + 1);
    w.word = calloc(length / 2 + 2, sizeof(*w.word));
    int r = word && w.word ? 0 : -ENOMEM;
    while (!r && text && *(text += strspn(text, blanks))) {
        text = read_word(text, word);
        *ret_why = "a quote has no end";
        if (!text)
            r = -EINVAL;
        else if (!(w.word[w.n++] = strdup(word)))
            r = -ENOMEM;
    }
    free(word);
    if (r)
        load_words_free(&w);
    else
        *ret = w;
    return r;
}

void load_words_free(struct load_words *w)
{
    for (size_t i = 0; w->word && i < w->n; i++)
        free(w->word[i]);
    free(w->word);
    *w = (struct load_words){.n = 0};
}
