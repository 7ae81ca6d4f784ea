/* How long FIN_WAIT_2 and TIME_WAIT lasted: begun on the wire, ended in the looks, both made by
 * hand. Times are in ms; a segment arrives 1 ms after it was sent. */
#include "bench/observe/state_lifetime.h"
#include "tests/lib/segments.h"

#define ACK     SEGMENT_ACK
#define FIN_ACK (SEGMENT_FIN | SEGMENT_ACK)
#define OUR_FIN 1000u /* number of the closer's FIN, if nothing else is said */
#define PORT    40000u

static struct history *history;
static struct state_lifetime lives;

static void begin(void)
{
    n_segments = 0;
    history_free(history);
    history = history_new();
}

static void end(void)
{
    history_free(history);
    history = NULL;
}

TestSuite(closing, .init = begin, .fini = end);

static void sent(unsigned port, enum direction direction, unsigned flags, uint32_t sequence,
                 uint32_t acknowledged, int64_t at_ms)
{
    struct segment *s = segments_add(port, direction, flags, at_ms * MS);
    s->sequence = sequence;
    s->acknowledged = acknowledged;
}

/* A look that finds the connection in that state (0: not there) on one side. */
static void seen(enum side side, unsigned port, unsigned state, int64_t at_ms)
{
    const struct connection_id id = looks_id(port);
    struct look look = {.at_ns = at_ms * MS};
    if (state)
        looks_put(&look, side, &id, state, 0);
    cr_assert_eq(history_add(history, &look), 0);
    look_release(&look);
}

static void lived(enum side side, unsigned state, int64_t first_look_ms, int64_t missing_ms)
{
    seen(side, PORT, state, first_look_ms);
    seen(side, PORT, state, missing_ms - 1);
    seen(side, PORT, 0, missing_ms);
}

static void measure(enum side side, enum sockdiag_state state)
{
    lives =
        (struct state_lifetime){.ended = 77, .still = 77, .gone_first_s = -1, .there_last_s = -1};
    cr_assert_eq(state_lifetime_measure(segments, n_segments, history, side, state, &lives), 0);
}

/* The last look that saw one is a ms before the one that misses it. */
static void expect_life(double first_s, double last_s)
{
    cr_expect_gt(lives.ended, 0);
    cr_expect_float_eq(lives.gone_first_s, first_s, 1e-9, "first %g s, not %g", lives.gone_first_s,
                       first_s);
    cr_expect_float_eq(lives.there_last_s, last_s - 0.001, 1e-9, "last %g s, not %g",
                       lives.there_last_s, last_s - 0.001);
}

static void expect_none(void)
{
    cr_expect_eq(lives.ended, 0);
    cr_expect_eq(lives.still, 0);
    cr_expect_eq(lives.gone_first_s, -1, "untouched");
    cr_expect_eq(lives.there_last_s, -1, "untouched");
}

/* --- FIN_WAIT_2 --- */

Test(closing, fin_wait_2_begins_when_the_ack_of_the_fin_arrives)
{
    sent(PORT, TO_CLIENT, ACK, 500, OUR_FIN, 90); /* of what came before the FIN */
    sent(PORT, TO_SERVER, FIN_ACK, OUR_FIN, 500, 100);
    sent(PORT, TO_CLIENT, ACK, 500, OUR_FIN, 105); /* crossed it */
    sent(PORT, TO_CLIENT, ACK, 500, OUR_FIN + 1, 110);
    sent(PORT, TO_CLIENT, ACK, 500, OUR_FIN + 1, 3000); /* said again: nothing begins anew */
    lived(SIDE_CLIENT, SOCKDIAG_FIN_WAIT_2, 115, 5116);
    measure(SIDE_CLIENT, SOCKDIAG_FIN_WAIT_2);
    cr_expect_eq(lives.ended, 1);
    cr_expect_eq(lives.still, 0);
    expect_life(5.005, 5.005);
}

Test(closing, a_fin_that_carries_data)
{
    sent(PORT, TO_SERVER, FIN_ACK, OUR_FIN, 500, 100);
    segments[0].payload = 10;
    sent(PORT, TO_CLIENT, ACK, 500, OUR_FIN + 10, 110); /* the data, not the FIN */
    sent(PORT, TO_CLIENT, ACK, 500, OUR_FIN + 11, 120);
    lived(SIDE_CLIENT, SOCKDIAG_FIN_WAIT_2, 125, 1121);
    measure(SIDE_CLIENT, SOCKDIAG_FIN_WAIT_2);
    expect_life(1, 1);
}

