#include "bench/observe/new_content.h"

struct told {
    bool begun, acknowledges, reset;
    uint32_t end, acknowledged; /* the furthest so far */
};

static bool is_after(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) > 0;
}

static bool take(struct told *told, const struct segment *s)
{
    uint32_t end =
        s->sequence + s->payload + !!(s->flags & SEGMENT_SYN) + !!(s->flags & SEGMENT_FIN);
    if (s->flags & SEGMENT_RST) { /* its numbers may be made up */
        bool first = !told->reset;
        told->reset = true;
        return first;
    }
    bool new_end = end != s->sequence && (!told->begun || is_after(end, told->end));
    bool new_ack = s->flags & SEGMENT_ACK &&
                   (!told->acknowledges || is_after(s->acknowledged, told->acknowledged));
    if (!told->begun || new_end)
        told->end = end;
    if (new_ack)
        told->acknowledged = s->acknowledged;
    told->begun = true;
    told->acknowledges |= new_ack;
    return new_end || new_ack;
}

size_t new_content_count(const struct segment *segments, size_t n, uint16_t client_port,
                         int64_t from_ns)
{
    struct told told[2] = {0};
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        if (segments[i].id.client_port == client_port && !segments[i].copy &&
            take(&told[segments[i].direction], &segments[i]))
            count += segments[i].at_ns >= from_ns;
    return count;
}
