/* A private network namespace for the calling process. A process in it sees and changes nothing of
 * the machine's network, and the namespace ends with the last process in it. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/* Enters a new network namespace. Without CAP_SYS_ADMIN also enters a new user namespace as its
 * root, who has all rights over that network and none over the machine. Sets the loopback interface
 * up. The process must have only one thread. Returns 0 and in *ret_user whether it made a user
 * namespace; or -errno and in *ret_step what failed ("unshare", "uid_map", "loopback"). */
int namespace_enter(bool *ret_user, const char **ret_step);

/* Enters another new network namespace, after namespace_enter(): the calling thread and its later
 * children are in it. Returns 0; or -errno and in *ret_step what failed. */
int namespace_enter_another(const char **ret_step);

/* Parts of namespace_enter(), for a process that clone() has made in new namespaces.
 * namespace_map_root() makes the caller root of its user namespace; uid and gid are the caller's
 * own in the outer namespace. Both return 0 or -errno. */
int namespace_map_root(uid_t uid, gid_t gid);
int namespace_loopback_up(void);
