#include "bench/observe/pcapng.h"
#include "bench/observe/pcap.h"
#include "common/process/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#define PCAPNG_LINKTYPE_ETHERNET 1
#define PCAPNG_TEXT_MAX          32768 /* bytes; a text is cut there */
#define PCAPNG_BLOCK_MAX         (4 * PCAPNG_TEXT_MAX)

enum {
    BLOCK_INTERFACE = 1,
    BLOCK_NAMES = 4,
    BLOCK_STATISTICS = 5,
    BLOCK_PACKET = 6,
    BLOCK_SECTION = 0x0a0d0d0a,
};

enum {
    OPTION_END = 0,
    OPTION_COMMENT = 1,
    OPTION_OS = 3, /* of the section */
    OPTION_PROGRAM = 4,
    OPTION_INTERFACE_NAME = 2,
    OPTION_RESOLUTION = 9,
    OPTION_FLAGS = 2, /* of a packet */
    OPTION_START = 2, /* of the statistics */
    OPTION_STOP = 3,
    OPTION_RECEIVED = 4,
};

enum { NAMES_END = 0, NAMES_IPV4 = 1, NAMES_IPV6 = 2 };

enum interface { INTERFACE_SERVER, INTERFACE_CLIENT, INTERFACES };

/* A block is put together here, for its length stands before it. */
struct pcapng_block {
    uint32_t length;
    uint8_t bytes[PCAPNG_BLOCK_MAX];
};

/* A segment at one end. */
struct pcapng_packet {
    int64_t at_ns;
    size_t segment;
    bool arrived;
};

struct pcapng {
    FILE *file;
    const struct pcapng_args *args;
    const struct segment *segments;
    struct pcapng_packet *packets;
    size_t n;
    int64_t wall_offset_ns;
    struct pcapng_block block;
};

/* --- blocks --- */

static void block_put(struct pcapng_block *b, const void *bytes, size_t n)
{
    memcpy(b->bytes + b->length, bytes, n);
    b->length += (uint32_t)n;
}

static void block_put16(struct pcapng_block *b, uint16_t number)
{
    block_put(b, &number, sizeof(number));
}

static void block_put32(struct pcapng_block *b, uint32_t number)
{
    block_put(b, &number, sizeof(number));
}

static void block_pad(struct pcapng_block *b)
{
    static const uint8_t nothing[4];
    block_put(b, nothing, -b->length % 4);
}

static void block_begin(struct pcapng_block *b, uint32_t type)
{
    b->length = 0;
    block_put32(b, type);
    block_put32(b, 0); /* its length: block_write() */
}

static void block_option(struct pcapng_block *b, uint16_t code, const void *bytes, size_t n)
{
    block_put16(b, code);
    block_put16(b, (uint16_t)n);
    block_put(b, bytes, n);
    block_pad(b);
}

static void block_option_text(struct pcapng_block *b, uint16_t code, const char *text)
{
    size_t n = strlen(text);
    block_option(b, code, text, n < PCAPNG_TEXT_MAX ? n : PCAPNG_TEXT_MAX);
}

/* The upper half first, whatever the byte order. */
static void block_put_time(struct pcapng_block *b, uint64_t ns)
{
    block_put32(b, (uint32_t)(ns >> 32));
    block_put32(b, (uint32_t)ns);
}

static void block_option_time(struct pcapng_block *b, uint16_t code, uint64_t ns)
{
    const uint32_t halves[] = {(uint32_t)(ns >> 32), (uint32_t)ns};
    block_option(b, code, halves, sizeof(halves));
}

static int block_write(struct pcapng_block *b, FILE *file)
{
    uint32_t length = b->length + (uint32_t)sizeof(length);
    block_put32(b, length);
    memcpy(b->bytes + 4, &length, sizeof(length));
    return fwrite(b->bytes, 1, length, file) == length ? 0 : -errno;
}

/* --- what the file has --- */

static int put_section(struct pcapng *p)
{
    struct pcapng_block *b = &p->block;
    struct utsname kernel;
    char os[sizeof(kernel.sysname) + sizeof(kernel.release) + 1];
    uname(&kernel);
    snprintf(os, sizeof(os), "%s %s", kernel.sysname, kernel.release);
    block_begin(b, BLOCK_SECTION);
    block_put32(b, 0x1a2b3c4d); /* in the byte order of this machine */
    block_put16(b, 1);
    block_put16(b, 0); /* version 1.0 */
    block_put32(b, UINT32_MAX);
    block_put32(b, UINT32_MAX); /* the section ends with the file */
    block_option_text(b, OPTION_COMMENT, p->args->comment);
    block_option_text(b, OPTION_OS, os);
    block_option_text(b, OPTION_PROGRAM, p->args->program);
    block_option(b, OPTION_END, "", 0);
    return block_write(b, p->file);
}

static int put_interface(struct pcapng *p, enum interface which)
{
    struct pcapng_block *b = &p->block;
    const uint8_t nanoseconds = 9; /* 10^-9 s */
    block_begin(b, BLOCK_INTERFACE);
    block_put16(b, PCAPNG_LINKTYPE_ETHERNET);
    block_put16(b, 0);
    block_put32(b, SEGMENT_SNAP);
    block_option_text(b, OPTION_INTERFACE_NAME, which == INTERFACE_SERVER ? "server" : "client");
    block_option(b, OPTION_RESOLUTION, &nanoseconds, sizeof(nanoseconds));
    block_option(b, OPTION_END, "", 0);
    return block_write(b, p->file);
}

