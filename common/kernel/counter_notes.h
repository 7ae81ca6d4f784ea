/* What the kernel's counters mean, in a line each. */
#pragma once

#include <jansson.h>
#include <stdio.h>

/* By kernel name ("TcpExt.ListenOverflows"); NULL for one that has no note here. */
const char *counter_note(const char *name);

/* Of {"TcpExt.ListenOverflows": 5} those that have a note. New reference. */
json_t *counter_notes_only(const json_t *counters);

/* The part of a text report: those of {"TcpExt.ListenOverflows": 5} that have a note. Nothing where
 * there are none.
 */
void counter_notes_page(FILE *out, const json_t *counters);
