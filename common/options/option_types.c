#include "common/options/option_types.h"
#include "common/process/clock.h"
#include "common/report/document.h"
#include "common/text/parse.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

const char option_outside_limits[] = "outside the limits of this option";

static bool has_limits(const struct option_row *row)
{
    return row->min != 0 || row->max != 0;
}

/* A number too large for its type is also beyond the limits; the message about the limits says
 * more. */
static int explain_overflow(const struct option_row *row, int error, const char **ret_why)
{
    if (error == -ERANGE && has_limits(row) && row->min > INT64_MIN && row->max < INT64_MAX)
        *ret_why = option_outside_limits;
    return error;
}

static int check_limits(const struct option_row *row, int64_t value, const char **ret_why)
{
    if (!has_limits(row) || (value >= row->min && value <= row->max))
        return 0;
    *ret_why = option_outside_limits;
    return -ERANGE;
}

void option_duration_text(int64_t ns, char text[static OPTION_DURATION_MAX])
{
    static const struct {
        int64_t ns;
        const char *name;
    } units[] = {{3600 * NS_PER_S, "h"},
                 {60 * NS_PER_S, "m"},
                 {NS_PER_S, "s"},
                 {NS_PER_MS, "ms"},
                 {NS_PER_US, "us"}};

    for (size_t i = 0; ns != 0 && i < sizeof units / sizeof *units; i++)
        if (ns % units[i].ns == 0) {
            snprintf(text, OPTION_DURATION_MAX, "%" PRId64 "%s", ns / units[i].ns, units[i].name);
            return;
        }
    if (ns == 0)
        strcpy(text, "0");
    else
        snprintf(text, OPTION_DURATION_MAX, "%lld.%03lldus", ns / NS_PER_US, ns % NS_PER_US);
}

static void format_limit(const struct option_row *row, int64_t limit,
                         char text[static OPTION_DURATION_MAX])
{
    if (row->type == &option_duration)
        option_duration_text(limit, text);
    else
        snprintf(text, OPTION_DURATION_MAX, "%" PRId64 "%s", limit,
                 row->type == &option_seconds ? "s" : "");
}

void option_limits(const struct option_row *row, char text[static OPTION_LIMITS_MAX])
{
    char min[OPTION_DURATION_MAX], max[OPTION_DURATION_MAX];
    format_limit(row, row->min, min);
    format_limit(row, row->max, max);
    if (row->max == INT64_MAX)
        snprintf(text, OPTION_LIMITS_MAX, "at least %s", min);
    else if (row->min == (row->type == &option_integer ? INT64_MIN : 0))
        snprintf(text, OPTION_LIMITS_MAX, "at most %s", max);
    else
        snprintf(text, OPTION_LIMITS_MAX, "from %s to %s", min, max);
}

/* A whole number stays whole: 5000000, not 5000000.0. */
static json_t *show_ratio(int64_t value, int64_t unit)
{
    return value % unit == 0 ? json_integer(value / unit) : json_real((double)value / (double)unit);
}

static int flag_parse(const char *text, struct option_row *row, const char **ret_why)
{
    *(bool *)row->value = true;
    return 0;
}

static json_t *flag_show(const struct option_row *row)
{
    return json_boolean(*(const bool *)row->value);
}

const struct option_type option_flag = {"no value", "", flag_parse, flag_show};

static int integer_parse(const char *text, struct option_row *row, const char **ret_why)
{
    int64_t value;
    int r = explain_overflow(row, parse_integer(text, &value, ret_why), ret_why);
    if (r == 0)
        r = check_limits(row, value, ret_why);
    if (r == 0)
        *(int64_t *)row->value = value;
    return r;
}

static json_t *integer_show(const struct option_row *row)
{
    return json_integer(*(const int64_t *)row->value);
}

const struct option_type option_integer = {"a whole number such as 4096, 10k or -1", "",
                                           integer_parse, integer_show};

static int unsigned_parse(const char *text, struct option_row *row, const char **ret_why,
                          int (*parse)(const char *text, uint64_t *ret, const char **ret_why))
{
    uint64_t value;
    int r = explain_overflow(row, parse(text, &value, ret_why), ret_why);
    if (r == 0)
        r = check_limits(row, (int64_t)value, ret_why);
    if (r == 0)
        *(uint64_t *)row->value = value;
    return r;
}

static int count_parse(const char *text, struct option_row *row, const char **ret_why)
{
    return unsigned_parse(text, row, ret_why, parse_count);
}

static int size_parse(const char *text, struct option_row *row, const char **ret_why)
{
    return unsigned_parse(text, row, ret_why, parse_size);
}

static json_t *unsigned_show(const struct option_row *row)
{
    return json_integer((json_int_t) * (const uint64_t *)row->value);
}

const struct option_type option_count = {"a count such as 100, 10k or 1.5M", "", count_parse,
                                         unsigned_show};
const struct option_type option_size = {"a size in bytes such as 64, 4k or 1M", "_bytes",
                                        size_parse, unsigned_show};

static int rate_parse(const char *text, struct option_row *row, const char **ret_why)
{
    uint64_t millionths;
    int r = parse_rate(text, &millionths, ret_why);
    if (r == 0)
        *(double *)row->value = (double)millionths / 1e6;
    return r;
}

static json_t *rate_show(const struct option_row *row)
{
    return show_ratio((int64_t)(*(const double *)row->value * 1e6 + 0.5), 1000000);
}

const struct option_type option_rate = {"a number such as 0.5, 100, 10k or 1.5M", "", rate_parse,
                                        rate_show};

