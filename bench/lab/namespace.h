/* A private network namespace for the calling process: nothing of the machine is seen or changed
 * from inside, and it is gone with the last process in it. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/* Enters a new network namespace; without CAP_SYS_ADMIN also a new user namespace, as its root,
 * which has every right over that network and none over the machine. The loopback interface is up.
 * The process must have one thread. 0, *ret_user tells whether there is a user namespace; or -errno
 * and in *ret_step what failed ("unshare", "uid_map", "loopback"). */
int namespace_enter(bool *ret_user, const char **ret_step);

/* Another network namespace, from inside one that was entered: for the calling thread and its later
 * children. */
int namespace_enter_another(const char **ret_step);

/* Parts of the above, for a process that was born in new namespaces. The caller becomes root of its
 * user namespace; uid and gid are its own as the outer namespace knows them. Each 0 or -errno. */
int namespace_map_root(uid_t uid, gid_t gid);
int namespace_loopback_up(void);
