/* Knobs that change more than themselves, so that putting back their value does not put back all. Found by writing every
 * knob of a namespace with interfaces, addresses and routes and comparing all others before, meanwhile and afterwards;
 * and in net/ipv4/devinet.c, net/ipv6/addrconf.c, net/core/neighbour.c, net/ipv4/tcp_cong.c. */
#include "common/sysctl.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static const struct {
    const char *keys; /* fnmatch(3) */
    const char *effect;
} effects[] = {
    {"net.ipv[46].route.flush", "it empties the cache of routes, and has no value that could be put back"},
    {"net.ipv4.ip_forward", "forwarding and accept_redirects of every interface follow it"},
    {"net.ipv4.conf.*.forwarding",
     "it turns LRO of interfaces off for good, and under \"all\" their forwarding and accept_redirects follow it"},
    {"net.ipv6.conf.*.forwarding",
     "default routes that routers announced are lost, and under \"all\" every interface follows it"},
    {"net.ipv6.conf.all.force_forwarding", "every interface follows it"},
    {"net.ipv6.conf.all.ignore_routes_with_linkdown", "every interface follows it"},
    {"net.ipv6.conf.all.disable_policy", "the routes to the addresses of every interface follow it"},
    {"net.ipv6.conf.*.disable_ipv6", "static IPv6 addresses and their routes are lost for good"},
    {"net.ipv6.conf.*.addr_gen_mode",
     "it makes new link-local addresses, and under \"all\" every interface follows it"},
    {"net.ipv6.conf.*.stable_secret", "addr_gen_mode follows it, and it cannot be unset again"},
    {"net.ipv6.conf.*.mtu", "the MTU of routes follows it"},
    {"net.ipv[46].conf.default.*", "interfaces take their own value from it"},
    {"net.ipv[46].neigh.default.gc_thresh[123]", NULL},
    {"net.ipv[46].neigh.default.gc_interval", NULL},
    {"net.ipv[46].neigh.default.*", "interfaces take their own value from it"},
    {"net.ipv4.tcp_fastopen_key", "the kernel's own key, which it makes later, cannot be put back"},
};

/* "net.ipv6.route.gc_min_interval" is gc_min_interval_ms in whole seconds: putting it back rounds the other one. */
static bool is_coarse(const char *key)
{
    static const char *const units[] = {"_ms", "_bytes"};
    char path[SYSCTL_PATH_MAX], finer[SYSCTL_PATH_MAX + 8];
    struct stat st;
    if (sysctl_path(key, path) < 0)
        return false;
    for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
        snprintf(finer, sizeof(finer), "%s%s", path, units[i]);
        if (stat(finer, &st) == 0)
            return true;
    }
    return false;
}

/* An algorithm that only root may use becomes everybody's when it is made the default. */
static bool is_restricted(const char *key, const char *value)
{
    char allowed[SYSCTL_VALUE_MAX + 2] = " ", word[SYSCTL_VALUE_MAX + 2];
    if (strcmp(key, "net.ipv4.tcp_congestion_control") != 0 ||
        sysctl_read("net.ipv4.tcp_allowed_congestion_control", allowed + 1) < 0)
        return false;
    strcat(allowed, " ");
    snprintf(word, sizeof(word), " %s ", value);
    return strstr(allowed, word) == NULL;
}

const char *sysctl_side_effect(const char *key, const char *value)
{
    for (size_t i = 0; i < sizeof(effects) / sizeof(*effects); i++)
        if (fnmatch(effects[i].keys, key, 0) == 0)
            return effects[i].effect;
    if (is_coarse(key))
        return "it rounds the value that the key of the same name with _ms or _bytes has; set that one";
    if (is_restricted(key, value))
        return "net.ipv4.tcp_allowed_congestion_control follows it; allow the algorithm there first";
    return NULL;
}

/* A namespace that differs from that of process 1. Where that one cannot be looked at, this process is in a user namespace
 * of its own; only there could it write sysctls without being root. */
bool sysctl_is_private_network(void)
{
    struct stat ours, first;
    return stat("/proc/thread-self/ns/net", &ours) == 0 &&
           (stat("/proc/1/ns/net", &first) < 0 || ours.st_ino != first.st_ino);
}
