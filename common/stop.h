/* SIGINT, SIGTERM and SIGHUP as the wish to stop. The first one asks; the second ends the process at once (exit 130,
 * 143, 129), except while stop_hold() is in force: then something of the machine is changed and is put back first. */
#pragma once

#include <ev.h>
#include <stdbool.h>

/* Installs the handlers (a SIGHUP that was ignored stays so) and ignores SIGPIPE. System calls are
 * interrupted, so that a write to a reader that is stuck ends, too. Call once. */
void stop_install(void);

/* From now on the first signal calls asked() from `loop`; also one that came before. */
void stop_attach(struct ev_loop *loop, void (*asked)(void *context), void *context);

/* Before that loop is destroyed; the handlers stay. */
void stop_detach(void);

/* How many signals came, and the last one (0: none). */
int stop_count(void);
int stop_signal(void);

/* Between these two a second signal only counts. stop_release() ends the process if one has come meanwhile. */
void stop_hold(void);
void stop_release(void);
