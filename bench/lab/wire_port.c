#include "bench/lab/wire_port.h"
#include "bench/lab/link.h"
#include "bench/lab/wire_queue.h"
#include "common/process/clock.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/* the ring is allocated in pieces of this size: small enough for a full machine */
#define WIRE_PORT_BLOCK    65536u
#define WIRE_PORT_BATCH    64
#define WIRE_PORT_PAUSE_NS (50 * NS_PER_US)
#define WIRE_PORT_PATIENCE (20000) /* pauses: a second at least */

struct wire_port {
    int fd;
    uint8_t *ring;
    size_t ring_size;
    uint32_t slot_size, slots, next;
    char interface[IFNAMSIZ];
    uint64_t no_slot;         /* frames that found the ring full */
    uint64_t dropped, before; /* the interface's count, now and when the port was made */
};

static int set(const struct wire_port *p, int option, int value)
{
    return setsockopt(p->fd, SOL_PACKET, option, &value, sizeof(value)) ? -errno : 0;
}

static int open_ring(struct wire_port *p)
{
    int r = set(p, PACKET_VERSION, TPACKET_V2);
    if (r)
        return r;
    struct tpacket_req request = {
        .tp_block_size = WIRE_PORT_BLOCK,
        .tp_block_nr = p->slots / (WIRE_PORT_BLOCK / p->slot_size),
        .tp_frame_size = p->slot_size,
        .tp_frame_nr = p->slots,
    };
    if (setsockopt(p->fd, SOL_PACKET, PACKET_RX_RING, &request, sizeof(request)))
        return -errno;
    size_t size = (size_t)p->slots * p->slot_size;
    void *ring = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, p->fd, 0);
    if (ring == MAP_FAILED)
        return -errno;
    p->ring = ring;
    p->ring_size = size;
    return 0;
}

/* Last of all: from then on frames arrive. */
static int wire_port_bind(struct wire_port *p)
{
    int r = link_dropped(p->interface, &p->before);
    if (r)
        return r;
    p->dropped = p->before;
    struct ifreq interface = {
        /* if_nametoindex() needs a descriptor of its own, and tells its lack as another error */
        0};
    memcpy(interface.ifr_name, p->interface, sizeof(p->interface));
    if (ioctl(p->fd, SIOCGIFINDEX, &interface))
        return -errno;
    struct sockaddr_ll address = {.sll_family = AF_PACKET,
                                  .sll_protocol = htons(ETH_P_ALL),
                                  .sll_ifindex = interface.ifr_ifindex};
    if (bind(p->fd, (const struct sockaddr *)&address, sizeof(address)))
        return -errno;
    return 0;
}

int wire_port_new(const struct wire_port_args *args, struct wire_port **ret, const char **ret_step)
{
    struct wire_port *p = calloc(1, sizeof(*p));
    *ret_step = "packet socket";
    if (!p)
        return -ENOMEM;
    p->slot_size = args->slot_size;
    p->slots = args->slots;
    strncpy(p->interface, args->interface, sizeof(p->interface) - 1);
    p->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    int r = p->fd < 0 ? -errno : set(p, PACKET_IGNORE_OUTGOING, 1);
    if (!r)
        r = set(p, PACKET_QDISC_BYPASS, 1);
    if (!r) {
        *ret_step = "ring";
        r = open_ring(p);
    }
    if (!r) {
        *ret_step = "packet socket";
        r = wire_port_bind(p);
    }
    if (r) {
        wire_port_free(p);
        return r;
    }
    *ret = p;
    return 0;
}

void wire_port_free(struct wire_port *p)
{
    if (!p)
        return;
    if (p->ring)
        munmap(p->ring, p->ring_size);
    if (p->fd >= 0)
        close(p->fd);
    free(p);
}

int wire_port_fd(const struct wire_port *p)
{
    return p->fd;
}

void wire_port_clear_error(const struct wire_port *p)
{
    int error;
    socklen_t size = sizeof(error);
    getsockopt(p->fd, SOL_SOCKET, SO_ERROR, &error, &size);
}

static struct tpacket2_hdr *wire_port_slot(const struct wire_port *p)
{
    return (struct tpacket2_hdr *)(void *)(p->ring + (size_t)p->next * p->slot_size);
}

bool wire_port_peek(const struct wire_port *p, struct wire_port_frame *ret)
{
    struct tpacket2_hdr *slot = wire_port_slot(p);
    uint32_t status = __atomic_load_n(&slot->tp_status, __ATOMIC_ACQUIRE);
    if (!(status & TP_STATUS_USER))
        return false;
    *ret = (struct wire_port_frame){
        .bytes = (const uint8_t *)slot + slot->tp_mac,
        .length = slot->tp_snaplen,
        .frame_length = slot->tp_len,
        .realtime_ns = slot->tp_sec * NS_PER_S + slot->tp_nsec,
    };
    if (status & TP_STATUS_VLAN_VALID) {
        ret->tag[0] = htons(status & TP_STATUS_VLAN_TPID_VALID ? slot->tp_vlan_tpid : ETH_P_8021Q);
        ret->tag[1] = htons(slot->tp_vlan_tci);
    }
    return true;
}

void wire_port_next(struct wire_port *p)
{
    __atomic_store_n(&wire_port_slot(p)->tp_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
    p->next = p->next + 1 < p->slots ? p->next + 1 : 0;
}

static int send_some(const struct wire_port *p, struct wire_frame *const *frames, unsigned n)
{
    struct mmsghdr messages[WIRE_PORT_BATCH];
    struct iovec vectors[WIRE_PORT_BATCH];
    n = n < WIRE_PORT_BATCH ? n : WIRE_PORT_BATCH;
    for (unsigned i = 0; i < n; i++) {
        vectors[i] = (struct iovec){frames[i]->bytes, frames[i]->length};
        messages[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = &vectors[i], .msg_iovlen = 1}};
    }
    int sent = sendmmsg(p->fd, messages, n, MSG_DONTWAIT);
    return sent < 0 ? -errno : sent;
}

/* The receiving host's queue on this CPU is full (it drops the frame and says so), or the socket's
 * buffer is. Both are emptied by the kernel in time, unless something is badly wrong. */
static bool has_no_room(int error)
{
    return error == -ENOBUFS || error == -EAGAIN || error == -ENOMEM || error == -EINTR;
}

unsigned wire_port_send(const struct wire_port *p, struct wire_frame *const *frames, unsigned n,
                        int *ret_error)
{
    const struct timespec pause = {.tv_nsec = WIRE_PORT_PAUSE_NS};
    unsigned sent = 0;
    for (unsigned pauses = 0; sent < n;) {
        int r = send_some(p, frames + sent, n - sent);
        if (r > 0) {
            sent += (unsigned)r;
            pauses = 0;
            continue;
        }
        *ret_error = r;
        if (!has_no_room(r) || ++pauses > WIRE_PORT_PATIENCE)
            break;
        clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
    }
    return sent;
}

uint64_t wire_port_lost(struct wire_port *p)
{
    struct tpacket_stats stats = {0}; /* since the last time it was asked */
    socklen_t size = sizeof(stats);
    if (getsockopt(p->fd, SOL_PACKET, PACKET_STATISTICS, &stats, &size) == 0)
        p->no_slot += stats.tp_drops;
    link_dropped(p->interface, &p->dropped); /* where it is gone, with its last count */
    return p->no_slot + p->dropped - p->before;
}