Test(closing, a_fin_that_is_lost_and_sent_again)
{
    sent(PORT, TO_SERVER, FIN_ACK, OUR_FIN, 500, 100);
    segments_lose(SEGMENT_LOST);
    sent(PORT, TO_SERVER, FIN_ACK, OUR_FIN, 500, 300);
    sent(PORT, TO_CLIENT, ACK, 500, OUR_FIN + 1, 309);
    lived(SIDE_CLIENT, SOCKDIAG_FIN_WAIT_2, 315, 2310);
    measure(SIDE_CLIENT, SOCKDIAG_FIN_WAIT_2);
    expect_life(2, 2);
}

Test(closing, an_ack_that_never_arrives_begins_nothing)
{
    static const enum segment_fate fates[] = {SEGMENT_FAULT, SEGMENT_LOST, SEGMENT_CUT,
                                              SEGMENT_IN_TRANSIT};
    sent(PORT, TO_SERVER, FIN_ACK, OUR_FIN, 500, 100);
    for (size_t i = 0; i < sizeof(fates) / sizeof(*fates); i++) {
        sent(PORT, TO_CLIENT, ACK, 500, OUR_FIN + 1, 110 + (int64_t)i);
        segments_lose(fates[i]);
    }
    seen(SIDE_CLIENT, PORT, SOCKDIAG_FIN_WAIT_2, 115);
    measure(SIDE_CLIENT, SOCKDIAG_FIN_WAIT_2);
    expect_none();
    sent(PORT, TO_CLIENT, ACK, 500, OUR_FIN + 1, 309);
    seen(SIDE_CLIENT, PORT, SOCKDIAG_FIN_WAIT_2, 2309);
    seen(SIDE_CLIENT, PORT, 0, 2310);
    measure(SIDE_CLIENT, SOCKDIAG_FIN_WAIT_2);
    expect_life(2, 2);
}

static void check_wrap(uint32_t sequence, uint32_t payload, uint32_t acknowledged)
{
    begin();
    sent(PORT, TO_SERVER, FIN_ACK, sequence, 500, 100);
    segments[0].payload = payload;
    sent(PORT, TO_CLIENT, ACK, 500, sequence, 105);
    sent(PORT, TO_CLIENT, ACK, 500, acknowledged, 109);
    lived(SIDE_CLIENT, SOCKDIAG_FIN_WAIT_2, 115, 2110);
    measure(SIDE_CLIENT, SOCKDIAG_FIN_WAIT_2);
    expect_life(2, 2);
}

Test(closing, numbers_wrap_around)
{
    check_wrap(UINT32_MAX, 0, 0);
    check_wrap(UINT32_MAX - 1, 1, 0);
    check_wrap(0xfffffff0u, 0x20, 0x11);
}

/* --- TIME_WAIT --- */

Test(closing, time_wait_begins_when_the_peers_fin_arrives)
{
    sent(PORT, TO_SERVER, FIN_ACK, OUR_FIN, 500, 100);
    sent(PORT, TO_CLIENT, ACK, 500, OUR_FIN + 1, 110);
    sent(PORT, TO_CLIENT, FIN_ACK, 500, OUR_FIN + 1, 199);
    sent(PORT, TO_SERVER, ACK, OUR_FIN + 1, 501, 201);
    seen(SIDE_CLIENT, PORT, SOCKDIAG_FIN_WAIT_2, 150);
    lived(SIDE_CLIENT, SOCKDIAG_TIME_WAIT, 205, 60300);
    measure(SIDE_CLIENT, SOCKDIAG_TIME_WAIT);
    cr_expect_eq(lives.ended, 1);
    expect_life(60.1, 60.1);
    measure(SIDE_CLIENT, SOCKDIAG_FIN_WAIT_2);
    expect_none(); /* that state ended in another one, not with the socket */
}

Test(closing, fin_and_ack_in_one_segment)
{
    sent(PORT, TO_SERVER, FIN_ACK, OUR_FIN, 500, 100);
    sent(PORT, TO_CLIENT, FIN_ACK, 500, OUR_FIN + 1, 199);
    lived(SIDE_CLIENT, SOCKDIAG_TIME_WAIT, 205, 60200);
    measure(SIDE_CLIENT, SOCKDIAG_TIME_WAIT);
    expect_life(60, 60);
}

