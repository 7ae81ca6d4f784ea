#include "bench/look/owners.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIRST_DESCRIPTORS 64

struct owned {
    uint32_t inode;
    pid_t pid; /* the first that has it */
};

struct cgroup {
    uint64_t id;
    char unit[OWNER_TEXT];
};

struct owners {
    struct owned *list;   /* sorted by inode once found */
    size_t n, size, left; /* left: not found yet */
    struct cgroup *cgroups;
    size_t n_cgroups, size_cgroups;
    struct owner last; /* a program of a thousand sockets is read once */
};

struct owners *owners_new(void)
{
    return calloc(1, sizeof(struct owners));
}

void owners_free(struct owners *o)
{
    if (!o)
        return;
    free(o->list);
    free(o->cgroups);
    free(o);
}

int owners_want(struct owners *o, uint32_t inode)
{
    if (!inode)
        return 0;
    if (o->n == o->size) {
        size_t size = o->size ? 2 * o->size : 64;
        struct owned *bigger = reallocarray(o->list, size, sizeof(*bigger));
        if (!bigger)
            return -ENOMEM;
        o->list = bigger;
        o->size = size;
    }
    o->list[o->n++] = (struct owned){.inode = inode};
    return 0;
}

static int compare_inodes(const void *a, const void *b)
{
    const struct owned *x = a, *y = b;
    return x->inode < y->inode ? -1 : x->inode > y->inode;
}

static struct owned *find_inode(const struct owners *o, uint32_t inode)
{
    const struct owned key = {.inode = inode};
    return o->n ? bsearch(&key, o->list, o->n, sizeof(key), compare_inodes) : NULL;
}

/* --- processes --- */

/* At so many of its descriptors, those with the lowest numbers. */
static void look_into(struct owners *o, pid_t pid, size_t most)
{
    char path[64], target[64];
    unsigned inode;
    snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
    DIR *descriptors = opendir(path);
    if (!descriptors)
        return;
    for (const struct dirent *e; o->left && most && (e = readdir(descriptors)); most--) {
        ssize_t length = readlinkat(dirfd(descriptors), e->d_name, target, sizeof(target) - 1);
        target[length > 0 ? length : 0] = '\0';
        if (sscanf(target, "socket:[%u]", &inode) != 1)
            continue;
        struct owned *its = find_inode(o, inode);
        if (its && !its->pid) {
            its->pid = pid;
            o->left--;
        }
    }
    closedir(descriptors);
}

struct candidate {
    pid_t pid;
    off_t descriptors; /* 0: not known, or none */
};

static int compare_candidates(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;
    if (x->descriptors != y->descriptors)
        return x->descriptors < y->descriptors ? -1 : 1;
    return x->pid < y->pid ? -1 : x->pid > y->pid;
}

/* How many descriptors a process has: the size of its folder, since Linux 6.2. */
static off_t count_descriptors(const char *process)
{
    char path[64];
    struct stat status;
    snprintf(path, sizeof(path), "/proc/%.40s/fd", process);
    return stat(path, &status) ? 0 : status.st_size;
}

/* All processes with descriptors, those with few of them first: the process that listens for its
 * workers has few, and a walk through a hundred thousand descriptors is often spared. */
static size_t list_candidates(struct candidate **ret)
{
    struct candidate *list = NULL;
    size_t n = 0, size = 0;
    bool counted = count_descriptors("self") > 0;
    DIR *processes = opendir("/proc");
    for (const struct dirent *e; processes && (e = readdir(processes));) {
        if (!isdigit((unsigned char)e->d_name[0]))
            continue;
        const struct candidate c = {.pid = (pid_t)atoi(e->d_name),
                                    .descriptors = counted ? count_descriptors(e->d_name) : 0};
        if (counted && !c.descriptors)
            continue; /* a thread of the kernel */
        if (n == size) {
            size = size ? 2 * size : 256;
            struct candidate *bigger = reallocarray(list, size, sizeof(*bigger));
            if (!bigger)
                break;
            list = bigger;
        }
        list[n++] = c;
    }
    if (processes)
        closedir(processes);
    if (n)
        qsort(list, n, sizeof(*list), compare_candidates);
    *ret = list;
    return n;
}

/* Ends where all are found. A listener is opened before the connections, so it is among the first
 * descriptors of a process: only what is not there is looked for among all. */
static void find_processes(struct owners *o, const pid_t *first, size_t n_first)
{
    struct candidate *list = NULL;
    for (size_t i = 0; i < n_first && o->left; i++)
        look_into(o, first[i], SIZE_MAX);
    size_t n = o->left ? list_candidates(&list) : 0;
    for (size_t i = 0; i < n && o->left; i++)
        look_into(o, list[i].pid, FIRST_DESCRIPTORS);
    for (size_t i = 0; i < n && o->left; i++)
        if (!list[i].descriptors || list[i].descriptors + 2 > FIRST_DESCRIPTORS) /* with . and .. */
            look_into(o, list[i].pid, SIZE_MAX);
    free(list);
}

