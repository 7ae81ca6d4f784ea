/* OpenMetrics text, and the file of --metrics.
 *
 * All metrics but histograms are gauges, so that one text is OpenMetrics and also what
 * node_exporter's textfile collector reads. The two name a counter differently: its metadata has no
 * "_total" in the one, and must have it in the other. rate() works on a gauge, too. */
#pragma once

#include "common/report/histogram.h"

#include <stdbool.h>
#include <stdio.h>

/* Writes the head of a gauge; its samples follow. help: without the last full stop. */
void openmetrics_gauge(FILE *out, const char *name, const char *help);

/* Writes a sample. After the value: pairs of a label's name and its value, then NULL. A label whose
 * value is NULL is left out, which means the same as an empty one. */
void openmetrics_sample(FILE *out, const char *name, double value, ...) __attribute__((sentinel));

/* Writes head and samples of a histogram in seconds, with one label. The buckets are 1-2-5 from 1
 * us to 10 s. The counts are those of our histogram, in which a value counts as the upper end of
 * its own, narrower bucket (common/report/histogram.h): so a value up to 0.8 % below an edge may
 * count above it. */
void openmetrics_histogram(FILE *out, const char *name, const char *help, const struct histogram *h,
                           const char *label, const char *value);

/* Writes the last line. */
void openmetrics_end(FILE *out);

struct openmetrics_file {
    const char *path; /* of --metrics; NULL: none */
    bool written;     /* the start has succeeded */
    bool failed;      /* the last write failed */
    bool told;
    int reserve; /* once written: a descriptor for the next write, when all others are in use */
};

/* Replaces the file by what put() writes. An error is printed once. The first call is the start: if
 * it fails, the program ends. Later errors do not end the run; each call tries again. Returns an
 * exit code. */
int openmetrics_file_write(struct openmetrics_file *f, void (*put)(FILE *out, const void *context),
                           const void *context);
