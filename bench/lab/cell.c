#include "bench/lab/cell.h"
#include "bench/lab/namespace.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static int cell_parent = -1; /* pidfd of the process that called cell_fork() */
static uid_t cell_uid;       /* as the parent's namespace knows them */
static gid_t cell_gid;

static pid_t cell_clone(unsigned long flags)
{
    long pid = syscall(SYS_clone, flags | SIGCHLD, NULL, NULL, NULL, NULL);
    return pid < 0 ? -errno : (pid_t)pid;
}

pid_t cell_fork(bool *ret_user)
{
    const unsigned long flags = CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWNS;
    cell_uid = geteuid();
    cell_gid = getegid();
    cell_parent = (int)syscall(SYS_pidfd_open, getpid(), 0);
    if (cell_parent < 0)
        return -errno;
    *ret_user = false;
    pid_t pid = cell_clone(flags);
    if (pid == -EPERM) {
        *ret_user = true;
        pid = cell_clone(flags | CLONE_NEWUSER);
    }
    if (pid != 0) {
        close(cell_parent);
        cell_parent = -1;
    }
    return pid;
}

/* The signal comes only for a parent that ends from now on; one that has ended before shows in its
 * pidfd. */
static void tie_to_parent(void)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    struct pollfd parent = {.fd = cell_parent, .events = POLLIN};
    if (poll(&parent, 1, 0) > 0)
        _exit(1);
    close(cell_parent);
    cell_parent = -1;
}

int cell_enter(bool user, const char **ret_step)
{
    tie_to_parent();
    setsid();
    *ret_step = "uid_map";
    int r = user ? namespace_map_root(cell_uid, cell_gid) : 0;
    if (r)
        return r;
    /* A /proc whose process numbers are those of this namespace, which is what tools expect that
     * look into it; mounted only where nobody else sees it: the mount below the new one decides,
     * and that is the old /proc. (In a chroot "/" is no mount, and cannot be made private.) A
     * container that hides parts of /proc forbids it; tcplab itself needs /proc/self only, which
     * the old one has. */
    if (!mount("none", "/proc", NULL, MS_PRIVATE, NULL))
        mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
    *ret_step = "loopback";
    return namespace_loopback_up();
}
