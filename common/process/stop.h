/* Stops a program by signals. Each signal that would end the process is a request to stop: SIGINT,
 * SIGTERM, SIGHUP, SIGQUIT, SIGALRM, SIGUSR2, SIGXCPU, ... and also SIGSEGV, SIGABRT and the like
 * if another process sends them. After the first one the program ends its run and reports; the
 * second one ends the process at once (exit code 128 + the signal: 130, 143, 129, ...), but not
 * between stop_hold() and stop_release(): then the program has changed something on the machine,
 * and first puts it back. No requests are SIGUSR1, which the server uses, SIGKILL, and real
 * faults. */
#pragma once

#include <ev.h>
#include <stdbool.h>

/* Installs the handlers, and ignores SIGPIPE and SIGXFSZ: write() returns their errors. A signal
 * that was ignored before stays ignored (nohup does this to SIGHUP), but SIGINT and SIGTERM do not:
 * a shell ignores SIGINT for a job with '&', and a script ends this job with kill -INT to get the
 * report. The handlers interrupt system calls (no SA_RESTART), so that a write() to a reader that
 * does not read ends, too. Call it once, after program_begin(). */
void stop_install(void);

/* From now on `loop` calls asked() after a signal, also after one that came before this call. */
void stop_attach(struct ev_loop *loop, void (*asked)(void *context), void *context);

/* Detaches the loop; call it before the loop is destroyed. The handlers stay installed. */
void stop_detach(void);

/* Return how many signals have come, and the last one (0: none). */
int stop_count(void);
int stop_signal(void);

/* Between these two calls a second signal does not end the process. stop_release() ends it if a
 * second one has come meanwhile. */
void stop_hold(void);
void stop_release(void);
