/* The option table end to end: what a command line turns into, what is said of a bad one, and the
 * settings. */
#include "common/options/options.h"
#include "common/process/clock.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define N(table) (sizeof(table) / sizeof *(table))

static const char *const data_words[] = {"echo", "discard", "ignore", NULL};

static struct {
    int64_t backlog, delay, life, wait, moment, pause, tick, small;
    uint64_t threads, size, any;
    uint16_t port;
    int on_data;
    bool reuse, verbose;
    const char *listen, *json, *jsonl;
    struct option_texts sysctls, tags;
    struct percentiles percentiles;
    struct keepalive keepalive;
} v;

static struct option_row rows[] = {
    {"listen", 'l', "ADDR", "127.0.0.1", "address to bind", &option_text, &v.listen},
    {"port", 'p', "N", "8888", "0: the kernel chooses", &option_port, &v.port},
    {"backlog", 'b', "N", "4096", "handed to listen()\nas it is", &option_integer, &v.backlog,
     INT_MIN, INT_MAX},
    {"accept-delay", 'a', "DUR", "0", "one connection each DUR", &option_duration, &v.delay,
     .word = "never"},
    {"life", 0, "DUR|forever", "forever", "how long", &option_duration, &v.life, .word = "forever"},
    {"pause", 0, "DUR", NULL, "between two", &option_duration, &v.pause, 0, 1500 * NS_PER_MS},
    {"tick", 'i', "DUR", "1s", "one line each", &option_duration, &v.tick, NS_PER_MS, INT64_MAX},
    {"wait", 0, "DUR", NULL, "whole seconds", &option_seconds, &v.wait, 1, INT_MAX},
    {"threads", 't', "N", "1", "event loops", &option_count, &v.threads, 1, 256},
    {"any", 'n', "N", NULL, "any count", &option_count, &v.any, 1, INT64_MAX},
    {"small", 0, "N", NULL, "at most 5", &option_integer, &v.small, INT64_MIN, 5},
    {"size", 's', "BYTES", "64", "request size", &option_size, &v.size, 1, 1 << 20},
    {"on-data", 0, "WHAT", "echo", "what becomes of data", &option_choice, &v.on_data,
     .choices = data_words},
    {"reuse", 'r', NULL, NULL, "a flag", &option_flag, &v.reuse},
    {"verbose", 'v', NULL, NULL, "another", &option_flag, &v.verbose},
    {"sysctl", 0, "KEY=VALUE", NULL, "repeatable", &option_texts, &v.sysctls},
    {"tag", 0, "TAG", "none", "repeatable, with a default", &option_texts, &v.tags},
    {"start-at", 0, "UNIX_TIME", NULL, "begin then", &option_unix_time, &v.moment},
    {"percentiles", 0, "LIST", "50,90,99,99.9", "which to show", &option_percentiles,
     &v.percentiles},
    {"keepalive", 0, "IDLE,INTVL,COUNT", NULL, "SO_KEEPALIVE", &option_keepalive, &v.keepalive},
    {"json", 'J', "[=FILE]", NULL, "one document", &option_file, &v.json},
    {"jsonl", 0, "[=FILE]", NULL, "a document a line", &option_file, &v.jsonl},
};

static struct option_program program = {
    .name = "tcplab-test",
    .usage = "[options] [HOST]",
    .examples = "  tcplab-test --backlog 4   a short queue\n",
    .closing = "See tcplab-test(1).\n",
    .operands_max = 1,
};

/* What one options_parse() left behind. */
static char **operands;
static int n_operands;
static char *message;

#define ARGS_MAX 100

/* Splits line at blanks (a '_' alone stands for an empty argument) and parses it. The arguments
 * live on. */
static int parse_line(const char *line)
{
    static char *words[ARGS_MAX + 2];
    static char *copy;
    static char program_name[] = "tcplab-test";
    static char empty[] = "";
    int argc = 1;
    free(copy);
    free(message);
    copy = strdup(line);
    message = NULL;
    operands = NULL;
    n_operands = -1;
    memset(&v, 0, sizeof v);
    words[0] = program_name;
    for (char *rest, *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        cr_assert_leq(argc, ARGS_MAX);
        words[argc++] = strcmp(word, "_") == 0 ? empty : word;
    }
    words[argc] = NULL;
    return options_parse(rows, N(rows), &program, argc, words, &operands, &n_operands, &message);
}