Test(closing, both_close_at_once)
{
    sent(PORT, TO_SERVER, FIN_ACK, OUR_FIN, 500, 100);
    /* CLOSING, until the own FIN is acknowledged */
    sent(PORT, TO_CLIENT, FIN_ACK, 500, OUR_FIN, 100);
    sent(PORT, TO_CLIENT, ACK, 501, OUR_FIN + 1, 299);
    lived(SIDE_CLIENT, SOCKDIAG_TIME_WAIT, 305, 60300);
    measure(SIDE_CLIENT, SOCKDIAG_TIME_WAIT);
    expect_life(60, 60);
}

/* The ACK of the peer's FIN was lost, so it comes again, and the 60 s begin anew
 * (tcp_timewait_state_process()). */
Test(closing, a_fin_that_comes_again_restarts_time_wait)
{
    sent(PORT, TO_SERVER, FIN_ACK, OUR_FIN, 500, 100);
    sent(PORT, TO_CLIENT, FIN_ACK, 500, OUR_FIN + 1, 110);
    sent(PORT, TO_CLIENT, FIN_ACK, 500, OUR_FIN + 1, 250);
    segments_lose(SEGMENT_LOST);
    sent(PORT, TO_CLIENT, FIN_ACK, 500, OUR_FIN + 1, 399);
    sent(PORT, TO_CLIENT, FIN_ACK, 500, OUR_FIN + 1, 500);
    segments_lose(SEGMENT_LOST);
    lived(SIDE_CLIENT, SOCKDIAG_TIME_WAIT, 115, 60400);
    measure(SIDE_CLIENT, SOCKDIAG_TIME_WAIT);
    expect_life(60, 60);
}

Test(closing, time_wait_without_the_peers_fin_on_the_wire_is_not_measured)
{
    sent(PORT, TO_SERVER, FIN_ACK, OUR_FIN, 500, 100);
    sent(PORT, TO_CLIENT, ACK, 500, OUR_FIN + 1, 110);
    sent(PORT, TO_CLIENT, FIN_ACK, 500, OUR_FIN + 1, 120);
    segments_lose(SEGMENT_FAULT);
    lived(SIDE_CLIENT, SOCKDIAG_TIME_WAIT, 205, 60200);
    measure(SIDE_CLIENT, SOCKDIAG_TIME_WAIT);
    expect_none();
}

Test(closing, the_server_closes)
{
    sent(PORT, TO_CLIENT, SEGMENT_SYN | ACK, 499, 901, 10);
    sent(PORT, TO_CLIENT, FIN_ACK, 500, OUR_FIN, 100);
    sent(PORT, TO_SERVER, ACK, OUR_FIN, 501, 110);
    sent(PORT, TO_SERVER, FIN_ACK, OUR_FIN, 501, 199);
    sent(PORT, TO_CLIENT, ACK, 501, OUR_FIN + 1, 201);
    lived(SIDE_SERVER, SOCKDIAG_TIME_WAIT, 205, 60200);
    measure(SIDE_SERVER, SOCKDIAG_TIME_WAIT);
    expect_life(60, 60);
    measure(SIDE_CLIENT, SOCKDIAG_TIME_WAIT);
    expect_none();
}

/* --- a tuple used twice --- */

static void first_use(void)
{
    sent(PORT, TO_SERVER, SEGMENT_SYN, 900, 0, 10);
    sent(PORT, TO_SERVER, FIN_ACK, OUR_FIN, 500, 100);
    sent(PORT, TO_CLIENT, FIN_ACK, 500, OUR_FIN + 1, 110);
    seen(SIDE_CLIENT, PORT, SOCKDIAG_TIME_WAIT, 115);
    sent(PORT, TO_SERVER, SEGMENT_SYN, 50000, 0, 1000);
    seen(SIDE_CLIENT, PORT, SOCKDIAG_ESTABLISHED, 1010);
}

Test(closing, the_next_connection_of_a_tuple_starts_from_nothing)
{
    first_use();
    measure(SIDE_CLIENT, SOCKDIAG_TIME_WAIT);
    expect_none(); /* the first one's TIME_WAIT was cut short, that is no life */
    sent(PORT, TO_SERVER, FIN_ACK, 50001, 700, 1100);
    seen(SIDE_CLIENT, PORT, SOCKDIAG_FIN_WAIT_2, 1110);
    measure(SIDE_CLIENT, SOCKDIAG_FIN_WAIT_2);
    expect_none(); /* the old FIN's ACK is not the new one's */
}

Test(closing, the_next_connection_of_a_tuple_has_its_own_life)
{
    first_use();
    sent(PORT, TO_SERVER, FIN_ACK, 50001, 700, 1100);
    sent(PORT, TO_CLIENT, FIN_ACK, 700, 50002, 1199);
    lived(SIDE_CLIENT, SOCKDIAG_TIME_WAIT, 1205, 61200);
    measure(SIDE_CLIENT, SOCKDIAG_TIME_WAIT);
    cr_expect_eq(lives.ended, 1);
    expect_life(60, 60);
}

