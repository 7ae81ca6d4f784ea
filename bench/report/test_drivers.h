/* Writes the verdicts of a document of runs for test drivers, only from the document. */
#pragma once

#include <jansson.h>
#include <stdio.h>

/* Prints KTAP version 1 (Documentation/dev-tools/ktap.rst): a test for each run, a subtest for each
 * check. A run that this machine cannot make is skipped with its reason; a run without a verdict is
 * "not ok". */
void tap_text(FILE *out, const json_t *document);

/* Writes JUnit's XML: a testsuite for each run, a testcase for each check. Returns 0 or -EIO. */
int junit_write(FILE *out, const json_t *document);
