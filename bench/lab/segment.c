#include "bench/lab/segment.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum { ETHERNET_HEADER = 14, IPV4_HEADER = 20, IPV6_HEADER = 40, TCP_HEADER = 20 };
enum { ETHERNET_IPV4 = 0x0800, ETHERNET_IPV6 = 0x86dd };
/* of the fragment field: all but "don't fragment" and the reserved bit */
enum { IPV4_MORE_OR_OFFSET = 0x3fff };

/* What the network layer says about the segment inside. */
struct segment_packet {
    int family;
    const uint8_t *source, *destination;
    size_t address_size;
    size_t tcp_at;  /* offset of the TCP header in the frame */
    size_t tcp_end; /* offset of the byte after the last one of the segment: padding may follow */
};

static uint16_t read16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static uint32_t read32(const uint8_t *at)
{
    return (uint32_t)read16(at) << 16 | read16(at + 2);
}

static int read_ipv4(const uint8_t *frame, size_t length, size_t frame_length,
                     struct segment_packet *ret)
{
    const uint8_t *ip = frame + ETHERNET_HEADER;
    if (length < ETHERNET_HEADER + IPV4_HEADER || ip[0] >> 4 != 4 || ip[9] != IPPROTO_TCP)
        return -ENOMSG;
    if (read16(ip + 6) & IPV4_MORE_OR_OFFSET)
        return -ENOMSG; /* a fragment */
    size_t header = (size_t)(ip[0] & 0xf) * 4, total = read16(ip + 2);
    if (total == 0) /* too long to say: the loopback's, put together by segmentation offload */
        total = frame_length - ETHERNET_HEADER;
    if (header < IPV4_HEADER || total < header)
        return -EBADMSG;
    *ret = (struct segment_packet){
        .family = AF_INET, .source = ip + 12, .destination = ip + 16, .address_size = 4};
    ret->tcp_at = ETHERNET_HEADER + header;
    ret->tcp_end = ETHERNET_HEADER + total;
    return 0;
}

static int read_ipv6(const uint8_t *frame, size_t length, size_t frame_length,
                     struct segment_packet *ret)
{
    const uint8_t *ip = frame + ETHERNET_HEADER;
    if (length < ETHERNET_HEADER + IPV6_HEADER || ip[0] >> 4 != 6 || ip[6] != IPPROTO_TCP)
        return -ENOMSG;
    size_t payload = read16(ip + 4);
    if (payload == 0) /* as above */
        payload = frame_length - ETHERNET_HEADER - IPV6_HEADER;
    *ret = (struct segment_packet){
        .family = AF_INET6, .source = ip + 8, .destination = ip + 24, .address_size = 16};
    ret->tcp_at = ETHERNET_HEADER + IPV6_HEADER;
    ret->tcp_end = ret->tcp_at + payload;
    return 0;
}

static int read_packet(const uint8_t *frame, size_t length, size_t frame_length,
                       struct segment_packet *ret)
{
    if (length < ETHERNET_HEADER)
        return -ENOMSG;
    switch (read16(frame + 12)) {
    case ETHERNET_IPV4:
        return read_ipv4(frame, length, frame_length, ret);
    case ETHERNET_IPV6:
        return read_ipv6(frame, length, frame_length, ret);
    default:
        return -ENOMSG;
    }
}

static int segment_direction(int given, uint16_t server_port, uint16_t source_port,
                             uint16_t destination_port)
{
    if (given >= 0)
        return given;
    if (destination_port == server_port)
        return TO_SERVER;
    return source_port == server_port ? TO_CLIENT : -ENOMSG;
}

static void identify(const struct segment_packet *packet, const uint8_t *tcp, struct segment *s)
{
    bool to_server = s->direction == TO_SERVER;
    uint16_t source_port = read16(tcp), destination_port = read16(tcp + 2);
    memset(&s->id, 0, sizeof(s->id));
    s->id.family = packet->family;
    memcpy(s->id.client, to_server ? packet->source : packet->destination, packet->address_size);
    memcpy(s->id.server, to_server ? packet->destination : packet->source, packet->address_size);
    s->id.client_port = to_server ? source_port : destination_port;
    s->id.server_port = to_server ? destination_port : source_port;
}

int segment_read(const uint8_t *frame, size_t length, size_t frame_length, int direction,
                 uint16_t server_port, struct segment *ret)
{
    struct segment_packet packet;
    if (frame_length < length)
        frame_length = length;
    int r = read_packet(frame, length, frame_length, &packet);
    if (r)
        return r;
    if (packet.tcp_at + TCP_HEADER > length || packet.tcp_end > frame_length)
        return -EBADMSG;
    const uint8_t *tcp = frame + packet.tcp_at;
    size_t header = (size_t)(tcp[12] >> 4) * 4;
    if (header < TCP_HEADER || packet.tcp_at + header > length ||
        packet.tcp_at + header > packet.tcp_end)
        return -EBADMSG;
    r = segment_direction(direction, server_port, read16(tcp), read16(tcp + 2));
    if (r < 0)
        return r;
    ret->direction = (enum direction)r;
    identify(&packet, tcp, ret);
    ret->sequence = read32(tcp + 4);
    ret->acknowledged = read32(tcp + 8);
    ret->flags = tcp[13];
    ret->window = read16(tcp + 14);
    ret->payload = (uint32_t)(packet.tcp_end - packet.tcp_at - header);
    ret->frame_length = (uint32_t)frame_length;
    ret->snap_length = (uint16_t)(length < SEGMENT_SNAP ? length : SEGMENT_SNAP);
    memcpy(ret->snap, frame, ret->snap_length);
    return 0;
}

bool connection_id_same(const struct connection_id *a, const struct connection_id *b)
{
    return memcmp(a, b, sizeof(*a)) == 0;
}

uint64_t connection_id_hash(const struct connection_id *id)
{
    const uint8_t *bytes = (const uint8_t *)id;
    uint64_t hash = 0xcbf29ce484222325u;
    _Static_assert(sizeof(*id) % sizeof(uint32_t) == 0, "hashed by words");
    for (size_t i = 0; i < sizeof(*id); i += sizeof(uint32_t)) {
        uint32_t word;
        memcpy(&word, bytes + i, sizeof(word));
        hash = (hash ^ word) * 0x100000001b3u;
        hash ^= hash >> 29; /* else the low bits never hear of the high ones */
    }
    return hash;
}

const char *segment_name(const struct segment *s, char text[static SEGMENT_NAME_MAX])
{
    static const struct {
        uint8_t flag;
        const char *name;
    } flags[] = {
        {SEGMENT_SYN, "-SYN"}, {SEGMENT_FIN, "-FIN"}, {SEGMENT_RST, "-RST"}, {SEGMENT_ACK, "-ACK"}};
    char *end = text;
    bool only_data = s->payload && !(s->flags & (SEGMENT_SYN | SEGMENT_FIN | SEGMENT_RST));
    for (size_t i = 0; i < sizeof(flags) / sizeof(*flags) && !only_data; i++)
        if (s->flags & flags[i].flag)
            end = stpcpy(end, flags[i].name + (end == text)); /* no dash before the first */
    if (s->payload)
        strcpy(end, end == text ? "DATA" : "+DATA");
    else if (end == text)
        strcpy(end, "no flags");
    return text;
}
