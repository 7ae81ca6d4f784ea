/* The numbers a user types: what is taken, to the last unit, and what is refused, and how. */
#include "common/text/parse.h"
#include "tests/lib/refused.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define UNTOUCHED_64 0x5a5a5a5a5a5a5a5aLL

/* No kind of number takes any of these. */
static const char *const never_a_number[] = {
    "",
    " ",
    "\t",
    "\n",
    "-",
    "+",
    "--1",
    "-+1",
    "+1",
    ".",
    ".5",
    "5.",
    "1..5",
    "1.5.2",
    "1,5",
    "1 ",
    " 1",
    "1 s",
    "1\n",
    "1.\t5",
    "nan",
    "NaN",
    "-nan",
    "inf",
    "-inf",
    "infinity",
    "0x10",
    "0X1p3",
    "1e3",
    "1E3",
    "1e-3",
    "1.5e2",
    "abc",
    "s",
    "k",
    "1\xc2\xb5",
    "\xef\xbc\x91",
    "\xd9\xa1",
    "1_000",
    "1'000",
    "1\xc2\xa0",
    "1x",
    "\x01",
    "1\x7f",
    "1;2",
    "$1",
    "1/2",
    "(1)",
    "1:2",
    "5:",
    "5/",
    "1.:",
    "1%",
    "\xff",
};

struct number {
    const char *text;
    int64_t value;
};

Test(duration, taken)
{
    static const struct number table[] = {
        {"0", 0},
        {"0s", 0},
        {"0h", 0},
        {"000", 0},
        {"1", 1000000000},
        {"10", 10000000000},
        {"007s", 7000000000},
        {"250us", 250000},
        {"40ms", 40000000},
        {"1.5s", 1500000000},
        {"1.5", 1500000000},
        {"0.5", 500000000},
        {"2m", 120000000000},
        {"1h", 3600000000000},
        {"0.25ms", 250000},
        {"0.001us", 1},
        {"1.001us", 1001},
        {"0.1s", 100000000},
        {"0.3s", 300000000},
        {"4.35s", 4350000000},
        {"0.000000001s", 1},
        {"1.000000001s", 1000000001},
        {"1.0000000010000000000000000000000000000s", 1000000001},
        {"0.000000000000000000000000000000000000s", 0},
        {"0.5m", 30000000000},
        {"0.00000000005m", 3},
        {"0.0000000000025h", 9},
        {"0.125h", 450000000000},
        {"9223372036.854775807", INT64_MAX},
        {"9223372036.854775807s", INT64_MAX},
        {"9223372036854775.807us", INT64_MAX},
        {"9223372036854.775807ms", INT64_MAX},
        {"153722867m", 9223372020000000000},
        {"2562047h", 9223369200000000000},
    };
    for (size_t i = 0; i < N(table); i++) {
        int64_t ns = UNTOUCHED_64;
        const char *why = NULL;
        cr_expect_eq(parse_duration(table[i].text, &ns, &why), 0, "%s: %s", table[i].text, why);
        cr_expect_eq(ns, table[i].value, "%s: %jd", table[i].text, (intmax_t)ns);
    }
}

