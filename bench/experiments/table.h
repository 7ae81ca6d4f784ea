/* All experiments, in the order of a connection's life. */
#pragma once

#include "bench/trial/experiment.h"

extern const struct experiment *const experiments[]; /* all, NULL-terminated */

const struct experiment *experiment_find(const char *name); /* or NULL */

const char *experiment_part(const struct experiment *e); /* of a connection's life: "Closing it" */

/* The same for a name that a user typed: Returns 0; or -ENOENT and a sentence with the nearest
 * known name (caller frees). */
int experiment_named(const char *name, const struct experiment **ret, char **ret_message);
