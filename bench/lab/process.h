/* A program that runs on a host of the lab: tcplab-server, tcplab-client. It dies with the process
 * that started it. */
#pragma once

#include "bench/lab/host.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct process;

#define PROCESS_ARGUMENTS 64
#define PROCESS_STOPPED_S 5 /* longer than a shell's ^Z and fg take to reach everybody */

/* host NULL: where the caller is. argv[0] is the program's path. It gets "--ready-fd 3" as its last
 * arguments, /dev/null as stdin, and two unnamed files as stdout and stderr. 0 or -errno (-ENOEXEC and the like come as an early
 * end instead: exit code 126). */
int process_start(const struct host *host, char *const *argv, struct process **ret);

/* Whether the program has said that it is ready; does not wait. */
bool process_is_ready(struct process *p);

/* Waits until the program is ready or has ended, until a time on clock_now_ns()'s clock. Whether it
 * is ready. */
bool process_await_ready(struct process *p, int64_t until_ns);

void process_signal(struct process *p, int signal_number);

/* Whether it has ended; does not wait. The exit code, or 128 + the signal, is in *ret_code. */
bool process_ended(struct process *p, int *ret_code);

/* Whether a signal has stopped it (SIGSTOP, SIGTSTP), and it was found so for PROCESS_STOPPED_S:
 * ask often. Does not wait. The kernel tells nobody but the parent (wait_task_stopped()). */
bool process_stays_stopped(struct process *p);

/* The same of any child. *stopped_ns: when it was first found so; 0 at first, and while it runs. */
bool process_child_stays_stopped(pid_t child, int64_t *stopped_ns);

/* Waits for the end, until a time on clock_now_ns()'s clock. 0, -ETIMEDOUT, or -ECANCELED where it
 * stays stopped. */
int process_wait(struct process *p, int64_t until_ns);

/* After its end: what it printed. The JSON document of stdout (borrowed), NULL where it is none;
 * and the text of stderr. */
const json_t *process_report(struct process *p);
const char *process_complaint(struct process *p);

/* Kills it where it still runs. NULL is fine. */
void process_free(struct process *p);
