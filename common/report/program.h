/* What main() of each program does alike: messages on stderr, and exit codes. */
#pragma once

#include "common/report/document.h"

#include <sys/resource.h>

/* First of all in main(): a descriptor 0, 1 or 2 that is closed becomes /dev/null, so that no
 * socket or file takes its place and gets what is written to stdout or stderr. A closed stdout
 * cannot be written to: a report that is lost is an error. What is printed on stdout waits for
 * fflush(), up to 1 MiB. Signals that are blocked no longer are, and SIGCHLD is no longer ignored:
 * both can be inherited. Not SIGUSR1, which the server holds back until it serves. */
void program_begin(const char *name);

/* After the last that was printed on stdout: writes it. An exit code; when it is not 0 the reason
 * was told. */
int program_flush(void);

/* Opens --json and --jsonl. An exit code; when it is not 0 the reason has been printed. */
int program_open_output(const char *json, const char *jsonl, struct document_output **ret);

/* Frees it (NULL is nothing) after a run that ends with `code`. That code; or, where something
 * could not be written, the reason has been printed, and the run has failed. */
int program_close_output(struct document_output *output, int code);

/* After settings_read() returned r (not 0): tells the message (and frees it) when r is an error.
 * The exit code. */
int program_settings_ended(int r, char *message);

/* Whether this machine has the parts of /proc that all programs need. An exit code; an error
 * has been printed. */
int program_check_proc(void);

/* After a start that failed with r (-errno): tells what could not be done, the kernel's reason, and
 * the mend. The exit code: EXIT_CODE_CANNOT where a limit or a rule of this machine is the
 * reason. */
int program_start_failed(const char *what, int r);

/* Whether fd (-1: none was asked for) can be written to: a script that waits for it must not wait
 * for ever. An exit code; an error has been printed. */
int program_check_ready_fd(int fd);

/* --ready-fd: a newline, then it is closed. */
void program_say_ready(int fd);

/* Raises the soft limit of descriptors to the hard one. What the limits are then. */
struct rlimit program_raise_descriptors(void);
