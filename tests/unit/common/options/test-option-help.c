/* --help: every row, its default once, in two columns, never wider than 100. */
#include "common/options/options.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define N(table) (sizeof(table) / sizeof *(table))

static const char *const data_words[] = {"echo", "discard", "ignore", NULL};

static const struct option_row rows[] = {
    {"listen", 'l', "ADDR", "127.0.0.1", "address to bind", &option_text},
    {"backlog", 'b', "N", "4096", "handed to listen()\nas it is", &option_integer},
    {"accept-delay", 'a', "DUR", "0", "one connection each DUR", &option_duration, .word = "never"},
    {"life", 0, "DUR|forever", "forever", "how long", &option_duration, .word = "forever"},
    {"wait", 0, "DUR", NULL, "whole seconds", &option_seconds},
    {"on-data", 0, "WHAT", "echo", "what becomes of data", &option_choice, .choices = data_words},
    {"on-eof", 'e', "WHAT", NULL, "the same without a default", &option_choice,
     .choices = data_words + 1},
    {"reuse", 'r', NULL, NULL, "a flag", &option_flag},
    {"sysctl", 0, "KEY=VALUE", NULL, "repeatable", &option_texts},
    {"percentiles", 0, "LIST", "50,90,99,99.9", "which to show", &option_percentiles},
    {"keepalive", 0, "IDLE,INTVL,COUNT", NULL, "SO_KEEPALIVE", &option_keepalive},
    {"json", 'J', "[=FILE]", NULL, "one document", &option_file},
    {"jsonl", 0, "[=FILE]", NULL, "a document a line", &option_file},
};

static const struct option_program program = {
    .name = "tcplab-test",
    .usage = "[options] [HOST]",
    .examples = "  tcplab-test --backlog 4   a short queue\n",
    .closing = "See tcplab-test(1).\n",
};

static char *help_of(const struct option_row *table, size_t n)
{
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    cr_assert_not_null(out);
    options_help(out, table, n, &program);
    fclose(out);
    return text;
}

static size_t count_of(const char *text, const char *part)
{
    size_t n = 0;
    for (; (text = strstr(text, part)); text += strlen(part))
        n++;
    return n;
}

static void expect_narrow(const char *text)
{
    for (const char *line = text; *line;) {
        size_t n = strcspn(line, "\n"), width = 0;
        for (size_t i = 0; i < n; i++)
            width += ((unsigned char)line[i] & 0xc0) != 0x80;
        cr_expect_leq(width, 100, "%zu columns: %.*s", width, (int)n, line);
        cr_expect(n == 0 || line[n - 1] != ' ', "a blank at the end: \"%.*s\"", (int)n, line);
        line += n + (line[n] == '\n');
    }
}

Test(help, the_whole_page)
{
    char *text = help_of(rows, N(rows));
    cr_expect_str_eq(text,
                     "Examples:\n"
                     "  tcplab-test --backlog 4   a short queue\n"
                     "\n"
                     "Usage: tcplab-test [options] [HOST]\n"
                     "\n"
                     "Options:\n"
                     "  -l, --listen ADDR                 address to bind (default 127.0.0.1)\n"
                     "  -b, --backlog N                   handed to listen()\n"
                     "                                    as it is (default 4096)\n"
                     "  -a, --accept-delay DUR|never      one connection each DUR (default 0)\n"
                     "      --life DUR|forever            how long (default forever)\n"
                     "      --wait DUR                    whole seconds\n"
                     "      --on-data echo|discard|ignore\n"
                     "                                    what becomes of data (default echo)\n"
                     "  -e, --on-eof discard|ignore       the same without a default\n"
                     "  -r, --reuse                       a flag\n"
                     "      --sysctl KEY=VALUE            repeatable\n"
                     "      --percentiles LIST            which to show (default 50,90,99,99.9)\n"
                     "      --keepalive IDLE,INTVL,COUNT  SO_KEEPALIVE\n"
                     "  -J, --json[=FILE]                 one document\n"
                     "      --jsonl[=FILE]                a document a line\n"
                     "  -h, --help                        show this help and exit\n"
                     "  -V, --version                     show the version and exit\n"
                     "\n"
                     "See tcplab-test(1).\n");
    free(text);
}