static void expect_run(const char *line)
{
    int r = parse_line(line);
    cr_assert_eq(r, OPTIONS_RUN, "\"%s\": %d: %s", line, r, message ? message : "no message");
    cr_assert_null(message);
}

Test(options, defaults)
{
    expect_run("");
    cr_expect_str_eq(v.listen, "127.0.0.1");
    cr_expect_eq(v.port, 8888);
    cr_expect_eq(v.backlog, 4096);
    cr_expect_eq(v.delay, 0);
    cr_expect_eq(v.life, OPTION_NEVER);
    cr_expect_eq(v.pause, 0);
    cr_expect_eq(v.tick, 1000000000);
    cr_expect_eq(v.threads, 1);
    cr_expect_eq(v.size, 64);
    cr_expect_eq(v.on_data, 0);
    cr_expect_eq(v.reuse, false);
    cr_expect_eq(v.sysctls.n, 0);
    cr_expect_eq(v.tags.n, 1);
    cr_expect_str_eq(v.tags.text[0], "none");
    cr_expect_eq(v.percentiles.n, 4);
    cr_expect_eq(v.percentiles.millionths[3], 999000);
    cr_expect_null(v.json);
    cr_expect_eq(n_operands, 0);
    for (size_t i = 0; i < N(rows); i++)
        cr_expect_not(rows[i].given, "%s", rows[i].name);
}

/* Without a default the value is left as the program set it. */
Test(options, off_is_left_alone)
{
    static char name[] = "tcplab-test", *words[] = {name, NULL};
    memset(&v, 0, sizeof v);
    v.wait = -7;
    v.keepalive.idle_s = 11;
    cr_assert_eq(options_parse(rows, N(rows), &program, 1, words, &operands, &n_operands, &message),
                 OPTIONS_RUN);
    cr_expect_eq(v.wait, -7);
    cr_expect_eq(v.keepalive.idle_s, 11);
}

Test(options, every_type_by_long_name)
{
    expect_run(
        "--listen ::1 --port 0 --backlog -1 --accept-delay 250us --life 2m --pause 1.5s --wait 2m "
        "--threads 256 --any 1.5M --size 4k --on-data ignore --reuse --sysctl a=1 --start-at "
        "1700000000.25 --percentiles 50,99.9999 --keepalive 2s,1s,3 --json=out.json --small -6");
    cr_expect_str_eq(v.listen, "::1");
    cr_expect_eq(v.port, 0);
    cr_expect_eq(v.backlog, -1);
    cr_expect_eq(v.delay, 250000);
    cr_expect_eq(v.life, 120000000000);
    cr_expect_eq(v.pause, 1500000000);
    cr_expect_eq(v.wait, 120);
    cr_expect_eq(v.threads, 256);
    cr_expect_eq(v.any, 1500000);
    cr_expect_eq(v.size, 4096);
    cr_expect_eq(v.on_data, 2);
    cr_expect_eq(v.reuse, true);
    cr_expect_eq(v.verbose, false);
    cr_expect_eq(v.sysctls.n, 1);
    cr_expect_str_eq(v.sysctls.text[0], "a=1");
    cr_expect_eq(v.moment, 1700000000250000000);
    cr_expect_eq(v.percentiles.n, 2);
    cr_expect_eq(v.percentiles.millionths[1], 999999);
    cr_expect_eq(v.keepalive.idle_s, 2);
    cr_expect_eq(v.keepalive.interval_s, 1);
    cr_expect_eq(v.keepalive.count, 3);
    cr_expect_str_eq(v.json, "out.json");
    cr_expect_eq(v.small, -6);
}

