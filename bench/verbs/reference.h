/* The report of a verb that runs nothing: list, explain, claims list. */
#pragma once

#include "common/report/document.h"

/* Makes a document with the members that each document of tcplab-bench begins with. argv[0] is the
 * verb, argv[-1] the program's name. settings: options_settings(), or NULL for none; it stays the
 * caller's. Returns a new reference, or NULL without memory. */
json_t *reference_new(const char *event, int argc, char **argv, json_t *settings);

/* Prints the document as text, through the pager unless no_pager is set, and writes it to `json`
 * (the value of --json; NULL: only text). Steals the reference. Returns an exit code; errors have
 * been printed. */
int reference_report(json_t *document, const char *json, bool no_pager,
                     void (*write_text)(FILE *out, const json_t *document));

/* Returns the string of that key, or "" if there is none. */
const char *reference_text(const json_t *object, const char *key);
