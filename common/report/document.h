/* The JSON documents of the three programs, and where they go.
 *
 * A program composes one report document; the text report is written from that same document, so
 * the two cannot drift. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

struct document_head {
    const char *schema;  /* "tcplab.server/1" */
    const char *program; /* "tcplab-server" */
    int argc;
    char **argv;
    json_t *settings; /* effective settings, see options_settings(); not owned */
};

/* {"schema", "event", "program", "version", "kernel", "argv", "time_unix_s", "settings"}: what
 * every document begins with. event: "ready", "interval", "report". New reference or NULL. */
json_t *document_new(const struct document_head *head, const char *event);

/* argv is whatever bytes the user typed; JSON wants UTF-8: what is not becomes '?'. New reference
 * or NULL. */
json_t *document_string(const char *bytes);

/* The texts of a NULL-terminated list (NULL: empty) as an array. New reference. */
json_t *document_strings(const char *const *texts);

/* Three decimals are enough for microseconds and rates, and keep documents readable. */
json_t *document_real(double value);

/* The name of an errno ("ECONNRESET"); null: 0, NAN, or a number without a name. New reference. */
json_t *document_errno(double number);

struct document_output;

/* json, jsonl: FILE, "-" for stdout, NULL for none; they stay the caller's. Files are made here, so
 * that a bad path is found before the run. A name of the file that is stdout (/dev/stdout) is
 * stdout. 0, or -errno and the path in *ret_path; -EEXIST: both are one file, and it is as it
 * was. */
int document_output_open(const char *json, const char *jsonl, struct document_output **ret,
                         const char **ret_path);

/* Frees it; NULL is nothing. 0, or the first error of all that was written, as -errno, and in
 * *ret_path (may be NULL) where to: a name of the caller's, or "stdout". */
int document_output_close(struct document_output *o, const char **ret_path);

/* Whether anything wants documents while the program runs (--jsonl). */
bool document_output_wants_events(const struct document_output *o);

/* Whether the text report is printed: no document goes to stdout. */
bool document_output_wants_text(const struct document_output *o);

/* One line to --jsonl, flushed. 0 or -errno: then the program has nobody left to run for, and
 * nothing is written there any more. Steals the reference to `document`. */
int document_output_event(struct document_output *o, json_t *document);

/* Text goes to this stream (the caller's) rather than to stdout. */
void document_output_text_to(struct document_output *o, FILE *out);

/* A part of the text report on stdout, flushed; what write_text() gets has no control characters. 0
 * or -errno. */
int document_output_text(struct document_output *o, const json_t *document,
                         void (*write_text)(FILE *out, const json_t *document));

/* The report, to --json, --jsonl, and as text through write_text() where it is wanted. Everything
 * is flushed and checked: 0 or -errno. Steals the reference. */
int document_output_report(struct document_output *o, json_t *document,
                           void (*write_text)(FILE *out, const json_t *document));