static void put_name(struct pcapng_block *b, const char *address, const char *name)
{
    uint8_t bytes[16];
    bool v6 = address && inet_pton(AF_INET6, address, bytes) == 1;
    size_t size = v6 ? 16 : 4, length = strlen(name) + 1;
    if (!address || (!v6 && inet_pton(AF_INET, address, bytes) != 1))
        return;
    block_put16(b, v6 ? NAMES_IPV6 : NAMES_IPV4);
    block_put16(b, (uint16_t)(size + length));
    block_put(b, bytes, size);
    block_put(b, name, length);
    block_pad(b);
}

/* On one host both have the same address. */
static int put_names(struct pcapng *p)
{
    const char *server = p->args->server_address, *client = p->args->client_address;
    if (!server || !client || !strcmp(server, client))
        return 0;
    block_begin(&p->block, BLOCK_NAMES);
    put_name(&p->block, server, "server");
    put_name(&p->block, client, "client");
    block_put16(&p->block, NAMES_END);
    block_put16(&p->block, 0);
    return block_write(&p->block, p->file);
}

static enum interface packet_interface(const struct segment *s, bool arrived)
{
    return (s->direction == TO_SERVER) == arrived ? INTERFACE_SERVER : INTERFACE_CLIENT;
}

static int put_packet(struct pcapng *p, const struct pcapng_packet *packet)
{
    struct pcapng_block *b = &p->block;
    const struct segment *s = &p->segments[packet->segment];
    const char *comment = p->args->comments ? p->args->comments[packet->segment] : NULL;
    bool last = packet->arrived || s->fate != SEGMENT_DELIVERED;
    const uint32_t flags = packet->arrived ? 1 : 2; /* inbound, outbound */
    block_begin(b, BLOCK_PACKET);
    block_put32(b, packet_interface(s, packet->arrived));
    block_put_time(b, (uint64_t)(packet->at_ns + p->wall_offset_ns));
    block_put32(b, s->snap_length);
    block_put32(b, s->frame_length);
    block_put(b, s->snap, s->snap_length);
    block_pad(b);
    if (comment && last)
        block_option_text(b, OPTION_COMMENT, comment);
    block_option(b, OPTION_FLAGS, &flags, sizeof(flags));
    block_option(b, OPTION_END, "", 0);
    return block_write(b, p->file);
}

static int put_statistics(struct pcapng *p, enum interface which)
{
    struct pcapng_block *b = &p->block;
    uint64_t received = 0, now_ns = (uint64_t)(clock_now_ns() + p->wall_offset_ns);
    uint64_t began_ns = p->n ? (uint64_t)(p->packets[0].at_ns + p->wall_offset_ns) : now_ns;
    for (size_t i = 0; i < p->n; i++)
        received +=
            packet_interface(&p->segments[p->packets[i].segment], p->packets[i].arrived) == which;
    block_begin(b, BLOCK_STATISTICS);
    block_put32(b, which);
    block_put_time(b, now_ns);
    block_option_time(b, OPTION_START, began_ns);
    block_option_time(b, OPTION_STOP, now_ns);
    block_option(b, OPTION_RECEIVED, &received, sizeof(received));
    block_option(b, OPTION_END, "", 0);
    return block_write(b, p->file);
}

/* --- the order of time --- */

static int packet_order(const void *a, const void *b)
{
    const struct pcapng_packet *x = a, *y = b;
    if (x->at_ns != y->at_ns)
        return x->at_ns < y->at_ns ? -1 : 1;
    if (x->segment != y->segment)
        return x->segment < y->segment ? -1 : 1;
    return x->arrived - y->arrived;
}

static int make_packets(struct pcapng *p, size_t n)
{
    p->packets = calloc(n ? 2 * n : 1, sizeof(*p->packets));
    if (!p->packets)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++) {
        const struct segment *s = &p->segments[i];
        if (!s->copy)
            p->packets[p->n++] = (struct pcapng_packet){s->at_ns, i, false};
        if (s->fate == SEGMENT_DELIVERED)
            p->packets[p->n++] = (struct pcapng_packet){s->out_ns, i, true};
    }
    qsort(p->packets, p->n, sizeof(*p->packets), packet_order);
    return 0;
}

static int put_all(struct pcapng *p)
{
    int r = put_section(p);
    for (int i = 0; i < INTERFACES && !r; i++)
        r = put_interface(p, i);
    if (!r)
        r = put_names(p);
    for (size_t i = 0; i < p->n && !r; i++)
        r = put_packet(p, &p->packets[i]);
    for (int i = 0; i < INTERFACES && !r; i++)
        r = put_statistics(p, i);
    return r;
}

int pcapng_write(const char *path, const struct pcapng_args *args, const struct segment *segments,
                 size_t n)
{
    struct pcapng *p = calloc(1, sizeof(*p));
    if (!p)
        return -ENOMEM;
    p->args = args;
    p->segments = segments;
    p->wall_offset_ns = pcap_wall_offset_ns();
    p->file = fopen(path, "we");
    int r = p->file ? make_packets(p, n) : -errno;
    if (!r)
        r = put_all(p);
    if (p->file && fclose(p->file) && !r)
        r = -errno;
    free(p->packets);
    free(p);
    return r;
}
