/* The OpenMetrics text: buckets that grow, labels that are escaped. */
#include "common/report/openmetrics.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static char *put(void (*with)(FILE *out))
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    with(out);
    fclose(out);
    return text;
}

static void some_values(FILE *out)
{
    struct histogram *h = histogram_new();
    histogram_record(h, 150);      /* below the first edge */
    histogram_record(h, 3 * 1000); /* 3 us */
    histogram_record(h, 3 * 1000);
    histogram_record(h, 20000000000); /* beyond the last one */
    openmetrics_histogram(out, "wait_seconds", "A wait", h, "port", "80");
    histogram_free(h);
}

/* How often a line begins with these words, and the number at the end of the last one. */
static int lines(const char *text, const char *begin, double *ret_last)
{
    int n = 0;
    for (const char *line = text; line && *line; line = strchr(line, '\n'), line += !!line)
        if (!strncmp(line, begin, strlen(begin))) {
            char *end = strchr(line, '\n');
            while (end > line && end[-1] != ' ')
                end--;
            *ret_last = atof(end);
            n++;
        }
    return n;
}

Test(openmetrics, a_histogram_is_cumulative)
{
    char *text = put(some_values);
    double last = 0;
    cr_expect(strstr(text, "# TYPE wait_seconds histogram\n# HELP wait_seconds A wait.\n"), "%s",
              text);
    cr_expect_eq(lines(text, "wait_seconds_bucket{port=\"80\",le=\"1e-06\"}", &last), 1);
    cr_expect_eq(last, 1, "150 ns: %s", text);
    lines(text, "wait_seconds_bucket{port=\"80\",le=\"2e-06\"}", &last);
    cr_expect_eq(last, 1, "%s", text);
    lines(text, "wait_seconds_bucket{port=\"80\",le=\"5e-06\"}", &last);
    cr_expect_eq(last, 3, "%s", text);
    lines(text, "wait_seconds_bucket{port=\"80\",le=\"10.0\"}", &last);
    cr_expect_eq(last, 3, "20 s are beyond: %s", text);
    lines(text, "wait_seconds_bucket{port=\"80\",le=\"+Inf\"}", &last);
    cr_expect_eq(last, 4);
    cr_expect_eq(lines(text, "wait_seconds_bucket", &last), 23, "22 edges and +Inf");
    lines(text, "wait_seconds_count", &last);
    cr_expect_eq(last, 4);
    cr_expect(strstr(text, "wait_seconds_sum{port=\"80\"} 20.000006150\n"), "%s", text);
    free(text);
}

static void a_label(FILE *out)
{
    openmetrics_gauge(out, "queue", "What waits");
    openmetrics_sample(out, "queue", 2.5, "program", "a\"b\\c\nd", "unit", NULL, "port", "1", NULL);
    openmetrics_end(out);
}

Test(openmetrics, labels_are_escaped_and_absent_ones_left_out)
{
    char *text = put(a_label);
    cr_expect_str_eq(text, "# TYPE queue gauge\n# HELP queue What waits.\n"
                           "queue{program=\"a\\\"b\\\\c\\nd\",port=\"1\"} 2.5\n# EOF\n");
    free(text);
}
