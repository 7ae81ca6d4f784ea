#include "bench/observe/state_lifetime.h"

#include <errno.h>
#include <stdlib.h>

/* Of one connection, from one end's view. */
struct closing_times {
    uint32_t fin_end; /* the number that acknowledges its own FIN */
    bool fin_sent;
    int64_t acknowledged_ns; /* when that reached it; 0: not yet */
    int64_t peer_fin_ns;     /* when the peer's FIN reached it, the last time */
};

/* `own`: the direction in which that end sends. */
static void add(struct closing_times *c, const struct segment *s, enum direction own)
{
    if (s->direction == own) {
        if (s->flags & SEGMENT_SYN) /* the tuple's next connection */
            *c = (struct closing_times){0};
        if (s->flags & SEGMENT_FIN) {
            c->fin_sent = true;
            c->fin_end = s->sequence + s->payload + 1;
        }
        return;
    }
    if (s->fate != SEGMENT_DELIVERED)
        return;
    if ((s->flags & SEGMENT_ACK) && c->fin_sent && s->acknowledged == c->fin_end &&
        !c->acknowledged_ns)
        c->acknowledged_ns = s->out_ns;
    if (s->flags & SEGMENT_FIN)
        c->peer_fin_ns = s->out_ns;
}

static int64_t closing_began_ns(const struct closing_times *c, enum sockdiag_state state)
{
    if (!c->acknowledged_ns || state == SOCKDIAG_FIN_WAIT_2)
        return c->acknowledged_ns;
    return c->peer_fin_ns > c->acknowledged_ns ? c->peer_fin_ns
           : c->peer_fin_ns                    ? c->acknowledged_ns
                                               : 0;
}

static void count(struct state_lifetime *l, double there_s, double gone_s)
{
    if (!l->ended || gone_s < l->gone_first_s)
        l->gone_first_s = gone_s;
    if (!l->ended || there_s > l->there_last_s)
        l->there_last_s = there_s;
    l->ended++;
}

int state_lifetime_measure(const struct segment *segments, size_t n, const struct history *h,
                           enum side side, enum sockdiag_state state, struct state_lifetime *ret)
{
    size_t n_entries;
    const struct history_entry *entries = history_entries(h, &n_entries);
    struct closing_times *times = calloc(n_entries + 1, sizeof(*times));
    ret->ended = ret->still = 0;
    if (!times)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++) {
        const struct history_entry *e = history_find(h, &segments[i].id);
        if (e)
            add(&times[e - entries], &segments[i], side == SIDE_SERVER ? TO_CLIENT : TO_SERVER);
    }
    for (size_t i = 0; i < n_entries; i++) {
        const struct history_side *s = &entries[i].side[side];
        int64_t began_ns = closing_began_ns(&times[i], state);
        if (s->state != state || !began_ns)
            continue;
        if (s->missing_ns)
            count(ret, (double)(s->last_ns[state] - began_ns) / 1e9,
                  (double)(s->missing_ns - began_ns) / 1e9);
        else
            ret->still++;
    }
    free(times);
    return 0;
}

size_t state_lifetime_ever(const struct history *h, enum side side, enum sockdiag_state state)
{
    size_t n, ever = 0;
    const struct history_entry *entries = history_entries(h, &n);
    for (size_t i = 0; i < n; i++)
        ever += entries[i].side[side].first_ns[state] != 0;
    return ever;
}
