/* Keys and values, and single knobs: read, written, theirs or the machine's, the nearest name. */
#include "tests/lib/sysctl_lab.h"

#include <criterion/criterion.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>

Test(sysctl, parse_good)
{
    static const struct {
        const char *text, *key, *value;
    } rows[] = {
        {"net.ipv4.tcp_fin_timeout=5", "net.ipv4.tcp_fin_timeout", "5"},
        {"net/ipv4/tcp_fin_timeout=5", "net.ipv4.tcp_fin_timeout", "5"},
        {" \tnet.core.somaxconn \t = \t 128 \t", "net.core.somaxconn", "128"},
        {"net.ipv4.ip_local_port_range=32768 \t 60999", "net.ipv4.ip_local_port_range",
         "32768 60999"},
        {"net.ipv6.conf.all.disable_ipv6=-1", "net.ipv6.conf.all.disable_ipv6", "-1"},
        {"net/ipv4/conf/eth0.100/rp_filter=2", "net.ipv4.conf.eth0/100.rp_filter", "2"},
        {"net.ipv4.conf.eth0/100.rp_filter=2", "net.ipv4.conf.eth0/100.rp_filter", "2"},
        {"net.ipv4.conf.wlan-1_A.rp_filter=2", "net.ipv4.conf.wlan-1_A.rp_filter", "2"},
        {"net.ipv4.ip_local_reserved_ports=", "net.ipv4.ip_local_reserved_ports", ""},
        {"net.ipv4.tcp_fastopen_key=a=b", "net.ipv4.tcp_fastopen_key", "a=b"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char key[SYSCTL_KEY_MAX], value[SYSCTL_VALUE_MAX];
        const char *why = "untouched";
        cr_assert_eq(sysctl_parse(rows[i].text, key, value, &why), 0, "%s: %s", rows[i].text, why);
        cr_assert_str_eq(key, rows[i].key);
        cr_assert_str_eq(value, rows[i].value);
        cr_assert_str_eq(why, "untouched");
    }
}

Test(sysctl, parse_bad)
{
    static const char *const rows[] = {
        "",
        "=",
        "=5",
        "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_fin_timeout 5",
        "net=5",
        "net.ipv4=5",
        "net.ipv4.=5",
        "net.ipv4.tcp_fin_timeout.=5",
        "net.ipv4.tcp_fin_timeout/=5",
        "net/ipv4/tcp_fin_timeout/=5",
        "net/ipv4/tcp_fin_timeout.=5",
        ".net.ipv4.tcp_fin_timeout=5",
        "/net/ipv4/tcp_fin_timeout=5",
        "/proc/sys/net/ipv4/tcp_fin_timeout=5",
        "net..ipv4.tcp_fin_timeout=5",
        "net.ipv4..tcp_fin_timeout=5",
        "net//ipv4/tcp_fin_timeout=5",
        "net/ipv4//tcp_fin_timeout=5",
        "net.ipv4/../../x=1",
        "net/ipv4/../../kernel/panic=1",
        "net/ipv4/../core/somaxconn=1",
        "net/ipv4/./tcp_fin_timeout=1",
        "net.ipv4.//.//.kernel.panic=1",
        "net.ipv4./.tcp_fin_timeout=1",
        "net/ipv4/.hidden=1",
        "net/ipv4/conf/eth0./rp_filter=1",
        "net/ipv4/conf/eth0..1/rp_filter=1",
        "net.ipv4/tcp_fin_timeout=5",
        "net/ipv4.tcp_fin_timeout=5",
        "kernel.panic=1",
        "net.netfilter.nf_conntrack_max=1",
        "net.unix.max_dgram_qlen=1",
        "net.ipv4x.tcp_fin_timeout=5",
        "NET.IPV4.tcp_fin_timeout=5",
        "net.ipv4.tcp fin=5",
        "net.ipv4.tcp\tfin=5",
        "net.ipv4.tcp\nfin=5",
        "net.ipv4.tcp%2ffin=5",
        "net.ipv4.tcp_f\xc3\xafn=5",
        "net.ipv4.*=5",
        "net.ipv4.tcp_fin_timeout=5\n",
        "net.ipv4.tcp_fin_timeout=5\n6",
        "net.ipv4.tcp_fin_timeout=\x01",
        "net.ipv4.tcp_fin_timeout=\x7f",
        "net.ipv4.tcp_fin_timeout=\xe2\x82\xac",
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char key[SYSCTL_KEY_MAX] = "key", value[SYSCTL_VALUE_MAX] = "value";
        const char *why = NULL;
        cr_assert_eq(sysctl_parse(rows[i], key, value, &why), -EINVAL, "\"%s\" gave %s=%s", rows[i],
                     key, value);
        cr_assert(why && *why, "\"%s\" without a reason", rows[i]);
        cr_assert_str_eq(key, "key");
        cr_assert_str_eq(value, "value");
    }
}

/* The longest that fit, and one more. */
Test(sysctl, parse_lengths)
{
    char text[SYSCTL_KEY_MAX + SYSCTL_VALUE_MAX + 16], key[SYSCTL_KEY_MAX], value[SYSCTL_VALUE_MAX];
    const char *why = NULL;
    for (int longer = 0; longer < 2; longer++) {
        snprintf(text, sizeof(text), "net.ipv4.%0*d=1", SYSCTL_KEY_MAX - 10 + longer, 0);
        cr_assert_eq(sysctl_parse(text, key, value, &why), longer ? -EINVAL : 0);
        snprintf(text, sizeof(text), FIN "=%0*d", SYSCTL_VALUE_MAX - 1 + longer, 0);
        cr_assert_eq(sysctl_parse(text, key, value, &why), longer ? -EINVAL : 0);
    }
    snprintf(text, sizeof(text), FIN "=%*s%0*d", 5, "", SYSCTL_VALUE_MAX - 1, 0);
    cr_assert_eq(sysctl_parse(text, key, value, &why), 0, "what is cut off does not count");
}

Test(sysctl, path)
{
    char path[SYSCTL_PATH_MAX] = "untouched";
    cr_assert_eq(sysctl_path("net.ipv4.conf.eth0/100.rp_filter", path), 0);
    cr_assert_str_eq(path, "/proc/sys/net/ipv4/conf/eth0.100/rp_filter");
    strcpy(path, "untouched");
    cr_assert_eq(sysctl_path("net.ipv4.//.kernel.panic", path), -EINVAL);
    cr_assert_eq(sysctl_path("net/ipv4/tcp_fin_timeout", path), -EINVAL, "not the canonical form");
    cr_assert_eq(sysctl_path("", path), -EINVAL);
    cr_assert_str_eq(path, "untouched");
}

Test(sysctl, same)
{
    static const struct {
        const char *now, *asked;
        bool same;
    } rows[] = {
        {"5", "5", true},
        {"5", "6", false},
        {"5", "", false},
        {"", "", true},
        {"", " ", true},
        {"", "0", false},
        {"32768\t60999", "32768 60999", true},
        {"32768 60999", " 32768   60999 ", true},
        {"32768 60999", "32768", false},
        {"32768", "32768 60999", false},
        {"32768 60999", "3276860999", false},
        {"16", "0x10", true},
        {"16", "020", true},
        {"16", "16x", false},
        {"16", "0x", false},
        {"-1", "-1", true},
        {"-1", "-0x1", true},
        {"1", "-1", false},
        {"9223372036854775807", "99999999999999999999", false},
        {"cubic", "cubic", true},
        {"cubic", "reno", false},
        {"00000010", "8", false},
        {"00000010", "0xa", false}, /* a mask: not printed as a decimal, so no number */
        {"1-3", "1,2,3", false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        cr_assert_eq(sysctl_same(rows[i].now, rows[i].asked), rows[i].same, "\"%s\" and \"%s\"",
                     rows[i].now, rows[i].asked);
}

Test(sysctl, read, .init = lab_start, .fini = lab_stop)
{
    char value[SYSCTL_VALUE_MAX] = "untouched";
    cr_assert_eq(sysctl_read("net.ipv4.tcp_nosuch", value), -ENOENT);
    cr_assert_eq(sysctl_read("net.ipv4.conf", value), -ENOENT, "a directory");
    cr_assert_eq(sysctl_read(FIN ".x", value), -ENOENT);
    cr_assert_eq(sysctl_read("kernel.ostype", value), -EINVAL);
    cr_assert_str_eq(value, "untouched");
    lab_put(FIN, "17");
    cr_assert_eq(sysctl_read(FIN, value), 0);
    cr_assert_str_eq(value, "17");
    cr_assert_eq(sysctl_read(PORTS, value), 0);
    cr_assert_str_eq(value, "32768 60999", "the tab has become a space");
}

/* What cannot be kept whole must not be taken for the value: it would be put back cut off. */
Test(sysctl, read_too_long, .init = lab_start, .fini = lab_stop)
{
    char ports[2048] = "", value[SYSCTL_VALUE_MAX];
    size_t fits = 0;
    for (int port = 10001; strlen(ports) + 8 < sizeof(ports); port += 2) {
        sprintf(ports + strlen(ports), "%s%d", *ports ? "," : "", port);
        lab_put("net.ipv4.ip_local_reserved_ports", ports);
        int r = sysctl_read("net.ipv4.ip_local_reserved_ports", value);
        if (strlen(ports) < SYSCTL_VALUE_MAX) {
            cr_assert_eq(r, 0);
            cr_assert_str_eq(value, ports);
            fits = strlen(ports);
        } else
            cr_assert_eq(r, -EOVERFLOW, "%zu", strlen(ports));
    }
    cr_assert_gt(fits, SYSCTL_VALUE_MAX - 8);
}

Test(sysctl, write, .init = lab_start, .fini = lab_stop)
{
    cr_assert_eq(sysctl_writable(FIN), 0);
    assert_value(FIN, "60");
    cr_assert_eq(sysctl_write(FIN, "9"), 0);
    assert_value(FIN, "9");
    cr_assert_eq(sysctl_write(FIN, "many"), -EINVAL);
    cr_assert_eq(sysctl_write(FIN, "9\n10"), -EINVAL);
    cr_assert_eq(sysctl_write("net.ipv4.tcp_nosuch", "9"), -ENOENT);
    cr_assert_eq(sysctl_write("net.ipv4.tcp_congestion_control", "nosuch"), -EINVAL);
    cr_assert_eq(sysctl_writable("net.ipv4.tcp_available_congestion_control"), -EACCES);
    assert_value(FIN, "9");
}

/* An interface of that name in this namespace. */
static void make_interface(const char *name)
{
    struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
    strcpy(request.ifr_name, name);
    int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
    if (fd < 0 || ioctl(fd, TUNSETIFF, &request) < 0)
        lab_skip("no interface to be had from /dev/net/tun: %s", strerror(errno));
    /* It lives as long as the descriptor: as long as the test. */
}

Test(sysctl, interface_with_a_dot, .init = lab_start, .fini = lab_stop)
{
    char key[SYSCTL_KEY_MAX], value[SYSCTL_VALUE_MAX];
    const char *why;
    make_interface("lab0.100");
    cr_assert_eq(sysctl_parse("net/ipv4/conf/lab0.100/rp_filter=2", key, value, &why), 0);
    cr_assert_eq(sysctl_write(key, value), 0);
    cr_assert_eq(sysctl_read(key, value), 0);
    cr_assert_str_eq(value, "2");
    cr_assert_eq(sysctl_is_host_wide(key), 0,
                 "a fresh namespace does not have it, and yet it is ours");
    cr_assert_eq(sysctl_read("net.ipv4.conf.lab0.100.rp_filter", value), -ENOENT);
}

static void assert_scope(const char *key, int expected)
{
    int is = sysctl_is_host_wide(key);
    cr_assert_eq(is, expected, "%s: %d", key, is);
}

Test(sysctl, scope, .init = lab_start, .fini = lab_stop)
{
    assert_scope("net.core.somaxconn", 0);
    assert_scope(FIN, 0);
    assert_scope("net.ipv4.conf.lo.rp_filter", 0);
    assert_scope("net.ipv4.conf.all.rp_filter", 0);
    assert_scope("net.core.rmem_max", lab_exists("net.core.rmem_max") ? 1 : -ENOENT);
    assert_scope("net.core.netdev_max_backlog", -ENOENT); /* not seen from here */
    assert_scope("net.ipv4.tcp_nosuch", -ENOENT);
    assert_scope("net.ipv4.conf", -ENOENT);
    assert_scope("kernel.panic", -EINVAL);
    assert_value("net.core.somaxconn", "4096");
}

/* Looked at, not written: those of the machine are only there in its own namespace. */
Test(sysctl, scope_of_the_machines)
{
    if (!lab_exists("net.core.netdev_max_backlog"))
        cr_skip_test("in a private network namespace already");
    assert_scope("net.core.netdev_max_backlog", 1);
    assert_scope("net.ipv4.tcp_max_orphans", 1);
    assert_scope("net.ipv4.tcp_mem", 1);
    assert_scope("net.core.rmem_max", 1);
    assert_scope("net.core.somaxconn", 0);
}

/* A caller that ignores SIGCHLD gets no exit status; the fork must not disturb its signals
 * either. */
Test(sysctl, scope_with_sigchld_ignored, .init = lab_start, .fini = lab_stop)
{
    sigset_t mask;
    signal(SIGCHLD, SIG_IGN);
    assert_scope(FIN, 0);
    assert_scope("net.core.rmem_max", lab_exists("net.core.rmem_max") ? 1 : -ENOENT);
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    cr_assert_not(sigismember(&mask, SIGTERM), "still blocked");
    cr_assert_eq(waitpid(-1, NULL, WNOHANG), -1, "a child is left");
}

/* As somebody without rights: the child looks from a user namespace. */
Test(sysctl, scope_unprivileged, .init = lab_start, .fini = lab_stop)
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        if (setresgid(65534, 65534, 65534) < 0 || setresuid(65534, 65534, 65534) < 0)
            _exit(77);
        if (fork() == 0)
            _exit(unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0 ? 77 : 0);
        waitpid(-1, &status, 0);
        if (status != 0)
            _exit(77);
        /* read-only everywhere */
        CHECK(sysctl_is_host_wide("net.ipv4.tcp_available_congestion_control") == 1);
        CHECK(sysctl_is_host_wide(FIN) == 0);
        _exit(0);
    }
    waitpid(child, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        lab_skip("no unprivileged user namespaces here");
    cr_assert_eq(status, 0);
}

Test(sysctl, suggest, .init = lab_start, .fini = lab_stop)
{
    static const struct {
        const char *typed, *meant;
    } rows[] = {
        {"net.ipv4.tcp_fin_timeot", FIN},
        {"net.ipv4.tcp_fin_timeout", FIN},
        {"net.ipv4.tcp_fni_timeout", FIN},
        {"net.ipv4.somaxcon", "net.core.somaxconn"},
        {"net.core.tcp_fin_timeout", FIN},
        {"net.ip.tcp_fin_timeout", FIN},
        {"tcp_fin_timeout", FIN},
        {"net.ipv4.conf.all.rp_filtr", "net.ipv4.conf.all.rp_filter"},
        {"net.ipv4.zzzzzzzzzzzz", NULL},
        {"net.ipv4.con", NULL}, /* conf is a directory */
        {"", NULL},
        {".", NULL},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char *meant = sysctl_suggest(rows[i].typed);
        cr_assert((!meant && !rows[i].meant) ||
                      (meant && rows[i].meant && strcmp(meant, rows[i].meant) == 0),
                  "%s: %s", rows[i].typed, meant ? meant : "nothing");
        free(meant);
    }
}

Test(sysctl, side_effects, .init = lab_start, .fini = lab_stop)
{
    static const struct {
        const char *key, *value;
        bool has;
    } rows[] = {
        {"net.ipv4.tcp_fin_timeout", "5", false},
        {"net.core.somaxconn", "5", false},
        {"net.ipv4.conf.lo.rp_filter", "1", false},
        {"net.ipv4.conf.all.rp_filter", "1", false},
        {"net.ipv4.conf.default.rp_filter", "1", true},
        {"net.ipv4.conf.lo.forwarding", "1", true},
        {"net.ipv4.neigh.default.gc_thresh1", "5", false},
        {"net.ipv4.neigh.default.mcast_solicit", "5", true},
        {"net.ipv4.neigh.lo.unres_qlen", "5", true},
        {"net.ipv4.neigh.lo.unres_qlen_bytes", "5", false},
        {"net.ipv4.neigh.lo.retrans_time", "5", true},
        {"net.ipv4.neigh.lo.retrans_time_ms", "5", false},
        {"net.ipv6.route.gc_min_interval", "5", true},
        {"net.ipv6.route.gc_min_interval_ms", "5", false},
        {"net.ipv6.route.flush", "5", true},
        {"net.ipv6.conf.eth0/100.disable_ipv6", "1", true},
        {"net.ipv4.tcp_congestion_control", "nosuch", true},
        {"net.ipv4.tcp_congestion_control", "reno", false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        cr_assert_eq(sysctl_side_effect(rows[i].key, rows[i].value) != NULL, rows[i].has, "%s",
                     rows[i].key);
}
