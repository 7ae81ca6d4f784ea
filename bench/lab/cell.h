/* A process of its own world: private network, process, mount and, for an ordinary user, user
 * namespaces. When it ends, however it ends, all that it started ends with it; when its parent
 * ends, however, so does it. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/* As fork(): in the parent the child's pid, or -errno; in the child 0, which calls cell_enter()
 * next. The caller must have one thread. *ret_user: whether the child has a user namespace (there
 * was no right to do without). */
pid_t cell_fork(bool *ret_user);

/* In the child: becomes root of its user namespace (if it has one), is tied to the life of its
 * parent, gets its own /proc (where the machine allows that; else it goes on with the old one), and
 * leaves the terminal's session, so that ^C reaches the parent alone. 0; or -errno and in *ret_step
 * what failed. */
int cell_enter(bool user, const char **ret_step);
