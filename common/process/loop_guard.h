/* What libev leaves out when epoll_ctl() fails: ENOSPC, the user's epolls hold all the descriptors
 * of fs.epoll.max_user_watches (ep_insert() in fs/eventpoll.c); ENOMEM.
 *
 * libev stops the watcher and has its callback called with EV_ERROR (fd_kill() in ev.c). But it
 * drops the errno, calls the callback after the epoll_wait() that follows, which may never return,
 * and says nothing at all when the descriptor is its own, through which it has signals. So
 * - a guarded loop keeps the errno, and wakes before it waits;
 * - what a run cannot do without is watched before it begins, and loop_guard_check() tells whether
 *   all of it is. A descriptor stays in the epoll from then on as long as its watcher runs. What
 *   comes later is a connection or the listener: its callback handles EV_ERROR. */
#pragma once

#include <ev.h>
#include <stdbool.h>

struct loop_guard {
    int wake;  /* an eventfd in the loop's epoll, which wakes it */
    int error; /* errno of the last that could not be watched; 0: all could */
};

/* Before the loop runs. `w` lives as long as the loop, and is its ev_userdata(). The loop calls
 * loop_guard_before_waiting(); whoever sets release callbacks of its own calls that in them. */
void loop_guard_begin(struct loop_guard *w, struct ev_loop *loop, int wake);
void loop_guard_before_waiting(struct ev_loop *loop);

/* Runs the loop once without waiting. `signals`: ev_async and ev_signal are in use there. 0 or
 * -errno. */
int loop_guard_check(struct ev_loop *loop, bool signals);

/* For a callback that got EV_ERROR: the errno. */
int loop_guard_error(struct ev_loop *loop);

/* The errno, and what to do about it. */
#define LOOP_GUARD_WHY_MAX 200
const char *loop_guard_why(int error, char text[static LOOP_GUARD_WHY_MAX]);
