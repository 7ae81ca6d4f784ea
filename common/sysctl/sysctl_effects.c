/* Knobs that change more than themselves, so that putting back their value does not put back all.
 * The handlers behind them were read in Linux 6.12, as noted beside each.
 * tests/unit/common/sysctl/test-sysctl_effects.c writes every knob of a namespace and compares all
 * others; it cannot see what needs a router, LRO, an interface that comes meanwhile, IPsec, or the
 * machine's own namespace, which alone has neigh.default.
 *
 * Not here, though something unseen stays: a write to net.ipv4.conf.IFACE.* or
 * net.ipv4.neigh.IFACE.* makes the interface deaf to later writes to "default"
 * (devinet_conf_proc(), neigh_proc_update()), as its first IPv4 address does to all of conf, too.
 * Nor is net.ipv6.conf.IFACE.mtu: a write changes that number only (addrconf_sysctl_mtu()), and
 * what it had is right again afterwards. */
#include "common/sysctl/sysctl.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static const struct {
    const char *keys; /* fnmatch(3) */
    const char *effect;
} effects[] = {
    /* ipv4/route.c ipv4_sysctl_rtcache_flush(), ipv6/route.c ipv6_sysctl_rtcache_flush() */
    {"net.ipv[46].route.flush",
     "it empties the cache of routes, and has no value that could be put back"},
    /* ipv4/devinet.c devinet_sysctl_forward(), inet_forward_change() */
    {"net.ipv4.ip_forward", "forwarding and accept_redirects of every interface follow it"},
    {"net.ipv4.conf.*.forwarding", "it turns LRO of interfaces off for good, and under \"all\" "
                                   "their forwarding and accept_redirects follow it"},
    /* ipv6/addrconf.c addrconf_fixup_forwarding(): rt6_purge_dflt_routers() */
    {"net.ipv6.conf.*.forwarding", "default routes that routers announced are lost, and under "
                                   "\"all\" every interface follows it"},
    /* newer than 6.12; seen by the test on 6.18 */
    {"net.ipv6.conf.all.force_forwarding", "every interface follows it"},
    /* addrconf_fixup_linkdown(), addrconf_disable_policy() */
    {"net.ipv6.conf.all.ignore_routes_with_linkdown", "every interface follows it"},
    {"net.ipv6.conf.all.disable_policy",
     "the routes to the addresses of every interface follow it"},
    /* addrconf_disable_ipv6(), addrconf_ifdown() */
    {"net.ipv6.conf.*.disable_ipv6", "static IPv6 addresses and their routes are lost for good"},
    /* addrconf_sysctl_addr_gen_mode(): addrconf_init_auto_addrs() */
    {"net.ipv6.conf.*.addr_gen_mode",
     "it makes new link-local addresses, and under \"all\" every interface follows it"},
    /* addrconf_sysctl_stable_secret() */
    {"net.ipv6.conf.*.stable_secret", "addr_gen_mode follows it, and it cannot be unset again"},
    /* devinet_copy_dflt_conf() at once; inetdev_init() and ipv6_add_dev() for interfaces that
     * come meanwhile */
    {"net.ipv[46].conf.default.*", "interfaces take their own value from it"},
    /* these have no copy in an interface; of the others core/neighbour.c neigh_copy_dflt_parms()
     * makes one */
    {"net.ipv[46].neigh.default.gc_thresh[123]", NULL},
    {"net.ipv[46].neigh.default.gc_interval", NULL},
    {"net.ipv[46].neigh.default.*", "interfaces take their own value from it"},
};

/* "net.ipv6.route.gc_min_interval" is gc_min_interval_ms in whole seconds: putting it back rounds
 * gc_min_interval_ms. */
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

/* It reads as zeros while there is no key. Writing the zeros back sets a key of zeros, and the
 * kernel then makes no key of its own (ipv4/tcp_fastopen.c, tcp_fastopen_init_key_once()). */
static bool is_unset(const char *key)
{
    char now[SYSCTL_VALUE_MAX];
    return strcmp(key, "net.ipv4.tcp_fastopen_key") == 0 && sysctl_read(key, now) == 0 &&
           !now[strspn(now, "0-")];
}

/* An algorithm that only root may use becomes everybody's when it is made the default
 * (ipv4/tcp_cong.c, tcp_set_default_congestion_control(): TCP_CONG_NON_RESTRICTED), and its
 * module is loaded. */
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
        return "it rounds the value that the key of the same name with _ms or _bytes has; set that "
               "one";
    if (is_unset(key))
        return "it is unset, and cannot be unset again";
    if (is_restricted(key, value))
        return "net.ipv4.tcp_allowed_congestion_control follows it; allow the algorithm there "
               "first";
    return NULL;
}

/* A namespace that differs from that of process 1. Where that one cannot be looked at, this process
 * is in a user namespace of its own; only there could it write sysctls without being root. */
bool sysctl_is_private_network(void)
{
    struct stat ours, first;
    return stat("/proc/thread-self/ns/net", &ours) == 0 &&
           (stat("/proc/1/ns/net", &first) < 0 || ours.st_ino != first.st_ino);
}