Test(options, ways_to_write_one)
{
    static const struct {
        const char *line;
        int64_t backlog;
    } table[] = {
        {"--backlog 4", 4},
        {"--backlog=4", 4},
        {"-b 4", 4},
        {"-b4", 4},
        {"--back 4", 4},
        {"--b=4", 4},
        {"-rvb4", 4},
        {"-rb 4", 4},
        {"--backlog -1", -1},
        {"--backlog=-1", -1},
        {"-b -1", -1},
        {"-b-1", -1},
        {"-b 1 -b 2", 2},
        {"--b=1 -b2 --b 3", 3},
        {"-b 10k", 10000},
        {"-r -b 5 host", 5},
        {"host -b 5", 5},
        {"-b 5 -- -b", 5},
        {"-b -2147483648", INT_MIN},
        {"-b 2147483647", INT_MAX},
    };
    for (size_t i = 0; i < N(table); i++) {
        expect_run(table[i].line);
        cr_expect_eq(v.backlog, table[i].backlog, "%s: %jd", table[i].line, (intmax_t)v.backlog);
        cr_expect(options_given(rows, N(rows), "backlog"), "%s", table[i].line);
        cr_expect_not(options_given(rows, N(rows), "port"), "%s", table[i].line);
    }
}

Test(options, the_word_and_the_limits)
{
    expect_run("--accept-delay never --pause 0 --tick 1ms --threads 1 --size 1M --wait 1 --any "
               "9223372036854775807");
    cr_expect_eq(v.delay, OPTION_NEVER);
    cr_expect_eq(v.pause, 0);
    cr_expect_eq(v.tick, 1000000);
    cr_expect_eq(v.size, 1048576);
    cr_expect_eq(v.wait, 1);
    cr_expect_eq(v.any, INT64_MAX);
    expect_run("--tick 9223372036.854775807 --small -9223372036854775808");
    cr_expect_eq(v.tick, INT64_MAX);
    cr_expect_eq(v.small, INT64_MIN);
}

Test(options, file_with_and_without_a_name)
{
    static const struct {
        const char *line, *json;
        int n_operands;
    } table[] = {
        {"-J", "-", 0},
        {"--json", "-", 0},
        {"-Jout", "out", 0},
        {"-J=out", "out", 0},
        {"--json=out", "out", 0},
        {"--json=-", "-", 0},
        {"--json==out", "=out", 0},
        {"-J host", "-", 1},
        {"-rJ", "-", 0},
        {"-J --json=a", "a", 0},
        {"--json=a -J", "-", 0},
        {"--json=a=b", "a=b", 0},
    };
    for (size_t i = 0; i < N(table); i++) {
        expect_run(table[i].line);
        cr_assert_not_null(v.json, "%s", table[i].line);
        cr_expect_str_eq(v.json, table[i].json, "%s: %s", table[i].line, v.json);
        cr_expect_eq(n_operands, table[i].n_operands, "%s: %d operands", table[i].line, n_operands);
    }
}

Test(options, repeatables)
{
    expect_run("--sysctl a=1 -r --sysctl=b=2 --sys c=3 --tag x --tag y");
    cr_assert_eq(v.sysctls.n, 3);
    cr_expect_str_eq(v.sysctls.text[0], "a=1");
    cr_expect_str_eq(v.sysctls.text[1], "b=2");
    cr_expect_str_eq(v.sysctls.text[2], "c=3");
    cr_assert_eq(v.tags.n, 2); /* the default is gone */
    cr_expect_str_eq(v.tags.text[0], "x");
    cr_expect_str_eq(v.tags.text[1], "y");
}

Test(options, repeatables_have_a_limit)
{
    char line[65 * 9 + 1] = "";
    for (int i = 0; i < 64; i++)
        strcat(line, "--tag=x ");
    expect_run(line);
    cr_expect_eq(v.tags.n, 64);
    strcat(line, "--tag=y ");
    cr_expect_eq(parse_line(line), -ERANGE);
    cr_assert_not_null(message);
    cr_expect_str_eq(
        message, "--tag y: this option was given 64 times already; write a text, at most 64 times");
    cr_expect_eq(v.tags.n, 64);
    cr_expect_str_eq(v.tags.text[63], "x");
}

