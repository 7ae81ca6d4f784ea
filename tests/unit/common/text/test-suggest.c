/* "Did you mean ...?": near enough to be meant, and not nearer to another. */
#include "common/text/suggest.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define N(table) (sizeof(table) / sizeof *(table))

static const char *const words[] = {"backlog",     "accept-delay", "on-data",   "on-eof",
                                    "close-after", "close-how",    "keepalive", "help",
                                    "duration",    "json",         "jsonl",     "a"};

Test(suggest, nearest)
{
    static const struct {
        const char *typed, *nearest;
    } table[] = {
        {"backlog", "backlog"},
        {"backlg", "backlog"},   /* one missing */
        {"backlogs", "backlog"}, /* one too many */
        {"bakclog", "backlog"},  /* a swap */
        {"packlog", "backlog"},  /* first letter */
        {"backloh", "backlog"},  /* last letter */
        {"bcaklgo", "backlog"},  /* two swaps: 2 of 7 */
        {"accept_delay", "accept-delay"},
        {"acceptdelay", "accept-delay"},
        {"keep-alive", "keepalive"},
        {"close-hwo", "close-how"},
        {"on-dat", "on-data"},
        {"jsn", "json"},     /* 1 of 4 */
        {"jsonll", "jsonl"}, /* json is two away */
        {"hlp", "help"},
        {"hep", "help"},
        {"durtaion", "duration"},
        {"bac", NULL},        /* 4 of 7 */
        {"bklg", NULL},       /* 3 of 7: just over a third */
        {"bklog", "backlog"}, /* 2 of 7: just under */
        {"listen", NULL},
        {"hp", NULL}, /* 2 of 4 */
        {"BACKLOG", NULL},
        {"b", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < N(table); i++) {
        const char *nearest = suggest_nearest(table[i].typed, words, N(words));
        if (table[i].nearest)
            cr_expect(nearest && strcmp(nearest, table[i].nearest) == 0, "%s: %s", table[i].typed,
                      nearest ? nearest : "none");
        else
            cr_expect_null(nearest, "%s: %s", table[i].typed, nearest);
    }
}

/* Exactly a third of the longer text may differ, not more. */
Test(suggest, threshold)
{
    static const char *const three[] = {"abc"}, *const six[] = {"abcdef"};
    cr_expect_str_eq(suggest_nearest("abx", three, 1), "abc");
    cr_expect_str_eq(suggest_nearest("ab", three, 1), "abc");
    cr_expect_null(suggest_nearest("axx", three, 1));
    cr_expect_null(suggest_nearest("a", three, 1));
    cr_expect_str_eq(suggest_nearest("abcd", six, 1), "abcdef");
    cr_expect_str_eq(suggest_nearest("badcef", six, 1), "abcdef");
    cr_expect_null(suggest_nearest("abc", six, 1));
    cr_expect_null(suggest_nearest("xyabcd", six, 1)); /* two before and two after */
    cr_expect_null(suggest_nearest("cdefxy", six, 1));
    cr_expect_null(suggest_nearest("badcfe", six, 1));
}

Test(suggest, the_first_of_equals_and_the_pointer_itself)
{
    static const char *const equals[] = {"fast", "cast", "last"};
    cr_expect_eq(suggest_nearest("bast", equals, N(equals)), equals[0]);
    cr_expect_eq(suggest_nearest("last", equals, N(equals)), equals[2]);
    cr_expect_null(suggest_nearest("bast", equals, 0));
    cr_expect_null(suggest_nearest("bast", NULL, 0));
}

Test(suggest, long_texts)
{
    char a[300], b[300], *huge = malloc(1000001);
    cr_assert_not_null(huge);
    memset(huge, 'x', 1000000);
    huge[1000000] = '\0';
    memset(a, 'x', sizeof a);
    memset(b, 'x', sizeof b);
    a[256] = b[256] = '\0';
    b[100] = 'y';
    const char *const candidates[] = {b, "backlog"};
    cr_expect_eq(suggest_nearest(a, candidates, N(candidates)), (const char *)b);
    cr_expect_null(suggest_nearest(huge, candidates, N(candidates)));
    a[256] = b[256] = 'x';
    a[257] = b[257] = '\0';
    cr_expect_null(suggest_nearest(a, candidates, N(candidates))); /* longer than anybody types */
    const char *const huge_candidates[] = {huge};
    cr_expect_null(suggest_nearest(a, huge_candidates, 1));
    free(huge);
}