static const struct refused durations_refused[] = {
    {"", -EINVAL, "empty"},
    {"-1s", -EINVAL, "a duration cannot be negative"},
    {"-0", -EINVAL, "a duration cannot be negative"},
    {"-0.5ms", -EINVAL, "a duration cannot be negative"},
    {"+1s", -EINVAL, "plus"},
    {".5", -EINVAL, "a digit must stand before the point"},
    {"5.s", -EINVAL, "a digit must follow the point"},
    {"1.5 s", -EINVAL, "blanks"},
    {"1S", -EINVAL, "unit"},
    {"1ns", -EINVAL, "unit"},
    {"1d", -EINVAL, "unit"},
    {"1sec", -EINVAL, "unit"},
    {"1ss", -EINVAL, "unit"},
    {"1u", -EINVAL, "unit"},
    {"1MS", -EINVAL, "unit"},
    {"1m30s", -EINVAL, "unit"},
    {"1k", -EINVAL, "unit"},
    {"never", -EINVAL, "not a number"},
    {"ms", -EINVAL, "not a number"},
    {"1.0000000001s", -EINVAL, "finer than a nanosecond"},
    {"0.0001us", -EINVAL, "finer than a nanosecond"},
    {"0.0000000001", -EINVAL, "finer than a nanosecond"},
    {"0.00000000001m", -EINVAL, "finer than a nanosecond"},
    {"0.3333333333s", -EINVAL, "finer than a nanosecond"},
    {"9223372036.854775808s", -ERANGE, "292 years"},
    {"9223372036854775.808us", -ERANGE, "292 years"},
    {"153722868m", -ERANGE, "292 years"},
    {"2562048h", -ERANGE, "292 years"},
    {"18446744073709551615s", -ERANGE, "292 years"},
    {"18446744073709551616us", -ERANGE, "292 years"},
    {"99999999999999999999999999h", -ERANGE, "292 years"},
    {"18446744073.709551616s", -ERANGE, "292 years"}, /* 2^64 ns: would wrap to 0 */
    /* x 3.6e12 wraps round 2^64 a thousand times */
    {"5124095576030431h", -ERANGE, "292 years"},
};

Test(duration, refused)
{
    for (size_t i = 0; i < N(durations_refused); i++) {
        int64_t ns = UNTOUCHED_64;
        const char *why = NULL;
        int r = parse_duration(durations_refused[i].text, &ns, &why);
        check_refused(&durations_refused[i], r, why);
        cr_expect_eq(ns, UNTOUCHED_64, "%s wrote its output", durations_refused[i].text);
    }
}

Test(count, taken)
{
    static const struct {
        const char *text;
        uint64_t value;
    } table[] = {
        {"0", 0},
        {"4096", 4096},
        {"10k", 10000},
        {"1.5M", 1500000},
        {"1.5k", 1500},
        {"2G", 2000000000},
        {"0.001k", 1},
        {"0.000000001G", 1},
        {"1.000", 1},
        {"0.9990k", 999},
        {"00012", 12},
        {"9223372036854775807", INT64_MAX},
        {"9223372036854775.807k", INT64_MAX},
        {"9223372036.854775807G", INT64_MAX},
    };
    for (size_t i = 0; i < N(table); i++) {
        uint64_t count = UNTOUCHED_64;
        const char *why = NULL;
        cr_expect_eq(parse_count(table[i].text, &count, &why), 0, "%s: %s", table[i].text, why);
        cr_expect_eq(count, table[i].value, "%s: %ju", table[i].text, (uintmax_t)count);
    }
}

static const struct refused counts_refused[] = {
    {"-1", -EINVAL, "a count cannot be negative"},
    {"-0", -EINVAL, "a count cannot be negative"},
    {"1.5", -EINVAL, "whole"},
    {"0.5", -EINVAL, "whole"},
    {"1.0005k", -EINVAL, "whole"},
    {"0.0000000001G", -EINVAL, "whole"},
    {"1K", -EINVAL, "k, M or G"},
    {"1m", -EINVAL, "k, M or G"},
    {"1T", -EINVAL, "k, M or G"},
    {"1kk", -EINVAL, "k, M or G"},
    {"1ki", -EINVAL, "k, M or G"},
    {"1k0", -EINVAL, "k, M or G"},
    {"1s", -EINVAL, "k, M or G"},
    {"9223372036854775808", -ERANGE, "at most 9223372036854775807"}, /* JSON's integers end there */
    {"9223372036854775.808k", -ERANGE, "at most"},
    {"9223372036854776k", -ERANGE, "at most"},
    {"18446744073709551616", -ERANGE, "at most 9223372036854775807"},
    {"18446744073709551.616k", -ERANGE, "at most"},
    {"18446744073709552k", -ERANGE, "at most"},
    {"18446744074G", -ERANGE, "at most"},
    {"340282366920938463463374607431768211456", -ERANGE, "at most"}, /* 2^128 */
};