Test(options, operands)
{
    static const struct {
        const char *line, *operand;
    } table[] = {
        {"host", "host"},    {"host -b 4", "host"}, {"-b 4 host", "host"},
        {"-- host", "host"}, {"-- -b", "-b"},       {"-- --help", "--help"},
        {"-", "-"},          {"-r - -v", "-"},      {"-b 4 -- -1", "-1"},
    };
    for (size_t i = 0; i < N(table); i++) {
        expect_run(table[i].line);
        cr_assert_eq(n_operands, 1, "%s: %d", table[i].line, n_operands);
        cr_expect_str_eq(operands[0], table[i].operand, "%s: %s", table[i].line, operands[0]);
    }
    expect_run("--");
    cr_expect_eq(n_operands, 0);
}

Test(options, no_arguments_at_all)
{
    static char *words[] = {NULL};
    message = NULL;
    cr_expect_eq(options_parse(rows, N(rows), &program, 0, words, &operands, &n_operands, &message),
                 OPTIONS_RUN);
    cr_expect_eq(n_operands, 0);
}

Test(options, help_and_version)
{
    static const struct {
        const char *line;
        int outcome;
    } table[] = {
        {"-h", OPTIONS_HELP},
        {"--help", OPTIONS_HELP},
        {"--he", OPTIONS_HELP},
        {"-V", OPTIONS_VERSION},
        {"--version", OPTIONS_VERSION},
        {"-h -V", OPTIONS_HELP},
        {"-V -h", OPTIONS_VERSION},
        {"-h --nonsense -b x a b c", OPTIONS_HELP}, /* wins over what stands after it */
        {"--version --backlog", OPTIONS_VERSION},
        {"-b 4 -rh", OPTIONS_HELP},
        {"a b c -h", OPTIONS_HELP}, /* operands are looked at last */
        {"-b x -h", -EINVAL},       /* but not over what stands before */
        {"--nonsense -V", -EINVAL},
        {"-- -h", OPTIONS_RUN},
        {"-l -h", OPTIONS_RUN}, /* the value of -l */
    };
    for (size_t i = 0; i < N(table); i++) {
        int r = parse_line(table[i].line);
        cr_expect_eq(r, table[i].outcome, "\"%s\": %d", table[i].line, r);
        cr_expect_eq(message != NULL, table[i].outcome < 0, "\"%s\"", table[i].line);
    }
}

/* After an error in the midst of a cluster of letters getopt must not go on there. */
Test(options, may_be_called_again)
{
    cr_expect_eq(parse_line("-rxv host"), -EINVAL);
    expect_run("-v host");
    cr_expect_not(v.reuse);
    cr_expect(v.verbose);
    cr_expect_not(options_given(rows, N(rows), "reuse"));
    cr_expect_eq(n_operands, 1);
    expect_run("--sysctl a=1 --sysctl b=2");
    expect_run("--sysctl c=3");
    cr_expect_eq(v.sysctls.n, 1);
    expect_run("");
    cr_expect_not(options_given(rows, N(rows), "sysctl"));
}

/* The same, where nobody clears the collected texts in between. */
Test(options, texts_begin_anew)
{
    static char name[] = "p", one[] = "--sysctl=a=1", two[] = "--sysctl=b=2",
                *words[] = {name, one, two, NULL};
    memset(&v, 0, sizeof v);
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(
            options_parse(rows, N(rows), &program, 3, words, &operands, &n_operands, &message),
            OPTIONS_RUN);
        cr_expect_eq(v.sysctls.n, 2);
        cr_expect_eq(v.tags.n, 1);
    }
}

#define DURATION "write a duration such as 250us, 40ms, 1.5s, 2m or 1h"
#define COUNT    "write a count such as 100, 10k or 1.5M"
#define INTEGER  "write a whole number such as 4096, 10k or -1"
#define SIZE     "write a size in bytes such as 64, 4k or 1M"
#define SECONDS  "write a duration in whole seconds such as 5, 30s or 2m"
#define CHOICES  "one of echo, discard, ignore"
#define FILES    "write a file name, or - for standard output"

