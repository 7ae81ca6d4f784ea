#include "bench/model/queue.h"

#include <math.h>

#define NEVER 1e-9

static int64_t lesser(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t greater(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

int64_t queue_limit(int64_t backlog, int64_t somaxconn)
{
    return lesser((uint32_t)backlog, somaxconn);
}

int64_t queue_capacity(int64_t limit)
{
    return limit < INT64_MAX ? limit + 1 : limit;
}

/* Without cookies tcp_conn_request() keeps the last quarter of tcp_max_syn_backlog for peers it
 * knows: it drops while M - length < M >> 2. */
static int64_t unproven_peers(int64_t max_syn_backlog)
{
    return greater(max_syn_backlog - (max_syn_backlog >> 2) + 1, 0);
}

/* inet_csk_reqsk_queue_is_full() has the same limit as the accept queue; whether it compares like
 * that one is a matter of the kernel. */
static int64_t syn_queue_capacity(const struct conditions *c, int64_t limit)
{
    return c->rules.syn_queue_full == SYN_QUEUE_FULL_AT_LIMIT ? limit : queue_capacity(limit);
}

int64_t queue_requests(const struct conditions *c, int64_t limit)
{
    if (c->syncookies == 2)
        return 0;
    int64_t capacity = syn_queue_capacity(c, limit);
    return c->syncookies ? capacity : lesser(capacity, unproven_peers(c->max_syn_backlog));
}

struct conditions queue_of_proven_peer(const struct conditions *c)
{
    struct conditions proven = *c;
    proven.max_syn_backlog = INT32_MAX; /* so large that it is never the bound */
    return proven;
}

/* Of `third_acks` some come too late: the accept queue is full (tcp_v4_syn_recv_sock()). */
static void overflow(struct queue_burst *b, int64_t third_acks)
{
    b->queue_overflows += third_acks;
    b->listen_drops += third_acks;
}

/* The SYN queue is full, or tcp_max_syn_backlog says so. */
static void more_syns(struct queue_burst *b, const struct conditions *c, int64_t limit,
                      int64_t requests, int64_t syns)
{
    if (c->syncookies) {
        b->cookies = syns;
        return;
    }
    b->syn_sent = b->listen_drops = syns;
    /* tcp_syn_flood_action(); else it is tcp_max_syn_backlog, which has no counter */
    if (requests >= syn_queue_capacity(c, limit))
        b->request_full = syns;
}

/* The ACKs of cookies that found no room. */
static void late_cookies(struct queue_burst *b, const struct conditions *c, int64_t late)
{
    if (c->abort_on_overflow && c->rules.cookie_ack_at_full_queue == COOKIE_ACK_AT_FULL_QUEUE_RESET)
        b->reset += late;
    else
        b->ghost = late;
}

/* In the order of the SYNs: the requests came before the cookies. */
static void third_acks(struct queue_burst *b, const struct conditions *c, int64_t room,
                       int64_t requests)
{
    int64_t requests_in = lesser(requests, room), requests_late = requests - requests_in;
    int64_t cookies_in = lesser(b->cookies, room - requests_in),
            cookies_late = b->cookies - cookies_in;

    b->queued = requests_in + cookies_in;
    if (c->abort_on_overflow) /* tcp_check_req() looks at the knob ... */
        b->reset = requests_late;
    else
        b->half_open = requests_late;
    late_cookies(b, c, cookies_late); /* ... tcp_get_cookie_sock() does not */
    /* cookie_v4_check() counts before the accept queue is looked at */
    b->cookies_back = b->cookies;
    overflow(b, requests_late + cookies_late);
}

/* Of the SYNs that meet a full accept queue, how many become requests. Where they are answered at
 * all, it is while no more than one request is young. One that is reset at once makes room for the
 * next. */
#define YOUNG_MAX 2
static int64_t late_requests(const struct conditions *c, int64_t limit, int64_t clients,
                             bool overlapping)
{
    int64_t requests = lesser(queue_requests(c, limit), YOUNG_MAX);
    if (c->rules.syn_at_full_queue != SYN_AT_FULL_QUEUE_ANSWERED)
        return 0;
    return requests > 0 && c->abort_on_overflow && !overlapping ? clients
                                                                : lesser(requests, clients);
}

/* SYNs at an accept queue that is full already. tcp_conn_request() may have chosen a cookie by
 * then; the SYN is dropped all the same, and no cookie is sent. */
static struct queue_burst all_too_late(const struct conditions *c, int64_t limit, int64_t clients,
                                       bool overlapping)
{
    struct queue_burst b = {0};
    int64_t requests = late_requests(c, limit, clients, overlapping), rest = clients - requests;
    bool answers = c->rules.syn_at_full_queue == SYN_AT_FULL_QUEUE_ANSWERED && requests < YOUNG_MAX;
    /* this is asked first */
    bool full = !c->syncookies && requests >= syn_queue_capacity(c, limit);

    if (answers || full)
        more_syns(&b, c, limit, requests, rest);
    third_acks(&b, c, 0, requests);
    if (!answers && !full) {
        b.syn_sent = rest;
        overflow(&b, rest);
    }
    return b;
}

/* The accept queue is full when the next SYN comes, not only when its third ACK does: all that
 * overflow is SYNs. */
static struct queue_burst one_by_one(const struct conditions *c, int64_t limit, int64_t room,
                                     int64_t clients)
{
    bool no_request = queue_requests(c, limit) == 0; /* all is cookies, or nobody is let in */
    struct queue_burst b = {0};
    if (no_request && !c->syncookies) {
        more_syns(&b, c, limit, 0, clients);
        return b;
    }
    int64_t queued = lesser(clients, room);
    b = all_too_late(c, limit, clients - queued, false);
    b.queued = queued;
    if (no_request) {
        b.cookies += queued;
        b.cookies_back += queued;
    }
    return b;
}

static struct queue_burst all_at_once(const struct conditions *c, int64_t limit, int64_t room,
                                      int64_t clients)
{
    struct queue_burst b = {0};
    int64_t requests = lesser(clients, queue_requests(c, limit));

    more_syns(&b, c, limit, requests, clients - requests);
    third_acks(&b, c, room, requests);
    return b;
}

struct queue_burst queue_burst(const struct conditions *c, int64_t limit, int64_t waiting,
                               int64_t clients, bool overlapping)
{
    clients = greater(clients, 0);
    waiting = greater(waiting, 0);
    if (waiting > limit)
        return all_too_late(c, limit, clients, overlapping);
    int64_t room = queue_capacity(limit) - waiting;
    return overlapping ? all_at_once(c, limit, room, clients) : one_by_one(c, limit, room, clients);
}

/* That of n clients at most `limit` meet one certain listener. */
static double left_short(int64_t listeners, int64_t limit, int64_t n)
{
    double hit = 1 / (double)listeners, term = pow(1 - hit, (double)n), sum = term;
    for (int64_t i = 1; i <= limit; i++) {
        term *= (double)(n - i + 1) / (double)i * hit / (1 - hit);
        sum += term;
    }
    return sum;
}

int64_t queue_clients_that_fill(int64_t listeners, int64_t limit)
{
    int64_t n = queue_capacity(limit);
    while (listeners > 1 && (double)listeners * left_short(listeners, limit, n) > NEVER)
        n++;
    return n;
}

int64_t queue_clients_that_part(int64_t listeners)
{
    int64_t n = 1;
    while (listeners > 1 && pow((double)listeners, (double)-n) > NEVER)
        n++;
    return n;
}

int64_t queue_survivors(const struct conditions *c, int64_t limit, int64_t half_open, int firing)
{
    half_open = greater(half_open, 0);
    if (firing > c->synack_retries)
        return 0;
    /* retries never shrink below 2, and a firing drops after as many retransmissions */
    if (firing < 3)
        return half_open;
    /* Nobody is young any more, so the retries go straight to 2; each one that is dropped makes the
     * queue shorter for the next. */
    return lesser(half_open, greater(8, limit) / 2);
}