Test(count, refused)
{
    for (size_t i = 0; i < N(counts_refused); i++) {
        uint64_t count = UNTOUCHED_64;
        const char *why = NULL;
        int r = parse_count(counts_refused[i].text, &count, &why);
        check_refused(&counts_refused[i], r, why);
        cr_expect_eq(count, UNTOUCHED_64, "%s wrote its output", counts_refused[i].text);
    }
}

Test(rate, in_millionths)
{
    static const struct number table[] = {
        {"0", 0},         {"0.5", 500000},       {"0.000001", 1},
        {"1", 1000000},   {"5k", 5000000000},    {"1.5k", 1500000000},
        {"0.25", 250000}, {"1M", 1000000000000}, {"1G", 1000000000000000},
    };
    const char *why;
    uint64_t rate;
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        cr_expect_eq(parse_rate(table[i].text, &rate, &why), 0, "%s: %s", table[i].text, why);
        cr_expect_eq((int64_t)rate, table[i].value, "%s", table[i].text);
    }
    cr_expect_eq(parse_rate("0.0000001", &rate, &why), -EINVAL);
    cr_expect_eq(parse_rate("-0.5", &rate, &why), -EINVAL);
    cr_expect_eq(parse_rate("1.1G", &rate, &why), -ERANGE);
    for (size_t i = 0; i < sizeof(never_a_number) / sizeof(*never_a_number); i++)
        cr_expect_neq(parse_rate(never_a_number[i], &rate, &why), 0, "%s", never_a_number[i]);
}

Test(integer, taken)
{
    static const struct number table[] = {
        {"0", 0},
        {"-0", 0},
        {"-1", -1},
        {"4096", 4096},
        {"-10k", -10000},
        {"-1.5M", -1500000},
        {"1.5k", 1500},
        {"-0.5k", -500},
        {"9223372036854775807", INT64_MAX},
        {"-9223372036854775807", -INT64_MAX},
        {"-9223372036854775808", INT64_MIN},
        {"-9223372036.854775808G", INT64_MIN},
    };
    for (size_t i = 0; i < N(table); i++) {
        int64_t value = UNTOUCHED_64;
        const char *why = NULL;
        cr_expect_eq(parse_integer(table[i].text, &value, &why), 0, "%s: %s", table[i].text, why);
        cr_expect_eq(value, table[i].value, "%s: %jd", table[i].text, (intmax_t)value);
    }
}

static const struct refused integers_refused[] = {
    {"-", -EINVAL, "not a number"},
    {"--1", -EINVAL, "not a number"},
    {"-k", -EINVAL, "not a number"},
    {"- 1", -EINVAL, "blanks"},
    {"-1.5", -EINVAL, "whole"},
    {"+1", -EINVAL, "plus"},
    {"-+1", -EINVAL, "not a number"},
    {"-1-", -EINVAL, "k, M or G"},
    {"-.5k", -EINVAL, "not a number"},
    {"9223372036854775808", -ERANGE, "9223372036854775807"},
    {"-9223372036854775809", -ERANGE, "-9223372036854775808"},
    {"18446744073709551615", -ERANGE, NULL},
    {"-18446744073709551616", -ERANGE, NULL},
};

Test(integer, refused)
{
    for (size_t i = 0; i < N(integers_refused); i++) {
        int64_t value = UNTOUCHED_64;
        const char *why = NULL;
        int r = parse_integer(integers_refused[i].text, &value, &why);
        check_refused(&integers_refused[i], r, why);
        cr_expect_eq(value, UNTOUCHED_64, "%s wrote its output", integers_refused[i].text);
    }
}

