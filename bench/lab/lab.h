/* The lab: a server host and a client host, connected by the wire; or one host that is both, with
 * its loopback. A process in a cell (lab/cell.h) makes the lab, which ends with that process. */
#pragma once

#include "bench/lab/host.h"
#include "bench/lab/wire.h"

#include <stdbool.h>
#include <stdint.h>

#define LAB_PORT 8888

struct lab_args {
    bool loopback;
    bool ipv6;
    int64_t delay_ns; /* one way over the wire */
    bool unrecorded;  /* nobody reads segments: no tap on loopback, a wire records one */
};

struct lab {
    struct host room;           /* the namespace of the wire */
    struct host server, client; /* on loopback the same namespace */
    struct wire *wire;          /* on loopback a tap, or NULL if unrecorded */
    int family;
    const char *server_address,
        *client_address; /* as text: documentation addresses (RFC 5737, RFC 3849), or loopback's */
    bool loopback;
};

/* The names of the processes by which a user finds the hosts (host_keep()). */
#define LAB_SERVER_HOST "lab-server"
#define LAB_CLIENT_HOST "lab-client"

/* Returns the server's address in a lab made with these arguments. Static. */
const char *lab_server_address(bool loopback, bool ipv6);

/* Makes the lab. The calling thread is in the server host afterwards. Returns 0; or -errno and in
 * *ret_step what failed. Free it with lab_close(), which ends the wire. */
int lab_open(const struct lab_args *args, struct lab *ret, const char **ret_step);
void lab_close(struct lab *lab);

/* Adds an address to a host, from the network of its first address (TEST-NET-1 or 2001:db8::/64).
 * Only with a wire. The calling thread is in the other host afterwards. Returns 0 or -errno. */
int lab_add_address(struct lab *lab, const struct host *host, const char *address);
