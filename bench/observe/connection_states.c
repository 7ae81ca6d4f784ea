#include "bench/observe/connection_states.h"

#define PATH_MAX_STATES 32 /* between two looks */
/* from an ACK to the RST that the request's own code answers it by (tcp_check_req()) */
#define EMBRYONIC_NS 1000000

/* A segment at this end: sent, or arrived. */
struct event {
    const struct segment *segment;
    bool sent;
    int64_t at_ns;
};

struct machine {
    const struct connection_story *story;
    unsigned state;
    bool fin_sent;
    uint32_t fin_end; /* the number that acknowledges it */
};

struct path {
    struct {
        int64_t at_ns;
        unsigned state;
    } steps[PATH_MAX_STATES];
    size_t n;
};

/* False: it never arrived here. */
static bool at_this_end(const struct connection_story *story, const struct segment *s,
                        struct event *ret)
{
    bool sent = (s->direction == TO_SERVER) == (story->side == SIDE_CLIENT);
    *ret = (struct event){.segment = s, .sent = sent, .at_ns = sent ? s->at_ns : s->out_ns};
    return sent ? !s->copy : s->fate == SEGMENT_DELIVERED && s->out_ns;
}

static void note_fin(struct machine *m, const struct event *e)
{
    const struct segment *s = e->segment;
    if (!e->sent || !(s->flags & SEGMENT_FIN))
        return;
    m->fin_sent = true;
    m->fin_end = s->sequence + s->payload + 1;
}

/* From no socket, or one that TIME_WAIT gave up for it. */
static unsigned after_none(const struct machine *m, unsigned flags, bool sent)
{
    bool syn = flags & SEGMENT_SYN, ack = flags & SEGMENT_ACK;
    if (sent && syn && !ack)
        return SOCKDIAG_SYN_SENT;
    if (sent && syn)
        return m->story->cookies ? m->state : SOCKDIAG_SYN_RECV;
    return m->story->cookies && m->story->side == SIDE_SERVER && !sent && ack && !syn && !m->state
               ? SOCKDIAG_ESTABLISHED
               : m->state;
}

static unsigned after_fin_wait_1(bool fin, bool acknowledged)
{
    if (fin)
        return acknowledged ? SOCKDIAG_TIME_WAIT : SOCKDIAG_CLOSING;
    return acknowledged ? SOCKDIAG_FIN_WAIT_2 : SOCKDIAG_FIN_WAIT_1;
}

static unsigned after(const struct machine *m, const struct event *e)
{
    const struct segment *s = e->segment;
    bool sent = e->sent, ack = s->flags & SEGMENT_ACK, fin = s->flags & SEGMENT_FIN;
    bool acknowledged = !sent && ack && m->fin_sent && (int32_t)(s->acknowledged - m->fin_end) >= 0;
    if (s->flags & SEGMENT_RST)
        return 0;
    switch (m->state) {
    case 0:
    case SOCKDIAG_CLOSE:
    case SOCKDIAG_TIME_WAIT:
        return after_none(m, s->flags, sent);
    case SOCKDIAG_SYN_SENT:
        if (sent || !(s->flags & SEGMENT_SYN))
            return m->state;
        return ack ? SOCKDIAG_ESTABLISHED : SOCKDIAG_SYN_RECV;
    case SOCKDIAG_SYN_RECV:
        if (sent || !ack)
            return m->state;
        return fin ? SOCKDIAG_CLOSE_WAIT : SOCKDIAG_ESTABLISHED;
    case SOCKDIAG_ESTABLISHED:
        return !fin ? m->state : sent ? SOCKDIAG_FIN_WAIT_1 : SOCKDIAG_CLOSE_WAIT;
    case SOCKDIAG_FIN_WAIT_1:
        return sent ? m->state : after_fin_wait_1(fin, acknowledged);
    case SOCKDIAG_FIN_WAIT_2:
        return fin && !sent ? SOCKDIAG_TIME_WAIT : m->state;
    case SOCKDIAG_CLOSING:
        return acknowledged ? SOCKDIAG_TIME_WAIT : m->state;
    case SOCKDIAG_CLOSE_WAIT:
        return fin && sent ? SOCKDIAG_LAST_ACK : m->state;
    case SOCKDIAG_LAST_ACK:
        return acknowledged ? 0 : m->state;
    default:
        return m->state;
    }
}

/* A request whose third ACK is answered by a RST never was a socket: it goes from SYN_RECV to
 * nothing. */
static void leave_out_embryonic(const struct machine *m, struct path *path)
{
    unsigned before = path->n > 2 ? path->steps[path->n - 3].state : m->state;
    if (m->story->side != SIDE_SERVER || path->n < 2 || path->steps[path->n - 1].state ||
        path->steps[path->n - 2].state != SOCKDIAG_ESTABLISHED || before != SOCKDIAG_SYN_RECV ||
        path->steps[path->n - 1].at_ns - path->steps[path->n - 2].at_ns > EMBRYONIC_NS)
        return;
    path->steps[path->n - 2] = path->steps[path->n - 1];
    path->n--;
}

/* The way from `state` through the events of that time, up to where it last comes to `to`; none:
 * it does not come there. */
static void find_path(struct machine m, int64_t from_ns, int64_t to_ns, unsigned to,
                      struct path *path)
{
    const struct machine begin = m;
    struct event e;
    size_t found = 0;
    path->n = 0;
    for (size_t i = 0; i < m.story->n_segments; i++) {
        if (!at_this_end(m.story, m.story->segments[i], &e) || e.at_ns > to_ns)
            continue;
        note_fin(&m, &e);
        unsigned next = e.at_ns > from_ns ? after(&m, &e) : m.state;
        if (next == m.state || path->n == PATH_MAX_STATES)
            continue;
        m.state = next;
        path->steps[path->n].at_ns = e.at_ns;
        path->steps[path->n++].state = next;
        found = next == to ? path->n : found;
    }
    path->n = found;
    leave_out_embryonic(&begin, path);
}

size_t connection_states(const struct connection_story *story, struct connection_state *ret,
                         size_t max)
{
    struct machine m = {.story = story};
    struct path path;
    size_t n = 0;
    bool held = false;
    int64_t last_ns = 0;
    for (size_t i = 0; i < story->n_changes; i++) {
        const struct history_change *c = story->changes[i];
        int64_t from_ns = c->not_ns > last_ns ? c->not_ns : last_ns;
        path.n = 0;
        if (c->state != m.state)
            find_path(m, from_ns, c->seen_ns, c->state, &path);
        for (size_t k = 0; k + 1 < path.n && n < max; k++)
            ret[n++] = (struct connection_state){.at_ns = path.steps[k].at_ns,
                                                 .state = path.steps[k].state,
                                                 .held = held && c->held};
        last_ns = path.n ? path.steps[path.n - 1].at_ns : c->seen_ns;
        held = c->held;
        m.state = c->state;
        if (n < max)
            ret[n++] = (struct connection_state){.at_ns = last_ns,
                                                 .state = c->state,
                                                 .held = held,
                                                 .not_ns = c->not_ns,
                                                 .seen_ns = c->seen_ns};
    }
    if (story->n_changes)
        return n;
    find_path(m, 0, INT64_MAX, 0, &path);
    for (size_t k = 0; k < path.n && n < max; k++)
        ret[n++] =
            (struct connection_state){.at_ns = path.steps[k].at_ns, .state = path.steps[k].state};
    return n;
}