Test(size, taken)
{
    static const struct {
        const char *text;
        uint64_t value;
    } table[] = {
        {"0", 0},
        {"64", 64},
        {"4k", 4096},
        {"1M", 1048576},
        {"1G", 1073741824},
        {"1.5k", 1536},
        {"0.5k", 512},
        {"0.0009765625k", 1},
        {"0.000000000931322574615478515625G", 1}, /* 2^-30: thirty decimals, exact */
        {"9223372036854775807", INT64_MAX},
        {"9007199254740991k", 9223372036854774784},
        {"8589934591.999999999068677425384521484375G", INT64_MAX},
    };
    for (size_t i = 0; i < N(table); i++) {
        uint64_t bytes = UNTOUCHED_64;
        const char *why = NULL;
        cr_expect_eq(parse_size(table[i].text, &bytes, &why), 0, "%s: %s", table[i].text, why);
        cr_expect_eq(bytes, table[i].value, "%s: %ju", table[i].text, (uintmax_t)bytes);
    }
}

static const struct refused sizes_refused[] = {
    {"-1", -EINVAL, "a size cannot be negative"},
    {"1.5", -EINVAL, "whole"},
    {"0.1k", -EINVAL, "whole"},
    {"0.0000000004656612873077392578125G", -EINVAL, "whole"}, /* half a byte */
    {"4kB", -EINVAL, "k, M or G"},
    {"4KiB", -EINVAL, "k, M or G"},
    {"4K", -EINVAL, "k, M or G"},
    {"4B", -EINVAL, "k, M or G"},
    {"9223372036854775808", -ERANGE, "9223372036854775807"},
    {"9007199254740992k", -ERANGE, NULL},
    {"18446744073709551616", -ERANGE, "9223372036854775807"},
    {"18014398509481984k", -ERANGE, NULL},
    {"17179869184G", -ERANGE, NULL},
};

Test(size, refused)
{
    for (size_t i = 0; i < N(sizes_refused); i++) {
        uint64_t bytes = UNTOUCHED_64;
        const char *why = NULL;
        int r = parse_size(sizes_refused[i].text, &bytes, &why);
        check_refused(&sizes_refused[i], r, why);
        cr_expect_eq(bytes, UNTOUCHED_64, "%s wrote its output", sizes_refused[i].text);
    }
}

Test(numbers, what_no_parser_takes)
{
    for (size_t i = 0; i < N(never_a_number); i++) {
        const char *text = never_a_number[i], *why = NULL;
        int64_t i64 = UNTOUCHED_64;
        uint64_t u64 = UNTOUCHED_64;
        struct percentiles p;
        cr_expect_eq(parse_duration(text, &i64, &why), -EINVAL, "duration \"%s\"", text);
        cr_expect_eq(parse_integer(text, &i64, &why), -EINVAL, "integer \"%s\"", text);
        cr_expect_eq(parse_count(text, &u64, &why), -EINVAL, "count \"%s\"", text);
        cr_expect_eq(parse_size(text, &u64, &why), -EINVAL, "size \"%s\"", text);
        if (strcmp(text, "1,5") != 0)
            cr_expect_eq(parse_percentiles(text, &p, &why), -EINVAL, "percentiles \"%s\"", text);
        cr_expect(i64 == UNTOUCHED_64 && u64 == UNTOUCHED_64, "\"%s\" wrote an output", text);
    }
}

