/* Runs a program on a host of the lab: tcplab-server or tcplab-client. The kernel kills it when the
 * process that started it ends. */
#pragma once

#include "bench/lab/host.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct process;

#define PROCESS_ARGUMENTS 64
#define PROCESS_STOPPED_S 5 /* longer than ^Z and fg of a shell need to reach all processes */

/* Starts a program on a host; host NULL: in the caller's namespace. argv[0] is its path. It gets
 * "--ready-fd 3" as its last arguments, /dev/null as stdin, and two unnamed files as stdout and
 * stderr. Returns 0 or -errno. An error of exec is no error here: the program ends with exit code
 * 126. */
int process_start(const struct host *host, char *const *argv, struct process **ret);

/* Whether the program has written to its --ready-fd. Does not wait. */
bool process_is_ready(struct process *p);

/* Waits until the program is ready or has ended, at most until a time by clock_now_ns(). Returns
 * whether it is ready. */
bool process_await_ready(struct process *p, int64_t until_ns);

void process_signal(struct process *p, int signal_number);

/* Whether the program has ended, and in *ret_code its exit code, or 128 + the signal. Does not
 * wait. */
bool process_ended(struct process *p, int *ret_code);

/* Whether a signal (SIGSTOP, SIGTSTP) has stopped the program, and each call has found it stopped
 * for PROCESS_STOPPED_S: call it often. Does not wait. The kernel reports this only to the parent
 * (wait_task_stopped()). */
bool process_stays_stopped(struct process *p);

/* The same for any child. *stopped_ns: when the child was first found stopped; set it to 0 before
 * the first call. */
bool process_child_stays_stopped(pid_t child, int64_t *stopped_ns);

/* Waits for the program's end, until a time by clock_now_ns(). Returns 0, -ETIMEDOUT, or -ECANCELED
 * if it stays stopped. */
int process_wait(struct process *p, int64_t until_ns);

/* Return what the program has printed; call them after its end. The JSON document on stdout, or
 * NULL if stdout has none; and the text on stderr. Both belong to p. */
const json_t *process_report(struct process *p);
const char *process_complaint(struct process *p);

/* Kills the program if it still runs, and frees p. Accepts NULL. */
void process_free(struct process *p);