static int duration_parse(const char *text, struct option_row *row, const char **ret_why)
{
    int64_t ns = OPTION_NEVER;
    if (!row->word || strcmp(text, row->word) != 0) {
        int r = explain_overflow(row, parse_duration(text, &ns, ret_why), ret_why);
        if (r == 0)
            r = check_limits(row, ns, ret_why);
        if (r < 0)
            return r;
    }
    *(int64_t *)row->value = ns;
    return 0;
}

static json_t *duration_show(const struct option_row *row)
{
    int64_t ns = *(const int64_t *)row->value;
    return ns == OPTION_NEVER ? json_null() : show_ratio(ns, NS_PER_US);
}

const struct option_type option_duration = {"a duration such as 250us, 40ms, 1.5s, 2m or 1h", "_us",
                                            duration_parse, duration_show};

static int seconds_parse(const char *text, struct option_row *row, const char **ret_why)
{
    int64_t ns;
    int r = explain_overflow(row, parse_duration(text, &ns, ret_why), ret_why);
    if (r == 0 && ns % NS_PER_S != 0) {
        *ret_why = "must be whole seconds";
        r = -EINVAL;
    }
    if (r == 0)
        r = check_limits(row, ns / NS_PER_S, ret_why);
    if (r == 0)
        *(int64_t *)row->value = ns / NS_PER_S;
    return r;
}

const struct option_type option_seconds = {"a duration in whole seconds such as 5, 30s or 2m", "_s",
                                           seconds_parse, integer_show};

static int port_parse(const char *text, struct option_row *row, const char **ret_why)
{
    return parse_port(text, row->value, ret_why);
}

static json_t *port_show(const struct option_row *row)
{
    return json_integer(*(const uint16_t *)row->value);
}

const struct option_type option_port = {"a port number such as 8888", "", port_parse, port_show};

static int choice_parse(const char *text, struct option_row *row, const char **ret_why)
{
    for (int i = 0; row->choices[i]; i++)
        if (strcmp(row->choices[i], text) == 0) {
            *(int *)row->value = i;
            return 0;
        }
    *ret_why = "no such choice";
    return -EINVAL;
}

static json_t *choice_show(const struct option_row *row)
{
    return json_string(row->choices[*(const int *)row->value]);
}

const struct option_type option_choice = {"one of the choices", "", choice_parse, choice_show};

static int text_parse(const char *text, struct option_row *row, const char **ret_why)
{
    *(const char **)row->value = text;
    return 0;
}

static json_t *text_show(const struct option_row *row)
{
    const char *text = *(const char *const *)row->value;
    return text ? document_string(text) : json_null();
}

const struct option_type option_text = {"a text", "", text_parse, text_show};

/* The first one on the command line drops a default and what an earlier options_parse()
 * collected. */
static int texts_parse(const char *text, struct option_row *row, const char **ret_why)
{
    struct option_texts *texts = row->value;
    if (!row->given)
        texts->n = 0;
    if (texts->n == OPTION_TEXTS_MAX) {
        *ret_why = "this option was given 64 times already";
        return -ERANGE;
    }
    texts->text[texts->n++] = text;
    return 0;
}

static json_t *texts_show(const struct option_row *row)
{
    const struct option_texts *texts = row->value;
    json_t *array = json_array();
    for (size_t i = 0; i < texts->n; i++)
        if (json_array_append_new(array, document_string(texts->text[i])) != 0) {
            json_decref(array);
            return NULL;
        }
    return array;
}

const struct option_type option_texts = {"a text, at most 64 times", "", texts_parse, texts_show};

static int unix_time_parse(const char *text, struct option_row *row, const char **ret_why)
{
    if (text[0] != '\0' && text[strspn(text, "0123456789.")] != '\0') {
        *ret_why = "not a time in seconds";
        return -EINVAL;
    }
    int r = parse_duration(text, row->value, ret_why);
    if (r == -ERANGE)
        *ret_why = "a time is at most 9223372036 seconds after 1970";
    return r;
}

static json_t *unix_time_show(const struct option_row *row)
{
    return show_ratio(*(const int64_t *)row->value, NS_PER_S);
}

const struct option_type option_unix_time = {
    "the seconds since 1970 such as 1700000000.25 (date +%s prints those of now)", "_s",
    unix_time_parse, unix_time_show};

static int percentiles_parse(const char *text, struct option_row *row, const char **ret_why)
{
    return parse_percentiles(text, row->value, ret_why);
}

static json_t *percentiles_show(const struct option_row *row)
{
    const struct percentiles *list = row->value;
    json_t *array = json_array();
    for (size_t i = 0; i < list->n; i++)
        json_array_append_new(array, show_ratio(list->millionths[i], 10000));
    return array;
}

const struct option_type option_percentiles = {"rising percentiles such as 50,90,99,99.9", "",
                                               percentiles_parse, percentiles_show};

static int keepalive_parse(const char *text, struct option_row *row, const char **ret_why)
{
    return parse_keepalive(text, row->value, ret_why);
}

static json_t *keepalive_show(const struct option_row *row)
{
    const struct keepalive *k = row->value;
    return json_pack("{s:i, s:i, s:i}", "idle_s", k->idle_s, "interval_s", k->interval_s, "count",
                     k->count);
}

const struct option_type option_keepalive = {"IDLE,INTVL,COUNT such as 2s,1s,3", "",
                                             keepalive_parse, keepalive_show};

static int file_parse(const char *text, struct option_row *row, const char **ret_why)
{
    if (text[0] == '\0') {
        *ret_why = "the file name is empty";
        return -EINVAL;
    }
    return text_parse(text, row, ret_why);
}

const struct option_type option_file = {"a file name, or - for standard output", "", file_parse,
                                        text_show};
