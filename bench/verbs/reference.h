/* The report of a verb that runs nothing: list, explain, claims list. */
#pragma once

#include "common/report/document.h"

/* What each document of tcplab-bench begins with. argv[0] is the verb, argv[-1] the program's name;
 * json: options_settings(), NULL for none; it stays the caller's. A new reference or NULL. */
json_t *reference_new(const char *event, int argc, char **argv, json_t *settings);

/* Writes the document as text, through the pager unless no_pager, or to `json` (the value of
 * --json; NULL: text alone). Steals the reference. An exit code; errors have been printed. */
int reference_report(json_t *document, const char *json, bool no_pager,
                     void (*write_text)(FILE *out, const json_t *document));

/* The string of that key; "" where there is none. */
const char *reference_text(const json_t *object, const char *key);
