/* Whose a socket is: the process that has it open, where /proc shows that, and the unit of its
 * cgroup. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define OWNER_TEXT 128

struct owner {
    pid_t pid;                /* 0: not to be seen, or none */
    char program[OWNER_TEXT]; /* "nginx"; "" */
    char unit[OWNER_TEXT];    /* "nginx.service", or the last part of the cgroup's path; "" */
    /* of its open descriptors; -1: not to be seen */
    int64_t descriptors, descriptors_max;
};

struct owners;
struct owners *owners_new(void); /* NULL without memory */
void owners_free(struct owners *o);

/* Which inodes are wanted; then owners_find() reads /proc once, those processes first. */
int owners_want(struct owners *o, uint32_t inode); /* 0 or -ENOMEM */
/* False: some processes may not be looked into. */
bool owners_find(struct owners *o, const pid_t *first, size_t n_first);
/* cgroup: of the socket, 0: not known. */
struct owner owners_get(struct owners *o, uint32_t inode, uint64_t cgroup);