Test(numbers, huge_texts)
{
    const char *why = NULL;
    int64_t ns = 0;
    uint64_t count = 0;
    struct percentiles p;
    char *nines = repeat('9', 1000000, ""), *zeros = repeat('0', 1000000, "7us"),
         *junk = repeat('9', 1000000, "!");
    char *fine = repeat('0', 1000000, "1"), *commas = repeat(',', 1000000, "");
    fine[1] = '.';
    cr_expect_eq(parse_duration(nines, &ns, &why), -ERANGE);
    cr_expect_eq(parse_duration(junk, &ns, &why), -EINVAL);
    cr_expect_eq(parse_duration(fine, &ns, &why), -EINVAL);
    cr_expect_eq(parse_count(nines, &count, &why), -ERANGE);
    cr_expect_eq(parse_percentiles(nines, &p, &why), -ERANGE);
    cr_expect_eq(parse_percentiles(commas, &p, &why), -EINVAL);
    cr_expect_eq(parse_duration(zeros, &ns, &why), 0);
    cr_expect_eq(ns, 7000);
    free(nines);
    free(zeros);
    free(junk);
    free(fine);
    free(commas);
}

Test(percentiles, taken)
{
    static const struct {
        const char *text;
        size_t n;
        uint32_t millionths[PARSE_PERCENTILES_MAX];
    } table[] = {
        {"50", 1, {500000}},
        {"100", 1, {1000000}},
        {"100.0000", 1, {1000000}},
        {"0.0001", 1, {1}},
        {"50,90,99,99.9", 4, {500000, 900000, 990000, 999000}},
        {"99.9999,100", 2, {999999, 1000000}},
        {"0.1,0.29,33.3333", 3, {1000, 2900, 333333}},
        {"50,50.0001", 2, {500000, 500001}},
        {"1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,32",
         32,
         {10000,  20000,  30000,  40000,  50000,  60000,  70000,  80000,  90000,  100000, 110000,
          120000, 130000, 140000, 150000, 160000, 170000, 180000, 190000, 200000, 210000, 220000,
          230000, 240000, 250000, 260000, 270000, 280000, 290000, 300000, 310000, 320000}},
    };
    for (size_t i = 0; i < N(table); i++) {
        struct percentiles p;
        const char *why = NULL;
        cr_expect_eq(parse_percentiles(table[i].text, &p, &why), 0, "%s: %s", table[i].text, why);
        cr_expect_eq(p.n, table[i].n, "%s: %zu", table[i].text, p.n);
        for (size_t j = 0; j < table[i].n; j++)
            cr_expect_eq(p.millionths[j], table[i].millionths[j], "%s [%zu]: %u", table[i].text, j,
                         p.millionths[j]);
    }
}

static const struct refused percentiles_refused[] = {
    {"", -EINVAL, "empty"},
    {",", -EINVAL, "empty"},
    {"50,", -EINVAL, "empty"},
    {",50", -EINVAL, "empty"},
    {"50,,90", -EINVAL, "empty"},
    {"50, 90", -EINVAL, "blanks"},
    {"50;90", -EINVAL, "without a unit"},
    {"50 90", -EINVAL, "blanks"},
    {"p50", -EINVAL, "not a number"},
    {"50%", -EINVAL, "without a unit"},
    {"1k", -EINVAL, "without a unit"},
    {"-1", -EINVAL, "cannot be negative"},
    {"50,nan", -EINVAL, "not a number"},
    {"90,50", -EINVAL, "rise"},
    {"50,50", -EINVAL, "rise"},
    {"50,50.0", -EINVAL, "rise"},
    {"50,99,98.9999", -EINVAL, "rise"},
    {"99.99999", -EINVAL, "4 decimals"},
    {"99.90000", -EINVAL, "4 decimals"},
    {"0.00001", -EINVAL, "4 decimals"},
    {"0", -ERANGE, "above 0"},
    {"0.0", -ERANGE, "above 0"},
    {"0,50", -ERANGE, "above 0"},
    {"100.1", -ERANGE, "at most 100"},
    {"100.0001", -ERANGE, "at most 100"},
    {"101", -ERANGE, "at most 100"},
    {"50,1000", -ERANGE, "at most 100"},
    {"429496.7296", -ERANGE, "at most 100"}, /* 2^32 millionths */
    {"18446744073709551616", -ERANGE, "at most 100"},
    {"1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,32,33",
     -ERANGE, "more than 32"},
};

