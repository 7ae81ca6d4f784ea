#include "common/text/parse.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "common/process/clock.h"

/* MAX_TCP_KEEPIDLE and MAX_TCP_KEEPINTVL in include/net/tcp.h */
#define KEEPALIVE_SECONDS_MAX 32767
#define KEEPALIVE_COUNT_MAX   127 /* MAX_TCP_KEEPCNT */

static int refuse(int error, const char *why, const char **ret_why)
{
    *ret_why = why;
    return error;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool has_blank(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (is_blank(text[i]))
            return true;
    return false;
}

static size_t count_digits(const char *text, size_t n)
{
    size_t digits = 0;
    while (digits < n && is_digit(text[digits]))
        digits++;
    return digits;
}

/* An amount is digits, perhaps a point and digits, perhaps a unit. Computed in integers only, so
 * 0.1s is exactly 100000000 ns and nothing is ever rounded. */

struct unit {
    const char *name;
    uint64_t factor;
};

/* One kind of amount, and the messages about a wrong one. */
struct amount {
    const struct unit *units; /* up to one without a name */
    uint64_t max;
    const char *negative, *no_unit, *not_whole, *too_large;
};

static const struct amount duration_form = {
    .units = (const struct unit[]){{"", NS_PER_S},
                                   {"us", NS_PER_US},
                                   {"ms", NS_PER_MS},
                                   {"s", NS_PER_S},
                                   {"m", 60 * NS_PER_S},
                                   {"h", 3600 * NS_PER_S},
                                   {NULL, 0}},
    .max = INT64_MAX,
    .negative = "a duration cannot be negative",
    .no_unit = "only a unit (us, ms, s, m or h) may follow the number",
    .not_whole = "finer than a nanosecond",
    .too_large = "a duration is at most 292 years",
};

static const struct unit thousands[] = {
    {"", 1}, {"k", 1000}, {"M", 1000000}, {"G", 1000000000}, {NULL, 0}};

static const struct amount count_form = {
    .units = thousands,
    .max = INT64_MAX,
    .negative = "a count cannot be negative",
    .no_unit = "only k, M or G (powers of 1000) may follow the number",
    .not_whole = "a count must come out whole",
    .too_large = "a count is at most 9223372036854775807",
};

/* Of its magnitude; parse_integer() takes the sign away. */
static const struct amount integer_form = {
    .units = thousands,
    .max = INT64_MAX,
    .negative = "not a number",
    .no_unit = "only k, M or G (powers of 1000) may follow the number",
    .not_whole = "the number must come out whole",
    .too_large = "a whole number is from -9223372036854775808 to 9223372036854775807",
};

static const struct amount size_form = {
    .units =
        (const struct unit[]){{"", 1}, {"k", 1 << 10}, {"M", 1 << 20}, {"G", 1 << 30}, {NULL, 0}},
    .max = INT64_MAX,
    .negative = "a size cannot be negative",
    .no_unit = "only k, M or G (powers of 1024) may follow the number",
    .not_whole = "a size must come out as whole bytes",
    .too_large = "a size is at most 9223372036854775807 bytes",
};

/* In millionths. */
static const struct amount rate_form = {
    .units = (const struct unit[]){{"", 1000000},
                                   {"k", 1000000000},
                                   {"M", 1000000000000},
                                   {"G", 1000000000000000},
                                   {NULL, 0}},
    .max = 1000000000000000,
    .negative = "a rate cannot be negative",
    .no_unit = "only k, M or G (powers of 1000) may follow the number",
    .not_whole = "a rate has at most 6 decimals",
    .too_large = "a rate is at most 1G",
};

static const struct amount percentile_form = {
    .units = (const struct unit[]){{"", 10000}, {NULL, 0}},
    .max = 100 * 10000,
    .negative = "a percentile cannot be negative",
    .no_unit = "a percentile is a number such as 99.9, without a unit",
    .not_whole = "a percentile has at most 4 decimals",
    .too_large = "a percentile is at most 100",
};

/* The three parts of "1.5ms" as they stand in the text. */
struct decimal {
    const char *whole, *fraction, *unit;
    size_t n_whole, n_fraction, n_unit;
};

static const char *why_no_number(const char *text, size_t n, const struct amount *form)
{
    if (n == 0)
        return "the value is empty";
    if (text[0] == '-' && n > 1 && is_digit(text[1]))
        return form->negative;
    if (text[0] == '+')
        return "a plus sign is not taken";
    if (text[0] == '.')
        return "a digit must stand before the point";
    return "not a number";
}

static int split_decimal(const char *text, size_t n, const struct amount *form, struct decimal *ret,
                         const char **ret_why)
{
    if (has_blank(text, n))
        return refuse(-EINVAL, "blanks are not taken", ret_why);

    struct decimal d = {.whole = text, .fraction = "", .n_whole = count_digits(text, n)};
    if (d.n_whole == 0)
        return refuse(-EINVAL, why_no_number(text, n, form), ret_why);

    size_t at = d.n_whole;
    if (at < n && text[at] == '.') {
        d.fraction = text + at + 1;
        d.n_fraction = count_digits(d.fraction, n - at - 1);
        if (d.n_fraction == 0)
            return refuse(-EINVAL, "a digit must follow the point", ret_why);
        at += 1 + d.n_fraction;
    }
    d.unit = text + at;
    d.n_unit = n - at;
    *ret = d;
    return 0;
}

/* 0 where there is no such unit. */
static uint64_t find_factor(const struct unit *units, const struct decimal *d)
{
    for (const struct unit *u = units; u->name; u++)
        if (strlen(u->name) == d->n_unit && memcmp(u->name, d->unit, d->n_unit) == 0)
            return u->factor;
    return 0;
}

/* The digits after the point, times factor, by long multiplication from the last digit on. If the
 * result at a place is not whole, the amount is not whole at all; so any number of digits is exact,
 * and nothing grows beyond ten times factor. */
static bool scale_fraction(const struct decimal *d, uint64_t factor, uint64_t *ret)
{
    uint64_t value = 0;
    for (size_t i = d->n_fraction; i-- > 0;) {
        value += (uint64_t)(d->fraction[i] - '0') * factor;
        if (value % 10 != 0)
            return false;
        value /= 10;
    }
    *ret = value;
    return true;
}

static bool scale_whole(const struct decimal *d, uint64_t factor, uint64_t *ret)
{
    uint64_t value = 0;
    for (size_t i = 0; i < d->n_whole; i++)
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(d->whole[i] - '0'), &value))
            return false;
    return !__builtin_mul_overflow(value, factor, ret);
}

