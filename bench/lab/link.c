#include "bench/lab/link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <linux/veth.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINK_MESSAGE_SIZE 1024

struct link_request {
    _Alignas(NLMSG_ALIGNTO) char buffer[LINK_MESSAGE_SIZE];
    struct nlmsghdr *message;
};

static void *request_new(struct link_request *r, uint16_t type, uint16_t flags, size_t body_size)
{
    r->message = mnl_nlmsg_put_header(r->buffer);
    r->message->nlmsg_type = type;
    r->message->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
    return mnl_nlmsg_put_extra_header(r->message, body_size);
}

struct link_reply {
    _Alignas(NLMSG_ALIGNTO) char buffer[LINK_MESSAGE_SIZE * 2];
    size_t length;
};

static int ask(const struct link_request *request, struct link_reply *reply)
{
    struct mnl_socket *socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
    if (!socket)
        return -errno;
    int r = 0;
    ssize_t got = 0;
    if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) ||
        mnl_socket_sendto(socket, request->message, request->message->nlmsg_len) < 0)
        r = -errno;
    while (!r && (got = mnl_socket_recvfrom(socket, reply->buffer, sizeof(reply->buffer))) < 0)
        r = errno == EINTR ? 0 : -errno;
    mnl_socket_close(socket);
    reply->length = (size_t)got;
    return r;
}

static int acknowledgement(const struct link_reply *reply)
{
    const struct nlmsghdr *message = (const struct nlmsghdr *)(const void *)reply->buffer;
    const struct nlmsgerr *answer = mnl_nlmsg_get_payload(message);
    if (!mnl_nlmsg_ok(message, (int)reply->length) || message->nlmsg_type != NLMSG_ERROR ||
        mnl_nlmsg_get_payload_len(message) < sizeof(*answer))
        return -EBADMSG;
    return answer->error;
}

/* Asks for a change, and waits until the kernel has made it. */
static int order(const struct link_request *request)
{
    struct link_reply reply;
    int r = ask(request, &reply);
    return r ? r : acknowledgement(&reply);
}

static int link_index(const char *name, unsigned *ret)
{
    /* if_nametoindex() tells the lack of a descriptor as another error */
    struct ifreq interface = {0};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    strncpy(interface.ifr_name, name, sizeof(interface.ifr_name) - 1);
    int r = fd < 0 || ioctl(fd, SIOCGIFINDEX, &interface) ? -errno : 0;
    if (fd >= 0)
        close(fd);
    *ret = (unsigned)interface.ifr_ifindex;
    return r;
}

static void put_ethernet(struct nlmsghdr *message, uint8_t ethernet)
{
    const uint8_t address[6] = {2, [5] = ethernet};
    mnl_attr_put(message, IFLA_ADDRESS, sizeof(address), address);
}

int link_add_veth(const char *name, uint8_t ethernet, const char *peer_name, uint8_t peer_ethernet,
                  int peer_namespace)
{
    struct link_request request;
    request_new(&request, RTM_NEWLINK, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL,
                sizeof(struct ifinfomsg));
    struct nlmsghdr *message = request.message;
    mnl_attr_put_strz(message, IFLA_IFNAME, name);
    put_ethernet(message, ethernet);
    struct nlattr *info = mnl_attr_nest_start(message, IFLA_LINKINFO);
    mnl_attr_put_strz(message, IFLA_INFO_KIND, "veth");
    struct nlattr *data = mnl_attr_nest_start(message, IFLA_INFO_DATA);
    struct nlattr *peer = mnl_attr_nest_start(message, VETH_INFO_PEER);
    mnl_nlmsg_put_extra_header(message, sizeof(struct ifinfomsg));
    mnl_attr_put_strz(message, IFLA_IFNAME, peer_name);
    put_ethernet(message, peer_ethernet);
    mnl_attr_put_u32(message, IFLA_NET_NS_FD, (uint32_t)peer_namespace);
    mnl_attr_nest_end(message, peer);
    mnl_attr_nest_end(message, data);
    mnl_attr_nest_end(message, info);
    return order(&request);
}

int link_no_offloads(const char *name)
{
    /* The checksums last: without them the kernel could not keep scatter-gather and TSO. */
    static const uint32_t commands[] = {ETHTOOL_SGRO, ETHTOOL_SGSO,    ETHTOOL_STSO,
                                        ETHTOOL_SSG,  ETHTOOL_STXCSUM, ETHTOOL_SRXCSUM};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int r = fd < 0 ? -errno : 0;
    for (size_t i = 0; i < sizeof(commands) / sizeof(*commands) && !r; i++) {
        struct ethtool_value off = {.cmd = commands[i], .data = 0};
        struct ifreq request = {.ifr_data = (char *)&off};
        strncpy(request.ifr_name, name, IFNAMSIZ - 1);
        if (ioctl(fd, SIOCETHTOOL, &request) &&
            errno != EOPNOTSUPP) /* the interface has no such thing, or cannot do without */
            r = -errno;
    }
    if (fd >= 0)
        close(fd);
    return r;
}

