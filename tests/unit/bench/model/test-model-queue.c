/* The queues against what was seen on a 6.18 kernel, and against a listener that handles packet
 * after packet. */
#include "bench/model/queue.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>

#define N(table) (sizeof(table) / sizeof *(table))

static struct conditions with(int64_t syncookies, int64_t max_syn_backlog,
                              int64_t abort_on_overflow)
{
    struct conditions c = conditions_fresh();
    c.syncookies = syncookies;
    c.max_syn_backlog = max_syn_backlog;
    c.abort_on_overflow = abort_on_overflow;
    return c;
}

static void set_rules(struct conditions *c, int bits)
{
    if (bits & 1)
        kernel_rules_flip(&c->rules, KERNEL_RULE_syn_queue_full);
    if (bits & 2)
        kernel_rules_flip(&c->rules, KERNEL_RULE_syn_at_full_queue);
    if (bits & 4)
        kernel_rules_flip(&c->rules, KERNEL_RULE_cookie_ack_at_full_queue);
}

Test(model_queue, limit)
{
    static const struct {
        int64_t backlog, somaxconn, limit;
    } cases[] = {{0, 4096, 0},
                 {5, 4096, 5},
                 {10, 2, 2},
                 {4096, 4096, 4096},
                 {4097, 4096, 4096},
                 {-1, 7, 7},
                 {INT32_MIN, 4096, 4096},
                 {INT32_MAX, INT32_MAX, INT32_MAX},
                 {-1, INT32_MAX, INT32_MAX},
                 {5, 0, 0},
                 {((int64_t)1 << 32) + 3, 4096, 3},
                 {INT64_MAX, 4096, 4096},
                 {INT64_MIN, 4096, 0}};
    for (size_t i = 0; i < N(cases); i++)
        cr_expect_eq(queue_limit(cases[i].backlog, cases[i].somaxconn), cases[i].limit, "case %zu",
                     i);
}

Test(model_queue, capacity)
{
    static const int64_t limits[] = {0, 1, 3, 5, 4096, INT32_MAX, UINT32_MAX};
    for (size_t i = 0; i < N(limits); i++)
        cr_expect_eq(queue_capacity(limits[i]), limits[i] + 1);
    cr_expect_eq(queue_capacity(INT64_MAX), INT64_MAX);
}

Test(model_queue, requests)
{
    static const struct {
        int64_t syncookies, max_syn_backlog, limit, requests;
    } cases[] = {
        {1, 2048, 4, 5},
        {0, 2048, 4, 5},
        {2, 2048, 4, 0},
        {0, 16, 100, 13},
        {0, 10, 100, 9},
        {0, 7, 100, 7},
        {0, 0, 100, 1},
        {0, 128, 100, 97},
        {1, 16, 100, 101},
        {0, 1, 100, 2},
        {0, 2, 100, 3},
        {0, 4, 100, 4},
        {0, 16, 12, 13},
        {0, 16, 11, 12},
        {0, 16, 0, 1},
        {1, 0, 0, 1},
        {0, -4, 100, 0},
        {0, -1, 100, 1},
        {0, INT64_MAX, 100, 101},
        {0, INT64_MIN, 100, 0},
        {1, 0, 4096, 4097},
        {2, 0, 4096, 0},
        {0, INT32_MAX, 100, 101},
    };
    for (size_t i = 0; i < N(cases); i++) {
        struct conditions c = with(cases[i].syncookies, cases[i].max_syn_backlog, 0);
        cr_expect_eq(queue_requests(&c, cases[i].limit), cases[i].requests, "case %zu", i);
    }
}

/* A kernel of before January 2025 asks "length >= L". */
Test(model_queue, requests_where_the_queue_is_full_at_its_limit)
{
    struct conditions c = with(1, 2048, 0);
    cr_assert_eq(kernel_rules_set(&c.rules, "syn_queue_full", ">="), 0);
    cr_expect_eq(queue_requests(&c, 4), 4);
    cr_expect_eq(queue_requests(&c, 0), 0);
    c = with(0, 16, 0);
    c.rules.syn_queue_full = SYN_QUEUE_FULL_AT_LIMIT;
    cr_expect_eq(queue_requests(&c, 12), 12);
    cr_expect_eq(queue_requests(&c, 100), 13, "tcp_max_syn_backlog comes first");
}

