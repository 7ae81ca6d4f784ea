/* The outcome of each attempt of one dialer (--log-connections): one entry each, in the order of
 * their starts.
 *
 * log_new() reserves addresses for all entries; the kernel provides memory for an entry when it is
 * written. So an entry never moves, and its flow keeps a pointer to it. */
#pragma once

#include "client/stats.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOG_MAX 250000 /* entries of a run: the document needs 1.2 kB of memory for each */

struct log;

struct log_entry;

/* size: attempts it has room for. log_free() accepts NULL. Returns 0 or -ENOMEM. */
int log_new(size_t size, struct log **ret);
void log_free(struct log *log);

/* The entry of an attempt that starts now. The log owns it. NULL: there is no log, or it is full
 * (then it is truncated). The functions below accept NULL and do nothing then. */
struct log_entry *log_start(struct log *log, int64_t now_ns);

/* Asks the kernel for this end's address and port; at once after connect(), a socket that was reset
 * may have none. */
void log_local(struct log_entry *entry, int fd);

void log_row(struct log_entry *entry, enum stats_row row);
void log_established(struct log_entry *entry, int64_t now_ns, int retransmits);
void log_closed_by_peer(struct log_entry *entry);

/* This side (error 0) or an error has ended the connection; the first call counts. */
void log_end(struct log_entry *entry, int error);

/* The logs of a run's dialers (each may be NULL), once they have stopped, as one list in the order
 * of the starts; times count from origin_ns. Where one is truncated the list ends with that one's
 * last entry: it has the first attempts of the run, without gaps. Returns a new reference, or NULL
 * without memory. */
json_t *log_to_json(struct log *const *logs, size_t n, int64_t origin_ns, bool *ret_truncated);
