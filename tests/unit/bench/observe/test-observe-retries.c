/* How often a segment was sent, connection by connection. */
#include "bench/observe/retries.h"
#include "tests/lib/segments.h"

#define SYN     SEGMENT_SYN
#define SYN_ACK (SEGMENT_SYN | SEGMENT_ACK)

static void begin(void)
{
    n_segments = 0;
}

TestSuite(retries, .init = begin);

static void expect_retries(enum direction direction, unsigned flags, int n, size_t found,
                           double first_s, double last_s)
{
    double first = -1, last = -1;
    cr_expect_eq(retries_find(segments, n_segments, direction, flags, n, &first, &last), found,
                 "n %d", n);
    cr_expect_float_eq(first, first_s, 1e-9, "n %d: first %g, not %g", n, first, first_s);
    cr_expect_float_eq(last, last_s, 1e-9, "n %d: last %g, not %g", n, last, last_s);
}

Test(retries, the_ladder_of_two_connections)
{
    segments_add(40000, TO_SERVER, SYN, 0);
    segments_add(40001, TO_SERVER, SYN, 500 * MS);
    segments_add(40000, TO_SERVER, SYN, 1000 * MS);
    segments_add(40001, TO_SERVER, SYN, 1540 * MS);
    segments_add(40000, TO_SERVER, SYN, 3000 * MS);
    expect_retries(TO_SERVER, SYN, 0, 2, 0, 0);
    expect_retries(TO_SERVER, SYN, 1, 2, 1, 1.04);
    expect_retries(TO_SERVER, SYN, 2, 1, 3, 3);
    expect_retries(TO_SERVER, SYN, 3, 0, -1, -1);
    expect_retries(TO_SERVER, SYN, 100, 0, -1, -1);
    cr_expect_eq(retries_connections(segments, n_segments, TO_SERVER, SYN), 2);
}

Test(retries, nothing_at_all)
{
    expect_retries(TO_SERVER, SYN, 0, 0, -1, -1);
    cr_expect_eq(retries_connections(NULL, 0, TO_SERVER, SYN), 0);
}

Test(retries, those_that_were_lost_were_sent)
{
    segments_add(40000, TO_SERVER, SYN, 0);
    segments_lose(SEGMENT_FAULT);
    segments_add(40000, TO_SERVER, SYN, 1000 * MS);
    segments_lose(SEGMENT_LOST);
    segments_add(40000, TO_SERVER, SYN, 2000 * MS);
    segments_lose(SEGMENT_IN_TRANSIT);
    expect_retries(TO_SERVER, SYN, 2, 1, 2, 2);
}

Test(retries, copies_were_not_sent)
{
    segments_add(40000, TO_SERVER, SYN, 0);
    segments_add(40000, TO_SERVER, SYN, 0)->copy = true;
    segments_add(40001, TO_SERVER, SYN, 0)->copy = true;
    segments_add(40000, TO_SERVER, SYN, 1000 * MS);
    expect_retries(TO_SERVER, SYN, 1, 1, 1, 1);
    expect_retries(TO_SERVER, SYN, 2, 0, -1, -1);
    cr_expect_eq(retries_connections(segments, n_segments, TO_SERVER, SYN), 1);
}

Test(retries, the_flags_are_exact_and_the_direction_too)
{
    segments_add(40000, TO_SERVER, SYN, 0);
    segments_add(40000, TO_CLIENT, SYN_ACK, 1 * MS);
    segments_add(40000, TO_SERVER, SEGMENT_ACK, 2 * MS);
    segments_add(40000, TO_SERVER, SYN | SEGMENT_RST, 3 * MS);
    segments_add(40000, TO_SERVER, SYN | SEGMENT_FIN, 4 * MS);
    segments_add(40000, TO_CLIENT, SYN_ACK, 1001 * MS);
    expect_retries(TO_SERVER, SYN, 1, 0, -1, -1);
    expect_retries(TO_CLIENT, SYN, 0, 0, -1, -1);
    expect_retries(TO_SERVER, SYN_ACK, 0, 0, -1, -1);
    expect_retries(TO_CLIENT, SYN_ACK, 1, 1, 1, 1);
    expect_retries(TO_SERVER, SEGMENT_ACK, 0, 1, 0, 0);
}

