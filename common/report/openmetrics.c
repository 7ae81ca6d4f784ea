#include "common/report/openmetrics.h"
#include "common/process/exit_code.h"
#include "common/report/replaced_file.h"
#include "common/report/terminal.h"

#include <fcntl.h>
#include <stdarg.h>
#include <unistd.h>

/* The edges as OpenMetrics writes numbers, and the same in ns. */
static const struct edge {
    const char *le;
    int64_t ns;
} edges[] = {
    {"1e-06", 1000},     {"2e-06", 2000},       {"5e-06", 5000},     {"1e-05", 10000},
    {"2e-05", 20000},    {"5e-05", 50000},      {"0.0001", 100000},  {"0.0002", 200000},
    {"0.0005", 500000},  {"0.001", 1000000},    {"0.002", 2000000},  {"0.005", 5000000},
    {"0.01", 10000000},  {"0.02", 20000000},    {"0.05", 50000000},  {"0.1", 100000000},
    {"0.2", 200000000},  {"0.5", 500000000},    {"1.0", 1000000000}, {"2.0", 2000000000},
    {"5.0", 5000000000}, {"10.0", 10000000000},
};

static void put_head(FILE *out, const char *name, const char *type, const char *help)
{
    fprintf(out, "# TYPE %s %s\n# HELP %s %s.\n", name, type, name, help);
}

/* Backslash, quote and newline are escaped. */
static void put_label(FILE *out, const char *separator, const char *name, const char *value)
{
    fprintf(out, "%s%s=\"", separator, name);
    for (const char *c = value; *c; c++) {
        if (*c == '\n')
            fputs("\\n", out);
        else
            fprintf(out, *c == '\\' || *c == '"' ? "\\%c" : "%c", *c);
    }
    fputc('"', out);
}

void openmetrics_gauge(FILE *out, const char *name, const char *help)
{
    put_head(out, name, "gauge", help);
}

void openmetrics_sample(FILE *out, const char *name, double value, ...)
{
    va_list labels;
    const char *label, *separator = "";
    fprintf(out, "%s{", name);
    va_start(labels, value);
    while ((label = va_arg(labels, const char *))) {
        const char *text = va_arg(labels, const char *);
        if (!text)
            continue;
        put_label(out, separator, label, text);
        separator = ",";
    }
    va_end(labels);
    fprintf(out, "} %.15g\n", value);
}

static void put_bucket(FILE *out, const char *name, const char *label, const char *value,
                       const char *le, uint64_t count)
{
    fprintf(out, "%s_bucket{", name);
    put_label(out, "", label, value);
    fprintf(out, ",le=\"%s\"} %llu\n", le, (unsigned long long)count);
}

void openmetrics_histogram(FILE *out, const char *name, const char *help, const struct histogram *h,
                           const char *label, const char *value)
{
    char sum[HISTOGRAM_SUM_MAX];
    put_head(out, name, "histogram", help);
    for (size_t i = 0; i < sizeof(edges) / sizeof(*edges); i++)
        put_bucket(out, name, label, value, edges[i].le, histogram_count_to(h, edges[i].ns));
    put_bucket(out, name, label, value, "+Inf", histogram_count(h));
    fprintf(out, "%s_sum{", name);
    put_label(out, "", label, value);
    fprintf(out, "} %s\n%s_count{", histogram_sum_s(h, sum), name);
    put_label(out, "", label, value);
    fprintf(out, "} %llu\n", (unsigned long long)histogram_count(h));
}

void openmetrics_end(FILE *out)
{
    fputs("# EOF\n", out);
}

int openmetrics_file_write(struct openmetrics_file *f, void (*put)(FILE *out, const void *context),
                           const void *context)
{
    if (!f->path)
        return EXIT_CODE_DONE;
    if (f->written && f->reserve >= 0)
        close(f->reserve);
    int r = replaced_file_write(f->path, put, context);
    f->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
    f->failed = r != 0;
    if (r && !f->written)
        terminal_error("cannot write %s: %s; give --metrics a file in a folder that you may write "
                       "to",
                       f->path, replaced_file_why(r));
    else if (r && !f->told)
        terminal_notice("cannot write %s: %s; the run goes on, and the file stays as it is until "
                        "there is room",
                        f->path, replaced_file_why(r));
    f->told = f->told || r;
    f->written = f->written || !r;
    return r ? EXIT_CODE_FAILED : EXIT_CODE_DONE;
}
