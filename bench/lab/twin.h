/* A host whose settings a lab is given: what tcplab-look --save wrote there ("tcplab.host/1"). */
#pragma once

#include "common/sysctl/sysctl.h"

#include <stddef.h>
#include <stdint.h>

#define TWIN_SCHEMA  "tcplab.host/1"
#define TWIN_SYSCTLS 128 /* most that a file may have */
#define TWIN_TEXT    64

struct twin_sysctl {
    char key[SYSCTL_KEY_MAX], value[SYSCTL_VALUE_MAX];
};

struct twin {
    char file[256];
    char kernel[TWIN_TEXT]; /* its release; "" */
    size_t n_sysctls;
    struct twin_sysctl sysctls[TWIN_SYSCTLS]; /* each key is one that sysctl_parse() takes */
    /* the listener that was chosen; port 0: the host has none */
    int port;
    int64_t backlog; /* the limit of its accept queue */
    char address[TWIN_TEXT], program[TWIN_TEXT];
};

/* "FILE" or "FILE:PORT", which chooses the listener at that port; without it the one with the most
 * arrivals, then the one that hurts most. 0; -errno, and in *ret_message a sentence that names the
 * file and says what is wrong with it (caller frees). */
int twin_read(const char *text, struct twin **ret, char **ret_message);
void twin_free(struct twin *t);

/* The same out of what a file has in it; port 0: none is asked for. */
int twin_parse(const char *file, const char *content, size_t size, int port, struct twin **ret,
               char **ret_message);
