#include "bench/lab/namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static int namespace_write(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int r = write(fd, text, strlen(text)) < 0 ? -errno : 0;
    close(fd);
    return r;
}

/* setgroups must be denied first (user_namespaces(7)). */
int namespace_map_root(uid_t uid, gid_t gid)
{
    char uids[32], gids[32];
    snprintf(uids, sizeof(uids), "0 %u 1", (unsigned)uid);
    snprintf(gids, sizeof(gids), "0 %u 1", (unsigned)gid);
    int r = namespace_write("/proc/self/setgroups", "deny");
    if (!r)
        r = namespace_write("/proc/self/uid_map", uids);
    return r ? r : namespace_write("/proc/self/gid_map", gids);
}

int namespace_loopback_up(void)
{
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    int r = ioctl(fd, SIOCSIFFLAGS, &request) ? -errno : 0;
    close(fd);
    return r;
}

int namespace_enter_another(const char **ret_step)
{
    *ret_step = "unshare";
    if (unshare(CLONE_NEWNET))
        return -errno;
    *ret_step = "loopback";
    return namespace_loopback_up();
}

int namespace_enter(bool *ret_user, const char **ret_step)
{
    uid_t uid = geteuid();
    gid_t gid = getegid();
    int r = namespace_enter_another(ret_step);
    *ret_user = r == -EPERM;
    if (r != -EPERM)
        return r;
    *ret_step = "unshare";
    if (unshare(CLONE_NEWUSER | CLONE_NEWNET))
        return -errno;
    *ret_step = "uid_map";
    r = namespace_map_root(uid, gid);
    if (r)
        return r;
    *ret_step = "loopback";
    return namespace_loopback_up();
}
