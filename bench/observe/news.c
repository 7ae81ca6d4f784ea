#include "bench/observe/news.h"

struct news {
    bool begun, acknowledges, reset;
    uint32_t end, acknowledged; /* the furthest so far */
};

static bool news_is_after(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) > 0;
}

static bool news_take(struct news *news, const struct segment *s)
{
    uint32_t end = s->sequence + s->payload + !!(s->flags & SEGMENT_SYN) + !!(s->flags & SEGMENT_FIN);
    if (s->flags & SEGMENT_RST) { /* its numbers may be made up */
        bool first = !news->reset;
        news->reset = true;
        return first;
    }
    bool new_end = end != s->sequence && (!news->begun || news_is_after(end, news->end));
    bool new_ack =
        s->flags & SEGMENT_ACK && (!news->acknowledges || news_is_after(s->acknowledged, news->acknowledged));
    if (!news->begun || new_end)
        news->end = end;
    if (new_ack)
        news->acknowledged = s->acknowledged;
    news->begun = true;
    news->acknowledges |= new_ack;
    return new_end || new_ack;
}

size_t news_count(const struct segment *segments, size_t n, uint16_t client_port, int64_t from_ns)
{
    struct news news[2] = {0};
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        if (segments[i].id.client_port == client_port && !segments[i].copy &&
            news_take(&news[segments[i].direction], &segments[i]))
            count += segments[i].at_ns >= from_ns;
    return count;
}
