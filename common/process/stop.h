/* Each signal that would end the process is the wish to stop: SIGINT, SIGTERM, SIGHUP, SIGQUIT,
 * SIGALRM, SIGUSR2, SIGXCPU, ... and SIGSEGV, SIGABRT and their like where another process sends
 * them. The first one asks; the second ends the process at once (exit 130, 143, 129, ...), except
 * while stop_hold() is in force: then something of the machine is changed and is put back first.
 * Left out: SIGUSR1, which the server uses, SIGKILL, and real faults. */
#pragma once

#include <ev.h>
#include <stdbool.h>

/* Installs the handlers and ignores SIGPIPE and SIGXFSZ: write() has their errors. A signal that
 * was ignored stays so (nohup: SIGHUP), but not SIGINT and SIGTERM: a shell ignores SIGINT for a
 * job with '&', and a script ends this job with kill -INT to get the report. System calls are
 * interrupted, so that a write to a reader that is stuck ends, too. Call once, after
 * program_begin(). */
void stop_install(void);

/* From now on the first signal calls asked() from `loop`; also one that came before. */
void stop_attach(struct ev_loop *loop, void (*asked)(void *context), void *context);

/* Before that loop is destroyed; the handlers stay. */
void stop_detach(void);

/* How many signals came, and the last one (0: none). */
int stop_count(void);
int stop_signal(void);

/* Between these two a second signal only counts. stop_release() ends the process if one has come
 * meanwhile. */
void stop_hold(void);
void stop_release(void);
