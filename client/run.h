/* A run of the client: its dialers and threads, and the phases they go through together.
 *
 *   waiting (--start-at) ─► dialing ─► holding (hold) ─► closing ─► [dialing again: the next wave
 *   of hold]
 *   dialing ─► draining (echo, crr, cc at -d: what is under way is finished, within RUN_DRAIN_NS)
 *   ─► closing
 *   closing ─► [staying (--close half or none, until -d)] ─► settling (until the kernel is done
 *   with the closing) ─► end */
#pragma once

#include "client/settings.h"
#include "common/kernel/endpoint.h"
#include "common/report/document.h"
#include "common/report/openmetrics.h"

struct run;

struct run_args {
    const struct settings *settings;
    const struct document_head *head;
    struct document_output *output;   /* ready and interval documents */
    struct openmetrics_file *metrics; /* written at the start, at each interval, at the end */
    struct endpoint target;
    size_t n_loops;  /* event loops, a thread each */
    bool own_tables; /* each has a file table of its own */
};

/* Starts the threads and prepares their dialers; connects nothing yet. Returns 0 or -errno. */
int run_new(const struct run_args *args, struct run **ret);

/* Writes the file of --metrics. Returns an exit code; when it is not 0 the reason has been printed,
 * once. Not after run_report(). */
int run_metrics(struct run *r);

/* Reports that it is ready ("ready", --ready-fd) and runs to the end. A document that cannot be
 * written ends the run, as a signal does. */
void run_go(struct run *r);

/* The report document. After run_go(). Returns a new reference or NULL. */
json_t *run_report(struct run *r);

void run_free(struct run *r); /* closes what is still open */
