/* One host of a lab: a network namespace with its own interfaces, sysctls and counters. It has no
 * name and is gone with the last process and descriptor in it. */
#pragma once

#include <sys/types.h>

struct host {
    const char *name; /* "server", "client": for messages */
    int network;      /* descriptor of the namespace; -1: none */
    pid_t keeper;     /* a process that does nothing and is there; 0: none */
};

/* Makes a network namespace, with loopback up; the calling thread is in it afterwards. 0 or
 * -errno. */
int host_new(const char *name, struct host *ret);

/* The calling thread (and the processes and sockets that it makes) goes there. 0 or -errno. */
int host_enter(const struct host *h);

/* Starts a process of that name (at most 15 characters) on the host, by which people find their way
 * into it (nsenter), also when no other program is there. Before the first thread is made. 0 or
 * -errno. */
int host_keep(struct host *h, const char *process_name);

void host_release(struct host *h);
