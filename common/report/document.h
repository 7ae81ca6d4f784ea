/* The JSON documents of the programs, and where they are written to.
 *
 * A program makes one report document. It also makes the text report from this document, so that
 * both say the same. */
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

/* Makes a document with the members that each document begins with: {"schema", "event", "program",
 * "version", "kernel", "argv", "time_unix_s", "settings"}. event: "ready", "interval", "report".
 * Returns a new reference, or NULL without memory. */
json_t *document_new(const struct document_head *head, const char *event);

/* Makes a JSON string of bytes that the user typed: a byte that is not UTF-8 becomes '?'. Returns a
 * new reference, or NULL without memory. */
json_t *document_string(const char *bytes);

/* Makes an array of the texts of a NULL-terminated list (NULL: no texts). Returns a new
 * reference. */
json_t *document_strings(const char *const *texts);

/* Makes a number with three decimals, which are enough for microseconds and rates and keep
 * documents readable. Returns a new reference. */
json_t *document_real(double value);

/* Makes a string with the name of an errno ("ECONNRESET"), or null for 0, NAN, or a number without
 * a name. Returns a new reference. */
json_t *document_errno(double number);

/* Makes {"user_s", "system_s", "polling_s": the part of both that went into looking for events in
 * vain, "polling": its share in both, "us_per_connection": the rest for each of n connections}. A
 * quotient of nothing is null. Returns a new reference, or NULL without memory. */
json_t *document_cpu(double user_s, double system_s, double polled_s, double n);

struct document_output;

/* Opens the outputs. json, jsonl: a path, "-" for stdout, or NULL for none; the strings must live
 * as long as *ret. It makes the files now, so that a bad path is reported before the run. A path
 * that leads to the file that stdout is (/dev/stdout) is the same as "-". Returns 0, or -errno and
 * the path in *ret_path; -EEXIST: both are the same file, which is then unchanged. */
int document_output_open(const char *json, const char *jsonl, struct document_output **ret,
                         const char **ret_path);

/* Closes the outputs and frees it; accepts NULL. Returns 0, or the -errno of the first write that
 * failed and in *ret_path (may be NULL) the output: one of the caller's paths, or "stdout". */
int document_output_close(struct document_output *o, const char **ret_path);

/* Whether document_output_event() writes anything (--jsonl). */
bool document_output_wants_events(const struct document_output *o);

/* Whether the text report is printed: yes, if no document goes to stdout. */
bool document_output_wants_text(const struct document_output *o);

/* Writes one line to --jsonl and flushes it. Steals the reference to `document`. Returns 0 or
 * -errno: nobody reads any more, so the program should end; later calls write nothing. */
int document_output_event(struct document_output *o, json_t *document);

/* Sends the text report to this stream, which stays the caller's, instead of stdout. */
void document_output_text_to(struct document_output *o, FILE *out);

/* Prints a part of the text report with write_text() and flushes it. write_text() gets a copy of
 * the document without control characters. Returns 0 or -errno. */
int document_output_text(struct document_output *o, const json_t *document,
                         void (*write_text)(FILE *out, const json_t *document));

/* Writes the report document to --json and --jsonl, and the text report if
 * document_output_wants_text(). Flushes all of them. Steals the reference. Returns 0 or -errno. */
int document_output_report(struct document_output *o, json_t *document,
                           void (*write_text)(FILE *out, const json_t *document));
