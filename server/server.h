/* A running server: its listeners and workers, the interval ticks, and the last look at
 * everything. */
#pragma once

#include "common/kernel/endpoint.h"
#include "common/report/document.h"
#include "server/settings.h"

struct server;

struct server_args {
    const struct settings *settings;
    const struct document_head *head;
    struct endpoint at; /* where to listen */
};

/* First of all in main(): a SIGUSR1 waits until server_run(), and does no harm after it. */
void server_hold_usr1(void);

/* Opens the listeners and starts the workers. 0; or -errno and in *ret_step the call that
 * failed. */
int server_start(const struct server_args *args, struct server **ret, const char **ret_step);

/* Announces itself (stderr, "ready", --ready-fd) and serves until a signal or --duration; ready and
 * interval documents go to `output`. 0, or -errno and what failed in *ret_step: a thread could not
 * be started (it served nobody), or a document not be written (it still served to the end). Nothing
 * is accepted afterwards; connections are still open. SIGUSR1 ends --accept-delay: from then on all
 * workers accept as fast as they can. */
int server_run(struct server *s, struct document_output *output, const char **ret_step);

/* The report document, but for what only the caller knows ("sysctls"). After server_run(). New
 * reference or NULL. */
json_t *server_report(struct server *s);

/* Closes everything and frees. NULL is fine. */
void server_free(struct server *s);
