/* What the kernel's counters mean, in a line each. */
#pragma once

#include <jansson.h>
#include <stdio.h>

/* Returns the note on a counter, by its kernel name ("TcpExt.ListenOverflows"), or NULL if it has
 * none. Static. */
const char *counter_note(const char *name);

/* Copies from {"TcpExt.ListenOverflows": 5} the counters that have a note. Returns a new
 * reference. */
json_t *counter_notes_only(const json_t *counters);

/* Prints the counters of {"TcpExt.ListenOverflows": 5} that have a note, each with its note, as a
 * part of a text report. Prints nothing if no counter has one. */
void counter_notes_page(FILE *out, const json_t *counters);
