/* Handles the errors of epoll_ctl() that libev hides: ENOSPC (the user's epolls watch as many
 * descriptors as fs.epoll.max_user_watches allows: ep_insert() in fs/eventpoll.c) and ENOMEM.
 *
 * libev then stops the watcher and calls its callback with EV_ERROR (fd_kill() in ev.c). But it
 * loses the errno; it calls the callback only after the next epoll_wait(), which may never return;
 * and if the descriptor is its own, through which it receives signals, it reports nothing. So
 * - a guarded loop stores the errno, and wakes itself before it waits;
 * - a run starts the watchers that it needs before it begins, and loop_guard_check() tells whether
 *   all of them are in the epoll, where they stay as long as they run. The later ones are those of
 *   connections and listeners: their callbacks handle EV_ERROR. */
#pragma once

#include <ev.h>
#include <stdbool.h>

struct loop_guard {
    int wake;  /* an eventfd in the loop's epoll, which wakes it */
    int error; /* errno of the last descriptor that epoll_ctl() refused; 0: none */
};

/* Guards the loop. Call it before the loop runs. `w` must live as long as the loop, and becomes its
 * ev_userdata(). wake: an eventfd that the loop watches. The loop calls loop_guard_before_waiting()
 * as its release callback; if you set another release callback, call it from there. */
void loop_guard_begin(struct loop_guard *w, struct ev_loop *loop, int wake);
void loop_guard_before_waiting(struct ev_loop *loop);

/* Runs the loop once without waiting. signals: the loop uses ev_async or ev_signal. Returns 0, or
 * -errno if a descriptor could not be watched. */
int loop_guard_check(struct ev_loop *loop, bool signals);

/* Returns the errno for a callback that got EV_ERROR. */
int loop_guard_error(struct ev_loop *loop);

/* Writes what the errno means and what to do about it into text, and returns it. */
#define LOOP_GUARD_WHY_MAX 200
const char *loop_guard_why(int error, char text[static LOOP_GUARD_WHY_MAX]);