/* --- cgroups --- */

/* "/system.slice/nginx.service" gives "nginx.service"; of "/user.slice/.../run-1.scope" the last
 * part, too. */
static void unit_of_path(const char *path, char unit[static OWNER_TEXT])
{
    const char *last = strrchr(path, '/');
    snprintf(unit, OWNER_TEXT, "%s", last && last[1] ? last + 1 : "");
}

static struct owners *walking; /* nftw() hands over no context */

static int visit_cgroup(const char *path, const struct stat *status, int kind, struct FTW *where)
{
    struct owners *o = walking;
    if (kind != FTW_D || !where->level)
        return 0;
    if (o->n_cgroups == o->size_cgroups) {
        size_t size = o->size_cgroups ? 2 * o->size_cgroups : 64;
        struct cgroup *bigger = reallocarray(o->cgroups, size, sizeof(*bigger));
        if (!bigger)
            return -1;
        o->cgroups = bigger;
        o->size_cgroups = size;
    }
    struct cgroup *c = &o->cgroups[o->n_cgroups++];
    c->id = status->st_ino; /* cgroup_id() is the inode number of its folder */
    unit_of_path(path, c->unit);
    return 0;
}

void owners_find(struct owners *o, const pid_t *first, size_t n_first)
{
    static const char *const mounts[] = {"/sys/fs/cgroup/unified", "/sys/fs/cgroup"};
    size_t n = 0;
    if (o->n)
        qsort(o->list, o->n, sizeof(*o->list), compare_inodes);
    for (size_t i = 0; i < o->n; i++)
        if (!n || o->list[n - 1].inode != o->list[i].inode)
            o->list[n++] = o->list[i];
    o->n = o->left = n;
    find_processes(o, first, n_first);
    walking = o;
    /* a process tells its unit, too: then no folder of the cgroups is looked at */
    for (size_t i = 0; o->left && i < sizeof(mounts) / sizeof(*mounts) && !o->n_cgroups; i++)
        nftw(mounts[i], visit_cgroup, 16, FTW_PHYS | FTW_MOUNT);
}

/* --- one owner --- */

static bool read_line(const char *path, char *line, size_t size)
{
    FILE *file = fopen(path, "re");
    bool read = file && fgets(line, (int)size, file);
    if (file)
        fclose(file);
    if (read)
        line[strcspn(line, "\n")] = '\0';
    return read;
}

/* -1: not to be seen. */
static int64_t count_one_by_one(pid_t pid)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
    DIR *descriptors = opendir(path);
    if (!descriptors)
        return -1;
    int64_t n = -2; /* . and .. */
    while (readdir(descriptors))
        n++;
    closedir(descriptors);
    return n;
}

static void fill_descriptors(struct owner *owner)
{
    char path[64], line[256];
    long long soft;
    snprintf(path, sizeof(path), "%d", (int)owner->pid);
    owner->descriptors = count_descriptors(path);
    if (!owner->descriptors)
        owner->descriptors = count_one_by_one(owner->pid);
    snprintf(path, sizeof(path), "/proc/%d/limits", (int)owner->pid);
    FILE *limits = fopen(path, "re");
    while (limits && fgets(line, sizeof(line), limits))
        if (sscanf(line, "Max open files %lld", &soft) == 1)
            owner->descriptors_max = soft;
    if (limits)
        fclose(limits);
}

/* The last line of the process's cgroup file is cgroup v2's: "0::/system.slice/nginx.service". */
static void fill_unit(struct owner *owner)
{
    char path[64], line[PATH_MAX];
    snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)owner->pid);
    FILE *file = fopen(path, "re");
    while (file && fgets(line, sizeof(line), file)) {
        line[strcspn(line, "\n")] = '\0';
        if (!strncmp(line, "0::", 3))
            unit_of_path(line + 3, owner->unit);
    }
    if (file)
        fclose(file);
}

struct owner owners_get(struct owners *o, uint32_t inode, uint64_t cgroup)
{
    struct owner owner = {.descriptors = -1, .descriptors_max = -1};
    char path[64];
    const struct owned *its = find_inode(o, inode);
    for (size_t i = 0; cgroup && i < o->n_cgroups; i++)
        if (o->cgroups[i].id == cgroup)
            snprintf(owner.unit, sizeof(owner.unit), "%s", o->cgroups[i].unit);
    if (!its || !its->pid)
        return owner;
    if (o->last.pid == its->pid)
        return o->last;
    owner.pid = its->pid;
    snprintf(path, sizeof(path), "/proc/%d/comm", (int)owner.pid);
    read_line(path, owner.program, sizeof(owner.program));
    fill_descriptors(&owner);
    if (!owner.unit[0])
        fill_unit(&owner);
    o->last = owner;
    return owner;
}
