/* A running server: its listeners and workers, the interval reports, and the final report. */
#pragma once

#include "common/kernel/endpoint.h"
#include "common/report/document.h"
#include "common/report/openmetrics.h"
#include "server/settings.h"

struct server;

struct server_args {
    const struct settings *settings;
    const struct document_head *head;
    struct endpoint at;               /* where to listen */
    struct openmetrics_file *metrics; /* written at the start, at each interval and at the end */
};

/* Blocks SIGUSR1 until server_run(); call it first in main(). So a SIGUSR1 that comes too early or
 * too late does not end the process. */
void server_hold_usr1(void);

/* Opens the listeners and prepares the workers. Returns 0; or -errno and in *ret_step the call that
 * failed. */
int server_start(const struct server_args *args, struct server **ret, const char **ret_step);

/* Writes the file of --metrics. Returns an exit code; when it is not 0 the reason has been printed,
 * once. */
int server_metrics(struct server *s);

/* Reports that it is ready (on stderr, as a "ready" document, and on --ready-fd) and serves until a
 * signal comes or --duration is over. Writes "ready" and "interval" documents to `output`. SIGUSR1
 * ends --accept-delay: from then on all workers accept as fast as they can. Afterwards nothing is
 * accepted, but connections are still open. Returns 0; or -errno and in *ret_step what failed: a
 * thread could not be started (nobody was served), or a document could not be written (the server
 * served to the end). */
int server_run(struct server *s, struct document_output *output, const char **ret_step);

/* Makes the report document, without the member "sysctls", which the caller adds. Call it after
 * server_run(). Returns a new reference, or NULL without memory. */
json_t *server_report(struct server *s);

/* Closes everything and frees it. Accepts NULL. */
void server_free(struct server *s);
