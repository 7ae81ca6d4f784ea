/* A look into every network namespace of this host at once. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* Adds to the document what look_document_add() adds, of all namespaces together: each listener and
 * each finding has "namespace", its name; "namespaces" has what belongs to one; "unseen" counts the
 * namespaces that may not be entered and the processes whose namespace may not be seen. A process
 * of its own looks into each namespace: this one stays in its own. 0; -errno: what could not be
 * done is in *ret_step; -EPERM: none but its own may be entered, and nothing was added. */
int everywhere_look(json_t *document, int64_t for_ns, bool (*stop)(void), const char **ret_step);
