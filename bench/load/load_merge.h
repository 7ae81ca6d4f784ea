/* Adds reports of tcplab-client, or of tcplab-server, that ran one load together, on one host or on
 * several. */
#pragma once

#include <jansson.h>
#include <stddef.h>

/* Makes the document {"event": "merged"} of n reports (tcplab.client/1, or tcplab.server/1), at
 * least 1, with the members of a report that can be added without loss: counts, errors, rungs,
 * states, peers, CPU time, histograms, and the percentiles of the merged histograms; of listeners
 * the longest queue, of programs the most file tables. The rates of clients are over the time from
 * the first start to the last end; that of servers is the sum of theirs, each between its first and
 * its last accept. "merge" has the skew of the starts, the time in which all ran, and each client
 * or server. It has no counters, because two programs in one namespace would count them twice. A
 * report may be a merge itself: the result is that of a merge of all its reports. names: for
 * messages. Returns 0 and a new reference; or -EINVAL and in *ret_message (caller frees) one
 * sentence that says which report does not belong to the first, and why; or -ENOMEM. */
int load_merge(json_t *const *reports, const char *const *names, size_t n, json_t **ret_document,
               char **ret_message);