static const struct complaint {
    const char *line;
    int error;
    const char *message;
} complaints[] = {
    /* values, in the form the option was written */
    {"--accept-delay -1s", -EINVAL,
     "--accept-delay -1s: a duration cannot be negative; " DURATION ", or \"never\""},
    {"--accept-delay=-1s", -EINVAL,
     "--accept-delay -1s: a duration cannot be negative; " DURATION ", or \"never\""},
    {"-a-1s", -EINVAL, "-a -1s: a duration cannot be negative; " DURATION ", or \"never\""},
    {"-a nevr", -EINVAL, "-a nevr: not a number; " DURATION ", or \"never\" (did you mean never?)"},
    {"--life never", -EINVAL, "--life never: not a number; " DURATION ", or \"forever\""},
    {"--pause never", -EINVAL, "--pause never: not a number; " DURATION},
    {"--accept 5x", -EINVAL,
     "--accept-delay 5x: only a unit (us, ms, s, m or h) may follow the number; " DURATION
     ", or \"never\""},
    {"--on-data eco", -EINVAL, "--on-data eco: no such choice; " CHOICES " (did you mean echo?)"},
    {"--on-data discrad", -EINVAL,
     "--on-data discrad: no such choice; " CHOICES " (did you mean discard?)"},
    {"--on-data xyz", -EINVAL, "--on-data xyz: no such choice; " CHOICES},
    {"--on-data ech", -EINVAL, "--on-data ech: no such choice; " CHOICES " (did you mean echo?)"},
    {"--port 70000", -ERANGE,
     "--port 70000: a port is at most 65535; write a port number such as 8888"},
    {"-p http", -EINVAL,
     "-p http: a port is written in digits only; write a port number such as 8888"},
    {"--percentiles 90,50", -EINVAL,
     "--percentiles 90,50: the percentiles must rise from left to right; write rising percentiles "
     "such as 50,90,99,99.9"},
    {"--keepalive 2s,1s", -EINVAL,
     "--keepalive 2s,1s: three values are needed, with commas between; write IDLE,INTVL,COUNT such "
     "as 2s,1s,3"},
    {"--wait 1.5s", -EINVAL, "--wait 1.5s: must be whole seconds; " SECONDS},
    {"--start-at 5s", -EINVAL,
     "--start-at 5s: not a time in seconds; write the seconds since 1970 such as 1700000000.25 "
     "(date +%s prints those of now)"},
    {"--start-at 1.0000000001", -EINVAL,
     "--start-at 1.0000000001: finer than a nanosecond; write the seconds since 1970 such as "
     "1700000000.25 (date +%s prints those of now)"},
    {"--start-at 9223372037", -ERANGE,
     "--start-at 9223372037: a time is at most 9223372036 seconds after 1970; write the seconds "
     "since 1970 such as 1700000000.25 (date +%s prints those of now)"},
    {"--start-at -1", -EINVAL,
     "--start-at -1: not a time in seconds; write the seconds since 1970 such as 1700000000.25 "
     "(date +%s prints those of now)"},
    {"--json=", -EINVAL, "--json=\"\": the file name is empty; " FILES},
    {"-J=", -EINVAL, "-J \"\": the file name is empty; " FILES},

    /* limits */
    {"-t 0", -ERANGE, "-t 0: must be from 1 to 256; " COUNT},
    {"-t 257", -ERANGE, "-t 257: must be from 1 to 256; " COUNT},
    {"-t 99999999999999999999", -ERANGE, "-t 99999999999999999999: must be from 1 to 256; " COUNT},
    {"-t 9223372036854775808", -ERANGE, "-t 9223372036854775808: must be from 1 to 256; " COUNT},
    {"-t -1", -EINVAL, "-t -1: a count cannot be negative; " COUNT},
    {"-n 0", -ERANGE, "-n 0: must be at least 1; " COUNT},
    {"-n 18446744073709551616", -ERANGE,
     "-n 18446744073709551616: a count is at most 9223372036854775807; " COUNT},
    {"-n 9223372036854775808", -ERANGE,
     "-n 9223372036854775808: a count is at most 9223372036854775807; " COUNT},
    {"--small 6", -ERANGE, "--small 6: must be at most 5; " INTEGER},
    {"-b 2147483648", -ERANGE, "-b 2147483648: must be from -2147483648 to 2147483647; " INTEGER},
    {"--backlog -2147483649", -ERANGE,
     "--backlog -2147483649: must be from -2147483648 to 2147483647; " INTEGER},
    {"-s 0", -ERANGE, "-s 0: must be from 1 to 1048576; " SIZE},
    {"-s 1025k", -ERANGE, "-s 1025k: must be from 1 to 1048576; " SIZE},
    {"-i 999us", -ERANGE, "-i 999us: must be at least 1ms; " DURATION},
    {"--pause 1501ms", -ERANGE, "--pause 1501ms: must be at most 1500ms; " DURATION},
    {"--wait 0", -ERANGE, "--wait 0: must be from 1s to 2147483647s; " SECONDS},
    {"--wait 2147483648", -ERANGE, "--wait 2147483648: must be from 1s to 2147483647s; " SECONDS},

    /* how a value is shown */
    {"-b _", -EINVAL, "-b \"\": the value is empty; " INTEGER},
    {"--backlog=", -EINVAL, "--backlog \"\": the value is empty; " INTEGER},
    {"-b 1\t", -EINVAL, "-b \"1\\t\": blanks are not taken; " INTEGER},
    {"-b \033[31m", -EINVAL, "-b \"\\x1b[31m\": not a number; " INTEGER},
    {"-b \xc3\xa9", -EINVAL, "-b \xc3\xa9: not a number; " INTEGER},
    {"-b 1234567890123456789012345678901234567890123456789012345678901x", -EINVAL,
     "-b 123456789012345678901234567890123456789012345678901234567890...: only k, M or G (powers "
     "of 1000) may follow the number; " INTEGER},
    {"-b \xc3\xa9xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\xc3\xa9\xc3\xa9",
     -EINVAL,
     "-b \xc3\xa9xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...: not a "
     "number; " INTEGER},

    /* a value too few or too many */
    {"--backlog", -EINVAL, "--backlog needs a value: " INTEGER},
    {"--back", -EINVAL, "--backlog needs a value: " INTEGER},
    {"-b", -EINVAL, "-b needs a value: " INTEGER},
    {"-rb", -EINVAL, "-b needs a value: " INTEGER},
    {"--on-data", -EINVAL, "--on-data needs a value: " CHOICES},
    {"--accept-delay", -EINVAL, "--accept-delay needs a value: " DURATION ", or \"never\""},
    {"--reuse=yes", -EINVAL, "--reuse takes no value; write --reuse alone"},
    {"--help=me", -EINVAL, "--help takes no value; write --help alone"},
    {"--vers=1", -EINVAL, "--version takes no value; write --version alone"},

    /* options nobody knows */
    {"--backlg", -EINVAL,
     "there is no option --backlg; did you mean --backlog? (--help lists them all)"},
    {"--backlg=4", -EINVAL,
     "there is no option --backlg; did you mean --backlog? (--help lists them all)"},
    {"--accept_delay 1s", -EINVAL,
     "there is no option --accept_delay; did you mean --accept-delay? (--help lists them all)"},
    {"--hlep", -EINVAL, "there is no option --hlep; did you mean --help? (--help lists them all)"},
    {"--quux", -EINVAL, "there is no option --quux (--help lists them all)"},
    {"--=4", -EINVAL, "there is no option --=4 (--help lists them all)"},
    {"--aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", -EINVAL,
     "there is no option --aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa... (--help "
     "lists them all)"},
    {"-x", -EINVAL, "there is no option -x (--help lists them all)"},
    {"-rxv", -EINVAL, "there is no option -x (--help lists them all)"},
    {"-:", -EINVAL, "there is no option -: (--help lists them all)"},
    {"-?", -EINVAL, "there is no option -? (--help lists them all)"},
    {"-\xc3\xa9", -EINVAL, "there is no option -\xc3\xa9 (--help lists them all)"},
    {"-backlog 4", -EINVAL, "-b acklog: not a number; " INTEGER " (did you mean --backlog?)"},
    {"-keepalive 1,1,1", -EINVAL,
     "there is no option -k; did you mean --keepalive? (--help lists them all)"},

    /* abbreviations of more than one */
    {"--p 1", -EINVAL, "--p may mean --port, --pause or --percentiles; write it in full"},
    {"--js", -EINVAL, "--js may mean --json or --jsonl; write it in full"},
    {"--ver", -EINVAL, "--ver may mean --verbose or --version; write it in full"},

    /* operands */
    {"a b", -EINVAL, "'b' is one argument too many; write tcplab-test [options] [HOST]"},
    {"a b c -r", -EINVAL, "'b' is one argument too many; write tcplab-test [options] [HOST]"},
    {"a -- -b", -EINVAL, "'-b' is one argument too many; write tcplab-test [options] [HOST]"},
    {"a _", -EINVAL, "'' is one argument too many; write tcplab-test [options] [HOST]"},
    {"a --json out", -EINVAL,
     "'out' is one argument too many; if it is the file of --json, write --json=out"},
    {"a -J out", -EINVAL,
     "'out' is one argument too many; if it is the file of --json, write --json=out"},
    {"a --json=x out", -EINVAL,
     "'out' is one argument too many; write tcplab-test [options] [HOST]"},
    {"a \xe2\x80\x93v", -EINVAL,
     "'\xe2\x80\x93v' is one argument too many; its dash is not the - of the keyboard, type it "
     "anew"},
};

