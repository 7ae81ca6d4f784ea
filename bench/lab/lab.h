/* The lab: a server host and a client host, joined by the wire; or one host that is both, on its
 * loopback. A process in a cell (lab/cell.h) makes it, and it ends with that process. */
#pragma once

#include "bench/lab/host.h"
#include "bench/lab/wire.h"

#include <stdbool.h>
#include <stdint.h>

#define LAB_PORT 8888

struct lab_args {
    bool loopback;
    bool ipv6;
    int64_t delay_ns; /* of the wire, one way */
    bool unrecorded;  /* no tap on loopback, and the wire keeps one segment: nobody reads them */
};

struct lab {
    struct host room;           /* where the wire is */
    struct host server, client; /* the same namespace on loopback */
    struct wire *wire;          /* a tap on loopback, or NULL there */
    int family;
    const char *server_address,
        *client_address; /* as text: documentation addresses (RFC 5737, RFC 3849), or loopback's */
    bool loopback;
};

/* The processes by whose names the hosts are found (host_keep()). */
#define LAB_SERVER_HOST "lab-server"
#define LAB_CLIENT_HOST "lab-client"

/* The server's address in such a lab. */
const char *lab_server_address(bool loopback, bool ipv6);

/* The calling thread is in the server host afterwards. 0; or -errno and in *ret_step what
 * failed. */
int lab_open(const struct lab_args *args, struct lab *ret, const char **ret_step);
void lab_close(struct lab *lab);

/* One more address for a host, from the same network as its first (of TEST-NET-1 or 2001:db8::/64).
 * On a wire; the calling thread is in the other host afterwards. 0 or -errno. */
int lab_add_address(struct lab *lab, const struct host *host, const char *address);