Test(retries, push_and_congestion_flags_are_no_difference)
{
    segments_add(40000, TO_SERVER, SYN | 0xc0, 0); /* asks for ECN; the retransmission does not */
    segments_add(40000, TO_SERVER, SYN, 1000 * MS);
    segments_add(40000, TO_SERVER, SEGMENT_ACK | SEGMENT_PSH, 2 * MS);
    expect_retries(TO_SERVER, SYN, 1, 1, 1, 1);
    expect_retries(TO_SERVER, SEGMENT_ACK, 0, 1, 0, 0);
}

static void expect_in_vain(enum direction direction, unsigned flags, size_t found)
{
    cr_expect_eq(retries_in_vain(segments, n_segments, direction, flags), found);
}

Test(retries, in_vain_if_the_answer_was_late)
{
    segments_add(40000, TO_SERVER, SYN, 0);
    segments_add(40001, TO_SERVER, SYN, 0);
    segments_add(40001, TO_CLIENT, SYN_ACK, 500 * MS)->out_ns = 999 * MS;
    segments_add(40000, TO_CLIENT, SYN_ACK, 500 * MS)->out_ns = 1001 * MS;
    segments_add(40000, TO_SERVER, SYN, 1000 * MS);
    segments_add(40001, TO_SERVER, SYN, 1000 * MS);
    expect_in_vain(TO_SERVER, SYN, 1);
    expect_in_vain(TO_CLIENT, SYN_ACK, 0);
    segments_lose(SEGMENT_FAULT);
    expect_in_vain(TO_SERVER, SYN, 1);
    segments[4].fate = SEGMENT_FAULT;
    expect_in_vain(TO_SERVER, SYN, 0);
}

Test(retries, not_in_vain_without_an_answer)
{
    segments_add(40000, TO_SERVER, SYN, 0);
    segments_add(40000, TO_SERVER, SYN, 1000 * MS);
    segments_add(40000, TO_SERVER, SYN, 2000 * MS);
    segments_add(40001, TO_CLIENT, SYN_ACK, 0);
    expect_in_vain(TO_SERVER, SYN, 0);
    segments_add(40000, TO_CLIENT, SYN_ACK, 2001 * MS);
    segments_lose(SEGMENT_LOST);
    expect_in_vain(TO_SERVER, SYN, 0);
}

Test(retries, a_third_ack_that_the_server_dropped_is_an_answer)
{
    segments_add(40000, TO_CLIENT, SYN_ACK, 0);
    segments_add(40000, TO_SERVER, SEGMENT_ACK, 50 * MS);
    segments_add(40000, TO_CLIENT, SYN_ACK, 1000 * MS);
    segments_add(40000, TO_SERVER, SEGMENT_ACK, 1050 * MS);
    expect_in_vain(TO_CLIENT, SYN_ACK, 0);
    segments[1].out_ns = 1001 * MS;
    expect_in_vain(TO_CLIENT, SYN_ACK, 1);
}

#define MANY 20000

/* From many addresses: they differ in more than the port. */
static struct connection_id nth(unsigned i)
{
    struct connection_id id = looks_id(20000 + i % 50);
    id.client[1] = (uint8_t)(i / 50 >> 8);
    id.client[2] = (uint8_t)(i / 50);
    return id;
}

/* Each connection sends twice, number i the second time 1 s + i us later. */
Test(retries, thousands)
{
    struct segment *many = calloc(2 * MANY, sizeof(*many));
    double first = 0, last = 0;
    for (unsigned i = 0; i < MANY; i++) {
        many[i] = (struct segment){.id = nth(i), .direction = TO_SERVER, .flags = SYN, .at_ns = i};
        many[MANY + i] = many[i];
        many[MANY + i].at_ns += 1000 * MS + i * 1000LL;
    }
    cr_expect_eq(retries_connections(many, 2 * MANY, TO_SERVER, SYN), MANY);
    cr_expect_eq(retries_find(many, 2 * MANY, TO_SERVER, SYN, 1, &first, &last), MANY);
    cr_expect_float_eq(first, 1, 1e-9);
    cr_expect_float_eq(last, 1 + (MANY - 1) * 1e-6, 1e-9);
    free(many);
}