Test(options, complaints)
{
    for (size_t i = 0; i < N(complaints); i++) {
        const struct complaint *c = &complaints[i];
        int r = parse_line(c->line);
        cr_expect_eq(r, c->error, "\"%s\": %d", c->line, r);
        cr_expect(message && strcmp(message, c->message) == 0, "\"%s\":\n%s\ninstead of\n%s",
                  c->line, message ? message : "(none)", c->message);
        cr_expect_eq(n_operands, -1, "\"%s\" wrote the operands", c->line);
    }
}

Test(options, no_operand_expected)
{
    program.operands_max = 0;
    cr_expect_eq(parse_line("foo"), -EINVAL);
    cr_assert_not_null(message);
    cr_expect_str_eq(
        message,
        "'foo' stands alone where no argument is expected; write tcplab-test [options] [HOST]");
    cr_expect_eq(parse_line("--backlog 4 --jsonl out"), -EINVAL);
    cr_assert_not_null(message);
    cr_expect_str_eq(message, "'out' stands alone where no argument is expected; if it is the file "
                              "of --jsonl, write --jsonl=out");
    program.operands_max = 1;
}

/* A refused value leaves the last good one. */
Test(options, refused_value_is_not_written)
{
    cr_expect_eq(parse_line("-b 7 -b 8x"), -EINVAL);
    cr_expect_eq(v.backlog, 7);
    cr_expect_eq(parse_line("-t 7 -t 257"), -ERANGE);
    cr_expect_eq(v.threads, 7);
    cr_expect_eq(parse_line("-i 7s -i 1us"), -ERANGE);
    cr_expect_eq(v.tick, 7000000000);
    cr_expect_eq(parse_line("--wait 7 --wait 0"), -ERANGE);
    cr_expect_eq(v.wait, 7);
    cr_expect_eq(parse_line("--on-data ignore --on-data x"), -EINVAL);
    cr_expect_eq(v.on_data, 2);
    cr_expect_eq(parse_line("--start-at 7 --start-at x"), -EINVAL);
    cr_expect_eq(v.moment, 7000000000);
}

