/* Segments that say something new. */
#include "bench/observe/new_content.h"
#include "tests/lib/segments.h"

#define FIN_ACK (SEGMENT_FIN | SEGMENT_ACK)

static void begin(void)
{
    n_segments = 0;
}

TestSuite(news, .init = begin);

static struct segment *say(enum direction direction, unsigned flags, uint32_t sequence,
                           uint32_t acknowledged, uint32_t payload)
{
    struct segment *s = segments_add(40000, direction, flags, (int64_t)n_segments * MS);
    s->sequence = sequence;
    s->acknowledged = acknowledged;
    s->payload = payload;
    return s;
}

static size_t news(int64_t from_ns)
{
    return new_content_count(segments, n_segments, 40000, from_ns);
}

/* From just below 2^32 on, so that the numbers turn over. */
static void shake_hands(void)
{
    say(TO_SERVER, SEGMENT_SYN, 0xfffffffe, 0, 0);
    say(TO_CLIENT, SEGMENT_SYN | SEGMENT_ACK, 100, 0xffffffff, 0);
    say(TO_SERVER, SEGMENT_ACK, 0xffffffff, 101, 0);
}

Test(news, a_connection_from_beginning_to_end)
{
    shake_hands();
    say(TO_SERVER, SEGMENT_ACK, 0xffffffff, 101, 10);
    say(TO_CLIENT, SEGMENT_ACK, 101, 9, 0);
    cr_expect_eq(news(0), 5);
    int64_t closed_ns = (int64_t)n_segments * MS;
    say(TO_SERVER, FIN_ACK, 9, 101, 0);
    say(TO_CLIENT, SEGMENT_ACK, 101, 10, 0);
    say(TO_CLIENT, FIN_ACK, 101, 10, 0);
    say(TO_SERVER, SEGMENT_ACK, 10, 102, 0);
    cr_expect_eq(news(0), 9);
    cr_expect_eq(news(closed_ns), 4);
}

Test(news, what_is_sent_again_and_its_answers_say_nothing)
{
    shake_hands();
    say(TO_SERVER, FIN_ACK, 0xffffffff, 101, 0);
    say(TO_SERVER, FIN_ACK, 0xffffffff, 101, 0);
    say(TO_CLIENT, SEGMENT_ACK, 101, 0, 0);
    say(TO_CLIENT, SEGMENT_ACK, 101, 0, 0);
    cr_expect_eq(news(0), 5);
    say(TO_CLIENT, FIN_ACK, 101, 0, 0);
    say(TO_CLIENT, SEGMENT_ACK, 102, 0, 0); /* to the repeated FIN, after its own */
    cr_expect_eq(news(0), 6);
}

Test(news, only_the_first_reset_of_a_direction_counts)
{
    shake_hands();
    say(TO_CLIENT, SEGMENT_RST, 101, 0, 0);
    say(TO_CLIENT, SEGMENT_RST, 5000, 0, 0);
    cr_expect_eq(news(0), 4);
    say(TO_SERVER, SEGMENT_RST | SEGMENT_ACK, 0xffffffff, 101, 0);
    cr_expect_eq(news(0), 5);
}

Test(news, other_connections_and_the_wire_s_copies_do_not_count)
{
    shake_hands();
    segments_add(40001, TO_SERVER, SEGMENT_SYN, 10 * MS);
    say(TO_SERVER, FIN_ACK, 0xffffffff, 101, 0)->copy = true;
    cr_expect_eq(news(0), 3);
    cr_expect_eq(new_content_count(NULL, 0, 40000, 0), 0);
}
