/* Where the journal of this network namespace lies and what its files are called; for sysctl_journal.c.
 *
 * Directory: /run/tcplab if it can be made, else $XDG_RUNTIME_DIR/tcplab, else /tmp/tcplab-UID (the uid outside the
 * user namespace); but one of them that holds this namespace's files already comes first. It must be a directory, no
 * symbolic link, our own, and writable by nobody else.
 * Files: <boot id>-<namespace>.json, .tmp (the next .json, being written) and .lock. Those of another boot can never
 * apply again: they are removed where they are met, unless somebody holds a lock in them (a directory shared with
 * another machine). */
#pragma once

#include <limits.h>
#include <stdbool.h>

#define SYSCTL_PLACE_BOOT_MAX  37
#define SYSCTL_PLACE_NETNS_MAX 24
#define SYSCTL_PLACE_NAME_MAX  (SYSCTL_PLACE_BOOT_MAX + SYSCTL_PLACE_NETNS_MAX + 8)

struct sysctl_place {
    char *given; /* the directory asked for, or NULL */
    char boot_id[SYSCTL_PLACE_BOOT_MAX];
    char netns[SYSCTL_PLACE_NETNS_MAX]; /* SO_NETNS_COOKIE; before Linux 5.14 "ino" and the inode of the namespace */
    char json[SYSCTL_PLACE_NAME_MAX], tmp[SYSCTL_PLACE_NAME_MAX], lock[SYSCTL_PLACE_NAME_MAX];
    char directory[PATH_MAX]; /* the one opened last; empty before */
};

/* Finds out boot and namespace (the calling thread's). 0 or -errno. */
int sysctl_place_init(struct sysctl_place *p, const char *directory);
void sysctl_place_done(struct sysctl_place *p);

/* A descriptor of the directory; -errno. `make`: made where it is missing; -EAGAIN: another process has removed it
 * meanwhile, try again. Else only one that holds this namespace's files: -ENOENT where there is none. */
int sysctl_place_open(struct sysctl_place *p, bool make);
