#include "bench/trial/segments.h"
#include "bench/observe/new_content.h"
#include "bench/observe/retries.h"
#include "bench/trial/steps.h"

#include <stdint.h>

const struct segment *segments_next(const struct trial *t, const struct segment *last,
                                    uint16_t client_port)
{
    size_t n = 0;
    const struct segment *all = t->failure ? NULL : wire_segments(t->lab.wire, &n);
    for (const struct segment *s = last ? last + 1 : all; all && s < all + n; s++)
        if (!client_port || s->id.client_port == client_port)
            return s;
    return NULL;
}

struct kind {
    enum direction direction;
    unsigned mask, flags;
    enum fault_payload payload;
};

static bool is_of_kind(const struct segment *s, const struct kind *k)
{
    bool payload =
        k->payload == FAULT_ANY_PAYLOAD || (k->payload == FAULT_WITH_PAYLOAD) == (s->payload > 0);
    return s->direction == k->direction && !s->copy && (s->flags & k->mask) == k->flags && payload;
}

/* The n-th of that kind, or NULL. */
static const struct segment *find(const struct trial *t, const struct kind *k, int64_t n)
{
    SEGMENTS_EACH(s, t)
        if (is_of_kind(s, k) && --n == 0)
            return s;
    return NULL;
}

int64_t segments_count(const struct trial *t, enum direction direction, unsigned mask,
                       unsigned flags, enum fault_payload payload)
{
    const struct kind k = {direction, mask, flags, payload};
    int64_t count = 0;
    SEGMENTS_EACH(s, t)
        count += is_of_kind(s, &k);
    return count;
}

int64_t segments_arrived(const struct trial *t, enum direction direction, unsigned mask,
                         unsigned flags, enum fault_payload payload)
{
    const struct kind k = {direction, mask, flags, payload};
    int64_t count = 0;
    SEGMENTS_EACH(s, t)
        count += is_of_kind(s, &k) && s->fate == SEGMENT_DELIVERED;
    return count;
}

static bool is_again(const struct segment *s, const struct segment *earlier)
{
    return connection_id_same(&s->id, &earlier->id) && s->direction == earlier->direction &&
           s->flags == earlier->flags && s->sequence == earlier->sequence &&
           s->acknowledged == earlier->acknowledged && s->payload == earlier->payload;
}

int64_t segments_once(const struct trial *t, enum direction direction, unsigned mask,
                      unsigned flags, enum fault_payload payload)
{
    const struct kind k = {direction, mask, flags, payload};
    int64_t count = 0;
    SEGMENTS_EACH(s, t) {
        const struct segment *earlier = segments_next(t, NULL, 0);
        while (earlier < s && !is_again(s, earlier))
            earlier++;
        count += is_of_kind(s, &k) && earlier == s;
    }
    return count;
}

int64_t segments_sent_ns(const struct trial *t, enum direction direction, unsigned mask,
                         unsigned flags, enum fault_payload payload, int64_t n)
{
    const struct kind k = {direction, mask, flags, payload};
    const struct segment *s = find(t, &k, n);
    return s ? s->at_ns : 0;
}

int64_t segments_arrived_ns(const struct trial *t, enum direction direction, unsigned mask,
                            unsigned flags, enum fault_payload payload, int64_t n)
{
    const struct kind k = {direction, mask, flags, payload};
    const struct segment *s = find(t, &k, n);
    return s && s->fate == SEGMENT_DELIVERED ? s->out_ns : 0;
}

size_t segments_connections(const struct trial *t, enum direction direction, unsigned flags)
{
    size_t n = 0;
    const struct segment *all = t->failure ? NULL : wire_segments(t->lab.wire, &n);
    return retries_connections(all, n, direction, flags);
}

bool segments_retries(const struct trial *t, enum direction direction, unsigned flags, int n,
                      double *ret_first_s, double *ret_last_s)
{
    size_t size = 0;
    const struct segment *all = t->failure ? NULL : wire_segments(t->lab.wire, &size);
    size_t found = retries_find(all, size, direction, flags, n, ret_first_s, ret_last_s);
    return found && found != SIZE_MAX;
}

bool segments_again_in_vain(const struct trial *t, enum direction direction, unsigned flags)
{
    size_t size = 0;
    const struct segment *all = t->failure ? NULL : wire_segments(t->lab.wire, &size);
    size_t found = retries_in_vain(all, size, direction, flags);
    return found && found != SIZE_MAX;
}

void segments_see_retries(struct trial *t, enum direction direction, unsigned flags, int n,
                          const char *name)
{
    double first, last;
    for (int i = 1; i <= n && segments_retries(t, direction, flags, i, &first, &last); i++) {
        step_see(t, first, "%s_%d_first", name, i);
        step_see(t, last, "%s_%d_last", name, i);
    }
}

size_t segments_new_content(const struct trial *t, uint16_t client_port, int64_t from_ns)
{
    size_t n = 0;
    const struct segment *all = t->failure ? NULL : wire_segments(t->lab.wire, &n);
    return new_content_count(all, n, client_port, from_ns);
}
