/* Interfaces of a lab, compared with what ip says of them. */
#include "tests/lib/wire_lab.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>

/* What a shell command prints in a network. Static until the next call. */
static const char *shell(int network, const char *command)
{
    static char text[65536];
    lab_go(network);
    FILE *pipe = popen(command, "re");
    cr_assert_not_null(pipe);
    size_t n = fread(text, 1, sizeof(text) - 1, pipe);
    text[n] = '\0';
    pclose(pipe);
    return text;
}

#define assert_says(network, command, wanted)                                                 \
    do {                                                                                      \
        const char *said_ = shell(network, command);                                          \
        cr_assert_not_null(strstr(said_, wanted), "`%s` says no \"%s\": %s", command, wanted, \
                           said_);                                                            \
    } while (0)

#define assert_says_nothing_of(network, command, unwanted)                                        \
    do {                                                                                          \
        const char *said_ = shell(network, command);                                              \
        cr_assert_null(strstr(said_, unwanted), "`%s` has \"%s\": %s", command, unwanted, said_); \
    } while (0)

static uint32_t offload(int network, const char *name, uint32_t command)
{
    struct ethtool_value value = {.cmd = command, .data = 77};
    struct ifreq request = {.ifr_data = (char *)&value};
    lab_go(network);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    strncpy(request.ifr_name, name, IFNAMSIZ - 1);
    cr_assert_eq(ioctl(fd, SIOCETHTOOL, &request), 0, "%s", strerror(errno));
    close(fd);
    return value.data;
}

/* GRO is off to begin with. */
static void switch_gro_on(const char *name)
{
    struct ethtool_value value = {.cmd = ETHTOOL_SGRO, .data = 1};
    struct ifreq request = {.ifr_data = (char *)&value};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    strncpy(request.ifr_name, name, IFNAMSIZ - 1);
    cr_assert_eq(ioctl(fd, SIOCETHTOOL, &request), 0, "%s", strerror(errno));
    close(fd);
}

static const uint32_t offloads[] = {ETHTOOL_GTXCSUM, ETHTOOL_GRXCSUM, ETHTOOL_GSG,
                                    ETHTOOL_GTSO,    ETHTOOL_GGSO,    ETHTOOL_GGRO};

Test(link, veth)
{
    int peer = lab_new_network(), here = lab_new_network();
    lab_ok(link_add_veth("server0", 0x11, "eth0", 1, peer));
    assert_says(here, "ip link show server0", "02:00:00:00:00:11");
    assert_says(here, "ip link show server0", "state DOWN");
    assert_says(peer, "ip link show eth0", "02:00:00:00:00:01");
    lab_go(here);
    cr_assert_eq(link_add_veth("server0", 0x11, "eth1", 1, peer), -EEXIST);
    cr_assert_eq(link_add_veth("a-name-that-is-too-long", 0x11, "eth1", 1, peer), -ERANGE);
    cr_assert_lt(link_add_veth("b", 0x11, "eth1", 1, 9999), 0, "no such namespace");
}

Test(link, no_offloads)
{
    int peer = lab_new_network(), here = lab_new_network();
    unsigned on = 0;
    lab_ok(link_add_veth("server0", 0x11, "eth0", 1, peer));
    switch_gro_on("server0");
    for (size_t i = 0; i < sizeof(offloads) / sizeof(*offloads); i++)
        on += offload(here, "server0", offloads[i]);
    cr_assert_eq(on, 6, "a veth pair has %u of them on: some are not tested", on);
    lab_go(here);
    lab_ok(link_no_offloads("server0"));
    for (size_t i = 0; i < sizeof(offloads) / sizeof(*offloads); i++)
        cr_assert_eq(offload(here, "server0", offloads[i]), 0, "number %zu", i);
    lab_ok(link_no_offloads("lo")); /* has some that it keeps */
    cr_assert_eq(link_no_offloads("none0"), -ENODEV);
}

Test(link, up_without_a_link_local_address)
{
    int peer = lab_new_network(), here = lab_new_network();
    lab_ok(link_add_veth("server0", 0x11, "eth0", 1, peer));
    lab_ok(link_up("server0"));
    lab_go(peer);
    lab_ok(link_up("eth0"));
    lab_until(strstr(shell(peer, "ip link show eth0"), "state UP"));
    assert_says(peer, "ip -d link show eth0", "addrgenmode none");
    assert_says(here, "ip -d link show server0", "addrgenmode none");
    assert_says_nothing_of(peer, "ip -6 address show dev eth0", "inet6");
    lab_go(here);
    cr_assert_eq(link_up("none0"), -ENODEV);
}

Test(link, addresses)
{
    int peer = lab_new_network(), here = lab_new_network();
    lab_ok(link_add_veth("server0", 0x11, "eth0", 1, peer));
    lab_ok(link_add_address("server0", "192.0.2.1", 24));
    lab_ok(link_add_address("server0", "2001:db8::1", 64));
    lab_ok(link_up("server0"));
    lab_go(peer);
    lab_ok(link_up("eth0"));
    assert_says(here, "ip address show dev server0", "inet 192.0.2.1/24");
    assert_says(here, "ip address show dev server0", "inet6 2001:db8::1/64");
    assert_says_nothing_of(here, "ip address show dev server0", "tentative");
    lab_go(here);
    cr_assert_eq(link_add_address("server0", "192.0.2.1", 24), -EEXIST);
    cr_assert_eq(link_add_address("server0", "192.0.2", 24), -EINVAL);
    cr_assert_eq(link_add_address("server0", "2001:db8:::1", 64), -EINVAL);
    cr_assert_eq(link_add_address("none0", "192.0.2.3", 24), -ENODEV);
}

Test(link, neighbours)
{
    int peer = lab_new_network(), here = lab_new_network();
    lab_ok(link_add_veth("server0", 0x11, "eth0", 1, peer));
    lab_ok(link_up("server0"));
    lab_ok(link_add_neighbour("server0", "192.0.2.2", 2));
    lab_ok(link_add_neighbour("server0", "2001:db8::2", 2));
    lab_ok(link_add_neighbour("server0", "192.0.2.2", 3));
    assert_says(here, "ip neighbour", "192.0.2.2 dev server0 lladdr 02:00:00:00:00:03 PERMANENT");
    assert_says(here, "ip neighbour", "2001:db8::2 dev server0 lladdr 02:00:00:00:00:02 PERMANENT");
    lab_go(here);
    cr_assert_eq(link_add_neighbour("server0", "nobody", 3), -EINVAL);
    cr_assert_eq(link_add_neighbour("none0", "192.0.2.2", 3), -ENODEV);
}

/* Nobody asks who is where, or whether an address is taken, before the first SYN. */
static int64_t questions(int network)
{
    return atoll(shell(network, "nstat -asz Icmp6OutNeighborSolicits Icmp6OutRouterSolicits | awk "
                                "'{n += $2} END {print n}'"));
}

Test(link, no_neighbour_discovery)
{
    lab_open_hosts(AF_INET6);
    lab_open_wire((struct wire_args){0});
    int listener = lab_listen(1), client = lab_connect(0);
    lab_settle();
    cr_assert_eq(questions(net.server), 0);
    cr_assert_eq(questions(net.client), 0);
    close(client);
    close(listener);
    lab_close();
}

Test(link, dropped)
{
    uint64_t n = 77;
    lab_new_network();
    lab_ok(link_dropped("lo", &n));
    cr_assert_eq(n, 0);
    cr_assert_eq(link_dropped("none0", &n), -ENODEV);
}