Test(options, a_bad_default_is_told)
{
    int64_t value = 4711;
    struct option_row bad[] = {{"bad", 0, "N", "x", "", &option_integer, &value}};
    static char name[] = "p", *words[] = {name, NULL};
    cr_expect_eq(options_parse(bad, 1, &program, 1, words, &operands, &n_operands, &message),
                 -EINVAL);
    cr_expect_str_eq(message, "--bad x: not a number; " INTEGER
                              " (this is the default of the option: a fault in the program)");
    cr_expect_eq(value, 4711);
}

/* The settings as one line of text, keys sorted. Caller frees. */
static char *dump_settings(void)
{
    json_t *settings = options_settings(rows, N(rows));
    cr_assert_not_null(settings);
    char *text = json_dumps(settings, JSON_COMPACT | JSON_SORT_KEYS | JSON_REAL_PRECISION(15));
    cr_assert_not_null(text);
    json_decref(settings);
    return text;
}

Test(settings, defaults)
{
    expect_run("");
    char *text = dump_settings();
    cr_expect_str_eq(
        text, "{\"accept_delay_us\":0,\"any\":null,\"backlog\":4096,\"json\":null,\"jsonl\":null,"
              "\"keepalive\":null,\"life_us\":null,\"listen\":\"127.0.0.1\",\"on_data\":\"echo\","
              "\"pause_us\":null,\"percentiles\":[50,90,99,99.9],\"port\":8888,\"reuse\":false,"
              "\"size_bytes\":64,\"small\":null,\"start_at_s\":null,\"sysctl\":null,\"tag\":["
              "\"none\"],\"threads\":1,\"tick_us\":1000000,\"verbose\":false,\"wait_s\":null}");
    free(text);
}

