/* Finds out whether a sysctl belongs to the machine or to the network namespace: a child process
 * enters a fresh namespace and looks there. */
#include "common/sysctl/sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Each interface has a directory below conf and neigh. A fresh namespace has none of our
 * interfaces, so "lo" stands for each of them there. "all" and "default" are no interfaces. */
static int path_in_fresh_namespace(const char *key, char ret_path[static SYSCTL_PATH_MAX])
{
    char path[SYSCTL_PATH_MAX], *rest = path + strlen("/proc/sys/net/"), *part[4] = {NULL};
    int r = sysctl_path(key, path);
    if (r < 0)
        return r;
    for (int i = 0; i < 3; i++)
        part[i] = strsep(&rest, "/");
    part[3] = rest;
    bool by_interface = part[3] &&
                        (strcmp(part[1], "conf") == 0 || strcmp(part[1], "neigh") == 0) &&
                        strcmp(part[2], "all") != 0 && strcmp(part[2], "default") != 0;
    if (!by_interface)
        return sysctl_path(key, ret_path);
    int n =
        snprintf(ret_path, SYSCTL_PATH_MAX, "/proc/sys/net/%s/%s/lo/%s", part[0], part[1], part[3]);
    return n < (int)SYSCTL_PATH_MAX ? 0 : -EINVAL;
}

/* Some kernels hide directories in network namespaces that belong to a user namespace: a missing
 * sysctl there proves nothing. net.core is visible if somaxconn is, which belongs to the namespace
 * since Linux 2.6. */
static bool absence_proves(const char *path, bool made_user_namespace)
{
    struct stat st;
    const char *below = path + strlen("/proc/sys/net/");
    if (strncmp(below, "core/", strlen("core/")) == 0)
        return lstat("/proc/sys/net/core/somaxconn", &st) == 0;
    bool deep = strchr(strchr(below, '/') + 1, '/') != NULL;
    return !deep || !made_user_namespace;
}

/* In the child. Only calls that are safe after the fork of a process with threads. */
static int look(const char *path)
{
    bool made_user_namespace = false;
    if (unshare(CLONE_NEWNET) < 0) {
        if (errno != EPERM)
            return -errno;
        if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
            return -errno;
        made_user_namespace = true;
    }
    struct stat st;
    if (lstat(path, &st) == 0)
        return (st.st_mode & (S_IWUSR | S_IWGRP | S_IWOTH)) == 0;
    if (errno != ENOENT)
        return -errno;
    return absence_proves(path, made_user_namespace) ? 1 : -EPERM;
}

/* The answer comes by a pipe: the caller may have SIGCHLD ignored, and then there is no exit status
 * to wait for. */
static int look_in_child(const char *path)
{
    int end[2], answer = -EIO;
    if (pipe2(end, O_CLOEXEC) < 0)
        return -errno;
    pid_t child = fork();
    if (child == 0) {
        /* The child's copies of the descriptors would keep the caller's locks. */
        if (end[1] != STDIN_FILENO && dup2(end[1], STDIN_FILENO) < 0)
            _exit(1);
        close_range(STDIN_FILENO + 1, UINT_MAX, 0);
        answer = look(path);
        _exit(write(STDIN_FILENO, &answer, sizeof(answer)) != sizeof(answer));
    }
    int error = child < 0 ? errno : 0;
    close(end[1]);
    if (!error) {
        ssize_t n;
        while ((n = read(end[0], &answer, sizeof(answer))) < 0 && errno == EINTR)
            ;
        if (n != sizeof(answer))
            answer = -EIO;
        while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    close(end[0]);
    return error ? -error : answer;
}

int sysctl_is_host_wide(const char *key)
{
    char path[SYSCTL_PATH_MAX];
    int r = sysctl_path(key, path);
    if (r < 0)
        return r;
    struct stat st;
    if (lstat(path, &st) < 0)
        return errno == ENOTDIR ? -ENOENT : -errno;
    if (!S_ISREG(st.st_mode))
        return -ENOENT;
    r = path_in_fresh_namespace(key, path);
    if (r < 0)
        return r;
    /* The child must not run the caller's signal handlers: they would write to the caller's
     * descriptors. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    r = look_in_child(path);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return r;
}
