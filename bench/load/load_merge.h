/* Adds reports of tcplab-client that ran one load together, on one host or on several. */
#pragma once

#include <jansson.h>
#include <stddef.h>

/* Makes the document {"event": "merged"} of n reports (tcplab.client/1), at least 1, with the
 * members of a report that can be added without loss: counts, errors, rungs, states, CPU time,
 * histograms, and the percentiles of the merged histograms. The rates are over the time from the
 * first start to the last end. "merge" has the skew of the starts, the time in which all ran, and
 * each client. It has no counters, because two clients in one namespace would count them twice.
 * names: for messages. Returns 0 and a new reference; or -EINVAL and in *ret_message (caller frees)
 * one sentence that says which report does not belong to the first, and why; or -ENOMEM. */
int load_merge(json_t *const *reports, const char *const *names, size_t n, json_t **ret_document,
               char **ret_message);