/* No address of the kernel's own making, and so no detection of duplicates and no router
 * solicitation. The kernel takes this for an interface that exists only. One without IPv6 has
 * nothing to switch off. */
static int no_link_local(unsigned index)
{
    struct link_request request;
    struct ifinfomsg *body = request_new(&request, RTM_NEWLINK, NLM_F_ACK, sizeof(*body));
    body->ifi_index = (int)index;
    struct nlattr *families = mnl_attr_nest_start(request.message, IFLA_AF_SPEC);
    struct nlattr *family = mnl_attr_nest_start(request.message, AF_INET6);
    mnl_attr_put_u8(request.message, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
    mnl_attr_nest_end(request.message, family);
    mnl_attr_nest_end(request.message, families);
    int r = order(&request);
    return r == -EAFNOSUPPORT || r == -EOPNOTSUPP ? 0 : r;
}

int link_up(const char *name)
{
    unsigned index;
    int r = link_index(name, &index);
    if (!r)
        r = no_link_local(index);
    if (r)
        return r;
    struct link_request request;
    struct ifinfomsg *body = request_new(&request, RTM_NEWLINK, NLM_F_ACK, sizeof(*body));
    body->ifi_index = (int)index;
    body->ifi_flags = IFF_UP;
    body->ifi_change = IFF_UP;
    return order(&request);
}

/* An address of either family from its text: its size, or -EINVAL. */
static int parse_address(const char *text, uint8_t ret[static 16], uint8_t *ret_family)
{
    *ret_family = strchr(text, ':') ? AF_INET6 : AF_INET;
    if (inet_pton(*ret_family, text, ret) != 1)
        return -EINVAL;
    return *ret_family == AF_INET6 ? 16 : 4;
}

int link_add_address(const char *name, const char *address, int prefix)
{
    unsigned index;
    uint8_t bytes[16], family;
    int size = parse_address(address, bytes, &family);
    int r = size < 0 ? size : link_index(name, &index);
    if (r)
        return r;
    struct link_request request;
    struct ifaddrmsg *body =
        request_new(&request, RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, sizeof(*body));
    body->ifa_family = family;
    body->ifa_prefixlen = (uint8_t)prefix;
    body->ifa_flags = IFA_F_PERMANENT | (family == AF_INET6 ? IFA_F_NODAD : 0);
    body->ifa_index = index;
    mnl_attr_put(request.message, IFA_LOCAL, (size_t)size, bytes);
    mnl_attr_put(request.message, IFA_ADDRESS, (size_t)size, bytes);
    return order(&request);
}

int link_add_neighbour(const char *name, const char *address, uint8_t ethernet)
{
    const uint8_t link_address[6] = {2, [5] = ethernet};
    unsigned index;
    uint8_t bytes[16], family;
    int size = parse_address(address, bytes, &family);
    int r = size < 0 ? size : link_index(name, &index);
    if (r)
        return r;
    struct link_request request;
    struct ndmsg *body = request_new(&request, RTM_NEWNEIGH,
                                     NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE, sizeof(*body));
    body->ndm_family = family;
    body->ndm_ifindex = (int)index;
    body->ndm_state = NUD_PERMANENT;
    mnl_attr_put(request.message, NDA_DST, (size_t)size, bytes);
    mnl_attr_put(request.message, NDA_LLADDR, sizeof(link_address), link_address);
    return order(&request);
}

static int read_dropped(const struct link_reply *reply, uint64_t *ret)
{
    const struct nlmsghdr *message = (const struct nlmsghdr *)(const void *)reply->buffer;
    const struct nlattr *attr; /* the macro below wants this name */
    struct rtnl_link_stats64 stats;
    if (mnl_nlmsg_ok(message, (int)reply->length) && message->nlmsg_type == NLMSG_ERROR)
        return acknowledgement(reply);
    if (!mnl_nlmsg_ok(message, (int)reply->length) || message->nlmsg_type != RTM_NEWSTATS)
        return -EBADMSG;
    mnl_attr_for_each(attr, message, sizeof(struct if_stats_msg))
    {
        if (mnl_attr_get_type(attr) != IFLA_STATS_LINK_64)
            continue;
        size_t size = mnl_attr_get_payload_len(attr);
        memset(&stats, 0, sizeof(stats));
        memcpy(&stats, mnl_attr_get_payload(attr), size < sizeof(stats) ? size : sizeof(stats));
        *ret = stats.rx_dropped;
        return 0;
    }
    return -EBADMSG;
}

int link_dropped(const char *name, uint64_t *ret)
{
    unsigned index;
    int r = link_index(name, &index);
    if (r)
        return r;
    struct link_request request;
    struct link_reply reply;
    struct if_stats_msg *body = request_new(&request, RTM_GETSTATS, 0, sizeof(*body));
    body->ifindex = index;
    body->filter_mask = IFLA_STATS_FILTER_BIT(IFLA_STATS_LINK_64);
    r = ask(&request, &reply);
    return r ? r : read_dropped(&reply, ret);
}