Test(model_queue, kernel_rules_by_name)
{
    struct kernel_rules r = {0};
    cr_expect_str_eq(kernel_rules_word(&r, KERNEL_RULE_syn_queue_full), "unknown");
    cr_expect_eq(r.syn_queue_full, SYN_QUEUE_FULL_ABOVE_LIMIT,
                 "what is not known is as in the newest kernel");
    cr_expect_eq(kernel_rules_set(&r, "syn_queue_full", ">="), 0);
    cr_expect_str_eq(kernel_rules_word(&r, KERNEL_RULE_syn_queue_full), ">=");
    cr_expect_eq(r.syn_queue_full, SYN_QUEUE_FULL_AT_LIMIT);
    cr_expect_eq(kernel_rules_set(&r, "syn_queue_full", "<"), -EINVAL);
    cr_expect_eq(kernel_rules_set(&r, "syn_queue", ">"), -ENOENT);
    cr_expect_str_eq(kernel_rules_word(&r, KERNEL_RULE_syn_queue_full), ">=");
    cr_expect_eq(kernel_rules_set(&r, "syn_queue_full", "unknown"), 0);
    cr_expect_eq(r.syn_queue_full, SYN_QUEUE_FULL_ABOVE_LIMIT);
    cr_expect_str_eq(kernel_rules_word(&r, KERNEL_RULE_syn_queue_full), "unknown");
}

/* Every row and every counter. */
static void check_same(const struct queue_burst *is, const struct queue_burst *should,
                       const char *what)
{
#define SAME(member)                                                                   \
    cr_expect(is->member == should->member, "%s: " #member " is %lld, not %lld", what, \
              (long long)is->member, (long long)should->member)
    SAME(queued);
    SAME(half_open);
    SAME(reset);
    SAME(ghost);
    SAME(syn_sent);
    SAME(cookies);
    SAME(cookies_back);
    SAME(queue_overflows);
    SAME(listen_drops);
    SAME(request_full);
#undef SAME
}

struct burst_case {
    const char *what;
    int64_t syncookies, max_syn_backlog, abort_on_overflow, limit, waiting, clients;
    bool overlapping;
    struct queue_burst should;
};

static void check_bursts(const struct burst_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct burst_case *b = &cases[i];
        struct conditions c = with(b->syncookies, b->max_syn_backlog, b->abort_on_overflow);
        struct queue_burst is = queue_burst(&c, b->limit, b->waiting, b->clients, b->overlapping);
        check_same(&is, &b->should, b->what);
    }
}

#define OVERFLOWS(n)    .queue_overflows = (n), .listen_drops = (n)
#define SYNS_DROPPED(n) .syn_sent = (n), OVERFLOWS(n)
#define FULL(n)         .syn_sent = (n), .listen_drops = (n), .request_full = (n)
#define COOKIES(n)      .cookies = (n), .cookies_back = (n)
#define GHOSTS(n)       .ghost = (n), COOKIES(n) /* of cookies, all of which come back */

Test(model_queue, bursts_over_loopback)
{
    static const struct burst_case cases[] = {
        {"backlog 0", 1, 2048, 0, 0, 0, 10, false, {.queued = 1, SYNS_DROPPED(9)}},
        {"backlog 1", 1, 2048, 0, 1, 0, 10, false, {.queued = 2, SYNS_DROPPED(8)}},
        {"backlog 3", 1, 2048, 0, 3, 0, 10, false, {.queued = 4, SYNS_DROPPED(6)}},
        {"backlog 5", 0, 2048, 0, 5, 0, 10, false, {.queued = 6, SYNS_DROPPED(4)}},
        {"no reset of a SYN", 1, 2048, 1, 4, 5, 20, false, {SYNS_DROPPED(20)}},
        {"cookies always", 2, 2048, 0, 4, 2, 10, false, {.queued = 3, COOKIES(3), SYNS_DROPPED(7)}},
        {"room for all", 1, 2048, 0, 4, 1, 4, false, {.queued = 4}},
        {"room for all but one", 1, 2048, 0, 4, 1, 5, false, {.queued = 4, SYNS_DROPPED(1)}},
        {"nobody", 1, 2048, 0, 4, 1, 0, false, {0}},
        {"M does not matter", 0, 0, 0, 4, 0, 10, false, {.queued = 5, SYNS_DROPPED(5)}},
        {"a negative M lets nobody in",
         0,
         -4,
         0,
         4,
         0,
         10,
         false,
         {.syn_sent = 10, .listen_drops = 10}},
        {"the full queue comes before M", 0, -4, 0, 4, 5, 10, false, {SYNS_DROPPED(10)}},
        {"a shrunk backlog", 1, 2048, 0, 2, 6, 3, false, {SYNS_DROPPED(3)}},
        {"less than none waiting", 1, 2048, 0, 4, -3, 12, false, {.queued = 5, SYNS_DROPPED(7)}},
        {"very many",
         1,
         2048,
         0,
         0,
         0,
         INT64_MAX,
         false,
         {.queued = 1, SYNS_DROPPED(INT64_MAX - 1)}},
    };
    check_bursts(cases, N(cases));
}

