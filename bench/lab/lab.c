#include "bench/lab/lab.h"
#include "bench/lab/link.h"

#include <errno.h>
#include <sys/socket.h>

enum { LAB_ETHERNET_SERVER = 1, LAB_ETHERNET_CLIENT = 2, LAB_ETHERNET_WIRE = 0x10 };

static const char lab_interface[] = "eth0"; /* of each host */

const char *lab_server_address(bool loopback, bool ipv6)
{
    if (loopback)
        return ipv6 ? "::1" : "127.0.0.1";
    return ipv6 ? "2001:db8::1" : "192.0.2.1";
}

static void addresses(struct lab *lab, bool ipv6)
{
    lab->family = ipv6 ? AF_INET6 : AF_INET;
    lab->server_address = lab->client_address = lab_server_address(lab->loopback, ipv6);
    if (!lab->loopback)
        lab->client_address = ipv6 ? "2001:db8::2" : "192.0.2.2";
}

/* In the wire's room: one end there, the other end in the host. */
static int plug(const struct lab *lab, const struct host *host, const char *name, uint8_t ethernet)
{
    int r = link_add_veth(name, (uint8_t)(LAB_ETHERNET_WIRE + ethernet), lab_interface, ethernet,
                          host->network);
    if (!r)
        r = link_no_offloads(name);
    return r ? r : link_up(name);
}

/* In the host. */
static int configure(const struct lab *lab, const struct host *host, const char *own,
                     const char *other, uint8_t other_ethernet)
{
    int r = host_enter(host);
    if (!r)
        r = link_no_offloads(lab_interface);
    if (!r)
        r = link_add_address(lab_interface, own, lab->family == AF_INET6 ? 64 : 24);
    if (!r)
        r = link_up(lab_interface);
    return r ? r : link_add_neighbour(lab_interface, other, other_ethernet);
}

int lab_add_address(struct lab *lab, const struct host *host, const char *address)
{
    bool server = host == &lab->server;
    int r = host_enter(host);
    if (!r)
        r = link_add_address(lab_interface, address, lab->family == AF_INET6 ? 64 : 24);
    if (!r)
        r = host_enter(server ? &lab->client : &lab->server);
    return r ? r
             : link_add_neighbour(lab_interface, address,
                                  server ? LAB_ETHERNET_SERVER : LAB_ETHERNET_CLIENT);
}

static int keep(struct lab *lab)
{
    int r = host_keep(&lab->server, LAB_SERVER_HOST);
    return r ? r : host_keep(&lab->client, LAB_CLIENT_HOST);
}

static int open_wire(struct lab *lab, const struct lab_args *args, const char **ret_step)
{
    *ret_step = "network namespace";
    int r = host_new("the wire's room", &lab->room);
    if (!r)
        r = host_new("server", &lab->server);
    if (!r)
        r = host_new("client", &lab->client);
    if (!r)
        r = host_enter(&lab->room);
    if (!r)
        r = keep(lab);
    *ret_step = r ? *ret_step : "veth";
    if (!r)
        r = plug(lab, &lab->server, "server0", LAB_ETHERNET_SERVER);
    if (!r)
        r = plug(lab, &lab->client, "client0", LAB_ETHERNET_CLIENT);
    if (!r)
        r = configure(lab, &lab->server, lab->server_address, lab->client_address,
                      LAB_ETHERNET_CLIENT);
    if (!r)
        r = configure(lab, &lab->client, lab->client_address, lab->server_address,
                      LAB_ETHERNET_SERVER);
    if (!r)
        r = host_enter(&lab->room);
    if (r)
        return r;
    const struct wire_args wire = {.server_side = "server0",
                                   .client_side = "client0",
                                   .server_port = LAB_PORT,
                                   .delay_ns = args->delay_ns,
                                   .segments_max = args->unrecorded ? 1 : 0};
    return wire_new(&wire, &lab->wire, ret_step);
}

static int open_loopback(struct lab *lab, const struct lab_args *args, const char **ret_step)
{
    const struct wire_args tap = {.server_side = "lo", .server_port = LAB_PORT};
    *ret_step = "network namespace";
    int r = host_new("server", &lab->server);
    if (r)
        return r;
    lab->client = (struct host){.name = "client", .network = lab->server.network};
    r = keep(lab);
    if (r || args->unrecorded)
        return r;
    return wire_new(&tap, &lab->wire, ret_step);
}

int lab_open(const struct lab_args *args, struct lab *ret, const char **ret_step)
{
    *ret = (struct lab){
        .loopback = args->loopback, .room.network = -1, .server.network = -1, .client.network = -1};
    addresses(ret, args->ipv6);
    int r = args->loopback ? open_loopback(ret, args, ret_step) : open_wire(ret, args, ret_step);
    if (!r) {
        *ret_step = "network namespace";
        r = host_enter(&ret->server);
    }
    if (r)
        lab_close(ret);
    return r;
}

void lab_close(struct lab *lab)
{
    wire_free(lab->wire);
    lab->wire = NULL;
    if (lab->loopback)
        lab->client.network = -1; /* the server's */
    host_release(&lab->client);
    host_release(&lab->server);
    host_release(&lab->room);
}
