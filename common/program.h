/* What main() of each program does alike: messages on stderr, and exit codes. */
#pragma once

#include "common/document.h"

/* Opens --json and --jsonl. An exit code; when it is not 0 the reason was told. */
int program_open_output(const char *json, const char *jsonl, struct document_output **ret);

/* After settings_read() returned r (not 0): tells the message (and frees it) when r is an error. The exit code. */
int program_settings_ended(int r, char *message);
