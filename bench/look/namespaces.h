/* The network namespaces of this host, each once, with a name that a person knows. */
#pragma once

#include "bench/look/owners.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct net_namespace {
    ino_t inode;
    int fd;   /* keeps it, and setns() takes it */
    bool own; /* this process is in it */
    char
        name[OWNER_TEXT]; /* "host", "this", "docker 3f2a1b4c5d6e", "pod UID", "web", "nginx 812" */
    int rank;             /* how good the name is */
    pid_t *pids;          /* that are in it; none of one that only has a name */
    size_t n_pids, size_pids;
};

struct namespaces {
    struct net_namespace *list; /* that of process 1 first */
    size_t n, size;
    size_t hidden; /* processes whose namespace cannot be seen */
};

/* Finds the network namespaces of all processes (/proc/PID/ns/net) and the named ones in
 * /run/netns. Returns 0 or -errno; release it in both cases. */
int namespaces_find(struct namespaces *n);
void namespaces_release(struct namespaces *n);

/* The container, pod or machine that a path of a cgroup belongs to: of Docker, Podman, containerd,
 * CRI-O, Kubernetes, systemd-nspawn and LXC. False: of none. */
bool namespaces_container(const char *cgroup, char name[static OWNER_TEXT]);