Test(help, every_row_once_and_narrow)
{
    char *text = help_of(rows, N(rows));
    for (size_t i = 0; i < N(rows); i++) {
        char name[64];
        bool optional = rows[i].argument && rows[i].argument[0] == '[';
        snprintf(name, sizeof name, "--%s%s", rows[i].name, optional ? "[" : " ");
        cr_expect_eq(count_of(text, name), rows[i].letter == 'b' ? 2 : 1, "%s",
                     name); /* --backlog: in the examples */
    }
    expect_narrow(text);
    free(text);
}

static const char *const many[] = {"alpha-alpha-alpha", "beta-beta-beta",    "gamma-gamma-gamma",
                                   "delta-delta-delta", "epsilon-epsilon",   "zeta-zeta-zeta",
                                   "eta-eta-eta-eta",   "theta-theta-theta", NULL};

Test(help, hard_cases_stay_within_100_columns)
{
    char word[301];
    memset(word, 'Q', 300);
    word[300] = '\0';
    char umlauts[401];
    for (size_t i = 0; i < 400; i += 2)
        memcpy(umlauts + i, "\xc3\xbc", 2);
    umlauts[400] = '\0';
    const struct option_row hard[] = {
        {"which", 'w', "NAME", "alpha", "one of many", &option_choice, .choices = many},
        {"long", 0, "TEXT", NULL,
         "a help text that is a good deal longer than the room there is to the right of the "
         "options, so that it goes on and on over several lines of the page until it ends here",
         &option_text},
        {"word", 0, "TEXT", NULL, word, &option_text},
        {"umlauts", 0, "TEXT", NULL, umlauts, &option_text},
        {"fallback", 0, "TEXT", word, "short", &option_text},
        {"told", 0, "N", "5", "(default 5, or what -c says)", &option_integer},
        {"a-name-so-long-that-it-has-a-line-of-its-own", 'a', "ARGUMENT", "7", "beneath",
         &option_integer},
    };
    char *text = help_of(hard, N(hard));
    expect_narrow(text);
    cr_expect_eq(count_of(text, "-w, --which NAME  "), 1);
    cr_expect_eq(count_of(text, "one of many (one of alpha-alpha-alpha, beta-beta-beta, "), 1, "%s",
                 text);
    cr_expect_eq(count_of(text, "theta-theta-theta) (default alpha)\n"), 1, "%s", text);
    cr_expect_eq(count_of(text, "(default 5"), 1, "%s", text);
    cr_expect_eq(count_of(text, "Q"), 600); /* nothing lost, nothing doubled */
    cr_expect_eq(count_of(text, "\xc3\xbc"), 200);
    cr_expect_eq(count_of(text, "  -a, --a-name-so-long-that-it-has-a-line-of-its-own ARGUMENT\n"),
                 1);
    cr_expect_eq(count_of(text, " beneath (default 7)\n"), 1);
    free(text);
}

/* The text begins at column 17: 83 characters fit, the 84th begins a line. In UTF-8 characters are
 * not bytes. */
Test(help, fills_the_last_column)
{
    char fits[200], not [200], umlauts[200] = "";
    memset(fits, 'Q', 80);
    memset(not, 'Q', 80);
    strcpy(fits + 80, " bb");
    strcpy(not +80, " bbb");
    for (size_t i = 0; i < 80; i++)
        strcat(umlauts, "\xc3\xbc");
    strcat(umlauts, " bb");
    const struct option_row full[] = {
        {"x", 0, "N", NULL, fits, &option_text},
        {"y", 0, "N", NULL, not, &option_text},
        {"z", 0, "N", NULL, umlauts, &option_text},
    };
    char *text = help_of(full, N(full));
    expect_narrow(text);
    cr_expect_eq(count_of(text, "      --x N      QQQ"), 1);
    cr_expect_eq(count_of(text, "QQQ bb\n"), 1);
    cr_expect_eq(count_of(text, "QQQ\n                 bbb\n"), 1);
    cr_expect_eq(count_of(text, umlauts), 1); /* on one line */
    free(text);
}

Test(help, without_examples_and_closing)
{
    struct option_program bare = {.name = "p", .usage = "[options]"};
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    options_help(out, NULL, 0, &bare);
    fclose(out);
    cr_expect_str_eq(text,
                     "Usage: p [options]\n\nOptions:\n  -h, --help     show this help and exit\n"
                     "  -V, --version  show the version and exit\n");
    free(text);
}
