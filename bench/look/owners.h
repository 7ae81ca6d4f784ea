/* Finds the owner of a socket: the process that has it open, if /proc shows it, and the unit of its
 * cgroup. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define OWNER_TEXT 128

struct owner {
    pid_t pid;                /* 0: there is none, or it cannot be seen */
    char program[OWNER_TEXT]; /* "nginx"; "" */
    char unit[OWNER_TEXT];    /* "nginx.service", or the last part of the cgroup's path; "" */
    /* how many it has open, and its limit; -1: cannot be seen */
    int64_t descriptors, descriptors_max;
};

struct owners;
struct owners *owners_new(void); /* NULL without memory */
void owners_free(struct owners *o);

/* Adds a socket's inode to the wanted ones. Then call owners_find(). */
int owners_want(struct owners *o, uint32_t inode); /* returns 0 or -ENOMEM */
/* Reads /proc once, the processes in `first` before the others; leaves out what may not be read. */
void owners_find(struct owners *o, const pid_t *first, size_t n_first);
/* Returns the owner of a wanted socket. cgroup: the socket's; 0: not known. */
struct owner owners_get(struct owners *o, uint32_t inode, uint64_t cgroup);