Test(percentiles, refused)
{
    for (size_t i = 0; i < N(percentiles_refused); i++) {
        struct percentiles p = {.n = 4711};
        const char *why = NULL;
        int r = parse_percentiles(percentiles_refused[i].text, &p, &why);
        check_refused(&percentiles_refused[i], r, why);
        cr_expect_eq(p.n, 4711, "%s wrote its output", percentiles_refused[i].text);
    }
}

Test(keepalive, taken)
{
    static const struct {
        const char *text;
        struct keepalive k;
    } table[] = {
        {"2s,1s,3", {2, 1, 3}},     {"2,1,3", {2, 1, 3}},
        {"1,1,1", {1, 1, 1}},       {"32767s,32767s,127", {32767, 32767, 127}},
        {"2h,1m,9", {7200, 60, 9}}, {"3000ms,0.5m,0.01k", {3, 30, 10}},
    };
    for (size_t i = 0; i < N(table); i++) {
        struct keepalive k = {4711, 4712, 4713};
        const char *why = NULL;
        cr_expect_eq(parse_keepalive(table[i].text, &k, &why), 0, "%s: %s", table[i].text, why);
        cr_expect_eq(k.idle_s, table[i].k.idle_s, "%s: %d", table[i].text, k.idle_s);
        cr_expect_eq(k.interval_s, table[i].k.interval_s, "%s: %d", table[i].text, k.interval_s);
        cr_expect_eq(k.count, table[i].k.count, "%s: %d", table[i].text, k.count);
    }
}

static const struct refused keepalives_refused[] = {
    {"", -EINVAL, "three values"},
    {"2s", -EINVAL, "three values"},
    {"2s,1s", -EINVAL, "three values"},
    {"2s,1s,3,", -EINVAL, "three values"},
    {"2s,1s,3,4", -EINVAL, "three values"},
    {"2s;1s;3", -EINVAL, "three values"},
    {",,", -EINVAL, "empty"},
    {"2s,,3", -EINVAL, "empty"},
    {"2s,1s,", -EINVAL, "empty"},
    {"2s, 1s,3", -EINVAL, "blanks"},
    {"-2s,1s,3", -EINVAL, "cannot be negative"},
    {"2s,1s,-3", -EINVAL, "cannot be negative"},
    {"1.5s,1s,3", -EINVAL, "whole seconds"},
    {"2s,100ms,3", -EINVAL, "whole seconds"},
    {"2s,1s,3s", -EINVAL, "k, M or G"},
    {"2s,1s,1.5", -EINVAL, "whole"},
    {"0,1s,3", -ERANGE, "from 1s to 32767s"},
    {"2s,0,3", -ERANGE, "from 1s to 32767s"},
    {"32768s,1s,3", -ERANGE, "from 1s to 32767s"},
    {"2s,32768s,3", -ERANGE, "from 1s to 32767s"},
    {"4294967298s,1s,3", -ERANGE, "from 1s to 32767s"}, /* 2^32 + 2 */
    {"99999999999s,1s,3", -ERANGE, NULL},
    {"2s,1s,0", -ERANGE, "from 1 to 127"},
    {"2s,1s,128", -ERANGE, "from 1 to 127"},
    {"2s,1s,4294967297", -ERANGE, "from 1 to 127"},
};

Test(keepalive, refused)
{
    for (size_t i = 0; i < N(keepalives_refused); i++) {
        struct keepalive k = {4711, 4712, 4713};
        const char *why = NULL;
        int r = parse_keepalive(keepalives_refused[i].text, &k, &why);
        check_refused(&keepalives_refused[i], r, why);
        cr_expect(k.idle_s == 4711 && k.interval_s == 4712 && k.count == 4713,
                  "%s wrote its output", keepalives_refused[i].text);
    }
}
