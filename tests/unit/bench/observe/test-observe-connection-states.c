/* Where the states of one end are placed: looks made by hand, and the segments between them. */
#include "bench/observe/connection_states.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#define MS      1000000LL
#define STATES  20
#define ACK     SEGMENT_ACK
#define SYN_ACK (SEGMENT_SYN | SEGMENT_ACK)
#define FIN_ACK (SEGMENT_FIN | SEGMENT_ACK)

/* A segment that is 50 ms on its way; 0: it never arrives. */
static struct segment sent(int64_t at_ms, enum direction direction, unsigned flags,
                           uint32_t sequence, uint32_t acknowledged)
{
    return (struct segment){.at_ns = at_ms * MS,
                            .out_ns = (at_ms + 50) * MS,
                            .fate = SEGMENT_DELIVERED,
                            .direction = direction,
                            .flags = (uint8_t)flags,
                            .sequence = sequence,
                            .acknowledged = acknowledged};
}

static struct history_change change(int64_t not_ms, int64_t seen_ms, unsigned state, bool held)
{
    return (struct history_change){
        .state = state, .held = held, .not_ns = not_ms * MS, .seen_ns = seen_ms * MS};
}

struct expected {
    int64_t at_ms;
    unsigned state;
    bool seen;
};

static struct connection_state states[STATES];

static void tell(enum side side, const struct history_change *changes, size_t n_changes,
                 const struct segment *segments, size_t n_segments, bool cookies,
                 const struct expected *expected, size_t n)
{
    const struct history_change *c[STATES];
    const struct segment *s[STATES];
    for (size_t i = 0; i < n_changes; i++)
        c[i] = &changes[i];
    for (size_t i = 0; i < n_segments; i++)
        s[i] = &segments[i];
    const struct connection_story story = {.side = side,
                                           .changes = c,
                                           .n_changes = n_changes,
                                           .segments = s,
                                           .n_segments = n_segments,
                                           .cookies = cookies};
    size_t got = connection_states(&story, states, STATES);
    cr_assert_eq(got, n, "%zu states, not %zu", got, n);
    for (size_t i = 0; i < n; i++) {
        cr_expect_eq(states[i].at_ns, expected[i].at_ms * MS, "state %zu at %lld us", i,
                     (long long)(states[i].at_ns / 1000));
        cr_expect_eq(states[i].state, expected[i].state, "state %zu is %u", i, states[i].state);
        cr_expect_eq(states[i].seen_ns != 0, expected[i].seen, "state %zu", i);
    }
}
#define N(list) (list), sizeof(list) / sizeof(*(list))
#define TELL(side, changes, segments, cookies, expected) \
    tell(side, N(changes), N(segments), cookies, N(expected))

static const uint32_t client_isn = 4294967290u, server_isn = 77; /* the client's wraps around */

Test(connection_states, a_state_stands_at_the_segment_that_makes_it)
{
    const struct segment segments[] = {
        sent(100, TO_SERVER, SEGMENT_SYN, client_isn, 0),
        sent(151, TO_CLIENT, SYN_ACK, server_isn, client_isn + 1),
        sent(202, TO_SERVER, ACK, client_isn + 1, server_isn + 1),
    };
    const struct history_change server[] = {change(148, 154, SOCKDIAG_SYN_RECV, false),
                                            change(248, 254, SOCKDIAG_ESTABLISHED, false),
                                            change(300, 306, SOCKDIAG_ESTABLISHED, true)};
    const struct expected at_server[] = {{151, SOCKDIAG_SYN_RECV, true},
                                         {252, SOCKDIAG_ESTABLISHED, true},
                                         {306, SOCKDIAG_ESTABLISHED, true}};
    const struct history_change client[] = {change(98, 104, SOCKDIAG_SYN_SENT, true),
                                            change(198, 204, SOCKDIAG_ESTABLISHED, true)};
    const struct expected at_client[] = {{100, SOCKDIAG_SYN_SENT, true},
                                         {201, SOCKDIAG_ESTABLISHED, true}};
    TELL(SIDE_SERVER, server, segments, false, at_server);
    TELL(SIDE_CLIENT, client, segments, false, at_client);
}

Test(connection_states, what_no_look_saw_is_told_by_the_segments)
{
    const struct segment segments[] = {
        sent(100, TO_SERVER, SEGMENT_SYN, client_isn, 0),
        sent(151, TO_CLIENT, SYN_ACK, server_isn, client_isn + 1),
        sent(202, TO_SERVER, ACK, client_isn + 1, server_isn + 1),
        sent(203, TO_SERVER, FIN_ACK, client_isn + 1, server_isn + 1),
        sent(254, TO_CLIENT, ACK, server_isn + 1, client_isn + 2),
        sent(255, TO_CLIENT, FIN_ACK, server_isn + 1, client_isn + 2),
        sent(306, TO_SERVER, ACK, client_isn + 2, server_isn + 2),
    };
    const struct history_change client[] = {change(90, 400, SOCKDIAG_TIME_WAIT, false)};
    const struct expected at_client[] = {
        {100, SOCKDIAG_SYN_SENT, false},   {201, SOCKDIAG_ESTABLISHED, false},
        {203, SOCKDIAG_FIN_WAIT_1, false}, {304, SOCKDIAG_FIN_WAIT_2, false},
        {305, SOCKDIAG_TIME_WAIT, true},
    };
    /* the server's end came and went between two looks */
    const struct expected at_server[] = {
        {151, SOCKDIAG_SYN_RECV, false},
        {252, SOCKDIAG_ESTABLISHED, false},
        {253, SOCKDIAG_CLOSE_WAIT, false},
        {255, SOCKDIAG_LAST_ACK, false},
        {356, 0, false},
    };
    TELL(SIDE_CLIENT, client, segments, false, at_client);
    tell(SIDE_SERVER, NULL, 0, N(segments), false, N(at_server));
}

