/* One host of a lab: a network namespace with its own interfaces, sysctls and counters. It has no
 * name; the kernel removes it with its last process and descriptor. */
#pragma once

#include <sys/types.h>

struct host {
    const char *name; /* "server", "client": for messages */
    int network;      /* descriptor of the namespace; -1: none */
    pid_t keeper;     /* a process that only keeps the namespace; 0: none */
};

/* Makes a network namespace with loopback up; the calling thread is in it afterwards. Returns 0 or
 * -errno. */
int host_new(const char *name, struct host *ret);

/* Moves the calling thread to that host; processes and sockets that it makes later are there, too.
 * Returns 0 or -errno. */
int host_enter(const struct host *h);

/* Starts a process of that name (at most 15 characters) on the host, so that a user can find the
 * host's namespace (nsenter) when no other program runs there. Call it before the first thread is
 * made. Returns 0 or -errno. */
int host_keep(struct host *h, const char *process_name);

void host_release(struct host *h);