static int parse_amount(const char *text, size_t n, const struct amount *form, uint64_t *ret,
                        const char **ret_why)
{
    struct decimal d;
    int r = split_decimal(text, n, form, &d, ret_why);
    if (r < 0)
        return r;
    uint64_t factor = find_factor(form->units, &d);
    if (factor == 0)
        return refuse(-EINVAL, form->no_unit, ret_why);

    uint64_t whole, fraction, value;
    if (!scale_fraction(&d, factor, &fraction))
        return refuse(-EINVAL, form->not_whole, ret_why);
    if (!scale_whole(&d, factor, &whole) || __builtin_add_overflow(whole, fraction, &value) ||
        value > form->max)
        return refuse(-ERANGE, form->too_large, ret_why);
    *ret = value;
    return 0;
}

int parse_duration(const char *text, int64_t *ret_ns, const char **ret_why)
{
    uint64_t ns;
    int r = parse_amount(text, strlen(text), &duration_form, &ns, ret_why);
    if (r == 0)
        *ret_ns = (int64_t)ns;
    return r;
}

int parse_count(const char *text, uint64_t *ret_count, const char **ret_why)
{
    return parse_amount(text, strlen(text), &count_form, ret_count, ret_why);
}

int parse_integer(const char *text, int64_t *ret_integer, const char **ret_why)
{
    bool negative = text[0] == '-' && is_digit(text[1]);
    struct amount form = integer_form;
    form.max += negative; /* two's complement reaches one further below zero */
    uint64_t magnitude;
    int r = parse_amount(text + negative, strlen(text + negative), &form, &magnitude, ret_why);
    if (r == 0)
        *ret_integer = (int64_t)(negative ? -magnitude : magnitude);
    return r;
}

