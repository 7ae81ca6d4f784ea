/* What main() of each program has in common: streams, messages on stderr, and exit codes. */
#pragma once

#include "common/report/document.h"

#include <sys/resource.h>

/* Call it first in main(). Opens /dev/null as descriptor 0, 1 or 2 if that is closed, so that no
 * socket or file gets this number and with it the output of the program. A closed stdout becomes
 * read-only, so that writing the report fails and is reported. Gives stdout a buffer of 1 MiB,
 * which fflush() writes. Unblocks all signals but SIGUSR1 (the server blocks it until it serves)
 * and stops ignoring SIGCHLD: a program inherits both from its parent. */
void program_begin(const char *name);

/* Writes what was printed on stdout; call it after the last printf(). Returns an exit code; when it
 * is not 0 the reason has been printed. */
int program_flush(void);

/* Opens the outputs of --json and --jsonl. Returns an exit code; when it is not 0 the reason has
 * been printed. */
int program_open_output(const char *json, const char *jsonl, struct document_output **ret);

/* Closes the outputs (accepts NULL) after a run that ends with `code`. Returns that code; or
 * EXIT_CODE_FAILED if something could not be written, and the reason has been printed. */
int program_close_output(struct document_output *output, int code);

/* Call it after settings_read() has returned r, which is not 0: if r is an error, prints the
 * message and frees it. Returns the exit code. */
int program_settings_ended(int r, char *message);

/* --print-settings: prints the effective settings on stdout, and frees them. Returns the exit
 * code. */
int program_print_settings(json_t *settings);

/* Checks that this machine has the parts of /proc that all programs need. Returns an exit code;
 * when it is not 0 the reason has been printed. */
int program_check_proc(void);

/* Call it if the start has failed with r (-errno): prints `what` could not be done, the kernel's
 * error, and what helps. Returns the exit code: EXIT_CODE_CANNOT if a limit or a rule of this
 * machine is the reason, else EXIT_CODE_FAILED. */
int program_start_failed(const char *what, int r);

/* Checks that fd (of --ready-fd; -1: not given) is open for writing, because a script that waits
 * for it would wait for ever. Returns an exit code; when it is not 0 the reason has been
 * printed. */
int program_check_ready_fd(int fd);

/* Writes a newline to the fd of --ready-fd, and closes it. -1: does nothing. */
void program_say_ready(int fd);

/* Raises the soft limit of descriptors to the hard one. Returns the limits as they are then. */
struct rlimit program_raise_descriptors(void);
