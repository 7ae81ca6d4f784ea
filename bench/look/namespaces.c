#include "bench/look/namespaces.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define ID_SHOWN 12 /* of a container's 64 digits, as docker ps shows them */

enum { RANK_PROGRAM, RANK_OWN, RANK_NAMED, RANK_CONTAINER, RANK_HOST };

/* --- what a cgroup's path says --- */

/* The hexadecimal digits that stand here; 0: fewer than a container's name has. */
static size_t id_length(const char *text)
{
    size_t n = 0;
    while (isxdigit((unsigned char)text[n]))
        n++;
    return n >= ID_SHOWN ? n : 0;
}

/* Up to `end`, with systemd's "\x2d" as '-', and '_' as '-' in the UID of a pod. */
static void copy_name(char name[static OWNER_TEXT], const char *kind, const char *text,
                      const char *end, bool pod)
{
    size_t n = (size_t)snprintf(name, OWNER_TEXT, "%s ", kind);
    while (text < end && *text && n + 1 < OWNER_TEXT) {
        unsigned byte;
        if (sscanf(text, "\\x%2x", &byte) == 1 && end - text >= 4) {
            name[n++] = (char)byte;
            text += 4;
        } else {
            name[n++] = pod && *text == '_' ? '-' : *text;
            text++;
        }
    }
    name[n] = '\0';
}

/* A part of the path that begins so, and ends at '/' or at this suffix. */
static bool named_part(const char *cgroup, const char *prefix, const char *suffix, const char *kind,
                       bool pod, char name[static OWNER_TEXT])
{
    const char *at = strstr(cgroup, prefix);
    if (!at)
        return false;
    at += strlen(prefix);
    const char *end = strchrnul(at, '/'), *stop = strstr(at, suffix);
    if (stop && stop < end)
        end = stop;
    if (end > at)
        copy_name(name, kind, at, end, pod);
    return end > at;
}

bool namespaces_container(const char *cgroup, char name[static OWNER_TEXT])
{
    static const struct {
        const char *prefix, *kind;
    } ids[] = {{"/docker-", "docker"}, {"/docker/", "docker"},
               {"/libpod-", "podman"}, {"/cri-containerd-", "containerd"},
               {"/crio-", "cri-o"},    {"/nerdctl-", "containerd"}};
    /* all containers of a pod share its network namespace */
    if (strstr(cgroup, "kubepods") && (named_part(cgroup, "-pod", ".slice", "pod", true, name) ||
                                       named_part(cgroup, "/pod", "/", "pod", true, name)))
        return true;
    for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++) {
        const char *at = strstr(cgroup, ids[i].prefix);
        if (at && id_length(at + strlen(ids[i].prefix))) {
            at += strlen(ids[i].prefix);
            copy_name(name, ids[i].kind, at, at + ID_SHOWN, false);
            return true;
        }
    }
    return named_part(cgroup, "/machine-", ".scope", "machine", false, name) ||
           named_part(cgroup, "/systemd-nspawn@", ".service", "machine", false, name) ||
           named_part(cgroup, "/lxc.payload.", "/", "lxc", false, name) ||
           named_part(cgroup, "/lxc/", "/", "lxc", false, name);
}

/* --- names of a process --- */

static bool container_of(pid_t pid, char name[static OWNER_TEXT])
{
    char path[64], line[PATH_MAX];
    bool found = false;
    snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
    FILE *file = fopen(path, "re");
    while (file && !found && fgets(line, sizeof(line), file)) {
        line[strcspn(line, "\n")] = '\0';
        const char *cgroup = strstr(line, ":/"); /* "0::/PATH", "4:memory:/PATH" */
        found = cgroup && namespaces_container(cgroup + 1, name);
    }
    if (file)
        fclose(file);
    return found;
}

static void program_of(pid_t pid, char name[static OWNER_TEXT])
{
    char path[64], comm[64] = "process";
    snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
    FILE *file = fopen(path, "re");
    if (file && fgets(comm, sizeof(comm), file))
        comm[strcspn(comm, "\n")] = '\0';
    if (file)
        fclose(file);
    snprintf(name, OWNER_TEXT, "%s %d", comm, (int)pid);
}

/* --- all of them --- */

