#include "common/sysctl_place.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

#define BOOT_ID_LENGTH (SYSCTL_PLACE_BOOT_MAX - 1)

static int read_boot_id(char boot_id[static SYSCTL_PLACE_BOOT_MAX])
{
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    ssize_t n = read(fd, boot_id, BOOT_ID_LENGTH);
    int r = n < 0 ? -errno : n < BOOT_ID_LENGTH ? -EIO : 0;
    close(fd);
    boot_id[BOOT_ID_LENGTH] = '\0';
    return r;
}

static int read_netns(char netns[static SYSCTL_PLACE_NETNS_MAX])
{
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    uint64_t cookie;
    socklen_t size = sizeof(cookie);
    int r = getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &size);
    close(fd);
    if (r == 0) {
        snprintf(netns, SYSCTL_PLACE_NETNS_MAX, "%" PRIu64, cookie);
        return 0;
    }
    struct stat st;
    if (stat("/proc/thread-self/ns/net", &st) < 0)
        return -errno;
    snprintf(netns, SYSCTL_PLACE_NETNS_MAX, "ino%ju", (uintmax_t)st.st_ino);
    return 0;
}

int sysctl_place_init(struct sysctl_place *p, const char *directory)
{
    *p = (struct sysctl_place){0};
    int r = read_boot_id(p->boot_id);
    if (r == 0)
        r = read_netns(p->netns);
    if (r < 0)
        return r;
    snprintf(p->json, sizeof(p->json), "%s-%s.json", p->boot_id, p->netns);
    snprintf(p->tmp, sizeof(p->tmp), "%s-%s.tmp", p->boot_id, p->netns);
    snprintf(p->lock, sizeof(p->lock), "%s-%s.lock", p->boot_id, p->netns);
    p->given = directory ? strdup(directory) : NULL;
    return directory && !p->given ? -ENOMEM : 0;
}

void sysctl_place_done(struct sysctl_place *p)
{
    free(p->given);
    p->given = NULL;
}

/* The effective uid as it is outside the user namespace: inside, everybody may be 0. */
static uid_t outer_uid(void)
{
    uid_t uid = geteuid(), outer = uid;
    FILE *map = fopen("/proc/self/uid_map", "re");
    unsigned inside, outside, count;
    while (map && fscanf(map, "%u %u %u", &inside, &outside, &count) == 3)
        if (uid >= inside && uid - inside < count)
            outer = outside + (uid - inside);
    if (map)
        fclose(map);
    return outer;
}

/* The i-th place to try, the best first. False after the last. Too long a path becomes an empty one: not found. */
static bool candidate(const struct sysctl_place *p, int i, char ret_path[static PATH_MAX], mode_t *ret_mode)
{
    const char *runtime = secure_getenv("XDG_RUNTIME_DIR");
    int n = 0;
    *ret_mode = 0700;
    if (p->given)
        n = i == 0 ? snprintf(ret_path, PATH_MAX, "%s", p->given) : -1;
    else if (i == 0) {
        n = snprintf(ret_path, PATH_MAX, "/run/tcplab");
        *ret_mode = 0755;
    } else if (i == 1)
        n = snprintf(ret_path, PATH_MAX, "%s/tcplab", runtime && *runtime == '/' ? runtime : "");
    else
        n = i == 2 ? snprintf(ret_path, PATH_MAX, "/tmp/tcplab-%u", outer_uid()) : -1;
    if (n >= PATH_MAX || strcmp(ret_path, "/tcplab") == 0)
        *ret_path = '\0';
    return n >= 0;
}

static int open_ours(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    struct stat st;
    int r = 0;
    if (fstat(fd, &st) < 0)
        r = -errno;
    else if (st.st_uid != geteuid() || (st.st_mode & (S_IWGRP | S_IWOTH)))
        r = -EPERM;
    if (r < 0)
        close(fd);
    return r < 0 ? r : fd;
}