Test(closing, at_the_server_the_next_connection_starts_with_its_syn_ack)
{
    sent(PORT, TO_CLIENT, FIN_ACK, 500, OUR_FIN, 100);
    sent(PORT, TO_SERVER, FIN_ACK, OUR_FIN, 501, 110);
    seen(SIDE_SERVER, PORT, SOCKDIAG_TIME_WAIT, 115);
    sent(PORT, TO_SERVER, SEGMENT_SYN, 50000, 0, 1000);
    sent(PORT, TO_CLIENT, SEGMENT_SYN | ACK, 70000, 50001, 1002);
    sent(PORT, TO_CLIENT, FIN_ACK, 70001, 50001, 1100);
    sent(PORT, TO_SERVER, ACK, 50001, 70002, 1109);
    lived(SIDE_SERVER, SOCKDIAG_FIN_WAIT_2, 1115, 6110);
    measure(SIDE_SERVER, SOCKDIAG_FIN_WAIT_2);
    expect_life(5, 5);
    measure(SIDE_SERVER, SOCKDIAG_TIME_WAIT);
    expect_none();
}

/* --- several --- */

static void half_close(unsigned port, int64_t acknowledged_ms)
{
    sent(port, TO_SERVER, FIN_ACK, OUR_FIN, 500, acknowledged_ms - 11);
    sent(port, TO_CLIENT, ACK, 500, OUR_FIN + 1, acknowledged_ms - 1);
}

/* The first one lives for 5 s, the next for 4.8, then 5.3; the last one is still there. */
Test(closing, the_shortest_and_the_longest_and_those_that_still_live)
{
    static const int64_t looks_ms[] = {400, 5200, 5201, 5500};
    half_close(40000, 200);
    half_close(40001, 401);
    half_close(40002, 200);
    half_close(40003, 300);
    half_close(45000, 400); /* no look has seen this one */
    for (unsigned gone = 0; gone < 4; gone++) {
        struct look look = {.at_ns = looks_ms[gone] * MS};
        for (unsigned i = gone; i < 4; i++) {
            const struct connection_id id = looks_id(PORT + i);
            looks_put(&look, SIDE_CLIENT, &id, SOCKDIAG_FIN_WAIT_2, 0);
        }
        cr_assert_eq(history_add(history, &look), 0);
        look_release(&look);
    }
    measure(SIDE_CLIENT, SOCKDIAG_FIN_WAIT_2);
    cr_expect_eq(lives.ended, 3);
    cr_expect_eq(lives.still, 1);
    cr_expect_float_eq(lives.gone_first_s, 4.8, 1e-9);
    cr_expect_float_eq(lives.there_last_s, 5.001, 1e-9,
                       "the third one, 5201 - 200; it was missed at 5500");
    measure(SIDE_SERVER, SOCKDIAG_FIN_WAIT_2);
    expect_none();
}

Test(closing, nothing_at_all)
{
    measure(SIDE_CLIENT, SOCKDIAG_TIME_WAIT);
    expect_none();
    cr_expect_eq(state_lifetime_ever(history, SIDE_CLIENT, SOCKDIAG_TIME_WAIT), 0);
}

Test(closing, ever_counts_connections_and_not_looks)
{
    seen(SIDE_CLIENT, 40000, SOCKDIAG_TIME_WAIT, 100);
    seen(SIDE_CLIENT, 40000, SOCKDIAG_TIME_WAIT, 200);
    seen(SIDE_CLIENT, 40001, SOCKDIAG_FIN_WAIT_2, 300);
    seen(SIDE_CLIENT, 40001, SOCKDIAG_TIME_WAIT, 400);
    seen(SIDE_CLIENT, 40001, 0, 500);
    seen(SIDE_SERVER, 40002, SOCKDIAG_TIME_WAIT, 600);
    cr_expect_eq(state_lifetime_ever(history, SIDE_CLIENT, SOCKDIAG_TIME_WAIT), 2);
    cr_expect_eq(state_lifetime_ever(history, SIDE_CLIENT, SOCKDIAG_FIN_WAIT_2), 1);
    cr_expect_eq(state_lifetime_ever(history, SIDE_SERVER, SOCKDIAG_TIME_WAIT), 1);
    cr_expect_eq(state_lifetime_ever(history, SIDE_SERVER, SOCKDIAG_ESTABLISHED), 0);
}