Test(connection_states, closing_at_once_goes_through_closing)
{
    const struct segment segments[] = {
        sent(100, TO_SERVER, FIN_ACK, client_isn, server_isn),
        sent(101, TO_CLIENT, FIN_ACK, server_isn, client_isn),
        sent(151, TO_CLIENT, ACK, server_isn + 1, client_isn + 1),
        sent(152, TO_SERVER, ACK, client_isn + 1, server_isn + 1),
    };
    const struct history_change client[] = {change(50, 56, SOCKDIAG_ESTABLISHED, true),
                                            change(90, 300, SOCKDIAG_TIME_WAIT, false)};
    const struct expected at_client[] = {{56, SOCKDIAG_ESTABLISHED, true},
                                         {100, SOCKDIAG_FIN_WAIT_1, false},
                                         {151, SOCKDIAG_CLOSING, false},
                                         {201, SOCKDIAG_TIME_WAIT, true}};
    TELL(SIDE_CLIENT, client, segments, false, at_client);
}

Test(connection_states, where_segments_do_not_lead_there_the_look_tells)
{
    /* the third ACK was lost: nothing explains how the request went */
    struct segment segments[] = {
        sent(100, TO_SERVER, SEGMENT_SYN, client_isn, 0),
        sent(151, TO_CLIENT, SYN_ACK, server_isn, client_isn + 1),
        sent(202, TO_SERVER, ACK, client_isn + 1, server_isn + 1),
    };
    segments[2].fate = SEGMENT_FAULT;
    const struct history_change server[] = {change(148, 154, SOCKDIAG_SYN_RECV, false),
                                            change(210, 900, 0, false)};
    const struct expected at_server[] = {{151, SOCKDIAG_SYN_RECV, true}, {900, 0, true}};
    TELL(SIDE_SERVER, server, segments, false, at_server);
    /* over loopback there are none */
    const struct expected by_looks[] = {{154, SOCKDIAG_SYN_RECV, true}, {900, 0, true}};
    tell(SIDE_SERVER, N(server), NULL, 0, false, N(by_looks));
    cr_expect_eq(connection_states(&(struct connection_story){.side = SIDE_CLIENT}, states, STATES),
                 0);
}

Test(connection_states, a_request_that_is_reset_never_was_established)
{
    struct segment segments[] = {
        sent(100, TO_SERVER, SEGMENT_SYN, client_isn, 0),
        sent(151, TO_CLIENT, SYN_ACK, server_isn, client_isn + 1),
        sent(202, TO_SERVER, ACK, client_isn + 1, server_isn + 1),
        sent(252, TO_CLIENT, SEGMENT_RST, server_isn + 1, 0),
    };
    const struct history_change server[] = {change(148, 154, SOCKDIAG_SYN_RECV, false),
                                            change(248, 260, 0, false)};
    const struct expected embryonic[] = {{151, SOCKDIAG_SYN_RECV, true}, {252, 0, true}};
    TELL(SIDE_SERVER, server, segments, false, embryonic);
    segments[3].at_ns += 4 * MS; /* a program took it, and reset it */
    const struct expected accepted[] = {
        {151, SOCKDIAG_SYN_RECV, true}, {252, SOCKDIAG_ESTABLISHED, false}, {256, 0, true}};
    TELL(SIDE_SERVER, server, segments, false, accepted);
}

Test(connection_states, a_syn_cookie_leaves_no_request)
{
    const struct segment segments[] = {
        sent(100, TO_SERVER, SEGMENT_SYN, client_isn, 0),
        sent(151, TO_CLIENT, SYN_ACK, server_isn, client_isn + 1),
        sent(202, TO_SERVER, ACK, client_isn + 1, server_isn + 1),
    };
    const struct history_change server[] = {change(90, 260, SOCKDIAG_ESTABLISHED, false)};
    const struct expected with[] = {{252, SOCKDIAG_ESTABLISHED, true}};
    const struct expected without[] = {{151, SOCKDIAG_SYN_RECV, false},
                                       {252, SOCKDIAG_ESTABLISHED, true}};
    TELL(SIDE_SERVER, server, segments, true, with);
    TELL(SIDE_SERVER, server, segments, false, without);
}