Test(model_queue, bursts_over_a_wire)
{
    static const struct burst_case cases[] = {
        {"then cookies", 1, 2048, 0, 4, 0, 12, true, {.queued = 5, GHOSTS(7), OVERFLOWS(7)}},
        {"no cookies", 0, 2048, 0, 4, 0, 12, true, {.queued = 5, FULL(7)}},
        {"cookies always",
         2,
         2048,
         0,
         4,
         0,
         12,
         true,
         {.queued = 5, .ghost = 7, COOKIES(12), OVERFLOWS(7)}},
        {"two requests get in",
         1,
         2048,
         0,
         4,
         3,
         12,
         true,
         {.queued = 2, .half_open = 3, GHOSTS(7), OVERFLOWS(10)}},
        {"three resets",
         1,
         2048,
         1,
         4,
         3,
         12,
         true,
         {.queued = 2, .reset = 3, GHOSTS(7), OVERFLOWS(10)}},
        {"cookies are not reset",
         2,
         2048,
         1,
         4,
         4,
         3,
         true,
         {.queued = 1, .ghost = 2, COOKIES(3), OVERFLOWS(2)}},
        {"resets, no cookies",
         0,
         2048,
         1,
         4,
         4,
         12,
         true,
         {.queued = 1,
          .reset = 4,
          .syn_sent = 7,
          .queue_overflows = 4,
          .listen_drops = 11,
          .request_full = 7}},
        {"the accept queue is full before", 1, 2048, 1, 4, 5, 12, true, {SYNS_DROPPED(12)}},
        {"... and cookies are chosen in vain", 2, 2048, 1, 4, 5, 12, true, {SYNS_DROPPED(12)}},
        {"... and no cookies", 0, 2048, 1, 4, 5, 12, true, {SYNS_DROPPED(12)}},
        {"M = 16 without cookies",
         0,
         16,
         0,
         100,
         0,
         40,
         true,
         {.queued = 13, .syn_sent = 27, .listen_drops = 27}},
        {"M = 16 with cookies", 1, 16, 0, 100, 0, 40, true, {.queued = 40}},
        {"the queue comes before M", 0, 16, 0, 12, 0, 40, true, {.queued = 13, FULL(27)}},
        {"backlog 0", 1, 2048, 0, 0, 0, 3, true, {.queued = 1, GHOSTS(2), OVERFLOWS(2)}},
        {"few", 1, 2048, 0, 4, 0, 5, true, {.queued = 5}},
        {"one too many", 1, 2048, 0, 4, 1, 5, true, {.queued = 4, .half_open = 1, OVERFLOWS(1)}},
        {"nobody", 1, 2048, 0, 4, 0, 0, true, {0}},
        {"less than nobody", 1, 2048, 0, 4, -3, -1, true, {0}},
        {"very many",
         1,
         2048,
         0,
         INT32_MAX,
         INT32_MAX,
         INT64_MAX,
         true,
         {.queued = 1,
          .half_open = INT32_MAX,
          GHOSTS(INT64_MAX - INT32_MAX - 1),
          OVERFLOWS(INT64_MAX - 1)}},
    };
    check_bursts(cases, N(cases));
}

/* --- a listener, packet after packet --- */

struct listener {
    const struct conditions *c;
    int64_t limit, accept_queue, syn_queue;
    struct queue_burst seen;
};

enum answer { NONE, SYN_ACK, COOKIE };

/* tcp_conn_request(), its tests in its order. */
static enum answer on_syn(struct listener *l)
{
    bool cookie = false;
    bool at_limit = l->c->rules.syn_queue_full == SYN_QUEUE_FULL_AT_LIMIT;
    /* all are young */
    bool answers = l->c->rules.syn_at_full_queue == SYN_AT_FULL_QUEUE_ANSWERED && l->syn_queue <= 1;
    if (l->c->syncookies == 2 || (at_limit ? l->syn_queue >= l->limit : l->syn_queue > l->limit)) {
        if (l->c->syncookies == 0) {
            l->seen.request_full++;
            l->seen.listen_drops++;
            return NONE;
        }
        cookie = true;
    }
    if (l->accept_queue > l->limit && !answers) {
        l->seen.queue_overflows++;
        l->seen.listen_drops++;
        return NONE;
    }
    int64_t m = l->c->max_syn_backlog;
    if (!cookie && l->c->syncookies == 0 && m - l->syn_queue < m >> 2) {
        l->seen.listen_drops++;
        return NONE;
    }
    if (cookie) {
        l->seen.cookies++;
        return COOKIE;
    }
    l->syn_queue++;
    return SYN_ACK;
}