int parse_size(const char *text, uint64_t *ret_bytes, const char **ret_why)
{
    return parse_amount(text, strlen(text), &size_form, ret_bytes, ret_why);
}

int parse_rate(const char *text, uint64_t *ret_millionths, const char **ret_why)
{
    return parse_amount(text, strlen(text), &rate_form, ret_millionths, ret_why);
}

/* --- lists --- */

static int percentile(const char *text, size_t n, uint32_t *ret, const char **ret_why)
{
    uint64_t value;
    int r = parse_amount(text, n, &percentile_form, &value, ret_why);
    if (r < 0)
        return r;
    const char *point = memchr(text, '.', n);
    if (point && text + n - point > 1 + 4)
        return refuse(-EINVAL, percentile_form.not_whole, ret_why);
    if (value == 0)
        return refuse(-ERANGE, "a percentile is above 0", ret_why);
    *ret = (uint32_t)value;
    return 0;
}

int parse_percentiles(const char *text, struct percentiles *ret_percentiles, const char **ret_why)
{
    struct percentiles list = {0};
    const char *at = text;
    for (;;) {
        if (list.n == PARSE_PERCENTILES_MAX)
            return refuse(-ERANGE, "there are more than 32 percentiles", ret_why);
        size_t n = strcspn(at, ",");
        int r = percentile(at, n, &list.millionths[list.n], ret_why);
        if (r < 0)
            return r;
        if (list.n > 0 && list.millionths[list.n] <= list.millionths[list.n - 1])
            return refuse(-EINVAL, "the percentiles must rise from left to right", ret_why);
        list.n++;
        if (at[n] == '\0')
            break;
        at += n + 1;
    }
    *ret_percentiles = list;
    return 0;
}

static int keepalive_time(const char *text, size_t n, int *ret_s, const char **ret_why)
{
    uint64_t ns;
    int r = parse_amount(text, n, &duration_form, &ns, ret_why);
    if (r < 0)
        return r;
    if (ns % NS_PER_S != 0)
        return refuse(-EINVAL, "IDLE and INTVL must be whole seconds", ret_why);
    if (ns < NS_PER_S || ns > KEEPALIVE_SECONDS_MAX * (uint64_t)NS_PER_S)
        return refuse(-ERANGE, "IDLE and INTVL are from 1s to 32767s", ret_why);
    *ret_s = (int)(ns / NS_PER_S);
    return 0;
}

static int keepalive_count(const char *text, size_t n, int *ret_count, const char **ret_why)
{
    uint64_t count;
    int r = parse_amount(text, n, &count_form, &count, ret_why);
    if (r < 0)
        return r;
    if (count < 1 || count > KEEPALIVE_COUNT_MAX)
        return refuse(-ERANGE, "COUNT is from 1 to 127", ret_why);
    *ret_count = (int)count;
    return 0;
}

int parse_keepalive(const char *text, struct keepalive *ret_keepalive, const char **ret_why)
{
    const char *interval = strchr(text, ',');
    const char *count = interval ? strchr(interval + 1, ',') : NULL;
    if (!count || strchr(count + 1, ','))
        return refuse(-EINVAL, "three values are needed, with commas between", ret_why);

    struct keepalive k;
    int r = keepalive_time(text, (size_t)(interval - text), &k.idle_s, ret_why);
    if (r == 0)
        r = keepalive_time(interval + 1, (size_t)(count - interval - 1), &k.interval_s, ret_why);
    if (r == 0)
        r = keepalive_count(count + 1, strlen(count + 1), &k.count, ret_why);
    if (r == 0)
        *ret_keepalive = k;
    return r;
}
