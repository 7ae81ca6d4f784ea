/* A cell: a process with its own network, process and mount namespaces and, for an ordinary user,
 * its own user namespace. When it ends, for whatever reason, the kernel ends all processes that it
 * started. When its parent ends, the cell ends, too. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/* Like fork(): returns the child's pid or -errno in the parent, and 0 in the child, which must call
 * cell_enter() next. The caller must have only one thread. *ret_user: whether the child has a user
 * namespace of its own, which it needs if the caller may not make the others. */
pid_t cell_fork(bool *ret_user);

/* In the child: becomes root of its user namespace (if it has one), arranges to be killed when the
 * parent ends, mounts its own /proc (if the machine allows it; otherwise the old one stays), and
 * leaves the terminal's session, so that ^C reaches only the parent. Returns 0, or -errno and in
 * *ret_step what failed. */
int cell_enter(bool user, const char **ret_step);