/* tcp_check_req() and cookie_v4_check(), both by way of tcp_v4_syn_recv_sock(). */
static void on_third_ack(struct listener *l, enum answer to)
{
    if (to == COOKIE)
        l->seen.cookies_back++;
    if (l->accept_queue > l->limit) {
        l->seen.queue_overflows++;
        l->seen.listen_drops++;
        bool cookie_reset = l->c->rules.cookie_ack_at_full_queue == COOKIE_ACK_AT_FULL_QUEUE_RESET;
        if (to == COOKIE && cookie_reset && l->c->abort_on_overflow) {
            l->seen.reset++;
        } else if (to == COOKIE) {
            l->seen.ghost++;
        } else if (l->c->abort_on_overflow) {
            l->syn_queue--;
            l->seen.reset++;
        } else {
            l->seen.half_open++;
        }
        return;
    }
    if (to == SYN_ACK)
        l->syn_queue--;
    l->accept_queue++;
    l->seen.queued++;
}

static struct queue_burst packet_by_packet(const struct conditions *c, int64_t limit,
                                           int64_t waiting, int clients, bool overlapping)
{
    struct listener l = {.c = c, .limit = limit, .accept_queue = waiting};
    enum answer answers[16] = {0};
    for (int i = 0; i < clients; i++) {
        answers[i] = on_syn(&l);
        if (answers[i] == NONE)
            l.seen.syn_sent++;
        else if (!overlapping)
            on_third_ack(&l, answers[i]);
    }
    for (int i = 0; overlapping && i < clients; i++)
        if (answers[i] != NONE)
            on_third_ack(&l, answers[i]);
    return l.seen;
}

/* All that must hold for any burst. */
static void check_properties(const struct queue_burst *b, int64_t limit, int64_t waiting,
                             int64_t clients, const char *what)
{
    if (b->queued + b->half_open + b->reset + b->ghost + b->syn_sent != clients)
        cr_expect_fail("%s: the rows do not add up to %lld", what, (long long)clients);
    if (b->queued && b->queued + waiting > limit + 1)
        cr_expect_fail("%s: more queued than the queue holds", what);
    if (b->half_open && b->reset)
        cr_expect_fail("%s: half open and reset", what);
    if (b->queue_overflows > b->listen_drops || b->request_full > b->syn_sent ||
        b->cookies_back > b->cookies || b->ghost > b->cookies_back)
        cr_expect_fail("%s: a part is more than the whole", what);
    if (b->listen_drops != b->half_open + b->reset + b->ghost + b->syn_sent)
        cr_expect_fail("%s: each that did not get in was dropped once", what);
}

#define EACH(i, from, to) for (int64_t i = (from); i <= (to); i++)

static void check_small(const struct conditions *c, bool overlapping)
{
    EACH(limit, 0, 4)
    EACH(waiting, 0, limit + 2)
    {
        int64_t queued_before = 0;
        EACH(clients, 0, 14)
        {
            char what[160];
            snprintf(
                what, sizeof(what),
                "cookies %d, M %d, abort %d, rules %d %d %d, limit %d, waiting %d, clients %d, %s",
                (int)c->syncookies, (int)c->max_syn_backlog, (int)c->abort_on_overflow,
                (int)c->rules.syn_queue_full, (int)c->rules.syn_at_full_queue,
                (int)c->rules.cookie_ack_at_full_queue, (int)limit, (int)waiting, (int)clients,
                overlapping ? "wire" : "loopback");
            struct queue_burst is = queue_burst(c, limit, waiting, clients, overlapping);
            struct queue_burst should =
                packet_by_packet(c, limit, waiting, (int)clients, overlapping);
            check_same(&is, &should, what);
            check_properties(&is, limit, waiting, clients, what);
            if (is.queued < queued_before)
                cr_expect_fail("%s: one client more, and fewer get in", what);
            queued_before = is.queued;
        }
    }
}

Test(model_queue, all_small_bursts_as_packet_by_packet)
{
    EACH(syncookies, 0, 2)
    EACH(max_syn_backlog, -5, 9)
    EACH(abort_on_overflow, 0, 1)
    EACH(overlapping, 0, 1)
    EACH(rules, 0, 7)
    {
        struct conditions c = with(syncookies, max_syn_backlog, abort_on_overflow);
        set_rules(&c, (int)rules);
        check_small(&c, overlapping);
    }
}