static struct net_namespace *namespace_of(struct namespaces *n, ino_t inode, const char *path)
{
    for (size_t i = 0; i < n->n; i++)
        if (n->list[i].inode == inode)
            return &n->list[i];
    if (n->n == n->size) {
        size_t size = n->size ? 2 * n->size : 16;
        struct net_namespace *bigger = reallocarray(n->list, size, sizeof(*bigger));
        if (!bigger)
            return NULL;
        n->list = bigger;
        n->size = size;
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    struct stat status, own;
    if (fstat(fd, &status) < 0 || status.st_ino != inode) { /* the process has ended meanwhile */
        close(fd);
        errno = ENOENT;
        return NULL;
    }
    struct net_namespace *its = &n->list[n->n++];
    *its = (struct net_namespace){.inode = inode, .fd = fd, .rank = -1};
    its->own = !stat("/proc/self/ns/net", &own) && own.st_ino == inode;
    return its;
}

static void rename_to(struct net_namespace *its, int rank, const char *name)
{
    if (rank <= its->rank)
        return;
    its->rank = rank;
    snprintf(its->name, OWNER_TEXT, "%.*s", OWNER_TEXT - 1, name);
}

static int add_pid(struct net_namespace *its, pid_t pid)
{
    if (its->n_pids == its->size_pids) {
        size_t size = its->size_pids ? 2 * its->size_pids : 16;
        pid_t *bigger = reallocarray(its->pids, size, sizeof(*bigger));
        if (!bigger)
            return -ENOMEM;
        its->pids = bigger;
        its->size_pids = size;
    }
    its->pids[its->n_pids++] = pid;
    return 0;
}

static int add_process(struct namespaces *n, pid_t pid)
{
    char path[64], name[OWNER_TEXT];
    struct stat status;
    snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
    struct net_namespace *its = stat(path, &status) ? NULL : namespace_of(n, status.st_ino, path);
    if (!its) {
        n->hidden += errno == EACCES || errno == EPERM || errno == EMFILE;
        return errno == ENOMEM ? -ENOMEM : 0;
    }
    if (its->own)
        rename_to(its, RANK_OWN, "this");
    if (pid == 1)
        rename_to(its, RANK_HOST, "host");
    if (its->rank < RANK_PROGRAM) {
        program_of(pid, name);
        rename_to(its, RANK_PROGRAM, name);
    }
    if (its->rank < RANK_CONTAINER && container_of(pid, name))
        rename_to(its, RANK_CONTAINER, name);
    return add_pid(its, pid);
}

static int add_processes(struct namespaces *n)
{
    int r = 0;
    DIR *processes = opendir("/proc");
    if (!processes)
        return -errno;
    for (const struct dirent *e; !r && (e = readdir(processes));)
        if (isdigit((unsigned char)e->d_name[0]))
            r = add_process(n, (pid_t)atoi(e->d_name));
    closedir(processes);
    return r;
}

/* Each is a file of nsfs, mounted there: `ip netns add`, Docker, the CNI plugins. */
static void add_named(struct namespaces *n, const char *folder)
{
    char path[PATH_MAX];
    struct stat status, mount;
    DIR *names = stat(folder, &mount) ? NULL : opendir(folder);
    for (const struct dirent *e; names && (e = readdir(names));) {
        snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
        if (e->d_name[0] == '.' || stat(path, &status) || status.st_dev == mount.st_dev)
            continue;
        struct net_namespace *its = namespace_of(n, status.st_ino, path);
        if (its)
            rename_to(its, RANK_NAMED, e->d_name);
    }
    if (names)
        closedir(names);
}

int namespaces_find(struct namespaces *n)
{
    struct rlimit descriptors;
    *n = (struct namespaces){0};
    if (!getrlimit(RLIMIT_NOFILE, &descriptors)) { /* one for each namespace */
        descriptors.rlim_cur = descriptors.rlim_max;
        setrlimit(RLIMIT_NOFILE, &descriptors);
    }
    int r = add_processes(n);
    add_named(n, "/run/netns");
    add_named(n, "/run/docker/netns");
    return r;
}

void namespaces_release(struct namespaces *n)
{
    for (size_t i = 0; i < n->n; i++) {
        close(n->list[i].fd);
        free(n->list[i].pids);
    }
    free(n->list);
    *n = (struct namespaces){0};
}