/* Whether a name is that of one of our files, and of another boot than ours; if so cuts the suffix off. */
static bool cut_other_boots_name(const struct sysctl_place *p, char *name)
{
    static const char uuid[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx-";
    for (size_t i = 0; uuid[i]; i++)
        if (uuid[i] == '-' ? name[i] != '-' : !isxdigit((unsigned char)name[i]))
            return false;
    char *netns = name + strlen(uuid);
    netns += strncmp(netns, "ino", 3) == 0 ? 3 : 0;
    size_t n_digits = strspn(netns, "0123456789");
    char *suffix = netns + n_digits;
    if (n_digits == 0 ||
        (strcmp(suffix, ".json") != 0 && strcmp(suffix, ".tmp") != 0 && strcmp(suffix, ".lock") != 0))
        return false;
    *suffix = '\0';
    return strncmp(name, p->boot_id, BOOT_ID_LENGTH) != 0;
}

static void remove_unlocked(int directory_fd, const char *stem)
{
    char name[NAME_MAX + 8];
    snprintf(name, sizeof(name), "%s.lock", stem);
    int fd = openat(directory_fd, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 && errno != ENOENT)
        return;
    struct flock all = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fd < 0 || fcntl(fd, F_OFD_SETLK, &all) == 0) {
        /* The lock last: who waits for it, sees that it has gone and makes a new one. */
        static const char *const suffix[] = {"json", "tmp", "lock"};
        for (size_t i = 0; i < sizeof(suffix) / sizeof(suffix[0]); i++) {
            snprintf(name, sizeof(name), "%s.%s", stem, suffix[i]);
            unlinkat(directory_fd, name, 0);
        }
    }
    if (fd >= 0)
        close(fd);
}

static void sweep(const struct sysctl_place *p, int directory_fd)
{
    int fd = openat(directory_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *directory = fd < 0 ? NULL : fdopendir(fd);
    if (!directory) {
        if (fd >= 0)
            close(fd);
        return;
    }
    for (struct dirent *entry; (entry = readdir(directory));)
        if (cut_other_boots_name(p, entry->d_name))
            remove_unlocked(directory_fd, entry->d_name);
    closedir(directory);
}

static bool holds_our_files(const struct sysctl_place *p, int directory_fd)
{
    return faccessat(directory_fd, p->lock, F_OK, AT_SYMLINK_NOFOLLOW) == 0 ||
           faccessat(directory_fd, p->json, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* The first place that holds files of this namespace; -ENOENT. */
static int open_holder(struct sysctl_place *p)
{
    char path[PATH_MAX];
    mode_t mode;
    for (int i = 0; candidate(p, i, path, &mode); i++) {
        int fd = open_ours(path);
        /* A place of others is no place of ours; but one that was asked for is no choice. */
        if (fd < 0 && p->given)
            return fd;
        if (fd < 0)
            continue;
        sweep(p, fd);
        if (holds_our_files(p, fd)) {
            strcpy(p->directory, path);
            return fd;
        }
        close(fd);
        rmdir(path); /* what is left of an end by force; not if it holds anything */
    }
    return -ENOENT;
}

static int make_one(const struct sysctl_place *p, const char *path, mode_t mode)
{
    if (mkdir(path, mode) < 0 && errno != EEXIST)
        return -errno;
    int fd = open_ours(path);
    if (fd < 0)
        return fd == -ENOENT ? -EAGAIN : fd;
    if (faccessat(fd, ".", W_OK | X_OK, AT_EACCESS) < 0) {
        int r = -errno;
        close(fd);
        return r;
    }
    sweep(p, fd);
    return fd;
}

int sysctl_place_open(struct sysctl_place *p, bool make)
{
    int r = open_holder(p);
    if (r != -ENOENT || !make)
        return r;
    char path[PATH_MAX];
    mode_t mode;
    for (int i = 0; candidate(p, i, path, &mode); i++) {
        r = make_one(p, path, mode);
        if (r >= 0 || p->given || r == -EAGAIN) {
            if (r >= 0)
                strcpy(p->directory, path);
            break;
        }
    }
    return r;
}