Test(model_queue, requests_as_many_as_syns_make)
{
    EACH(syncookies, 0, 2)
    EACH(max_syn_backlog, -9, 40)
    EACH(limit, 0, 20)
    EACH(rules, 0, 1)
    {
        struct conditions c = with(syncookies, max_syn_backlog, 0);
        set_rules(&c, (int)rules);
        struct listener l = {.c = &c, .limit = limit};
        for (int i = 0; i < 60; i++)
            on_syn(&l);
        cr_expect_eq(queue_requests(&c, limit), l.syn_queue, "cookies %d, M %d, limit %d",
                     (int)syncookies, (int)max_syn_backlog, (int)limit);
    }
}

Test(model_queue, survivors)
{
    static const struct {
        int64_t retries, limit, half_open;
        int firing;
        int64_t survivors;
    } cases[] = {
        {5, 10, 11, 2, 11},  {5, 10, 11, 3, 5},
        {5, 10, 11, 5, 5},   {5, 10, 11, 6, 0},
        {5, 4, 5, 1, 5},     {5, 4, 5, 3, 4},
        {5, 4, 4, 3, 4},     {5, 0, 1, 3, 1},
        {5, 100, 50, 3, 50}, {5, 100, 51, 3, 50},
        {5, 11, 6, 3, 5},    {2, 10, 3, 2, 3},
        {2, 10, 3, 3, 0},    {0, 10, 3, 1, 0},
        {1, 10, 11, 1, 11},  {1, 10, 11, 2, 0},
        {3, 4, 5, 3, 4},     {3, 4, 5, 4, 0},
        {5, 4, 0, 3, 0},     {5, 4, 5, 0, 5},
        {5, 4, -1, 0, 0},    {5, INT32_MAX, INT64_MAX, 3, INT32_MAX / 2},
    };
    for (size_t i = 0; i < N(cases); i++) {
        struct conditions c = conditions_fresh();
        c.synack_retries = cases[i].retries;
        cr_expect_eq(queue_survivors(&c, cases[i].limit, cases[i].half_open, cases[i].firing),
                     cases[i].survivors, "case %zu", i);
    }
}

struct request {
    int timeouts;
    bool gone;
};

/* reqsk_timer_handler() of one request among `length`, `young` of which have had no timeout. */
static void on_request_timer(struct request *r, const struct conditions *c, int64_t limit,
                             int *length, int *young)
{
    int retries = (int)c->synack_retries;
    if (2 * *length > (limit > 8 ? limit : 8)) {
        int doubled = 2 * *young;
        while (retries > 2 && *length >= doubled) {
            retries--;
            doubled *= 2;
        }
    }
    if (r->timeouts == 0)
        --*young;
    r->gone = r->timeouts++ >= retries;
    *length -= r->gone;
}

static int fire_all(struct request *requests, int n, int firings, const struct conditions *c,
                    int64_t limit)
{
    int length = n, young = n;
    for (int firing = 1; firing <= firings; firing++)
        for (int i = 0; i < n; i++)
            if (!requests[i].gone)
                on_request_timer(&requests[i], c, limit, &length, &young);
    return length;
}

Test(model_queue, survivors_as_timer_by_timer)
{
    EACH(retries, 0, 7)
    EACH(limit, 0, 24)
    EACH(half_open, 0, limit + 1)
    EACH(firing, 0, 9)
    {
        struct conditions c = conditions_fresh();
        c.synack_retries = retries;
        struct request requests[32] = {0};
        int should = fire_all(requests, (int)half_open, (int)firing, &c, limit);
        cr_expect_eq(queue_survivors(&c, limit, half_open, (int)firing), should,
                     "retries %d, limit %d, half open %d, firing %d", (int)retries, (int)limit,
                     (int)half_open, (int)firing);
    }
}

/* Too few clients and it would be chance; too many and a run would take long. */
Test(model_queue, clients_that_fill)
{
    cr_expect_eq(queue_clients_that_fill(1, 4), 5);
    cr_expect_eq(queue_clients_that_fill(2, 0), 31); /* 2 * 2^-n < 10^-9 */
    cr_expect_eq(queue_clients_that_part(2), 30);
    cr_expect_eq(queue_clients_that_part(3), 19);
    cr_expect_eq(queue_clients_that_part(8), 10);
    EACH(listeners, 2, 8)
    EACH(limit, 0, 10)
    {
        int64_t n = queue_clients_that_fill(listeners, limit);
        cr_expect_gt(n, queue_clients_that_fill(listeners - 1, limit));
        cr_expect_gt(n, limit == 0 ? 0 : queue_clients_that_fill(listeners, limit - 1));
        cr_expect_lt(n, 500);
    }
}