Test(settings, given)
{
    expect_run("-l ::1 -p 0 -b -1 -a 250us --life 2m --pause 1.5us -i 1ms --wait 2m -t 7 -n 10k "
               "--small 0 -s 4k --on-data discard -r --sysctl a=1 --sysctl b=2 --tag x --start-at "
               "1700000000.25 --percentiles 0.5,100 --keepalive 2s,1s,3 -J --jsonl=out");
    char *text = dump_settings();
    cr_expect_str_eq(
        text, "{\"accept_delay_us\":250,\"any\":10000,\"backlog\":-1,\"json\":\"-\",\"jsonl\":"
              "\"out\",\"keepalive\":{\"count\":3,\"idle_s\":2,\"interval_s\":1},\"life_us\":"
              "120000000,\"listen\":\"::1\",\"on_data\":\"discard\",\"pause_us\":1.5,"
              "\"percentiles\":[0.5,100],\"port\":0,\"reuse\":true,\"size_bytes\":4096,\"small\":0,"
              "\"start_at_s\":1700000000.25,\"sysctl\":[\"a=1\",\"b=2\"],\"tag\":[\"x\"],"
              "\"threads\":7,\"tick_us\":1000,\"verbose\":false,\"wait_s\":120}");
    free(text);
}

static void expect_setting(const char *line, const char *key, json_t *expected)
{
    expect_run(line);
    json_t *settings = options_settings(rows, N(rows));
    cr_assert_not_null(settings, "%s", line);
    cr_expect(json_equal(json_object_get(settings, key), expected), "%s: %s", line, key);
    json_decref(settings);
    json_decref(expected);
}

Test(settings, odd_values)
{
    expect_setting("-a never", "accept_delay_us", json_null());
    expect_setting("--life forever", "life_us", json_null());
    expect_setting("-a 0.001us", "accept_delay_us", json_real(0.001));
    expect_setting("--start-at 1700000000", "start_at_s", json_integer(1700000000));
    expect_setting("-n 9223372036854775807", "any", json_integer(INT64_MAX));
    expect_setting("-l \xc3\xa9", "listen", json_string("\xc3\xa9"));
    expect_setting("-l \xff", "listen", json_string("?")); /* JSON takes UTF-8 only */
    expect_setting("--sysctl \xff=1", "sysctl", json_pack("[s]", "?=1"));
    expect_setting("--json=\xfe", "json", json_string("?"));
}

Test(settings, keep_the_order_of_the_table)
{
    expect_run("");
    json_t *settings = options_settings(rows, N(rows));
    cr_assert_eq(json_object_size(settings), N(rows));
    cr_expect_str_eq(json_object_iter_key(json_object_iter(settings)), "listen");
    json_decref(settings);
}

/* What help shows as the default must be something the user can write. */
Test(options, defaults_are_taken_as_values)
{
    for (size_t i = 0; i < N(rows); i++) {
        if (!rows[i].fallback)
            continue;
        char line[200];
        snprintf(line, sizeof line, "--%s=%s", rows[i].name, rows[i].fallback);
        expect_run(line);
        cr_expect(rows[i].given, "%s", line);
    }
}
