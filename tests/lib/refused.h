/* What the tests of the parsers share: tables of refused texts. */
#pragma once

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define N(table) (sizeof(table) / sizeof *(table))

/* A refused text: which error, and a part of the half sentence that tells why (NULL: any). */
struct refused {
    const char *text;
    int error;
    const char *why;
};

static inline void check_refused(const struct refused *c, int r, const char *why)
{
    cr_expect_eq(r, c->error, "\"%.80s\": returned %d, not %d", c->text, r, c->error);
    cr_expect_not_null(why, "\"%.80s\": no reason given", c->text);
    if (why && c->why)
        cr_expect(strstr(why, c->why), "\"%.80s\": the reason is \"%s\", not \"%s\"", c->text, why,
                  c->why);
}

/* n times c, then tail. Caller frees. */
static inline char *repeat(char c, size_t n, const char *tail)
{
    char *text = malloc(n + strlen(tail) + 1);
    cr_assert_not_null(text);
    memset(text, c, n);
    strcpy(text + n, tail);
    return text;
}
